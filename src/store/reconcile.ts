import { sql } from "kysely";
import type { Instant } from "#base/time.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { DifferenceTable, ReconciliationTable } from "./schema-reconcile.ts";
import { inScope } from "./scope.ts";

/** Purchases of a meter that a difference is compared with. */
const PURCHASES_MAX = 20;

/** Meters that hold their credit, of which books and meter can be compared now: read in one round, settled, nothing under way. All, or one. */
export async function creditFacts(read: Tx, meterId: number | null = null) {
  const { rows } = await sql<{
    meter_id: number;
    project_id: number;
    price_e4: number;
    books: number | null;
    shown: number;
    booked: number;
    counted: number | null;
    stopped: number;
  }>`select s.meter_id, m.project_id, m.price_e4, s.remaining_wh as shown, s.purchase_count as booked,
      s.purchase_count_read as counted, s.top_ups_stopped as stopped,
      (select sum(l.units_wh - l.used_wh) from credit_lot l where l.meter_id = s.meter_id) as books
    from meter_state s join meter m on m.id = s.meter_id join account a on a.id = m.account_id
    where (${meterId} is null or s.meter_id = ${meterId}) and a.credit_at = 'meter' and m.mode <> 'public' and s.remaining_wh is not null and s.remaining_at = s.index_at
      and s.settled_at = s.index_at and s.top_up_open is null and s.suspect_wh is null
      and s.purchase_count_read_at >= s.remaining_at
      and not exists (select 1 from recharge_order o where o.meter_id = s.meter_id and o.state in ('sent', 'unknown'))
    order by s.meter_id`.execute(read);
  return rows;
}

/** Units of the newest purchases of a meter. */
export async function purchasesOf(read: Tx, meterId: number): Promise<number[]> {
  const rows = await read
    .selectFrom("recharge_order")
    .select("units_wh")
    .where("meter_id", "=", meterId)
    .where("units_wh", ">", 0)
    .orderBy("created_at", "desc")
    .limit(PURCHASES_MAX)
    .execute();
  return rows.map((row) => row.units_wh);
}

/** Recharges that stopped, or have been on their way since before `since`. */
export async function lateOrders(read: Tx, since: Instant) {
  return read
    .selectFrom("recharge_order")
    .innerJoin("meter", "meter.id", "recharge_order.meter_id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .select([
      "recharge_order.order_no",
      "recharge_order.state",
      "recharge_order.state_reason",
      "recharge_order.units_cost_e4",
      "recharge_order.meter_id",
      "meter.project_id",
      "concentrator.online",
    ])
    .where((eb) =>
      eb.or([
        eb("recharge_order.state", "=", "stopped"),
        eb.and([
          eb("recharge_order.state", "in", ["booked", "sent", "unknown"]),
          eb("recharge_order.created_at", "<", since),
        ]),
      ]),
    )
    .orderBy("recharge_order.order_no")
    .execute();
}

/** Payments that are not the sum of the recharges they paid for. */
export async function wrongPayments(read: Tx) {
  const { rows } = await sql<{ payment_no: string; project_id: number; amount_e4: number; parts: number | null }>`select
      p.payment_no, p.project_id, p.amount_e4,
      (select sum(o.amount_e4) from recharge_order o where o.payment_no = p.payment_no) as parts
    from payment p where p.outcome = 'recharged' and p.amount_e4 <> coalesce(
      (select sum(o.amount_e4) from recharge_order o where o.payment_no = p.payment_no), 0)
    order by p.payment_no`.execute(read);
  return rows;
}

/** Closed shifts whose cash account is not empty. */
export async function shiftsWithCash(read: Tx) {
  const { rows } = await sql<{ id: number; project_id: number; cashier: string; cash: number }>`select
      s.id, s.project_id, s.cashier, sum(e.amount_e4) as cash
    from shift s join ledger_entry e on e.account_id = concat('cash:', s.id)
    where s.state = 'closed' group by s.id, s.project_id, s.cashier having sum(e.amount_e4) <> 0
    order by s.id`.execute(read);
  return rows.map((row) => ({ ...row, cash: Number(row.cash) }));
}

