import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { money, proportion } from "#base/units.ts";
import type { Lot } from "#domain/lots.ts";
import { heldWh } from "#domain/refund.ts";
import type { Tx } from "./db.ts";
import { insertRows, upsert } from "./portable.ts";
import type { CreditLotTable } from "./schema-ledger.ts";
import type { RefundLotTable } from "./schema-refunds.ts";

/** Lots of a meter that still hold units, oldest first. */
export async function openLots(tx: Tx, meterId: number): Promise<Lot[]> {
  const rows = await lotRows(tx, meterId).whereRef("used_wh", "<", "units_wh").orderBy("sequence").execute();
  return rows.map(toLot);
}

/** A lot with the meter that it belongs to. */
export type MeterLot = Lot & { readonly row: CreditLotTable };

/** Lots of many meters that still hold units, oldest first, by meter. */
export async function openLotsOf(tx: Tx, meterIds: readonly number[]): Promise<Map<number, MeterLot[]>> {
  const found = new Map<number, MeterLot[]>();
  if (meterIds.length === 0) return found;
  const rows = await tx
    .selectFrom("credit_lot")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .whereRef("used_wh", "<", "units_wh")
    .orderBy("meter_id")
    .orderBy("sequence")
    .execute();
  for (const row of rows) {
    const lots = found.get(row.meter_id) ?? [];
    lots.push({ ...toLot(row), row });
    found.set(row.meter_id, lots);
  }
  return found;
}

/** Writes how far many lots are used now, in few statements. */
export async function saveMeterLots(tx: Tx, lots: readonly MeterLot[]): Promise<void> {
  const rows = lots.map((lot) => ({ ...lot.row, used_wh: lot.usedWh, used_e4: lot.usedCost }));
  await upsert(tx, "credit_lot", rows, ["id"], ["used_wh", "used_e4"]);
}

/**
 * Adds units bought, after all others. What was overused before is taken from them at once, at their cost: the answer is by how much
 * that differs from what had been charged for it (1/10000 yuan, positive: more), for the caller to book.
 */
export async function addLot(
  tx: Tx,
  lot: { id: string; meterId: number; unitsWh: number; costE4: number; orderNo: string | null; at: Instant },
): Promise<number> {
  const last = await lastLot(tx, lot.meterId);
  const excess = last && last.usedWh > last.unitsWh ? last : null;
  const carriedWh = excess ? excess.usedWh - excess.unitsWh : 0;
  const chargedE4 = excess ? excess.usedCost - excess.cost : 0;
  const usedE4 =
    carriedWh < lot.unitsWh
      ? proportion(money(lot.costE4), carriedWh, Math.max(1, lot.unitsWh))
      : // Even this lot does not cover it: the rest stays overused, valued as it was.
        lot.costE4 + proportion(money(chargedE4), carriedWh - lot.unitsWh, Math.max(1, carriedWh));
  if (excess) await saveLots(tx, [{ ...excess, usedWh: excess.unitsWh, usedCost: excess.cost }]);
  await tx
    .insertInto("credit_lot")
    .values({
      id: lot.id,
      meter_id: lot.meterId,
      sequence: (last?.sequence ?? 0) + 1,
      units_wh: lot.unitsWh,
      cost_e4: lot.costE4,
      used_wh: carriedWh,
      used_e4: usedE4,
      order_no: lot.orderNo,
      made_at: lot.at,
    })
    .execute();
  return usedE4 - chargedE4;
}

/** Writes how far lots are used now. */
export async function saveLots(tx: Tx, lots: readonly Lot[]): Promise<void> {
  for (const lot of lots) {
    await tx
      .updateTable("credit_lot")
      .set({ used_wh: lot.usedWh, used_e4: lot.usedCost })
      .where("id", "=", lot.id)
      .execute();
  }
}

/** Records what ran through beyond all lots, as use of the last one beyond its units (an empty one where there is none). */
export async function addOveruse(
  tx: Tx,
  overuse: { id: string; meterId: number; wh: number; e4: number; at: Instant },
): Promise<void> {
  if ((await lastLot(tx, overuse.meterId)) === null) {
    await addLot(tx, {
      id: overuse.id,
      meterId: overuse.meterId,
      unitsWh: 0,
      costE4: 0,
      orderNo: null,
      at: overuse.at,
    });
  }
  const last = await lastLot(tx, overuse.meterId);
  assert(last !== null, "the meter has a lot now");
  await saveLots(tx, [{ ...last, usedWh: last.usedWh + overuse.wh, usedCost: money(last.usedCost + overuse.e4) }]);
}

