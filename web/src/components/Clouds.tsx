/** One band of round cloud tops, `bumps` arcs wide, from `top` to the bottom. */
function band(top: number, bumps: number, shift: number): string {
  const width = 600 / bumps;
  const radius = width / 2;
  let path = `M${-width + shift} ${top}`;
  for (let i = 0; i < bumps + 2; i += 1) path += `a${radius} ${radius * 0.92} 0 0 1 ${width} 0`;
  return `${path}V400H${-width + shift}Z`;
}

const BANDS = [
  { top: 210, bumps: 3, shift: 40, opacity: 0.16 },
  { top: 258, bumps: 4, shift: -30, opacity: 0.22 },
  { top: 306, bumps: 5, shift: 20, opacity: 0.3 },
  { top: 352, bumps: 7, shift: -10, opacity: 0.42 },
];

/** Banks of monsoon clouds under a low sun: decoration, hidden from screen readers. */
export function Clouds({ className, sun = true }: { className?: string | undefined; sun?: boolean }) {
  return (
    <svg className={className} viewBox="0 0 600 400" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
      {sun && <circle cx="430" cy="150" r="54" fill="#f3b335" />}
      {BANDS.map(({ top, bumps, shift, opacity }) => (
        <path key={top} d={band(top, bumps, shift)} fill="#3fb0a6" fillOpacity={opacity} />
      ))}
    </svg>
  );
}
