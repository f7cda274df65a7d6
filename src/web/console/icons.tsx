import type { TileState } from "#contract/metering.ts";

const paths = {
  menu: "M3 6h18M3 12h18M3 18h18",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM15.5 15.5 21 21",
  close: "M5 5l14 14M19 5 5 19",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  board: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  recharge: "M3 6h18v12H3zM3 10h18M7 15h4",
  records: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
  refunds: "M4 8h11a5 5 0 0 1 0 10H8M4 8l4-4M4 8l4 4",
  approvals: "M5 4h14v16H5zM8.5 12l2.5 2.5L15.5 10",
  shifts: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 8v4l3 2",
  moveOut: "M4 4h9v16H4zM13 12h8M18 8.5l3.5 3.5L18 15.5",
  prices: "M4 4h8l8 8-8 8-8-8zM8.5 8.5v.5",
  calendar: "M4 6h16v14H4zM4 10h16M8 3v5M16 3v5",
  user: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM4 21c1-5 4-6.5 8-6.5s7 1.5 8 6.5",
  people:
    "M9 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM2.5 20c.6-4 3-5.5 6.5-5.5s5.900 1.500 6.500 5.500M15.500 5.500a3.200 3.200 0 0 1 0 6.200M18 14.800c2 .7 3.100 2.400 3.500 5.200",
  key: "M8 11a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9ZM11.200 12.300 20 3.500M16 7.500l3 3",
  electricity: "M13 3 5 14h6l-1 7 8-11h-6z",
  water: "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11Z",
  reconcile: "M4 7h12l-3-3M20 17H8l3 3M9 12.5l2 2 4-5",
  guard: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM9 12l2 2 4-4",
  power: "M12 3v8M7 6.500a8 8 0 1 0 10 0",
  gauge: "M4 18a8.5 8.5 0 1 1 16 0M12 17l4-6",
  matrix: "M4 4h16v16H4zM4 10h16M4 15h16M10 4v16M15 4v16",
  chart: "M4 20h16M6 20v-7h3v7M11 20V6h3v14M16 20v-10h3v10",
  share: "M4 12h6M10 12l8-6M10 12h8M10 12l8 6",
  fan: "M12 12c-5-1-6-7-2-8 4 0 3 5 2 8ZM12 12c5-1 8 4 5 7-3 2-5-3-5-7ZM12 12c-1 5-8 6-9 2-1-4 5-4 9-2Z",
  swap: "M7 4v13l-3-3M7 17l3-3M17 20V7l-3 3M17 7l3 3",
  download: "M12 4v11M7.5 11l4.5 4.5L16.5 11M4 20h16",
  copy: "M8 8h12v12H8zM16 8V4H4v12h4",
  fault: "M6 6l12 12M18 6 6 18",
  off: "M5 5h14v14H5z",
  offline:
    "M9.500 5.600a9.500 9.500 0 0 1 10 3.400M4.500 9a9.500 9.500 0 0 1 2-1.700M8 13a5.500 5.500 0 0 1 2.500-1.700M12 17.500v.5M4 4l16 16",
  alarm: "M12 4 22 20H2zM12 10v5M12 17.5v.5",
  concentrator: "M4 14h16v6H4zM8 17h.5M12 14V9.5M8.5 9a5 5 0 0 1 7 0M5.5 6a9.2 9.2 0 0 1 13 0",
  sliders: "M4 7h8M16 7h4M14 5v4M4 17h4M12 17h8M10 15v4",
  checklist: "M4 6h12M4 12h7M4 18h7M13.5 16l2.5 2.5 4.5-6",
  ranking: "M4 6h16M4 12h11M4 18h6",
  hourglass: "M6 4h12M6 20h12M8 4v3l4 5 4-5V4M8 20v-3l4-5 4 5v3",
  scale: "M12 4v16M8 20h8M5 7h14M5 7l-2.5 6h5zM19 7l-2.5 6h5z",
  normal: "M5 12.5l4.5 4.5L19 7.5",
} as const;

export type IconName = keyof typeof paths;

/** A small drawing beside a word; never the only carrier of a meaning. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className={`icon icon-${name}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** The mark of a tile's state: ✕ fault, a struck-out signal off line, ■ off, ▲ alarm, ✓ normal. */
export function StateIcon({ state, size = 14 }: { state: TileState | "offline"; size?: number }) {
  return <Icon name={state} size={size} />;
}
