import { performance } from "node:perf_hooks";
import { sql } from "kysely";
import { assert } from "#base/errors.ts";
import { type Day, endOfDay, HOUR_MS, later, startOfDay } from "#base/time.ts";
import { EDGE_TOLERANCE_MS } from "#domain/meter-day.ts";
import { closeDueDays } from "#flows/close-days.ts";
import type { FlowContext } from "#flows/context.ts";
import type { Db } from "#store/db.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { type Made, makeHistory } from "./history.ts";
import { type BenchDatabase, type BenchLine, type BenchOptions, round2 } from "./line-format.ts";
import { onDatabases, SITE_POOL_BYTES } from "./on-databases.ts";
import { type Recorded, recording, replay } from "./recorded.ts";

const LAST = "2026-10-31" as Day;
/** What a reading weighs does not depend on how many meters there are, and 10 000 have 23 million young ones. */
const METERS_WEIGHED = 1_000;
/** Long enough after the day that nothing is waited for any more. */
const AFTER_MS = 8 * HOUR_MS;
const CLOSING_MS = 20_000;
/** How much more than its bare statements closing may take. */
const RATIO_TARGET = 2;
const TABLES = ["reading", "reading_day", "meter_day", "meter_month", "month_days"] as const;
type Bytes = Record<(typeof TABLES)[number], number>;

/**
 * What the past costs to keep: bytes of a reading on the disk, young and packed, with all indexes and as they lie when they came in the
 * order of time; bytes of a meter's year; and how long the closing of one more day takes. `--meters` (10 000), `--days` (35), `--database`.
 */
export async function bench(options: BenchOptions): Promise<BenchLine[]> {
  const { meters = 10_000, days = 35 } = options;
  return onDatabases(
    async (name, fresh) => {
      const weighed = Math.min(meters, METERS_WEIGHED);
      const sizes = await fresh();
      const made = await makeHistory(sizes, { meters: weighed, days, last: LAST, youngDays: 8, lies: "as_they_came" });
      const lines = await weigh(name, sizes, { ...made, meters: weighed, days });
      await sizes.drop();
      const db = await fresh();
      await makeHistory(db, { meters, days, last: LAST, youngDays: 2, lies: "by_key" });
      return [...lines, ...(await close(name, db, meters))];
    },
    { database: options.database, poolBytes: SITE_POOL_BYTES },
  );
}

async function weigh(
  name: BenchDatabase,
  db: TestDatabase,
  made: Made & { meters: number; days: number },
): Promise<BenchLine[]> {
  const bytes = await bytesOf(name, db, TABLES);
  const [youngBest, packedBest] = [
    await bytesInOrder(name, db, "reading"),
    await bytesInOrder(name, db, "reading_day"),
  ];
  const line = (what: string, value: number, best: number | null, target: number | null): BenchLine => ({
    bench: "store",
    case: `${what} on ${name}`,
    value: round2(value),
    unit: "bytes",
    floor: best === null ? null : `the same rows put in by the bare driver in the order of their key: ${round2(best)}`,
    ratio: best === null ? null : round2(value / best),
    target,
    met: target === null ? null : value <= target,
  });
  const year = (table: keyof Bytes) => (bytes[table] / made.meters / made.days) * 365;
  const packed = bytes.reading_day / made.readings;
  const perYear = packed * (made.readings / made.meters / (made.days - 8)) * 365;
  return [
    line("a young reading", bytes.reading / made.young, youngBest / made.young, 50),
    line("a packed reading", packed, packedBest / made.readings, 3.5),
    line("a meter's year, packed readings", perYear, null, null),
    line("a meter's year, days", year("meter_day"), null, null),
    line("a meter's year, months", year("meter_month") + year("month_days"), null, null),
    line(
      "a meter's year, all of it",
      perYear + year("meter_day") + year("meter_month") + year("month_days"),
      null,
      null,
    ),
  ];
}

async function bytesOf(name: BenchDatabase, db: Db, tables: readonly string[]): Promise<Bytes> {
  if (name === "mariadb") await sql`analyze table ${sql.join(tables.map((each) => sql.table(each)))}`.execute(db.read);
  const { rows } =
    name === "mariadb"
      ? await sql<{ name: string; bytes: number }>`select table_name as name, data_length + index_length as bytes
          from information_schema.tables where table_schema = database()`.execute(db.read)
      : await sql<{ name: string; bytes: number }>`select s.tbl_name as name, sum(d.pgsize) as bytes
          from dbstat d join sqlite_schema s on s.name = d.name group by s.tbl_name`.execute(db.read);
  return Object.fromEntries(rows.map((row) => [row.name, Number(row.bytes)])) as Bytes;
}

