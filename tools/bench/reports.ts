import { performance } from "node:perf_hooks";
import { sql } from "kysely";
import { addDays, type Day, endOfDay, type Month, monthOf } from "#base/time.ts";
import { SCOPE_ALL, type Scope } from "#domain/permission.ts";
import { readingsReport } from "#store/doubts.ts";
import { lossReport } from "#store/losses.ts";
import { rankingReport } from "#store/ranking.ts";
import { dayReport, dayRowsOf, matrixReport } from "#store/report-days.ts";
import { periodReport } from "#store/report-periods.ts";
import { runningOutReport } from "#store/running-out.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { BUILDING, makeHistory } from "./history.ts";
import { type BenchLine, type BenchOptions, median, round2 } from "./line-format.ts";
import { onDatabases, SITE_POOL_BYTES } from "./on-databases.ts";

const LAST = "2026-10-31" as Day;
const PAGE = { after: 0, limit: 100, search: "" };
const ROUNDS = 15;
const YOUNG_DAYS = 2;
/** How far back the questions go. */
const DAYS_MIN = 20 + ROUNDS * 3;
/** Whoever sees one building, and a meter of another. */
const SOME: Scope = { all: false, areaIds: [BUILDING], meterIds: [1] };

/** One question of a report, and the rows that it rests on, fetched by their keys alone. */
type Question = {
  name: string;
  /** The most it may take, ms. */
  target: number;
  ask(db: TestDatabase, round: number): Promise<unknown>;
  floor(db: TestDatabase, round: number): Promise<unknown>;
};

/**
 * How long reports take over a year of quarters of an hour, and how much longer that is than fetching the rows by their keys. `--meters`
 * (10 000 when left out), `--days` (365; fewer than {@link DAYS_MIN} would leave questions without rows) and `--database`.
 */
export async function bench(options: BenchOptions): Promise<BenchLine[]> {
  const { meters = 10_000, days = 365 } = options;
  if (days < DAYS_MIN) throw new Error(`reports are asked about the last ${DAYS_MIN} days`);
  return onDatabases(
    async (name, fresh) => {
      const db = await fresh();
      const began = performance.now();
      const made = await makeHistory(db, { meters, days, last: LAST, youngDays: YOUNG_DAYS, lies: "by_key" });
      // Some floors have a master meter, of which losses tell and which no sum counts.
      await db.transact((tx) =>
        tx
          .updateTable("meter")
          .set({ master_of: "area" })
          .where(({ eb }) => eb(eb("id", "%", 500), "=", 1))
          .execute(),
      );
      console.error(`${name}: ${JSON.stringify(made)} in ${Math.round((performance.now() - began) / 1000)} s`);
      return measureReports(name, db, meters);
    },
    { database: options.database, poolBytes: SITE_POOL_BYTES },
  );
}

/** Asks each question of a database that has a history. */
export async function measureReports(name: string, db: TestDatabase, meters: number): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const question of questions(meters)) lines.push(await measure(name, db, question));
  return lines;
}

async function measure(name: string, db: TestDatabase, question: Question): Promise<BenchLine> {
  const [ours, floors]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await time(() => question.ask(db, round)));
    floors.push(await time(() => question.floor(db, round)));
  }
  const [value, floor] = [median(ours), median(floors)];
  return {
    bench: "reports",
    case: `${question.name} on ${name}`,
    value: round2(value),
    unit: "ms",
    floor: `its rows by primary key: ${round2(floor)} ms; the aim is ${question.target} ms`,
    ratio: round2(value / floor),
    target: question.target,
    met: value <= question.target,
  };
}

