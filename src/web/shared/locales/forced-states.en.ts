import type { forcedStatesZh } from "./forced-states.zh-CN.ts";

/** What the developer's switch over the states of pages says, in English. */
export const forcedStatesEn: typeof forcedStatesZh = {
  label: "Developer's switch: forced states of the page",
  states: { none: "Normal", loading: "Loading", empty: "Empty", failed: "Failed", stale: "Stale" },
  off: "Developer's switch",
  on: "Forced state, not real data; nothing is saved meanwhile",
  refused: "The page is in a forced state and shows no real data, so nothing was sent. Go back to “Normal” first",
};