/** The newest lot of a meter, the only one that may be used beyond its units; null when nothing was ever bought. */
export async function lastLot(tx: Tx, meterId: number): Promise<Lot | null> {
  const row = await lotRows(tx, meterId).orderBy("sequence", "desc").limit(1).executeTakeFirst();
  return row ? toLot(row) : null;
}

function lotRows(tx: Tx, meterId: number) {
  return tx
    .selectFrom("credit_lot")
    .select(["id", "sequence", "units_wh", "cost_e4", "used_wh", "used_e4"])
    .where("meter_id", "=", meterId);
}

type LotRow = Pick<CreditLotTable, "id" | "sequence" | "units_wh" | "cost_e4" | "used_wh" | "used_e4">;

function toLot(row: LotRow): Lot {
  return {
    id: row.id,
    sequence: row.sequence,
    unitsWh: row.units_wh,
    cost: money(row.cost_e4),
    usedWh: row.used_wh,
    usedCost: money(row.used_e4),
  };
}

/** Which recharges some lots came from and when: null for what a meter held when it was taken over. */
export async function lotSources(
  tx: Tx,
  ids: readonly string[],
): Promise<Map<string, { orderNo: string | null; at: number }>> {
  if (ids.length === 0) return new Map();
  const rows = await tx
    .selectFrom("credit_lot")
    .select(["id", "order_no", "made_at"])
    .where("id", "in", [...ids])
    .execute();
  return new Map(rows.map((row) => [row.id, { orderNo: row.order_no, at: row.made_at }]));
}

/** All lots of a meter of which something was used, newest first. */
export async function usedLots(tx: Tx, meterId: number): Promise<Lot[]> {
  const rows = await lotRows(tx, meterId).where("used_wh", ">", 0).orderBy("sequence", "desc").execute();
  return rows.map(toLot);
}

/** Some lots by id. */
export async function lotsById(tx: Tx, ids: readonly string[]): Promise<Map<string, CreditLotTable>> {
  if (ids.length === 0) return new Map();
  const rows = await tx
    .selectFrom("credit_lot")
    .selectAll()
    .where("id", "in", [...ids])
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** Notes which lots a refund took units from: once, when the meter has given them up. */
export async function noteTakenLots(
  tx: Tx,
  refundNo: string,
  taken: readonly { lotId: string; sequence: number; unitsWh: number; valueE4: number }[],
): Promise<void> {
  const orders = await lotsById(
    tx,
    taken.map((piece) => piece.lotId),
  );
  const rows: RefundLotTable[] = taken.map((piece) => ({
    refund_no: refundNo,
    lot_id: piece.lotId,
    sequence: piece.sequence,
    order_no: orders.get(piece.lotId)?.order_no ?? null,
    taken_wh: piece.unitsWh,
    taken_e4: piece.valueE4,
  }));
  await insertRows(tx, "refund_lot", rows);
}

/** Which lots a refund took units from, newest first. */
export function piecesOfRefund(tx: Tx, refundNo: string): Promise<RefundLotTable[]> {
  return tx
    .selectFrom("refund_lot")
    .selectAll()
    .where("refund_no", "=", refundNo)
    .orderBy("sequence", "desc")
    .execute();
}

/** What ran through beyond all lots, and what was charged for it; null when nothing did. */
export async function overuseOf(tx: Tx, meterId: number): Promise<{ wh: number; e4: number } | null> {
  const last = await lastLot(tx, meterId);
  if (last === null || last.usedWh <= last.unitsWh) return null;
  return { wh: last.usedWh - last.unitsWh, e4: last.usedCost - last.cost };
}

/** Units that a meter's lots still hold, in Wh or litres. */
export async function heldUnits(tx: Tx, meterId: number): Promise<number> {
  return heldWh(await openLots(tx, meterId));
}

/** Ends all lots of a meter, used up exactly: what they were still worth has been taken elsewhere. Answers the Wh that they held; negative, overused. */
export async function closeLots(tx: Tx, meterId: number): Promise<number> {
  const lots = await lotRows(tx, meterId).execute();
  await tx
    .updateTable("credit_lot")
    .set((eb) => ({ used_wh: eb.ref("units_wh"), used_e4: eb.ref("cost_e4") }))
    .where("meter_id", "=", meterId)
    .execute();
  return lots.reduce((held, lot) => held + lot.units_wh - lot.used_wh, 0);
}
