import type { Db } from "#store/db.ts";
import { insertRows } from "#store/portable.ts";
import type { PaymentTable } from "#store/schema-desk.ts";
import type { RechargeOrderTable } from "#store/schema-ledger.ts";
import { concentratorRow } from "#store/test-concentrator.ts";
import { METERS } from "./settle-town.ts";

const CHUNK = 1_000;
const BEGAN_AT = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

/** So many confirmed recharges of 100 yuan for cash by the customers of the settle town, one a minute, each with its payment. */
export async function makeRecharges(db: Db, count: number): Promise<void> {
  const box = concentratorRow({ id: 1, area_id: 1, code: "C1", name: "1 号集中器" });
  await db.transact((tx) => insertRows(tx, "concentrator", [box]));
  for (let first = 1; first <= METERS; first += CHUNK) {
    const ids = Array.from({ length: CHUNK }, (_, i) => first + i);
    await db.transact((tx) => insertRows(tx, "customer", ids.map(customer)));
  }
  for (let first = 1; first <= count; first += CHUNK) {
    const all = Array.from({ length: Math.min(CHUNK, count - first + 1) }, (_, i) => first + i);
    await db.transact(async (tx) => {
      await insertRows(tx, "payment", all.map(payment));
      await insertRows(tx, "recharge_order", all.map(order));
    });
  }
}

function customer(id: number) {
  const number = String(id).padStart(12, "0");
  return { id, project_id: 1, number, name: `客户${id}`, phone: `138${String(id).padStart(8, "0")}`, created_at: 1 };
}

function payment(n: number): PaymentTable {
  const at = BEGAN_AT + n * MINUTE_MS;
  return {
    ...{ payment_no: `P${n}`, idem_key: `bench-pay-${n}`, request_hash: "", project_id: 1, customer_id: meterOf(n) },
    ...{ channel: "cash", external_id: null, amount_e4: 1_000_000, outcome: "recharged" as const, outcome_reason: "" },
    ...{ shift_id: null, receipt_no: `R${String(n).padStart(9, "0")}`, parts: 1, prints: 1 },
    ...{ taken_by: "bench", taken_at: at, note: "" },
  };
}

function order(n: number): RechargeOrderTable {
  const [at, id] = [BEGAN_AT + n * MINUTE_MS, meterOf(n)];
  return {
    ...{ order_no: `O${n}`, payment_no: `P${n}`, part: 1, idem_key: `bench-order-${n}`, request_hash: "" },
    ...{ meter_id: id, account_id: id, customer_id: id, channel: "cash", amount_e4: 1_000_000, price_e4: 7_500 },
    ...{ wallet_before_e4: 0, debts_e4: 0, units_wh: 133_000, units_cost_e4: 997_500, wallet_after_e4: 2_500 },
    ...{ state: "confirmed" as const, state_reason: "", command_id: null, purchase_number: 1 + Math.floor(n / METERS) },
    ...{ remaining_after_wh: 133_000, created_by: "bench", created_at: at, confirmed_at: at + 3_000, note: "" },
    ...{ updated_at: at + 3_000 },
  };
}

function meterOf(n: number): number {
  return 1 + (n % METERS);
}
