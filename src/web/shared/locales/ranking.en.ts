import type { rankingZh } from "./ranking.zh-CN.ts";

/** Sentences about the usage ranking, in English. */
export const rankingEn: typeof rankingZh = {
  ranking: {
    title: "Usage ranking",
    from: "From",
    to: "To",
    presets: { week: "Last 7 days", month: "This month", last: "Last month", year: "This year" },
    by: "By",
    bys: { meter: "Meter", room: "Room", customer: "Customer", area: "Area" },
    order: "Order",
    orders: { most: "Most used first", least: "Least used first" },
    rank: "Rank",
    name: "Name",
    detail: { meter: "Meter", room: "Area", customer: "Customer number", area: "Note" },
    meters: "Meters",
    usage: "Usage ({{unit}})",
    share: "Share",
    before: "Before ({{unit}})",
    change: "Change",
    missing: "{{count}} meter days missing",
    sum: "Sum {{usage}} {{unit}}",
    compared: "Before: {{from}} to {{to}}",
    current: "By the archive as it is now",
    nobody: { room: "In no room", customer: "Nobody's", meter: "—", area: "—" },
    count: "{{count}} rows",
    none: "No meter matches",
    noneLead: "Choose other days, another kind, area or text.",
  },
};
