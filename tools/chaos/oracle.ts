import type { FlowContext } from "#flows/context.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import type { TownSnapshot } from "#simulator/snapshot.ts";
import type { Intent } from "./cashier.ts";

/** What is wrong after all; every number but the first two must be 0. */
export type Verdict = {
  recharges: number;
  confirmed: number;
  /** Payments without an order, and confirmed units that are not in the meter. */
  lost: number;
  /** Orders beyond one per payment, and top-ups in a meter that no confirmed order explains. */
  doubled: number;
  ledgerSum: number;
  /** Recharges that have not come to an end. */
  unresolved: number;
  problems: string[];
};

/** Compares what was paid at the desk, what is in the books, and what the meters themselves remember. */
export async function judge(ctx: FlowContext, town: TownSnapshot, intents: readonly Intent[]): Promise<Verdict> {
  const orders = await ctx.db.read
    .selectFrom("recharge_order")
    .innerJoin("meter", "meter.id", "recharge_order.meter_id")
    .innerJoin("account", "account.id", "meter.account_id")
    .select([
      "recharge_order.order_no",
      "recharge_order.idem_key",
      "recharge_order.meter_id",
      "recharge_order.amount_e4",
      "recharge_order.state",
      "recharge_order.units_wh",
      "recharge_order.purchase_number",
      "meter.address",
      "account.credit_at",
    ])
    .execute();
  const problems: string[] = [];
  let lost = 0;
  const byKey = new Map(orders.map((order) => [order.idem_key, order]));
  let doubled = orders.length - byKey.size;
  for (const intent of intents) {
    const order = byKey.get(intent.key);
    if (!order) {
      lost++;
      problems.push(`${intent.key} is not in the books`);
    } else if (order.order_no !== intent.orderNo || order.amount_e4 !== Math.round(Number(intent.amount) * 10_000)) {
      problems.push(
        `${intent.key} was answered ${intent.orderNo}, the books have ${order.order_no} ${order.amount_e4}`,
      );
    }
  }
  if (orders.length > intents.length) doubled += orders.length - intents.length;
  for (const meter of town.meters) {
    const sold = orders.filter(
      (order) => order.address === meter.address && order.credit_at === "meter" && order.state === "confirmed",
    );
    const inMeter = new Map(meter.topUps.map((topUp) => [topUp.count, topUp.amount]));
    if (inMeter.size !== meter.topUps.length) doubled += meter.topUps.length - inMeter.size;
    for (const order of sold) {
      const amount = inMeter.get(order.purchase_number ?? -1);
      inMeter.delete(order.purchase_number ?? -1);
      if (amount === undefined) lost++;
      if (amount !== undefined && amount * 10 !== order.units_wh) {
        problems.push(`${order.order_no}: ${order.units_wh} Wh sold, ${amount * 10} in the meter`);
      }
    }
    // What is left was added by the meter and belongs to no confirmed order.
    const unresolvedNumbers = orders.filter((order) => order.address === meter.address && isUnderWay(order.state));
    for (const count of inMeter.keys()) {
      if (!unresolvedNumbers.some((order) => order.purchase_number === count)) doubled++;
    }
  }
  const ledger = await verifyLedger(ctx);
  return {
    recharges: intents.length,
    confirmed: orders.filter((order) => order.state === "confirmed").length,
    lost,
    doubled,
    ledgerSum: ledger.sumE4,
    unresolved: orders.filter((order) => order.state !== "confirmed").length,
    problems: [...problems, ...ledger.problems].slice(0, 20),
  };
}

function isUnderWay(state: string): boolean {
  return ["booked", "sent", "unknown"].includes(state);
}
