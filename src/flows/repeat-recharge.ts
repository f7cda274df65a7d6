import { type Instant, later, MINUTE_MS } from "#base/time.ts";
import type { Tx } from "#store/db.ts";
import { equalRechargeSince } from "#store/orders.ts";
import type { PlannedPart } from "./plan-payment.ts";

/** How long an equal recharge of one meter draws a question. */
const REPEAT_WINDOW_MS = 10 * MINUTE_MS;

/** An order that a part of a payment may be the repeat of. */
export type Repeat = { readonly orderNo: string; readonly at: Instant };

/** The last equal recharge of this meter within ten minutes, whoever took it; null when there is none. */
export function repeatOf(tx: Tx, { meter, plan }: PlannedPart, now: Instant): Promise<Repeat | null> {
  return equalRechargeSince(tx, { meterId: meter.id, amountE4: plan.paid, since: later(now, -REPEAT_WINDOW_MS) });
}
