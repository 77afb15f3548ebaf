/** The mark: a cloud of three arcs, and rain. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <path
        d="M7.5 20.5a5 5 0 0 1-.6-9.96A8 8 0 0 1 22 9.2a5.8 5.8 0 0 1 2.6 11.3"
        stroke="currentColor"
        strokeWidth="2.4"
        strokeLinecap="round"
      />
      <path d="M12.5 17.5 10 27M17.6 15.5 14.6 27M22.5 17.5 20 27" stroke="#f3b335" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  );
}
