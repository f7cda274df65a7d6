import type { Tx } from "#store/db.ts";
import { moveOrder } from "#store/orders.ts";
import type { Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { confirmTakenBack, refundSent, refuseTakenBack, stopTakenBack } from "./settle-refund.ts";
import { confirmTopUp, refuseTopUp, stopTopUps } from "./settle-top-up.ts";

/** What the meter showed besides its count: what is left now, and what was left before the last change of credit. */
export type CreditShown = { remainingWh?: number | undefined; beforeWh?: number | undefined };

/**
 * What is missing although the purchase number is in the meter: a clear is proven only when it is known what was wiped, and nothing of it
 * is left. Null: nothing is missing.
 */
export function whatIsNotProven(at: Settling, shown: CreditShown): "not_read_back" | "not_cleared" | null {
  if (at.claimed.kind !== "clear") return null;
  if (shown.beforeWh === undefined || shown.remainingWh === undefined) return "not_read_back";
  return shown.remainingWh > 0 ? "not_cleared" : null;
}

/** The one way in which a command that changes credit ends well: its purchase number is in the meter. */
export function confirmCredit(ctx: FlowContext, tx: Tx, at: Settling, shown: CreditShown): Promise<void> {
  return at.claimed.kind === "top_up" ? confirmTopUp(ctx, tx, at) : confirmTakenBack(ctx, tx, at, shown.beforeWh ?? 0);
}

/** The meter refused for good and its count did not move: the money is where it was, and the number is free again. */
export function refuseCredit(ctx: FlowContext, tx: Tx, at: Settling, reason: string): Promise<void> {
  return at.claimed.kind === "top_up" ? refuseTopUp(ctx, tx, at, reason) : refuseTakenBack(ctx, tx, at, reason);
}

/** The meter contradicts the books: nothing more that changes credit is sent to it until a person has looked. */
export function stopCredit(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  why: { reason: string; countShown: number | null },
): Promise<void> {
  return at.claimed.kind === "top_up" ? stopTopUps(ctx, tx, at, why) : stopTakenBack(ctx, tx, at, why);
}

/** From here on its first byte may have left. */
export async function creditSent(tx: Tx, at: Settling, purchaseNumber: number | null): Promise<void> {
  const { claimed, command, now } = at;
  if (claimed.kind !== "top_up") return refundSent(tx, at, { purchaseNumber, reason: "" });
  if (command.order_no === null) return;
  await moveOrder(tx, {
    orderNo: command.order_no,
    from: ["booked", "unknown", "sent"],
    to: "sent",
    at: now,
    change: { purchase_number: purchaseNumber },
  });
}

/** No usable answer: what became of it is read later. */
export async function creditUnknown(tx: Tx, at: Settling, why: string): Promise<void> {
  const { claimed, command, now } = at;
  const wasSent = command.sent_at !== null;
  if (claimed.kind !== "top_up") {
    if (wasSent) await refundSent(tx, at, { purchaseNumber: command.purchase_number, reason: why });
    return;
  }
  if (command.order_no === null) return;
  await moveOrder(tx, {
    orderNo: command.order_no,
    from: wasSent ? ["sent", "unknown"] : ["booked"],
    to: wasSent ? "unknown" : "booked",
    at: now,
    ...(wasSent ? { change: { state_reason: why } } : {}),
  });
}
