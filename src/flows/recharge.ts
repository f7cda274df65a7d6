import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant, later } from "#base/time.ts";
import { formatMoney, sum } from "#base/units.ts";
import type { Preview, RechargeRequest } from "#contract/money.ts";
import type { PaymentPreview, PaymentRequest } from "#contract/payments.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { type LedgerAccount, pendingTransfer, postedTransfer } from "#domain/ledger.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { bookTransfer, claimBalance, openLedgerAccounts, takeBalance } from "#store/ledger.ts";
import { meterToAct } from "#store/meters.ts";
import { addPayment, nextReceiptNo, ordersOfPayment, paymentByKey } from "#store/payments.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import { sha256Hex } from "#system/crypto.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { shiftForCash } from "./open-shift.ts";
import {
  amountPaid,
  type PartAsked,
  type PlannedPart,
  type PlannedPayment,
  planPayment,
  WH_PER_COMMAND_UNIT,
} from "./plan-payment.ts";
import { reconnectAccount } from "./reconnect.ts";
import { repeatOf } from "./repeat-recharge.ts";
import { showServerCredit } from "./server-credit.ts";
import { demandSale, previewSale } from "./user-limits.ts";

/** What a recharge would do, decided by the very code that books it. Throws the refusals that booking would. */
export async function previewRecharge(
  ctx: FlowContext,
  actor: Actor,
  input: { meterId: number; amount: string },
): Promise<Preview> {
  const { parts } = await previewPayment(ctx, actor, { parts: [input] });
  const [only] = parts;
  assert(only !== undefined, "one part was asked for");
  return only;
}

/** What one payment over several meters would do to each, decided by the very code that books it. */
export async function previewPayment(
  ctx: FlowContext,
  actor: Actor,
  input: { parts: readonly { meterId: number; amount: string }[] },
): Promise<PaymentPreview> {
  const asked = partsAsked(input.parts);
  const { parts, customerName } = await planPayment(ctx.db.read, actor.scope, asked);
  const now = ctx.clock();
  const amount = sum(asked.map((part) => part.paid));
  const today = await previewSale(ctx.db.read, actor, { amount, now, parts });
  const previews: Preview[] = [];
  for (const part of parts) {
    const { meter, creditAt, price, plan } = part;
    previews.push({
      meterId: meter.id,
      label: meter.label,
      number: meter.number,
      customer: meter.customer_name ?? "",
      creditAt,
      amount: formatMoney(plan.paid),
      walletBefore: formatMoney(plan.walletBefore),
      debts: formatMoney(plan.debtsTaken),
      price: formatMoney(price),
      unitsWh: plan.unitsWh,
      unitsCost: formatMoney(plan.spent),
      walletAfter: formatMoney(plan.walletAfter),
      remainingAfterWh: meter.remaining_wh === null ? null : meter.remaining_wh + plan.unitsWh,
      reachable: meter.online === 1,
      repeatOf: await repeatOf(ctx.db.read, part, now),
      today,
    });
  }
  return { customer: customerName, amount: formatMoney(amount), parts: previews };
}

/**
 * Takes a payment for one meter and sells what it buys. The same key again answers with the same order; the same key with another meter,
 * amount or channel is refused with `order_key_conflict`. Nothing is booked when it throws.
 */
export async function recharge(
  ctx: FlowContext,
  actor: Actor,
  input: RechargeRequest & { ip: string },
): Promise<{ orderNo: string; created: boolean }> {
  const { meterId, amount, ...rest } = input;
  const { orders, created } = await takePayment(ctx, actor, { ...rest, parts: [{ meterId, amount }] });
  const [orderNo] = orders;
  // A key of a payment from outside that could not become a recharge: to this caller it is somebody else's.
  if (orderNo === undefined) throw new AppError("order_key_conflict");
  return { orderNo, created };
}

/** A payment that was taken: its number, its orders (one for each meter), and whether this call booked it. */
export type Taken = { paymentNo: string; orders: string[]; created: boolean };

/**
 * Takes one payment at the desk for one or several meters of one customer, in one transaction: payment with receipt number and shift, money
 * into the wallet, debts, and for each part its order, units (or balance) and top-up command. One key for all of it; all is booked or nothing.
 */
export async function takePayment(
  ctx: FlowContext,
  actor: Actor,
  input: PaymentRequest & { ip: string },
): Promise<Taken> {
  const parts = partsAsked(input.parts);
  const taking: Taking = {
    key: input.key,
    requestHash: requestHash(parts, input.channel),
    channel: input.channel,
    externalId: null,
    note: input.note,
    ip: input.ip,
  };
  const done = await decide(ctx.db, async (tx): Promise<Taken> => {
    let customerId: number | null = null;
    for (const part of parts) {
      const meter = await meterToAct(tx, actor.scope, part.meterId);
      if (!meter) throw new AppError("meter_not_found");
      customerId ??= meter.customer_id;
    }
    const earlier = await earlierPayment(tx, taking);
    if (earlier) return earlier;
    // Taken before the plan rests on it: two payments of one customer follow each other instead of undoing each other.
    if (customerId !== null) await takeBalance(tx, { kind: "wallet", ref: customerId });
    const planned = await planPayment(tx, actor.scope, parts);
    return bookPayment(ctx, tx, actor, taking, planned);
  });
  faultPoint("recharge:after-commit");
  if (done.created)
    ctx.log.info(
      {
        payment: done.paymentNo,
        meters: parts.map((part) => part.meterId),
        amount: formatMoney(sum(parts.map((part) => part.paid))),
      },
      "recharge booked",
    );
  return done;
}

