/** The mark of the program. */
export function Logo({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect className="logo-ground" width="32" height="32" rx="7" />
      <path d="M17.5 5 8 18h6.5L13 27l10.5-14H16.5z" className="logo-flash" />
    </svg>
  );
}
