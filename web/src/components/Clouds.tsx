/** One band of round cloud tops, `bumps` arcs wide, from `top` to the bottom. */
function band(top: number, bumps: number, shift: number): string {
  const width = 600 / bumps;
  const radius = width / 2;
  let path = `M${-width + shift} ${top}`;
  for (let i = 0; i < bumps + 2; i += 1) path += `a${radius} ${radius * 0.92} 0 0 1 ${width} 0`;
  return `${path}V400H${-width + shift}Z`;
}

/** From the far bank to the near one; opaque, so that each hides what is behind. */
const BANDS = [
  { top: 298, bumps: 5, shift: 40, fill: "#0d4647" },
  { top: 326, bumps: 6, shift: -30, fill: "#145c5a" },
  { top: 352, bumps: 7, shift: 20, fill: "#1c756f" },
  { top: 378, bumps: 9, shift: -10, fill: "#269087" },
];

/** Banks of monsoon clouds under a low sun: decoration, hidden from screen readers. */
export function Clouds({ className, sun = true }: { className?: string | undefined; sun?: boolean }) {
  return (
    <svg className={className} viewBox="0 0 600 400" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
      {sun && <circle cx="412" cy="234" r="40" fill="#f3b335" />}
      {BANDS.map(({ top, bumps, shift, fill }) => (
        <path key={top} d={band(top, bumps, shift)} fill={fill} />
      ))}
    </svg>
  );
}