/** How a payment came in: `key` names it for ever, `requestHash` tells a repeat from a conflict. */
export type Taking = {
  readonly key: string;
  readonly requestHash: string;
  readonly channel: "cash" | "transfer" | "wechat" | "partner";
  readonly externalId: string | null;
  readonly note: string;
  readonly ip: string;
};

/** The payment that this key made before; null when it is new. Throws `order_key_conflict` when its content was another. */
export async function earlierPayment(tx: Tx, taking: Taking): Promise<Taken | null> {
  const earlier = await paymentByKey(tx, taking.key);
  if (!earlier) return null;
  if (earlier.requestHash !== taking.requestHash) throw new AppError("order_key_conflict");
  return { paymentNo: earlier.paymentNo, orders: await ordersOfPayment(tx, earlier.paymentNo), created: false };
}

/** Books a planned payment. The plan rests on the wallet's balance, which is claimed: two payments never spend the same change. */
export async function bookPayment(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  taking: Taking,
  planned: PlannedPayment,
): Promise<Taken> {
  const now = ctx.clock();
  const { customerId, projectId, parts } = planned;
  const amount = sum(parts.map((part) => part.plan.paid));
  // Money that is in our hands already is never refused: only the desk has limits.
  if (isDesk(taking.channel)) await demandSale(tx, actor, { key: taking.key, amount, now, parts });
  const paymentNo = await nextPaymentNo(tx, now);
  const shiftId = isDesk(taking.channel) ? await shiftForCash(ctx, tx, { projectId, actor, now }) : null;
  const fresh = await addPayment(tx, {
    payment_no: paymentNo,
    idem_key: taking.key,
    request_hash: taking.requestHash,
    project_id: projectId,
    customer_id: customerId,
    channel: taking.channel,
    external_id: taking.externalId,
    amount_e4: amount,
    outcome: "recharged",
    outcome_reason: "",
    shift_id: shiftId,
    receipt_no: await nextReceiptNo(tx, projectId, dayOf(now).slice(0, 4)),
    parts: parts.length,
    prints: 0,
    taken_by: actor.login,
    taken_at: now,
    note: taking.note,
  });
  // Somebody used the key this moment. Run again: the receipt number that was taken here goes back, and his payment is found.
  if (!fresh) throw new Stale(`payment ${taking.key}`);
  const wallet: LedgerAccount = { kind: "wallet", ref: customerId };
  await openLedgerAccounts(tx, [wallet, { kind: "debt", ref: customerId }, ...parts.map(creditAccount)]);
  await claimBalance(tx, wallet, planned.walletSeen);
  const from = channelAccount(taking.channel, { projectId, shiftId });
  const orders: string[] = [];
  for (const [at, part] of parts.entries()) {
    const orderNo = parts.length === 1 ? paymentNo : `${paymentNo}-${at + 1}`;
    orders.push(orderNo);
    await bookPart(ctx, tx, actor, { ...part, taking, paymentNo, orderNo, nth: at + 1, customerId, from, now });
  }
  faultPoint("recharge:before-commit");
  return { paymentNo, orders, created: true };
}

type Part = PlannedPart & {
  taking: Taking;
  paymentNo: string;
  orderNo: string;
  nth: number;
  customerId: number;
  from: LedgerAccount;
  now: Instant;
};

