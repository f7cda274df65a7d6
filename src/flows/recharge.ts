import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant, instant, later, MINUTE_MS } from "#base/time.ts";
import { formatMoney, type Money, money, PER_FEN, PER_UNIT, type Price, parseMoney, price } from "#base/units.ts";
import type { Preview, RechargeRequest } from "#contract/money.ts";
import { expiryMs, PURCHASE_NUMBER_MAX, priority } from "#domain/command.ts";
import { type LedgerAccount, pendingTransfer, postedTransfer } from "#domain/ledger.ts";
import type { Actor } from "#domain/permission.ts";
import { planBalance, planUnits, type RechargePlan } from "#domain/prepay.ts";
import { topUpsMax } from "#protocol/profiles.ts";
import { addAudit } from "#store/audit.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { type Balance, balanceOf, bookTransfer, claimBalance, openLedgerAccounts } from "#store/ledger.ts";
import { meterToAct } from "#store/meters.ts";
import { equalRechargeSince, openOrders, orderByKey } from "#store/orders.ts";
import { insertIgnore } from "#store/portable.ts";
import { nextNumbers } from "#store/sequences.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { reconnectAccount } from "./reconnect.ts";
import { showServerCredit } from "./server-credit.ts";

/** The most that one recharge may be, in yuan: beyond it a typing error is likelier than a payment. */
export const RECHARGE_MAX_YUAN = 100_000;
/** How long an equal recharge of one meter draws a question. */
const REPEAT_WINDOW_MS = 10 * MINUTE_MS;
/** A top-up command carries hundredths of a unit. */
const WH_PER_COMMAND_UNIT = PER_UNIT / 100;
/** The amount field of a top-up has four bytes. */
const COMMAND_AMOUNT_MAX = 0xff_ff_ff_ff;

type Considered = {
  meter: NonNullable<Awaited<ReturnType<typeof meterToAct>>>;
  accountId: number;
  customerId: number;
  creditAt: "meter" | "server";
  price: Price;
  walletSeen: Balance;
  plan: RechargePlan;
};

/** What a recharge would do, decided by the very code that books it. Throws the refusals that booking would. */
export async function previewRecharge(
  ctx: FlowContext,
  actor: Actor,
  input: { meterId: number; amount: string },
): Promise<Preview> {
  const paid = amountPaid(input.amount);
  const { meter, creditAt, plan, price: at } = await consider(ctx.db.read, actor, input.meterId, paid);
  const repeatOf = await equalRechargeSince(ctx.db.read, {
    meterId: meter.id,
    amountE4: paid,
    since: later(ctx.clock(), -REPEAT_WINDOW_MS),
  });
  return {
    meterId: meter.id,
    label: meter.label,
    number: meter.number,
    customer: meter.customer_name ?? "",
    creditAt,
    amount: formatMoney(plan.paid),
    walletBefore: formatMoney(plan.walletBefore),
    debts: formatMoney(plan.debtsTaken),
    price: formatMoney(at),
    unitsWh: plan.unitsWh,
    unitsCost: formatMoney(plan.spent),
    walletAfter: formatMoney(plan.walletAfter),
    remainingAfterWh: meter.remaining_wh === null ? null : meter.remaining_wh + plan.unitsWh,
    reachable: meter.online === 1,
    repeatOf,
  };
}

/**
 * Takes a payment and sells what it buys, in one transaction: order, money into the wallet, debts, units (or balance), and the
 * top-up command. The same key again answers with the same order; the same key with another meter, amount or channel is
 * refused with `order_key_conflict`. Nothing is booked when it throws.
 */
export async function recharge(
  ctx: FlowContext,
  actor: Actor,
  input: RechargeRequest & { ip: string },
): Promise<{ orderNo: string; created: boolean }> {
  const paid = amountPaid(input.amount);
  const requestHash = `${input.meterId}|${paid}|${input.channel}`;
  const done = await decide(ctx.db, (tx) => book(ctx, tx, actor, { ...input, paid, requestHash }));
  faultPoint("recharge:after-commit");
  if (done.created)
    ctx.log.info({ order: done.orderNo, meter: input.meterId, amount: formatMoney(paid) }, "recharge booked");
  return done;
}

type Booking = RechargeRequest & { ip: string; paid: Money; requestHash: string };

async function book(ctx: FlowContext, tx: Tx, actor: Actor, input: Booking) {
  if (!(await meterToAct(tx, actor.scope, input.meterId))) throw new AppError("meter_not_found");
  const earlier = await orderByKey(tx, input.key);
  if (earlier) return repeated(earlier, input);

  const now = ctx.clock();
  const considered = await consider(tx, actor, input.meterId, input.paid);
  const { meter, accountId, customerId, creditAt, plan } = considered;
  const orderNo = await nextOrderNo(tx, now);
  const commandId = creditAt === "meter" ? ctx.newId(now) : null;
  const fresh = await insertIgnore(
    tx,
    "recharge_order",
    [
      {
        order_no: orderNo,
        idem_key: input.key,
        request_hash: input.requestHash,
        meter_id: meter.id,
        account_id: accountId,
        customer_id: customerId,
        channel: input.channel,
        amount_e4: plan.paid,
        price_e4: considered.price,
        wallet_before_e4: plan.walletBefore,
        debts_e4: plan.debtsTaken,
        units_wh: plan.unitsWh,
        units_cost_e4: plan.spent,
        wallet_after_e4: plan.walletAfter,
        state: creditAt === "meter" ? ("booked" as const) : ("confirmed" as const),
        state_reason: "",
        command_id: commandId,
        purchase_number: null,
        remaining_after_wh: null,
        created_by: actor.login,
        created_at: now,
        confirmed_at: creditAt === "meter" ? null : now,
        note: input.note,
        updated_at: now,
      },
    ],
    ["idem_key"],
  );
  if (fresh === 0) {
    const other = await orderByKey(tx, input.key);
    assert(other !== null, "an order with this key exists");
    return repeated(other, input);
  }
  await moveMoney(tx, { ...considered, orderNo, channel: input.channel, actor: actor.login, now });
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
    after: { ...figures, channel: input.channel },
    reason: input.note,
    ip: input.ip,
  });
  faultPoint("recharge:before-commit");
  return { orderNo, created: true };
}

