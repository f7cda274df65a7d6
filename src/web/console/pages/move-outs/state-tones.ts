import type { MoveOutState } from "#domain/move-out.ts";

/** How each state of a move-out is coloured. */
export const stateTones: Readonly<Record<MoveOutState, string>> = {
  reading: "tag-warn",
  calculated: "tag-warn",
  clearing: "tag-warn",
  paying: "tag-warn",
  done: "tag-good",
  cancelled: "",
};
