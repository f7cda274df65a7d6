import { sql } from "kysely";
import type { Instant } from "#base/time.ts";
import { meter, meterState } from "#server/test-town.ts";
import type { Db, Tx } from "#store/db.ts";
import { insertRows } from "#store/portable.ts";
import type { Schema } from "#store/schema.ts";

/** Meters of the town; every second one holds its own credit. */
export const METERS = 10_000;
const CHUNK = 1_000;

const TOU = {
  kind: "tou",
  seasons: [
    {
      name: "全年",
      from: "01-01",
      to: "12-31",
      prices: { peak: 11_000, flat: 7_000, valley: 3_000 },
      days: {
        workday: [
          { fromMinute: 0, toMinute: 480, rate: "valley" },
          { fromMinute: 480, toMinute: 660, rate: "peak" },
          { fromMinute: 660, toMinute: 1_440, rate: "flat" },
        ],
      },
    },
  ],
};
const STEPS = {
  kind: "tiered",
  per: "month",
  tiers: [
    { fromWh: 0, price: 5_000 },
    { fromWh: 1_000, price: 6_000 },
    { fromWh: 100_000, price: 9_000 },
  ],
};

/** A site whose meters were all settled at `at`: lots in meters, balances on the server, tariffs of all kinds. */
export async function buildSettleTown(db: Db, at: Instant): Promise<void> {
  await db.transact(async (tx) => {
    await insertRows(tx, "project", [{ id: 1, name: "bench" }]);
    await insertRows(tx, "area", [{ id: 1, project_id: 1, parent_id: null, name: "bench", sort: 0 }]);
    await insertRows(tx, "area_ancestor", [{ area_id: 1, ancestor_id: 1 }]);
    for (const [id, terms] of [TOU, STEPS].entries()) {
      const version = { id: `v${id + 1}`, tariff_id: id + 1, from_at: 0, terms: JSON.stringify(terms) };
      await insertRows(tx, "tariff_version", [
        { ...version, change_id: "bench", approved_by: "bench", approved_at: 0, applied_at: 1 },
      ]);
    }
  });
  for (let first = 1; first <= METERS; first += CHUNK) {
    const ids = Array.from({ length: CHUNK }, (_, i) => first + i);
    await db.transact((tx) => addMeters(tx, ids, at));
  }
}

async function addMeters(tx: Tx, ids: readonly number[], at: Instant): Promise<void> {
  const rowsOf = <T extends keyof Schema & string>(table: T, row: (id: number) => Schema[T]) =>
    insertRows(tx, table, ids.map(row));
  await rowsOf("account", (id) => ({
    id,
    customer_id: id,
    number: String(id).padStart(12, "0"),
    credit_at: isInMeter(id) ? "meter" : "server",
    overdraft_e4: 0,
    arrears_evaluations: 0,
    arrears_reading_at: 0,
    version: 0,
  }));
  await rowsOf("meter", (id) => meter(id, 1));
  await rowsOf("meter_state", (id) => ({ ...meterState(id), index_at: at, settled_at: at, remaining_at: at }));
  await rowsOf("ledger_account", (id) => ({
    id: `${isInMeter(id) ? "meter_credit" : "balance"}:${id}`,
    kind: isInMeter(id) ? "meter_credit" : "balance",
    ref_id: id,
    balance_e4: 2_000_000,
    reserved_e4: 0,
    floor_e4: null,
    version: 0,
  }));
  const inMeter = ids.filter(isInMeter);
  await insertRows(
    tx,
    "credit_lot",
    inMeter.map((id) => ({
      id: `lot${id}`,
      meter_id: id,
      sequence: 1,
      units_wh: 250_000,
      cost_e4: 2_000_000,
      used_wh: 0,
      used_e4: 0,
      order_no: null,
      made_at: at,
    })),
  );
  const onTariff = ids.filter((id) => tariffOf(id) !== null);
  await insertRows(
    tx,
    "meter_tariff",
    onTariff.map((id) => ({
      meter_id: id,
      from_at: 0,
      tariff_id: tariffOf(id),
      price_e4: null,
      change_id: null,
      approved_by: "bench",
      approved_at: 0,
      applied_at: 1,
    })),
  );
}

function isInMeter(id: number): boolean {
  return id % 2 === 0;
}

/** Of ten meters five hold their credit, three have a flat price, one a tariff by time of use, one in steps. */
function tariffOf(id: number): number | null {
  return id % 10 === 1 ? 1 : id % 10 === 3 ? 2 : null;
}

/** A quarter of an hour has gone by: every meter shows a newer index. */
export async function readAll(db: Db, at: number, round: number): Promise<void> {
  await db.transact(async (tx) => {
    await tx
      .updateTable("meter_state")
      .set({ index_at: at, index_wh: sql<number>`1000000 + ${round * 250} + meter_id % 97` })
      .execute();
  });
}
