import { performance } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { createConnection } from "mysql2/promise";
import { assert } from "#base/errors.ts";
import { instant, MINUTE_MS } from "#base/time.ts";
import { createIngest, INGEST_LANES } from "#collector/ingest.ts";
import type { MeterReport } from "#flows/record-readings.ts";
import { recordReadings } from "#flows/record-readings.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { type BenchLine, median } from "./line-format.ts";
import { onDatabases } from "./on-databases.ts";
import { buildSettleTown, METERS } from "./settle-town.ts";

const ROUNDS = 5;
const RATIO_MIN = 0.7;
const MARIADB_MIN = 50_000;
/** Rows in one statement and statements in one transaction of the bare driver: larger ones were not quicker. */
const RAW_ROWS = 400;
const RAW_STATEMENTS = 10;
const NOON = instant(Date.UTC(2026, 2, 2, 4));

/**
 * Readings a second on their way from a decoded answer (`ingest.report`) to a committed row, with all that is done to them: judged, the
 * meter's state claimed and written, days that are closed asked for anew; against the very same rows put in by the bare driver, in turns.
 * Every report has index, credit where the meter holds it, switch, voltage, current and power: what a full round of a meter tells.
 */
export async function bench(): Promise<BenchLine[]> {
  return onDatabases(async (name, fresh) => {
    const [ours, theirs] = [await fresh(), await fresh()];
    await buildSettleTown(ours, NOON);
    return measure(name, ours, theirs);
  });
}

async function measure(name: "sqlite" | "mariadb", ours: TestDatabase, theirs: TestDatabase): Promise<BenchLine[]> {
  const rates: number[] = [];
  const bare: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const at = NOON + round * 15 * MINUTE_MS;
    rates.push(await rateOfOurs(ours, reportsAt(at), at));
    const rows = await ours.read.selectFrom("reading").selectAll().where("measured_at", "=", at).execute();
    const columns = ["meter_id", "register", "measured_at", "value", "verdict", "received_at"] as const;
    const values = rows.map((row) => columns.map((column) => row[column]));
    bare.push(await (name === "sqlite" ? rateOfSqlite : rateOfMariadb)(theirs.url, columns, values));
  }
  const [rate, floor] = [median(rates), median(bare)];
  const ratio = Math.round((rate * 1_000) / floor) / 1_000;
  const lines: BenchLine[] = [
    {
      bench: "ingest",
      case: `${METERS} reports a round on ${name}, ${INGEST_LANES} lanes`,
      value: Math.round(rate),
      unit: "readings/s",
      floor: `the same rows by the bare driver, one connection, in turns: ${Math.round(floor)} rows/s`,
      ratio,
      target: RATIO_MIN,
      met: ratio >= RATIO_MIN,
    },
  ];
  if (name === "sqlite") return lines;
  return [
    ...lines,
    {
      bench: "ingest",
      case: `${METERS} reports a round on ${name}, readings wanted`,
      value: Math.round(rate),
      unit: "readings/s",
      floor: `${MARIADB_MIN} readings/s`,
      ratio: Math.round((rate * 1_000) / MARIADB_MIN) / 1_000,
      target: 1,
      met: rate >= MARIADB_MIN,
    },
  ];
}

function reportsAt(at: number): MeterReport[] {
  return Array.from({ length: METERS }, (_, i) => {
    const meterId = i + 1;
    const values = {
      energyWh: 1_000_000 + Math.round((at - NOON) / MINUTE_MS) * 10 + (meterId % 7),
      ...(meterId % 2 === 0 && { remainingWh: 200_000 - Math.round((at - NOON) / MINUTE_MS) * 10 }),
      status: { word: 0, relayOpen: false, fault: false },
      voltageMv: 220_000 + (at % 1_000),
      currentMa: 1_000 + (meterId % 100),
      powerW: 220,
    };
    return { meterId, measuredAt: instant(at), values };
  });
}

async function rateOfOurs(db: TestDatabase, reports: readonly MeterReport[], at: number): Promise<number> {
  const ctx = { db, clock: () => instant(at + 1_000), newId, log: silentLog };
  const before = await tally(db);
  const ingest = createIngest({
    record: (batch) => recordReadings(ctx, { collector: "bench", ...batch }),
    probe: () => db.version(),
    log: silentLog,
  });
  const signal = new AbortController().signal;
  const startedAt = performance.now();
  for (const report of reports) {
    await ingest.room(signal);
    ingest.report(report);
  }
  assert(await ingest.flush(), "everything was recorded");
  const tookMs = performance.now() - startedAt;
  await ingest.close(1_000);
  return (((await tally(db)) - before) * 1_000) / tookMs;
}

async function tally(db: TestDatabase): Promise<number> {
  const row = await db.read.selectFrom("tally").select("value").where("name", "=", "readings:bench").executeTakeFirst();
  return row?.value ?? 0;
}

async function rateOfSqlite(url: string, columns: readonly string[], rows: readonly number[][]): Promise<number> {
  const database = new DatabaseSync(url.replace(/^sqlite:/, ""));
  database.exec("pragma journal_mode = wal; pragma synchronous = full");
  const row = `(${columns.map(() => "?").join()})`;
  const insert = (n: number) =>
    database.prepare(`insert into reading (${columns.join()}) values ${Array(n).fill(row).join()}`);
  const whole = insert(RAW_ROWS);
  const startedAt = performance.now();
  for (let i = 0; i < rows.length; i += RAW_ROWS * RAW_STATEMENTS) {
    database.exec("begin immediate");
    for (let k = i; k < Math.min(i + RAW_ROWS * RAW_STATEMENTS, rows.length); k += RAW_ROWS) {
      const part = rows.slice(k, k + RAW_ROWS);
      (part.length === RAW_ROWS ? whole : insert(part.length)).run(...part.flat());
    }
    database.exec("commit");
  }
  const tookMs = performance.now() - startedAt;
  database.close();
  return (rows.length * 1_000) / tookMs;
}

async function rateOfMariadb(url: string, columns: readonly string[], rows: readonly number[][]): Promise<number> {
  const connection = await createConnection(url);
  const startedAt = performance.now();
  for (let i = 0; i < rows.length; i += RAW_ROWS * RAW_STATEMENTS) {
    await connection.query("begin");
    for (let k = i; k < Math.min(i + RAW_ROWS * RAW_STATEMENTS, rows.length); k += RAW_ROWS) {
      await connection.query(`insert into reading (${columns.join()}) values ?`, [rows.slice(k, k + RAW_ROWS)]);
    }
    await connection.query("commit");
  }
  const tookMs = performance.now() - startedAt;
  await connection.end();
  return (rows.length * 1_000) / tookMs;
}
