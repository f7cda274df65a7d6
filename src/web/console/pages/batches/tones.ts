import type { BatchState, BatchStep } from "#domain/switch-batch.ts";

/** How a batch's state is marked; the word beside it says the same. */
export const stateTones: Readonly<Record<BatchState, string>> = {
  requested: "tag-warn",
  running: "tag-warn",
  done: "tag-good",
  cancelled: "tag-bad",
  rejected: "tag-bad",
  withdrawn: "",
  expired: "tag-bad",
};

/** How the step of a meter is marked. */
export const stepTones: Readonly<Record<BatchStep, string>> = {
  waiting: "",
  queued: "",
  sent: "tag-warn",
  confirmed: "tag-good",
  failed: "tag-bad",
  unanswered: "tag-bad",
  left_out: "",
  cancelled: "",
};
