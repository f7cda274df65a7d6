import type { ImportView } from "#contract/imports.ts";
import type { StepState } from "../../steps.tsx";

/** How each state looks in a list. */
export const importTones: Readonly<Record<ImportView["state"], "good" | "doing" | "bad" | "warn">> = {
  uploaded: "doing",
  checked: "doing",
  accepted: "doing",
  running: "doing",
  done: "good",
  outdated: "bad",
  stopped: "bad",
  cancelled: "warn",
};

/** The stops on the way of an import, with how far this one is. */
export function importSteps(
  seen: Pick<ImportView, "state" | "faults">,
): readonly { name: "uploaded" | "checked" | "accepted" | "done"; state: StepState }[] {
  const { state, faults } = seen;
  const isChecked = !["uploaded", "cancelled"].includes(state);
  const isAccepted = ["accepted", "running", "done", "stopped"].includes(state);
  const check: StepState = isChecked ? (faults > 0 ? "failed" : "done") : state === "uploaded" ? "doing" : "stopped";
  const accept: StepState = isAccepted ? "done" : state === "outdated" ? "failed" : "waiting";
  const end: StepState = state === "done" ? "done" : state === "stopped" ? "failed" : isAccepted ? "doing" : "waiting";
  return [
    { name: "uploaded", state: "done" },
    { name: "checked", state: check },
    { name: "accepted", state: accept },
    { name: "done", state: end },
  ];
}
