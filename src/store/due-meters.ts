import { sql } from "kysely";

import { registers, verdictCode } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { upsert } from "./portable.ts";
import { readingsWithin, someReadings } from "./reading-history.ts";
import type { MeterStateTable } from "./schema-readings.ts";

/** Meters whose latest good index is newer than the settled one, after a given id; by an index of theirs alone. */
export async function dueMeterIds(tx: Tx, input: { after: number; limit: number }): Promise<number[]> {
  const rows = await tx
    .selectFrom("meter_state")
    .select("meter_id")
    .where(sql<number>`settle_due`, "=", 1)
    .where("meter_id", ">", input.after)
    .orderBy("meter_id")
    .limit(input.limit)
    .execute();
  return rows.map((row) => row.meter_id);
}

/** When the oldest good index was read that is newer than the settled one; null when all is settled. */
export async function oldestDueReading(tx: Tx): Promise<number | null> {
  const row = await tx
    .selectFrom("meter_state")
    .select((eb) => eb.fn.min("index_at").as("at"))
    .where(sql<number>`settle_due`, "=", 1)
    .executeTakeFirstOrThrow();
  return row.at === null ? null : Number(row.at);
}

/** These meters and all others of their accounts with credit on the server: what is shown of one is shown of all. */
export async function withSiblings(tx: Tx, meterIds: readonly number[]): Promise<number[]> {
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .innerJoin("meter as sibling", "sibling.account_id", "account.id")
    .where("meter.id", "in", [...meterIds])
    .where("account.credit_at", "=", "server")
    .select("sibling.id")
    .distinct()
    .execute();
  return [...new Set([...meterIds, ...rows.map((row) => row.id)])].sort((a, b) => a - b);
}

/** Meters with their state and account, as settlement decides upon them, in the order of their ids. */
export async function metersToSettle(tx: Tx, meterIds: readonly number[]) {
  return tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("account", "account.id", "meter.account_id")
    .where("meter.id", "in", [...meterIds])
    .selectAll("meter_state")
    .select([
      "meter.id",
      "meter.project_id",
      "meter.account_id",
      "meter.mode",
      "meter.price_e4",
      "meter.ratio",
      "meter.closes_by",
      "meter.low_credit_wh",
      "account.credit_at",
      "account.overdraft_e4",
      "account.arrears_evaluations",
      "account.arrears_reading_at",
      "account.version as account_version",
    ])
    .orderBy("meter.id")
    .execute();
}

/** A row of {@link metersToSettle}. */
export type MeterToSettle = Awaited<ReturnType<typeof metersToSettle>>[number];

/** Columns that settlement writes. */
const SETTLED = [
  "settled_index_wh",
  "settled_at",
  "settled_residue",
  "remaining_wh",
  "remaining_at",
  "low_credit",
  "changed_at",
] as const;

/** Writes what settlement changed of many states, in few statements. The rows must have been claimed in this transaction. */
export async function saveSettled(tx: Tx, rows: readonly MeterStateTable[]): Promise<void> {
  await upsert(tx, "meter_state", rows, ["meter_id"], SETTLED);
}

/**
 * Readings of a meter between two instants, without them, in the order of time; bad ones only as far as `stale` may be right. What the meter
 * kept itself came later than it was kept, and counts like what came late.
 */
export async function readingsBetween(
  tx: Tx,
  input: { meterId: number; from: number; to: number },
): Promise<{ measured_at: number; value: number; isGood: boolean }[]> {
  const verdicts = [...GOOD, verdictCode("stale")];
  const range = { from: input.from + 1, to: input.to - 1 };
  const rows = await readingsWithin(tx, [input.meterId], { registers: LINE, verdicts }, range);
  return rows.map(({ register, measured_at, value, verdict }) => ({
    measured_at,
    value,
    isGood: register === registers.energyTotal && GOOD.includes(verdict),
  }));
}

/** Good readings of a meter from an instant to another, both included, in the order of time; only the first and last unless `all`. */
export async function goodReadings(
  tx: Tx,
  input: { meterId: number; from: number; to: number; all: boolean },
): Promise<{ measured_at: number; value: number }[]> {
  const { meterId, all, ...range } = input;
  const wanted = { registers: INDEX, verdicts: GOOD };
  if (all) return readingsWithin(tx, [meterId], wanted, range);
  const [first] = await someReadings(tx, meterId, wanted, { ...range, limit: 1, newestFirst: false });
  const [last] = await someReadings(tx, meterId, wanted, { ...range, limit: 1, newestFirst: true });
  return first === undefined || last === undefined ? [] : [first, last];
}

const INDEX = [registers.energyTotal];
const LINE = [registers.energyTotal, registers.energyFrozen, registers.energyRecorded];
const GOOD = [verdictCode("ok"), verdictCode("rollover")];