function repeated(earlier: { orderNo: string; requestHash: string }, input: Booking) {
  if (earlier.requestHash !== input.requestHash) throw new AppError("order_key_conflict");
  return { orderNo: earlier.orderNo, created: false };
}

/** The amount of a payment as typed: yuan with at most two places, 0.01 … {@link RECHARGE_MAX_YUAN}. */
function amountPaid(text: string): Money {
  const paid = parseMoney(text, 2);
  if (paid === null || paid < PER_FEN || paid > RECHARGE_MAX_YUAN * 10_000) {
    throw new AppError("amount_invalid", { max: RECHARGE_MAX_YUAN });
  }
  return paid;
}

async function consider(tx: Tx, actor: Actor, meterId: number, paid: Money): Promise<Considered> {
  const meter = await meterToAct(tx, actor.scope, meterId);
  if (!meter) throw new AppError("meter_not_found");
  if (meter.mode !== "prepaid") throw new AppError("meter_not_prepaid");
  if (meter.account_id === null || meter.customer_id === null || meter.credit_at === null) {
    throw new AppError("meter_without_customer");
  }
  if (meter.top_ups_stopped === 1) throw new AppError("top_ups_stopped");
  const walletSeen = await balanceOf(tx, { kind: "wallet", ref: meter.customer_id });
  const debt = await balanceOf(tx, { kind: "debt", ref: meter.customer_id });
  const payment = {
    paid,
    wallet: money(walletSeen.posted - walletSeen.reserved),
    debts: money(Math.max(0, -debt.posted)),
  };
  const at = price(meter.price_e4);
  const plan = meter.credit_at === "meter" ? planUnits(payment, at) : planBalance(payment);
  if (meter.credit_at === "meter") {
    const countMax = topUpsMax(meter.profile);
    if (countMax === null) throw new AppError("profile_without_top_up", { profile: meter.profile });
    if (plan.unitsWh === 0) throw new AppError("below_one_unit", { price: formatMoney(at) });
    if (plan.unitsWh / WH_PER_COMMAND_UNIT > COMMAND_AMOUNT_MAX)
      throw new AppError("amount_invalid", { max: RECHARGE_MAX_YUAN });
    const max = Math.min(PURCHASE_NUMBER_MAX, countMax);
    if (meter.purchase_count + (await openOrders(tx, meter.id)) >= max) {
      throw new AppError("purchase_numbers_used_up", { max });
    }
  }
  return {
    meter,
    accountId: meter.account_id,
    customerId: meter.customer_id,
    creditAt: meter.credit_at,
    price: at,
    walletSeen,
    plan,
  };
}

type Moving = Considered & { orderNo: string; channel: "cash" | "transfer"; actor: string; now: Instant };

/** Payment into the wallet, debts out of it, then units (pending until the meter agrees) or balance. */
async function moveMoney(tx: Tx, moving: Moving): Promise<void> {
  const { meter, plan, orderNo, actor, now } = moving;
  const wallet: LedgerAccount = { kind: "wallet", ref: moving.customerId };
  const debt: LedgerAccount = { kind: "debt", ref: moving.customerId };
  const credit: LedgerAccount =
    moving.creditAt === "meter" ? { kind: "meter_credit", ref: meter.id } : { kind: "balance", ref: moving.accountId };
  await openLedgerAccounts(tx, [wallet, debt, credit]);
  // The plan rests on the wallet's balance: take its version, so that two cashiers cannot spend the same change.
  await claimBalance(tx, wallet, moving.walletSeen);
  const common = { actor, orderNo, meterId: meter.id };
  const from: LedgerAccount = { kind: moving.channel, ref: meter.project_id };
  await bookTransfer(
    tx,
    postedTransfer({ ...common, id: `payment:${orderNo}`, kind: "payment", from, to: wallet, amount: plan.paid }),
    now,
  );
  if (plan.debtsTaken > 0) {
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
    await bookTransfer(tx, moving.creditAt === "meter" ? pendingTransfer(move) : postedTransfer(move), now);
  }
}

/** The transfer that turns wallet money into credit. */
export function rechargeTransferId(orderNo: string): string {
  return `recharge:${orderNo}`;
}

async function nextOrderNo(tx: Tx, now: Instant): Promise<string> {
  const number = await nextNumbers(tx, "recharge_order");
  return `R${dayOf(instant(now)).replaceAll("-", "")}${String(number).padStart(6, "0")}`;
}