/** Bytes of a table's rows when they are put into another one like it, one after the other. */
async function bytesInOrder(name: BenchDatabase, db: Db, table: "reading" | "reading_day"): Promise<number> {
  const copy = `${table}_copy`;
  const like = await copyText(name, db, table, copy);
  const key = table === "reading" ? readingKey(name) : ["meter_id", "day"];
  await db.transact(async (tx) => {
    await sql.raw(like).execute(tx);
    const order = sql.join(key.map((column) => sql.ref(column)));
    await sql`insert into ${sql.table(copy)} select * from ${sql.table(table)} order by ${order}`.execute(tx);
  });
  const bytes: Record<string, number> = await bytesOf(name, db, [copy]);
  return bytes[copy] ?? Number.NaN;
}

function readingKey(name: BenchDatabase): string[] {
  return name === "sqlite" ? ["measured_at", "meter_id", "register"] : ["meter_id", "register", "measured_at"];
}

async function copyText(name: BenchDatabase, db: Db, table: string, copy: string): Promise<string> {
  if (name === "mariadb") return `create table ${copy} like ${table}`;
  const { rows } = await sql<{ text: string }>`select sql as text from sqlite_schema
    where type = 'table' and name = ${table}`.execute(db.read);
  return (rows[0]?.text ?? "").replaceAll(`"${table}`, `"${copy}`);
}

/** The last day is taken back and closed; then once more, by the very same statements without us; then with no reading near its midnights. */
async function close(name: BenchDatabase, db: TestDatabase, meters: number): Promise<BenchLine[]> {
  await forgetDay(db);
  const began = performance.now();
  await closeAll(db, meters);
  const ms = performance.now() - began;
  await forgetDay(db);
  const log: Recorded[] = [];
  await closeAll(recording(db, log), meters);
  await forgetDay(db);
  const bareMs = await replay(db.url, log);
  const what = `closing a day of ${meters} meters on ${name}`;
  await forgetDay(db);
  await forgetMidnights(db);
  const beganBlind = performance.now();
  await closeAll(db, meters);
  const blindMs = performance.now() - beganBlind;
  const time = (of: string, took: number): BenchLine => ({
    bench: "store",
    case: of,
    value: Math.round(took),
    unit: "ms",
    floor: `${CLOSING_MS} ms`,
    ratio: round2(took / CLOSING_MS),
    target: 1,
    met: took <= CLOSING_MS,
  });
  return [
    time(what, ms),
    time(`${what}, none read near midnight`, blindMs),
    {
      bench: "store",
      case: `${what}, against its statements`,
      value: Math.round(ms),
      unit: "ms",
      floor: `the same statements through the bare driver: ${Math.round(bareMs)} ms`,
      ratio: round2(ms / bareMs),
      target: RATIO_TARGET,
      met: ms / bareMs <= RATIO_TARGET,
    },
  ];
}

async function forgetDay(db: Db): Promise<void> {
  await db.transact(async (tx) => {
    await tx.deleteFrom("meter_day").where("day", "=", LAST).execute();
    await tx.deleteFrom("day_close").where("day", "=", LAST).execute();
  });
}

/** As if the line had been dead around both midnights of the last day: every index there lies between two readings. */
async function forgetMidnights(db: Db): Promise<void> {
  for (const midnight of [startOfDay(LAST), endOfDay(LAST)]) {
    await db.transact(async (tx) => {
      await tx
        .deleteFrom("reading")
        .where("measured_at", ">=", midnight - EDGE_TOLERANCE_MS)
        .where("measured_at", "<=", midnight + EDGE_TOLERANCE_MS)
        .execute();
    });
  }
}

async function closeAll(db: Db, meters: number): Promise<void> {
  const ctx: FlowContext = { db, clock: () => later(endOfDay(LAST), AFTER_MS), newId, log: silentLog };
  const { closed } = await closeDueDays(ctx);
  assert(closed === meters, `every meter was closed: ${closed}`);
}
