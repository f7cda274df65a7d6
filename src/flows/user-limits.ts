import { AppError } from "#base/errors.ts";
import { dayOf, endOfDay, formatInstant, type Instant, startOfDay } from "#base/time.ts";
import { formatMoney, type Money } from "#base/units.ts";
import type { DayRoom } from "#contract/user-limits.ts";
import type { Actor } from "#domain/permission.ts";
import { roomOf } from "#domain/user-limit.ts";
import type { Tx } from "#store/db.ts";
import { paymentByKey } from "#store/payments.ts";
import { Stale } from "#store/stale.ts";
import { limitsOf, refundedBy, type Span, takeLimits, takenBy } from "#store/user-limits.ts";
import type { PlannedPart } from "./plan-payment.ts";
import { repeatOf } from "./repeat-recharge.ts";

/** Who acts: a limit is his, whatever he looks after. */
type Who = Pick<Actor, "userId" | "login">;
/** An amount that is about to be booked at this moment. */
type Wanted = { amount: Money; now: Instant };
/** A payment at the desk: its whole money, and what it is for. */
type Sale = Wanted & { parts: readonly PlannedPart[] };

/**
 * Refuses what its seller may not take: more at once, or more in the calendar day, than his limits. In the transaction that books, of which
 * two of one user follow each other from here on. A repeat that found its payment not there yet looks again instead of being refused for itself;
 * what may be a repeat under another key is refused with the order that it may repeat ({@link namingRepeat}).
 */
export async function demandSale(tx: Tx, who: Who, sale: Sale & { key: string }): Promise<void> {
  const { rechargeDay, rechargeOne } = await takeLimits(tx, who.userId);
  try {
    refuseOne(rechargeOne, sale.amount);
    if (rechargeDay === null) return;
    refuseDay("limit_recharge_day", {
      limit: rechargeDay,
      used: await takenBy(tx, who.login, dayAround(sale.now)),
      ...sale,
    });
  } catch (refusal) {
    if ((await paymentByKey(tx, sale.key)) !== null) throw new Stale(`payment ${sale.key}`);
    throw await namingRepeat(tx, refusal, sale);
  }
}

/** The same, asked before: refuses what booking would, and says what is left of the day, this sale not taken off; null without a limit. */
export async function previewSale(tx: Tx, who: Who, sale: Sale): Promise<DayRoom | null> {
  const { rechargeDay, rechargeOne } = await limitsOf(tx, who.userId);
  try {
    refuseOne(rechargeOne, sale.amount);
    if (rechargeDay === null) return null;
    const day = { limit: rechargeDay, used: await takenBy(tx, who.login, dayAround(sale.now)) };
    refuseDay("limit_recharge_day", { ...day, ...sale });
    return roomText(day);
  } catch (refusal) {
    throw await namingRepeat(tx, refusal, sale);
  }
}

/** The same refusal of a sale that may be booked already. */
const WITH_REPEAT = {
  limit_recharge_one: "limit_recharge_one_repeat",
  limit_recharge_day: "limit_recharge_day_repeat",
} as const;

/**
 * Who asks again after a lost answer, from another computer, is over his limit by the very payment that he asks for, and would hand its money
 * back: the refusal names the equal order. Looked up after the sum, so that whatever was counted is seen here too.
 */
async function namingRepeat(tx: Tx, refusal: unknown, { parts, now }: Sale): Promise<unknown> {
  if (!(refusal instanceof AppError)) return refusal;
  const { code, details } = refusal;
  if (code !== "limit_recharge_one" && code !== "limit_recharge_day") return refusal;
  for (const part of parts) {
    const repeat = await repeatOf(tx, part, now);
    if (repeat === null) continue;
    const time = formatInstant(repeat.at).slice(11);
    return new AppError(WITH_REPEAT[code], { ...details, label: part.meter.label, orderNo: repeat.orderNo, time });
  }
  return refusal;
}

/**
 * Refuses what its asker may not give back or give up in one calendar day: refunds of every kind, write-offs, clears, and what is handed out at
 * the end of a move-out. In the transaction that books, as {@link demandSale}.
 */
export async function demandRefund(tx: Tx, who: Who, refund: Wanted): Promise<void> {
  const { refundDay } = await takeLimits(tx, who.userId);
  if (refundDay === null) return;
  refuseDay("limit_refund_day", {
    limit: refundDay,
    used: await refundedBy(tx, who.login, dayAround(refund.now)),
    ...refund,
  });
}

/** The same, asked before; see {@link previewSale}. */
export async function previewRefundDay(tx: Tx, who: Who, refund: Wanted): Promise<DayRoom | null> {
  const { refundDay } = await limitsOf(tx, who.userId);
  if (refundDay === null) return null;
  const day = { limit: refundDay, used: await refundedBy(tx, who.login, dayAround(refund.now)) };
  refuseDay("limit_refund_day", { ...day, ...refund });
  return roomText(day);
}

/** Refuses a batch of more meters than its asker may switch at once. */
export async function demandBatch(tx: Tx, who: Who, count: number): Promise<void> {
  const { batchMeters: limit } = await limitsOf(tx, who.userId);
  if (limit !== null && count > limit) throw new AppError("limit_batch_meters", { count, limit });
}

function refuseOne(limit: Money | null, amount: Money): void {
  if (limit === null || amount <= limit) return;
  throw new AppError("limit_recharge_one", { amount: formatMoney(amount), limit: formatMoney(limit) });
}

/** Nothing is always within a limit, also when that was lowered below what is used. */
function refuseDay(
  code: "limit_recharge_day" | "limit_refund_day",
  day: { limit: Money; used: Money; amount: Money },
): void {
  if (day.amount <= 0 || day.used + day.amount <= day.limit) return;
  throw new AppError(code, { amount: formatMoney(day.amount), ...roomText(day) });
}

function roomText({ limit, used }: { limit: Money; used: Money }): DayRoom {
  return { limit: formatMoney(limit), used: formatMoney(used), left: formatMoney(roomOf(limit, used)) };
}

/** The calendar day of the site: all its clocks are those of Asia/Shanghai. */
function dayAround(now: Instant): Span {
  const day = dayOf(now);
  return { from: startOfDay(day), until: endOfDay(day) };
}