function questions(meters: number): Question[] {
  const meterOf = (round: number) => 1 + ((round * 613) % meters);
  const dayAt = (round: number) => addDays(LAST, -20 - round * 3);
  const monthAt = (round: number): Month => monthOf(addDays(LAST, -(round % 3) * 31));
  const days = (db: TestDatabase, ids: readonly number[], from: string, to: string) =>
    dayRowsOf(db.read, ids, { from, to });
  const page = Array.from({ length: PAGE.limit }, (_, i) => i + 1);
  return [
    {
      name: "one meter's day, reading by reading",
      target: 5,
      ask: (db, round) => readingsReport(db.read, SCOPE_ALL, meterOf(round), dayAt(round)),
      floor: (db, round) =>
        db.read
          .selectFrom("reading_day")
          .selectAll()
          .where("meter_id", "=", meterOf(round))
          .where("day", "=", dayAt(round))
          .execute(),
    },
    {
      name: "one meter's year by day",
      target: 20,
      ask: (db, round) => days(db, [meterOf(round)], addDays(LAST, -364), LAST),
      floor: (db, round) =>
        sql`select * from meter_day where meter_id = ${meterOf(round)} and day >= ${addDays(LAST, -364)} and day <= ${LAST}`.execute(
          db.read,
        ),
    },
    {
      name: "all meters' day, first page and sums",
      target: 100,
      ask: (db, round) => dayReport(db.read, SCOPE_ALL, { ...PAGE, day: dayAt(round) }),
      floor: (db, round) => days(db, page, dayAt(round), dayAt(round)),
    },
    {
      name: "month matrix, first page and sums",
      target: 100,
      ask: (db, round) => matrixReport(db.read, SCOPE_ALL, { ...PAGE, month: monthAt(round) }),
      floor: (db, round) => days(db, page, `${monthAt(round)}-01`, `${monthAt(round)}-31`),
    },
    {
      name: "month matrix of one building and one meter besides",
      target: 100,
      ask: (db, round) => matrixReport(db.read, SOME, { ...PAGE, month: monthAt(round) }),
      floor: (db, round) => days(db, page, `${monthAt(round)}-01`, `${monthAt(round)}-31`),
    },
    {
      name: "month report of all",
      target: 300,
      ask: (db, round) => periodReport(db.read, SCOPE_ALL, { period: monthAt(round), kind: "electricity" }),
      floor: (db, round) => db.read.selectFrom("meter_month").selectAll().where("month", "=", monthAt(round)).execute(),
    },
    {
      name: "year report of all",
      target: 300,
      ask: (db) => periodReport(db.read, SCOPE_ALL, { period: "2026", kind: "electricity" }),
      floor: (db) => db.read.selectFrom("meter_month").selectAll().where("month", ">=", "2026-01").execute(),
    },
    ...(["2026-08-01", "2026-07-20"] as const).map((from, i): Question => {
      const asked = {
        ...PAGE,
        from: from as Day,
        to: (i === 0 ? LAST : "2026-10-18") as Day,
        kind: "electricity" as const,
      };
      return {
        name: `usage ranking of a quarter${i === 0 ? "" : " from the middle of a month"}`,
        target: 300,
        ask: (db) => rankingReport(db.read, SCOPE_ALL, { ...asked, by: "meter", order: "most" }),
        floor: (db) =>
          db.read
            .selectFrom("meter_month")
            .selectAll()
            .where("month", ">=", "2026-05")
            .where("month", "<=", "2026-10")
            .execute(),
      };
    }),
    ...([SCOPE_ALL, SOME] as const).map(
      (scope): Question => ({
        name: `who runs out within three days${scope.all ? "" : ", of one building and one meter besides"}`,
        target: 300,
        ask: (db) =>
          runningOutReport(db.read, scope, {
            ...{ days: 3, show: "due", sort: "days", now: endOfDay(LAST) },
            ...PAGE,
          }),
        floor: (db) => db.read.selectFrom("month_days").selectAll().where("month", "=", monthOf(LAST)).execute(),
      }),
    ),
    {
      name: "losses of all places in a month",
      target: 300,
      ask: (db, round) =>
        lossReport(db.read, SCOPE_ALL, {
          ...{ period: monthAt(round), kind: "electricity", sort: "percent", only: "all" },
          ...PAGE,
        }),
      floor: (db, round) => db.read.selectFrom("month_days").selectAll().where("month", "=", monthAt(round)).execute(),
    },
  ];
}

async function time(doing: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await doing();
  return performance.now() - began;
}
