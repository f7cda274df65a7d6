import { MODE_AMOUNT } from "#protocol/profiles.ts";
import type { Tx } from "#store/db.ts";
import { moveOrder } from "#store/orders.ts";
import type { Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { confirmExchange, refuseExchange, stopExchange } from "./settle-exchange.ts";
import { confirmForGroup, refuseForGroup, stopForGroup, toldForGroup } from "./settle-group.ts";
import { confirmMode, refuseMode, stopMode } from "./settle-mode.ts";
import { confirmTakenBack, refundSent, refuseTakenBack, stopTakenBack } from "./settle-refund.ts";
import { confirmTopUp, refuseTopUp, stopTopUps } from "./settle-top-up.ts";

/** What the meter showed besides its count: what is left now, what was left before the last change of credit, and its mode. */
export type CreditShown = {
  remainingWh?: number | undefined;
  beforeWh?: number | undefined;
  /** Whether the meter trips by its credit. */
  trips?: boolean | undefined;
};

/**
 * What is missing although the purchase number is in the meter: a clear is proven only when it is known what was wiped, and nothing of it
 * is left; a mode when the meter shows it. Null: nothing is missing.
 */
export function whatIsNotProven(at: Settling, shown: CreditShown): "not_read_back" | "not_cleared" | "not_set" | null {
  if (at.claimed.kind === "set_mode") {
    if (shown.trips === undefined) return "not_read_back";
    return shown.trips === (at.claimed.topUp?.amount === MODE_AMOUNT.trips) ? null : "not_set";
  }
  if (at.claimed.kind !== "clear") return null;
  if (shown.beforeWh === undefined || shown.remainingWh === undefined) return "not_read_back";
  return shown.remainingWh > 0 ? "not_cleared" : null;
}

/** Who settles a credit command: a recharge, a refund, an exchange, a change of mode, or a merged account. */
type Owner = "recharge" | "refund" | "exchange" | "mode" | "group";

function ownerOf({ claimed }: Settling): Owner {
  if (claimed.cause === "group") return "group";
  if (claimed.kind === "set_mode") return "mode";
  if (claimed.cause === "exchange") return "exchange";
  return claimed.kind === "top_up" ? "recharge" : "refund";
}

/** The one way in which a command that changes credit ends well: its purchase number is in the meter. */
export function confirmCredit(ctx: FlowContext, tx: Tx, at: Settling, shown: CreditShown): Promise<void> {
  switch (ownerOf(at)) {
    case "recharge":
      return confirmTopUp(ctx, tx, at);
    case "refund":
      return confirmTakenBack(ctx, tx, at, shown.beforeWh ?? 0);
    case "exchange":
      return confirmExchange(ctx, tx, at, shown.beforeWh ?? 0);
    case "group":
      return confirmForGroup(ctx, tx, at, shown);
    case "mode":
      return confirmMode(ctx, tx, at, { remainingWh: shown.remainingWh ?? null });
  }
}

/** The meter refused for good and its count did not move: the money is where it was, and the number is free again. */
export function refuseCredit(ctx: FlowContext, tx: Tx, at: Settling, reason: string): Promise<void> {
  switch (ownerOf(at)) {
    case "recharge":
      return refuseTopUp(ctx, tx, at, reason);
    case "refund":
      return refuseTakenBack(ctx, tx, at, reason);
    case "exchange":
      return refuseExchange(ctx, tx, at, reason);
    case "group":
      return refuseForGroup(ctx, tx, at, reason);
    case "mode":
      return refuseMode(ctx, tx, at, reason);
  }
}

/** The meter contradicts the books: nothing more that changes credit is sent to it until a person has looked. */
export function stopCredit(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  why: { reason: string; countShown: number | null },
): Promise<void> {
  switch (ownerOf(at)) {
    case "recharge":
      return stopTopUps(ctx, tx, at, why);
    case "refund":
      return stopTakenBack(ctx, tx, at, why);
    case "exchange":
      return stopExchange(ctx, tx, at, why);
    case "group":
      return stopForGroup(ctx, tx, at, why);
    case "mode":
      return stopMode(ctx, tx, at, why);
  }
}

/** From here on its first byte may have left. */
export async function creditSent(tx: Tx, at: Settling, purchaseNumber: number | null): Promise<void> {
  const { command, now } = at;
  const owner = ownerOf(at);
  if (owner === "refund") return refundSent(tx, at, { purchaseNumber, reason: "" });
  if (owner === "group") return toldForGroup(tx, at, "");
  if (owner !== "recharge" || command.order_no === null) return;
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
  const { command, now } = at;
  const wasSent = command.sent_at !== null;
  const owner = ownerOf(at);
  if (owner === "group") return toldForGroup(tx, at, why);
  if (owner === "refund") {
    if (wasSent) await refundSent(tx, at, { purchaseNumber: command.purchase_number, reason: why });
    return;
  }
  if (owner !== "recharge" || command.order_no === null) return;
  await moveOrder(tx, {
    orderNo: command.order_no,
    from: wasSent ? ["sent", "unknown"] : ["booked"],
    to: wasSent ? "unknown" : "booked",
    at: now,
    ...(wasSent ? { change: { state_reason: why } } : {}),
  });
}
