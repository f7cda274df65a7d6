import type { Refund } from "#contract/refunds.ts";
import type { StepState } from "../../steps.tsx";

export type RefundStepName = "asked" | "approved" | "sent" | "confirmed" | "paid" | "done" | "rejected" | "withdrawn";
export type RefundStep = { name: RefundStepName; state: StepState; at: number | null };

/**
 * The stops of a refund: ①asked ②approved, where a second person was asked ③sent and ④confirmed, where a meter is asked ⑤paid out, or done
 * where nothing is paid. What was rejected or withdrawn went no further.
 */
export function refundSteps(refund: Refund): RefundStep[] {
  const { state } = refund;
  const asked: RefundStep = { name: "asked", state: "done", at: refund.createdAt };
  if (state === "rejected") return [asked, { name: "rejected", state: "failed", at: refund.decidedAt }];
  const approved: RefundStep[] =
    refund.approvalId === null
      ? []
      : [{ name: "approved", state: state === "requested" ? "doing" : "done", at: refund.decidedAt }];
  // Withdrawn after the meter had agreed: the money is in the wallet.
  if (state === "withdrawn") {
    const confirmed = refund.confirmedAt === null ? [] : meterSteps(refund);
    return [
      asked,
      ...(confirmed.length > 0 ? approved : []),
      ...confirmed,
      { name: "withdrawn", state: "done", at: null },
    ];
  }
  return [asked, ...approved, ...meterSteps(refund), lastStep(refund)];
}

/** True when a refund can change no more, but by being linked or printed. */
export function isRefundDone({ state }: Pick<Refund, "state">): boolean {
  return ["paid", "done", "rejected", "withdrawn", "refused"].includes(state);
}

function meterSteps(refund: Refund): RefundStep[] {
  const { kind, state } = refund;
  if (kind === "wallet" || kind === "balance" || kind === "debt") return [];
  const wasSent = refund.wasSent || state === "deducting" || refund.confirmedAt !== null;
  const sent: RefundStep = {
    name: "sent",
    state: wasSent
      ? "done"
      : state === "stopped"
        ? "stopped"
        : state === "refused"
          ? "failed"
          : state === "approved"
            ? "doing"
            : "waiting",
    at: refund.sentAt,
  };
  const confirmed: StepState =
    refund.confirmedAt !== null
      ? "done"
      : !wasSent
        ? "waiting"
        : state === "refused"
          ? "failed"
          : state === "stopped"
            ? "stopped"
            : "doing";
  return [sent, { name: "confirmed", state: confirmed, at: refund.confirmedAt }];
}

function lastStep(refund: Refund): RefundStep {
  const { kind, state } = refund;
  if (kind === "clear" || kind === "debt" || state === "done")
    return {
      name: "done",
      state: state === "done" ? "done" : "waiting",
      at: state === "done" ? refund.confirmedAt : null,
    };
  return {
    name: "paid",
    state: state === "paid" ? "done" : state === "confirmed" ? "doing" : "waiting",
    at: refund.paidAt,
  };
}
