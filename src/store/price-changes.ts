import type { Selection } from "#contract/prices.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, insertRows, updatedRows } from "./portable.ts";
import type { MeterTariffTable, PriceChangeTable, TariffTable } from "./schema-tariff.ts";
import { inScope } from "./scope.ts";

/** A meter that a change of prices is about. */
export type ConcernedMeter = {
  id: number;
  project_id: number;
  number: string;
  label: string;
  kind: "electricity" | "water";
  price_e4: number;
  ratio: number;
  credit_at: "meter" | "server" | null;
  settled_at: number;
  settled_residue: number;
  account_id: number | null;
};

/** The meters of a selection that lie in the scope, in the order of their ids. */
export async function selectedMeters(tx: Tx, scope: Scope, selection: Selection): Promise<ConcernedMeter[]> {
  const { meterIds, areaId, kind } = selection;
  if (meterIds === undefined && areaId === undefined) return [];
  if (meterIds?.length === 0) return [];
  return concerned(tx)
    .where((eb) => inScope(eb, scope))
    .$if(meterIds !== undefined, (query) => query.where("meter.id", "in", [...(meterIds ?? [])]))
    .$if(kind !== undefined, (query) => query.where("meter.kind", "=", kind ?? "electricity"))
    .$if(areaId !== undefined, (query) =>
      query.where("meter.area_id", "in", (eb) =>
        eb
          .selectFrom("area_ancestor")
          .select("area_id")
          .where("ancestor_id", "=", areaId ?? 0),
      ),
    )
    .execute();
}

/** The meters that are or will be charged by a tariff, wherever they lie. */
export async function metersOfTariff(tx: Tx, tariffId: number): Promise<ConcernedMeter[]> {
  return concerned(tx)
    .where("meter.id", "in", (eb) => eb.selectFrom("meter_tariff").select("meter_id").where("tariff_id", "=", tariffId))
    .execute();
}

/** How many of some meters lie in a scope. */
export async function countInScope(tx: Tx, scope: Scope, meterIds: readonly number[]): Promise<number> {
  if (meterIds.length === 0) return 0;
  const row = await tx
    .selectFrom("meter")
    .where("meter.id", "in", [...meterIds])
    .where((eb) => inScope(eb, scope))
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

function concerned(tx: Tx) {
  return tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("account", "account.id", "meter.account_id")
    .select([
      "meter.id",
      "meter.project_id",
      "meter.number",
      "meter.label",
      "meter.kind",
      "meter.price_e4",
      "meter.ratio",
      "meter.account_id",
      "account.credit_at",
      "meter_state.settled_at",
      "meter_state.settled_residue",
    ])
    .orderBy("meter.id");
}

/** A change by the key of the request that made it; null when there is none. */
export async function priceChangeByKey(tx: Tx, key: string): Promise<PriceChangeTable | null> {
  return (await tx.selectFrom("price_change").selectAll().where("idem_key", "=", key).executeTakeFirst()) ?? null;
}

/** One change; null when there is none. */
export async function priceChangeRow(tx: Tx, id: string): Promise<PriceChangeTable | null> {
  return (await tx.selectFrom("price_change").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

/** Adds a change with its meters. */
export async function addPriceChange(tx: Tx, row: PriceChangeTable, meterIds: readonly number[]): Promise<void> {
  await insertRows(tx, "price_change", [row]);
  await insertRows(
    tx,
    "price_change_meter",
    meterIds.map((meterId) => ({ change_id: row.id, meter_id: meterId })),
  );
}

/** Moves a change on if nobody else did since it was read. */
export async function movePriceChange(
  tx: Tx,
  change: PriceChangeTable,
  to: Pick<PriceChangeTable, "state" | "decided_by" | "decided_at" | "decided_reason"> & { at: number },
): Promise<boolean> {
  const { at, ...columns } = to;
  const moved = await tx
    .updateTable("price_change")
    .set((eb) => ({ ...columns, updated_at: at, rev: eb("rev", "+", 1) }))
    .where("id", "=", change.id)
    .where("rev", "=", change.rev)
    .executeTakeFirst();
  return updatedRows(moved) === 1;
}

/** The meters of an assignment. */
export async function metersOfChange(tx: Tx, changeId: string): Promise<ConcernedMeter[]> {
  return concerned(tx)
    .where("meter.id", "in", (eb) =>
      eb.selectFrom("price_change_meter").select("meter_id").where("change_id", "=", changeId),
    )
    .execute();
}

/** Whether another open or approved change gives one of these meters a price at the very same instant. */
export async function isAssignmentTaken(
  tx: Tx,
  input: { meterIds: readonly number[]; from: number; except: string },
): Promise<boolean> {
  const row = await tx
    .selectFrom("price_change")
    .innerJoin("price_change_meter", "price_change_meter.change_id", "price_change.id")
    .select("price_change.id")
    .where("price_change.from_at", "=", input.from)
    .where("price_change.state", "in", ["requested", "approved"])
    .where("price_change.id", "<>", input.except)
    .where("price_change_meter.meter_id", "in", [...input.meterIds])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether another open or approved change gives the tariff terms at the very same instant. */
export async function isVersionTaken(
  tx: Tx,
  input: { tariffId: number; from: number; except: string },
): Promise<boolean> {
  const row = await tx
    .selectFrom("price_change")
    .select("id")
    .where("kind", "=", "version")
    .where("tariff_id", "=", input.tariffId)
    .where("from_at", "=", input.from)
    .where("state", "in", ["requested", "approved"])
    .where("id", "<>", input.except)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** A tariff; null when there is none. */
export async function tariffRow(tx: Tx, id: number): Promise<TariffTable | null> {
  return (await tx.selectFrom("tariff").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
}

/** Takes the next revision of a tariff, if it is still the one that was seen: two people never decide about it at once. */
export async function bumpTariff(tx: Tx, id: number, seenRev: number): Promise<boolean> {
  const bumped = await tx
    .updateTable("tariff")
    .set((eb) => ({ rev: eb("rev", "+", 1) }))
    .where("id", "=", id)
    .where("rev", "=", seenRev)
    .executeTakeFirst();
  return updatedRows(bumped) === 1;
}

/** Adds dated assignments; answers how many are new. */
export async function addAssignments(tx: Tx, rows: readonly MeterTariffTable[]): Promise<number> {
  return insertIgnore(tx, "meter_tariff", rows, ["meter_id", "from_at"]);
}

/** Takes back what a change has brought and nobody was charged by yet. */
export async function removeChange(tx: Tx, changeId: string): Promise<void> {
  await tx.deleteFrom("meter_tariff").where("change_id", "=", changeId).execute();
  await tx.deleteFrom("tariff_version").where("change_id", "=", changeId).execute();
}