/** Notes a difference. Found again while it is open, it is the same one with newer figures. */
export async function noteDifference(tx: Tx, row: DifferenceTable): Promise<void> {
  if ((await insertIgnore(tx, "difference", [row], ["open_key"])) === 1) return;
  const { expected, actual, value_e4, cause, detail, seen_at } = row;
  await tx
    .updateTable("difference")
    .set((eb) => ({ expected, actual, value_e4, cause, detail, seen_at, version: eb("version", "+", 1) }))
    .where("open_key", "=", row.open_key)
    .where("state", "=", "open")
    .execute();
}

/** Ends the open differences that a reconciliation which began at `startedAt` has not seen: they are gone by themselves. */
export async function endUnseen(tx: Tx, startedAt: Instant, now: Instant): Promise<number> {
  const gone = await tx
    .selectFrom("difference")
    .select("id")
    .where("state", "=", "open")
    .where("seen_at", "<", startedAt)
    .execute();
  for (const { id } of gone) await endDifference(tx, { id, state: "gone", by: "reconciliation", reason: "", at: now });
  return gone.length;
}

/** Ends a difference, once; false when it has ended before or is not the version that was looked at. */
export async function endDifference(
  tx: Tx,
  end: {
    id: string;
    state: "gone" | "explained" | "corrected";
    by: string;
    reason: string;
    at: Instant;
    version?: number;
    transferId?: string | null;
  },
): Promise<boolean> {
  const result = await tx
    .updateTable("difference")
    .set((eb) => ({
      state: end.state,
      open_key: end.id,
      ended_at: end.at,
      ended_by: end.by,
      reason: end.reason,
      transfer_id: end.transferId ?? null,
      version: eb("version", "+", 1),
    }))
    .where("id", "=", end.id)
    .where("state", "=", "open")
    .$if(end.version !== undefined, (query) => query.where("version", "=", end.version ?? 0))
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Differences in the scope, the worst and newest first; one without a meter only for who sees everything. */
export async function differences(
  read: Tx,
  scope: Scope,
  filter: { open: boolean; kind?: string | undefined; limit: number },
) {
  return differenceRows(read, scope)
    .where("difference.state", filter.open ? "=" : "<>", "open")
    .$if(filter.kind !== undefined, (query) => query.where("difference.kind", "=", filter.kind as "ledger"))
    .orderBy("difference.found_at", "desc")
    .orderBy("difference.id", "desc")
    .limit(filter.limit)
    .execute();
}

/** One difference in the scope. */
export async function differenceById(read: Tx, scope: Scope, id: string) {
  return differenceRows(read, scope).where("difference.id", "=", id).executeTakeFirst();
}

function differenceRows(read: Tx, scope: Scope) {
  return read
    .selectFrom("difference")
    .leftJoin("meter", "meter.id", "difference.meter_id")
    .selectAll("difference")
    .select(["meter.label", "meter.number"])
    .where((eb) =>
      scope.all
        ? eb.lit(true)
        : eb.exists(
            eb
              .selectFrom("meter")
              .select("meter.id")
              .whereRef("meter.id", "=", "difference.meter_id")
              .where((inner) => inScope(inner, scope)),
          ),
    );
}

/** How many open differences there are in the scope, by kind. */
export async function openDifferenceCounts(read: Tx, scope: Scope): Promise<Map<string, number>> {
  const rows = await differenceRows(read, scope)
    .clearSelect()
    .where("difference.state", "=", "open")
    .select((eb) => ["difference.kind", eb.fn.countAll<number>().as("count")])
    .groupBy("difference.kind")
    .execute();
  return new Map(rows.map((row) => [row.kind, Number(row.count)]));
}

/** Notes that a reconciliation was carried out. */
export async function addReconciliation(tx: Tx, row: ReconciliationTable): Promise<void> {
  await tx.insertInto("reconciliation").values(row).execute();
}

/** The latest reconciliation, whoever asked for it; null while there was none. */
export async function lastReconciliation(read: Tx, actor?: string): Promise<ReconciliationTable | null> {
  const row = await read
    .selectFrom("reconciliation")
    .selectAll()
    .$if(actor !== undefined, (query) => query.where("actor", "=", actor ?? ""))
    .orderBy("ended_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}
