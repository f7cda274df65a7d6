import { AppError, assert } from "#base/errors.ts";
import { dayOf } from "#base/time.ts";
import { formatMoney, type Money } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { meterToAct } from "#store/meters.ts";
import { addPayment, nextReceiptNo } from "#store/payments.ts";
import { Stale } from "#store/stale.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { planPayment } from "./plan-payment.ts";
import { bookPayment, channelAccount, earlierPayment, nextPaymentNo, type Taken, type Taking } from "./recharge.ts";

/**
 * A payment that another system has verified: it says that the money is there. `externalId` is that system's name for it (WeChat's
 * transaction id, a partner's number), unique within the channel for ever; `amount` is what was really paid.
 */
export type ExternalPayment = {
  readonly channel: "wechat" | "partner";
  readonly externalId: string;
  /** The site that the money came in for; needed when nothing else says it. */
  readonly projectId: number;
  /** What it was meant for; null when that cannot be told. */
  readonly meterId: number | null;
  readonly amount: Money;
  readonly note: string;
};

/** Refusals of a recharge that leave money without a meter: it is the customer's all the same. */
const KEEPS_IN_WALLET: readonly string[] = [
  "meter_not_prepaid",
  "meter_is_sub",
  "group_in_flight",
  "top_ups_stopped",
  "below_one_unit",
  "purchase_numbers_used_up",
  "profile_without_top_up",
  "amount_invalid",
];

/**
 * Books a verified payment exactly once. Money that is really there is never refused: what cannot be sold goes to the customer's wallet, and
 * what belongs to nobody that we know goes to suspense (异常款项) for a person to look at; `outcome_reason` says why. The same id again
 * answers the same payment; the same id with another amount or meter is `order_key_conflict`, and nothing is booked.
 */
export async function takeExternalPayment(ctx: FlowContext, actor: Actor, input: ExternalPayment): Promise<Taken> {
  assert(
    input.amount > 0 && /^[\x21-\x7e]{1,100}$/.test(input.externalId),
    "a verified payment has an amount and an id",
  );
  const taking: Taking = {
    // A page's key holds no colon, so nobody at a desk can take it.
    key: `${input.channel}:${input.externalId}`,
    requestHash: `${input.meterId ?? ""}|${input.amount}|${input.channel}`,
    channel: input.channel,
    externalId: input.externalId,
    note: input.note,
    ip: "",
  };
  const done = await decide(ctx.db, async (tx): Promise<Taken> => {
    const earlier = await earlierPayment(tx, taking);
    if (earlier) return earlier;
    if (input.meterId === null) return keep(ctx, tx, actor, { taking, input, customer: null, reason: "payer_unknown" });
    try {
      const planned = await planPayment(tx, actor.scope, [{ meterId: input.meterId, paid: input.amount }]);
      return await bookPayment(ctx, tx, actor, taking, planned);
    } catch (error) {
      // Planning writes nothing, so there is nothing to undo.
      if (!(error instanceof AppError)) throw error;
      const meter = await meterToAct(tx, actor.scope, input.meterId);
      const customer = meter?.customer_id ?? null;
      const known = meter !== undefined && customer !== null && KEEPS_IN_WALLET.includes(error.code);
      return keep(ctx, tx, actor, {
        taking,
        input,
        customer: known ? { id: customer, projectId: meter.project_id } : null,
        reason: error.code,
      });
    }
  });
  faultPoint("external-payment:after-commit");
  if (done.created)
    ctx.log.info(
      { payment: done.paymentNo, channel: input.channel, amount: formatMoney(input.amount) },
      "payment booked",
    );
  return done;
}

type Keeping = {
  taking: Taking;
  input: ExternalPayment;
  customer: { id: number; projectId: number } | null;
  reason: string;
};

/** Takes the money in without selling anything. */
async function keep(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  { taking, input, customer, reason }: Keeping,
): Promise<Taken> {
  const now = ctx.clock();
  const projectId = customer?.projectId ?? input.projectId;
  const paymentNo = await nextPaymentNo(tx, now);
  const fresh = await addPayment(tx, {
    payment_no: paymentNo,
    idem_key: taking.key,
    request_hash: taking.requestHash,
    project_id: projectId,
    customer_id: customer?.id ?? null,
    channel: taking.channel,
    external_id: taking.externalId,
    amount_e4: input.amount,
    outcome: customer ? "wallet" : "suspense",
    outcome_reason: reason,
    shift_id: null,
    receipt_no: await nextReceiptNo(tx, projectId, dayOf(now).slice(0, 4)),
    parts: 0,
    prints: 0,
    taken_by: actor.login,
    taken_at: now,
    note: taking.note,
  });
  if (!fresh) throw new Stale(`payment ${taking.key}`);
  const to: LedgerAccount = customer ? { kind: "wallet", ref: customer.id } : { kind: "suspense", ref: projectId };
  await openLedgerAccounts(tx, [to]);
  await bookTransfer(
    tx,
    postedTransfer({
      id: `payment:${paymentNo}`,
      kind: "payment",
      from: channelAccount(taking.channel, { projectId, shiftId: null }),
      to,
      amount: input.amount,
      actor: actor.login,
      orderNo: paymentNo,
      ...(customer && input.meterId !== null ? { meterId: input.meterId } : {}),
      memo: reason,
    }),
    now,
  );
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: "payment.keep",
    object: `payment:${paymentNo}`,
    before: null,
    after: { externalId: taking.externalId, amount: formatMoney(input.amount), to: to.kind },
    reason,
    ip: "",
  });
  return { paymentNo, orders: [], created: true };
}