/** One part: its order, its money, and its top-up command (or, for credit on the server, its balance at once). */
async function bookPart(ctx: FlowContext, tx: Tx, actor: Actor, part: Part): Promise<void> {
  const { meter, plan, taking, orderNo, creditAt, accountId, now } = part;
  const commandId = creditAt === "meter" ? ctx.newId(now) : null;
  await tx
    .insertInto("recharge_order")
    .values({
      order_no: orderNo,
      payment_no: part.paymentNo,
      part: part.nth,
      idem_key: part.orderNo === part.paymentNo ? taking.key : `${taking.key}/${part.nth}`,
      request_hash: taking.requestHash,
      meter_id: meter.id,
      account_id: accountId,
      customer_id: part.customerId,
      channel: taking.channel,
      amount_e4: plan.paid,
      price_e4: part.price,
      wallet_before_e4: plan.walletBefore,
      debts_e4: plan.debtsTaken,
      units_wh: plan.unitsWh,
      units_cost_e4: plan.spent,
      wallet_after_e4: plan.walletAfter,
      state: creditAt === "meter" ? "booked" : "confirmed",
      state_reason: "",
      command_id: commandId,
      purchase_number: null,
      remaining_after_wh: null,
      created_by: actor.login,
      created_at: now,
      confirmed_at: creditAt === "meter" ? null : now,
      note: taking.note,
      updated_at: now,
    })
    .execute();
  await moveMoney(tx, actor, part);
  if (commandId !== null) {
    await addCommand(tx, {
      id: commandId,
      idem_key: `top_up:${orderNo}`,
      meter_id: meter.id,
      concentrator_id: meter.concentrator_id,
      kind: "top_up",
      cause: "recharge",
      priority: priority.top_up,
      payload: JSON.stringify({ amount: plan.unitsWh / WH_PER_COMMAND_UNIT, customer: meter.account_number }),
      order_no: orderNo,
      reason: "",
      requested_by: actor.login,
      expires_at: later(now, expiryMs.top_up),
      created_at: now,
    });
  } else {
    await tx
      .updateTable("account")
      .set((eb) => ({ arrears_evaluations: 0, version: eb("version", "+", 1) }))
      .where("id", "=", accountId)
      .execute();
    await showServerCredit(tx, { accountId, at: now, now });
    await reconnectAccount(ctx, tx, { accountId, cause: orderNo, orderNo, actor: actor.login, now });
  }
  const figures = { orderNo, amount: formatMoney(plan.paid), unitsWh: plan.unitsWh };
  await addEvents(tx, [
    { id: ctx.newId(now), meterId: meter.id, at: now, kind: "recharge_booked", severity: "info", detail: figures },
  ]);
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: "recharge.create",
    object: `meter:${meter.id}`,
    before: null,
    after: { ...figures, channel: taking.channel },
    reason: taking.note,
    ip: taking.ip,
  });
}

/** Payment into the wallet, debts out of it, then units (pending until the meter agrees) or balance. */
async function moveMoney(tx: Tx, actor: Actor, part: Part): Promise<void> {
  const { meter, plan, orderNo, now } = part;
  const wallet: LedgerAccount = { kind: "wallet", ref: part.customerId };
  const credit = creditAccount(part);
  const common = { actor: actor.login, orderNo, meterId: meter.id };
  await bookTransfer(
    tx,
    postedTransfer({
      ...common,
      id: `payment:${orderNo}`,
      kind: "payment",
      from: part.from,
      to: wallet,
      amount: plan.paid,
    }),
    now,
  );
  if (plan.debtsTaken > 0) {
    const debt: LedgerAccount = { kind: "debt", ref: part.customerId };
    await bookTransfer(
      tx,
      postedTransfer({
        ...common,
        id: `debt:${orderNo}`,
        kind: "debt",
        from: wallet,
        to: debt,
        amount: plan.debtsTaken,
      }),
      now,
    );
  }
  if (plan.spent > 0) {
    const move = {
      ...common,
      id: rechargeTransferId(orderNo),
      kind: "recharge" as const,
      from: wallet,
      to: credit,
      amount: plan.spent,
    };
    await bookTransfer(tx, part.creditAt === "meter" ? pendingTransfer(move) : postedTransfer(move), now);
  }
}

function creditAccount({ creditAt, meter, accountId }: PlannedPart): LedgerAccount {
  return creditAt === "meter" ? { kind: "meter_credit", ref: meter.id } : { kind: "balance", ref: accountId };
}

/** The transfer that turns wallet money into credit. */
export function rechargeTransferId(orderNo: string): string {
  return `recharge:${orderNo}`;
}

/** Where the money of a channel stands until it is handed over or cleared. */
export function channelAccount(
  channel: Taking["channel"],
  { projectId, shiftId }: { projectId: number; shiftId: number | null },
): LedgerAccount {
  if (channel !== "cash") return { kind: channel, ref: projectId };
  assert(shiftId !== null, "cash belongs to a shift");
  return { kind: "cash", ref: shiftId };
}

/** Numbers of payments and of single orders are one row of numbers: `R20260801000012`; they sort by time. */
export async function nextPaymentNo(tx: Tx, now: Instant): Promise<string> {
  const number = await nextNumbers(tx, "recharge_order");
  return `R${dayOf(now).replaceAll("-", "")}${String(number).padStart(6, "0")}`;
}

function isDesk(channel: Taking["channel"]): boolean {
  return channel === "cash" || channel === "transfer";
}

function partsAsked(parts: readonly { meterId: number; amount: string }[]): PartAsked[] {
  return parts.map(({ meterId, amount }) => ({ meterId, paid: amountPaid(amount) }));
}

/** What of a request must be the same when its key comes again. */
function requestHash(parts: readonly PartAsked[], channel: string): string {
  const text = `${parts.map(({ meterId, paid }) => `${meterId}|${paid}`).join(",")}|${channel}`;
  return parts.length === 1 ? text : sha256Hex(text);
}
