import { DAY_MS, type Instant } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import type { Tx } from "./db.ts";

/** So many are looked up in one statement. */
const AT_ONCE = 500;
/** For so long it is told that a customer was told. */
const TOLD_FOR_MS = 30 * DAY_MS;
/** Orders whose money went back. */
const UNDONE = ["withdrawn", "refused"] as const;

type Owned = { id: number; customerId: number };

/** Name and telephone of customers. */
export async function peopleOf(
  tx: Tx,
  customerIds: readonly number[],
): Promise<Map<number, { name: string; phone: string }>> {
  const people = new Map<number, { name: string; phone: string }>();
  for (const ids of parts([...new Set(customerIds)])) {
    const rows = await tx.selectFrom("customer").select(["id", "name", "phone"]).where("id", "in", ids).execute();
    for (const { id, name, phone } of rows) people.set(id, { name, phone });
  }
  return people;
}

/** The last recharge of each meter by who owns it now; what was taken back is none. */
export async function lastRechargesOf(
  tx: Tx,
  meters: readonly Owned[],
): Promise<Map<number, { at: number; amount: string; orderNo: string }>> {
  const owner = new Map(meters.map(({ id, customerId }) => [id, customerId]));
  const last = new Map<number, { at: number; amount: string; orderNo: string }>();
  for (const ids of parts([...owner.keys()])) {
    const newest = await tx
      .selectFrom("recharge_order")
      .where("meter_id", "in", ids)
      .where("state", "not in", [...UNDONE])
      .groupBy(["meter_id", "customer_id"])
      // Order numbers carry day and sequence, so the greatest is the last.
      .select((eb) => ["meter_id", "customer_id", eb.fn.max<string>("order_no").as("order_no")])
      .execute();
    const own = newest.filter((row) => owner.get(row.meter_id) === row.customer_id).map((row) => row.order_no);
    if (own.length === 0) continue;
    const rows = await tx
      .selectFrom("recharge_order")
      .select(["meter_id", "order_no", "amount_e4", "created_at"])
      .where("order_no", "in", own)
      .execute();
    for (const row of rows)
      last.set(row.meter_id, {
        at: row.created_at,
        amount: formatMoney(money(row.amount_e4)),
        orderNo: row.order_no,
      });
  }
  return last;
}

/** When it was last noted of each meter that its customer of now was told, by whom, and what was noted. */
export async function toldOf(
  tx: Tx,
  meters: readonly Owned[],
  now: Instant,
): Promise<Map<number, { at: number; by: string; note: string }>> {
  const owner = new Map(meters.map(({ id, customerId }) => [id, customerId]));
  const told = new Map<number, { at: number; by: string; note: string }>();
  for (const ids of parts([...owner.keys()])) {
    const rows = await tx
      .selectFrom("meter_event")
      .select(["meter_id", "at", "detail"])
      .where("meter_id", "in", ids)
      .where("at", ">=", now - TOLD_FOR_MS)
      .where("kind", "=", "customer_told")
      .orderBy("at")
      .execute();
    for (const row of rows) {
      const { customerId, by, note } = JSON.parse(row.detail) as { customerId?: number; by?: string; note?: string };
      if (customerId === owner.get(row.meter_id))
        told.set(row.meter_id, { at: row.at, by: by ?? "", note: note ?? "" });
    }
  }
  return told;
}

function parts(ids: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, i) => ids.slice(i * AT_ONCE, (i + 1) * AT_ONCE));
}
