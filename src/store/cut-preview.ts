import type { Day } from "#base/time.ts";
import { type Money, money } from "#base/units.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { UNDER_WAY } from "./orders.ts";
import { inScope } from "./scope.ts";

/** A prepaid meter that is on, with what decides whether it stays so. Money in 1/10000 yuan. */
export type CutCandidate = {
  readonly id: number;
  readonly accountId: number;
  readonly label: string;
  readonly number: string;
  readonly areaName: string;
  readonly customer: string | null;
  readonly kind: "electricity" | "water";
  readonly creditAt: "meter" | "server";
  readonly priceE4: number;
  readonly balance: Money;
  /** With an emergency credit that is open. */
  readonly overdraftE4: number;
  readonly remainingWh: number | null;
  readonly hasSwitch: boolean;
  readonly guarded: boolean;
  readonly paying: boolean;
};

/** The prepaid meters of a scope that are not off, in the order of their ids. */
export async function cutCandidates(tx: Tx, scope: Scope): Promise<CutCandidate[]> {
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("account", "account.id", "meter.account_id")
    .innerJoin("area", "area.id", "meter.area_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .leftJoin("emergency_credit", "emergency_credit.open_account", "account.id")
    .leftJoin("ledger_account", (join) =>
      join.onRef("ledger_account.ref_id", "=", "account.id").on("ledger_account.kind", "=", "balance"),
    )
    .where((eb) => inScope(eb as never, scope))
    .where("meter.mode", "=", "prepaid")
    .where((eb) => eb.or([eb("meter_state.relay", "is", null), eb("meter_state.relay", "<>", "open")]))
    .select((eb) => [
      "meter.id",
      "meter.label",
      "meter.number",
      "meter.price_e4",
      "meter.switch_kind",
      "meter.supply_guard",
      "account.id as account_id",
      "account.credit_at",
      "account.overdraft_e4",
      "meter.kind",
      "area.name as area_name",
      "customer.name as customer_name",
      "emergency_credit.amount_e4 as emergency_e4",
      "ledger_account.balance_e4",
      "meter_state.remaining_wh",
      eb
        .exists(
          eb
            .selectFrom("recharge_order")
            .select("recharge_order.order_no")
            .whereRef("recharge_order.account_id", "=", "account.id")
            .where("recharge_order.state", "in", [...UNDER_WAY]),
        )
        .as("paying"),
    ])
    .orderBy("meter.id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    accountId: row.account_id,
    label: row.label,
    number: row.number,
    areaName: row.area_name,
    kind: row.kind,
    customer: row.customer_name,
    creditAt: row.credit_at,
    priceE4: row.price_e4,
    balance: money(row.balance_e4 ?? 0),
    overdraftE4: row.overdraft_e4 + (row.emergency_e4 ?? 0),
    remainingWh: row.remaining_wh,
    hasSwitch: row.switch_kind !== "none",
    guarded: row.supply_guard === 1,
    paying: Boolean(Number(row.paying)),
  }));
}

/** The mean usage of a day since some day, by meter, from the days that are known. */
export async function usageSince(
  tx: Tx,
  input: { meterIds: readonly number[]; from: Day },
): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  if (input.meterIds.length === 0) return found;
  const rows = await tx
    .selectFrom("meter_day")
    .select((eb) => ["meter_id", eb.fn.avg<number>("usage_wh").as("mean")])
    .where("meter_id", "in", [...input.meterIds])
    .where("day", ">=", input.from)
    .where("latest", "=", 1)
    .where("usage_wh", "is not", null)
    .groupBy("meter_id")
    .execute();
  for (const row of rows) found.set(row.meter_id, Math.round(Number(row.mean)));
  return found;
}
