import { AppError, assert } from "#base/errors.ts";
import {
  formatMoney,
  type Money,
  money,
  PER_FEN,
  PER_UNIT,
  type Price,
  parseMoney,
  price,
  subtract,
} from "#base/units.ts";
import { PURCHASE_NUMBER_MAX } from "#domain/command.ts";
import type { Scope } from "#domain/permission.ts";
import { planBalance, planUnits, type RechargePlan } from "#domain/prepay.ts";
import { topUpsMax } from "#protocol/profiles.ts";
import type { Tx } from "#store/db.ts";
import { openExchangeOfMeter } from "#store/devices.ts";
import { type Balance, balanceOf } from "#store/ledger.ts";
import { meterToAct } from "#store/meters.ts";
import { openMoveOutOfMeter } from "#store/move-outs.ts";
import { openOrders } from "#store/orders.ts";
import { refuseToSub } from "./group-guard.ts";
import { RECHARGE_MAX_YUAN } from "./money-limits.ts";

/** Meters that one payment may be split among: more than any customer has at one desk. */
export const PARTS_MAX = 50;
/** A top-up command carries hundredths of a unit. */
export const WH_PER_COMMAND_UNIT = PER_UNIT / 100;
/** The amount field of a top-up has four bytes. */
const COMMAND_AMOUNT_MAX = 0xff_ff_ff_ff;

/** What a payment means for one meter. */
export type PartAsked = { readonly meterId: number; readonly paid: Money };

/** One part of a payment as it would be booked. */
export type PlannedPart = {
  readonly meter: NonNullable<Awaited<ReturnType<typeof meterToAct>>>;
  readonly accountId: number;
  readonly creditAt: "meter" | "server";
  readonly price: Price;
  readonly plan: RechargePlan;
};

/** A whole payment as it would be booked, and the balance of the wallet that it rests on. */
export type PlannedPayment = {
  readonly customerId: number;
  readonly customerName: string;
  readonly projectId: number;
  readonly walletSeen: Balance;
  readonly parts: readonly PlannedPart[];
};

/** The amount of a payment as typed: yuan with at most two places, 0.01 … {@link RECHARGE_MAX_YUAN}. */
export function amountPaid(text: string): Money {
  const paid = parseMoney(text, 2);
  if (paid === null || paid < PER_FEN || paid > RECHARGE_MAX_YUAN * 10_000) {
    throw new AppError("amount_invalid", { max: RECHARGE_MAX_YUAN });
  }
  return paid;
}

/**
 * What a payment would do, part after part: debts are taken first, and what one part leaves over is in the wallet for the next. Throws the
 * refusals that booking would: a meter outside the scope, of another customer, not prepaid, stopped, or a part below one unit.
 */
export async function planPayment(tx: Tx, scope: Scope, asked: readonly PartAsked[]): Promise<PlannedPayment> {
  const [first] = asked;
  if (!first || asked.length > PARTS_MAX || new Set(asked.map((part) => part.meterId)).size < asked.length)
    throw new AppError("parts_invalid", { max: PARTS_MAX });
  const meters = [];
  for (const part of asked) meters.push(await payableMeter(tx, scope, part.meterId));
  const customerId = meters[0]?.customerId ?? 0;
  if (meters.some((each) => each.customerId !== customerId)) throw new AppError("meters_of_two_customers");

  const walletSeen = await balanceOf(tx, { kind: "wallet", ref: customerId });
  const debt = await balanceOf(tx, { kind: "debt", ref: customerId });
  let wallet = money(walletSeen.posted - walletSeen.reserved);
  let debts = money(Math.max(0, -debt.posted));
  const parts: PlannedPart[] = [];
  for (const [at, { paid }] of asked.entries()) {
    const payable = meters[at];
    assert(payable !== undefined, "every part has its meter");
    const { meter } = payable;
    const unitPrice = price(meter.price_e4);
    const payment = { paid, wallet, debts };
    const plan = payable.creditAt === "meter" ? planUnits(payment, unitPrice) : planBalance(payment);
    if (payable.creditAt === "meter") await refuseUnsellable(tx, payable, plan, asked.length);
    parts.push({ ...payable, price: unitPrice, plan });
    wallet = plan.walletAfter;
    debts = subtract(debts, plan.debtsTaken);
  }
  const { meter } = meters[0] ?? {};
  assert(meter !== undefined, "a payment has a meter");
  return { customerId, customerName: meter.customer_name ?? "", projectId: meter.project_id, walletSeen, parts };
}

async function payableMeter(tx: Tx, scope: Scope, meterId: number) {
  const meter = await meterToAct(tx, scope, meterId);
  if (!meter) throw new AppError("meter_not_found");
  if (meter.mode !== "prepaid") throw new AppError("meter_not_prepaid");
  if (meter.account_id === null || meter.customer_id === null || meter.credit_at === null) {
    throw new AppError("meter_without_customer");
  }
  await refuseToSub(tx, meter.id);
  const moving = await openMoveOutOfMeter(tx, meter.id);
  if (moving !== null) throw new AppError("moving_out", { moveOutNo: moving });
  const exchanging = await openExchangeOfMeter(tx, meter.id);
  if (exchanging !== null) throw new AppError("exchanging", { exchangeNo: exchanging });
  if (meter.top_ups_stopped === 1) throw new AppError("top_ups_stopped");
  return { meter, accountId: meter.account_id, customerId: meter.customer_id, creditAt: meter.credit_at };
}

async function refuseUnsellable(
  tx: Tx,
  { meter }: Pick<PlannedPart, "meter">,
  plan: RechargePlan,
  parts: number,
): Promise<void> {
  const countMax = topUpsMax(meter.profile);
  if (countMax === null) throw new AppError("profile_without_top_up", { profile: meter.profile });
  if (plan.unitsWh === 0) {
    const figures = { price: formatMoney(price(meter.price_e4)) };
    throw parts === 1
      ? new AppError("below_one_unit", figures)
      : new AppError("part_below_one_unit", { ...figures, label: meter.label });
  }
  if (plan.unitsWh / WH_PER_COMMAND_UNIT > COMMAND_AMOUNT_MAX)
    throw new AppError("amount_invalid", { max: RECHARGE_MAX_YUAN });
  const max = Math.min(PURCHASE_NUMBER_MAX, countMax);
  if (meter.purchase_count + (await openOrders(tx, meter.id)) >= max) {
    throw new AppError("purchase_numbers_used_up", { max });
  }
}
