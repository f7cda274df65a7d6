import { sql } from "kysely";
import {
  DAY_MS,
  type Day,
  dayOf,
  endOfDay,
  HOUR_MS,
  type Instant,
  instant,
  type Month,
  startOfDay,
} from "#base/time.ts";
import type { Tx } from "./db.ts";
import { sumMonthDays } from "./month-days.ts";
import { insertIgnore, updatedRows, upsert } from "./portable.ts";
import type { DayCause, MeterDayTable } from "./schema-days.ts";
import { Stale } from "./stale.ts";

/** What closing days needs to know of a meter. */
export type MeterToClose = {
  id: number;
  ratio: number;
  createdAt: number;
  indexAt: number;
  settledAt: number;
  /** Somebody is charged for what it uses. */
  charged: boolean;
};

/** Meters in the order of their ids, after one of them. Those retired before `retiredAfter` have no days any more. */
export async function metersToClose(
  tx: Tx,
  input: { after: number; limit: number; only?: readonly number[]; retiredAfter?: number },
): Promise<MeterToClose[]> {
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("meter.id", ">", input.after)
    .$if(input.retiredAfter !== undefined, (query) =>
      query.where((eb) =>
        eb.or([eb("meter.retired_at", "is", null), eb("meter.retired_at", ">", input.retiredAfter ?? 0)]),
      ),
    )
    .$if(input.only !== undefined, (query) => query.where("meter.id", "in", [...(input.only ?? [])]))
    .select([
      "meter.id",
      "meter.ratio",
      "meter.created_at",
      "meter.mode",
      "meter.account_id",
      "meter_state.index_at",
      "meter_state.settled_at",
    ])
    .orderBy("meter.id")
    .limit(input.limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    ratio: row.ratio,
    createdAt: row.created_at,
    indexAt: row.index_at,
    settledAt: row.settled_at,
    charged: row.account_id !== null && row.mode !== "public",
  }));
}

/** The last day that every meter has been closed for; null when none has. */
export async function lastClosedDay(tx: Tx): Promise<Day | null> {
  const row = await tx
    .selectFrom("day_close")
    .select((eb) => eb.fn.max("day").as("day"))
    .executeTakeFirst();
  return (row?.day as Day | null | undefined) ?? null;
}

/** When the first meter came into the archive; null when there is none. */
export async function firstMeterAt(tx: Tx): Promise<number | null> {
  const row = await tx
    .selectFrom("meter")
    .select((eb) => eb.fn.min("created_at").as("at"))
    .executeTakeFirst();
  return row?.at ?? null;
}

/** Notes that every meter has been closed for these days. */
export async function markDaysClosed(tx: Tx, days: readonly Day[], meters: number, at: Instant): Promise<void> {
  const rows = days.map((day) => ({ day, meters, closed_at: at }));
  await insertIgnore(tx, "day_close", rows, ["day"]);
}

/** The rows that count of some meters and days, in order. */
export async function latestDays(
  tx: Tx,
  meterIds: readonly number[],
  days: { from: Day; to: Day },
): Promise<MeterDayTable[]> {
  if (meterIds.length === 0) return [];
  return tx
    .selectFrom("meter_day")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .where("day", ">=", days.from)
    .where("day", "<=", days.to)
    .where("latest", "=", 1)
    .orderBy("meter_id")
    .orderBy("day")
    .orderBy("segment")
    .execute();
}

/** Adds rows of days that were never closed; those that somebody else closed meanwhile stay as they are. Says how many are new. */
export async function addDays(tx: Tx, rows: readonly MeterDayTable[]): Promise<number> {
  return rows.length === 0 ? 0 : insertIgnore(tx, "meter_day", rows, ["meter_id", "day", "rev", "segment"]);
}

/** Puts a new set of segments in the place of the one that was seen; {@link Stale} when it is no longer the latest. */
export async function supersedeDay(
  tx: Tx,
  seen: { meterId: number; day: string; rev: number; segments: number },
  rows: readonly MeterDayTable[],
): Promise<void> {
  const cleared = await tx
    .updateTable("meter_day")
    .set({ latest: 0 })
    .where("meter_id", "=", seen.meterId)
    .where("day", "=", seen.day)
    .where("rev", "=", seen.rev)
    .where("latest", "=", 1)
    .executeTakeFirst();
  if (updatedRows(cleared) !== seen.segments) throw new Stale(`day ${seen.day} of meter ${seen.meterId}`);
  await tx
    .insertInto("meter_day")
    .values([...rows])
    .execute();
}

/** Notes that an unknown day was looked at again in vain. */
export async function dayLookedAt(tx: Tx, meterId: number, days: readonly string[], at: Instant): Promise<void> {
  await tx
    .updateTable("meter_day")
    .set({ looked_at: at })
    .where("meter_id", "=", meterId)
    .where("day", "in", [...days])
    .where("latest", "=", 1)
    .execute();
}

const SHANGHAI_OFFSET_MS = 8 * HOUR_MS;

/**
 * What was charged for the usage of each meter on each day, by the time of the reading that it was charged up to; the one of midnight
 * ends its day. Key: `meter:midnight`. With what a purchase changed about an overuse of before, on the day of the purchase.
 */
export async function chargedByDay(
  tx: Tx,
  meterIds: readonly number[],
  days: { from: Day; to: Day },
): Promise<Map<string, number>> {
  if (meterIds.length === 0) return new Map();
  const charged = new Map<string, number>();
  const note = (meterId: number | null, midnight: number, amount: number) => {
    const key = `${meterId}:${midnight}`;
    charged.set(key, (charged.get(key) ?? 0) + amount);
  };
  const local = sql<number>`reading_at - 1 + ${SHANGHAI_OFFSET_MS}`;
  const midnight = sql<number>`${local} - (${local}) % ${DAY_MS} - ${SHANGHAI_OFFSET_MS}`;
  const lines = await tx
    .selectFrom("usage_charge")
    .where("meter_id", "in", [...meterIds])
    .where("reading_at", ">", startOfDay(days.from))
    .where("reading_at", "<=", endOfDay(days.to))
    .select((eb) => ["meter_id", midnight.as("midnight"), eb.fn.sum<number>("amount_e4").as("amount")])
    .groupBy(["meter_id", midnight])
    .execute();
  for (const row of lines) note(row.meter_id, Number(row.midnight), Number(row.amount));
  const lots = await tx
    .selectFrom("credit_lot")
    .select("id")
    .where("meter_id", "in", [...meterIds])
    .where("made_at", ">", startOfDay(days.from))
    .where("made_at", "<=", endOfDay(days.to))
    .execute();
  if (lots.length === 0) return charged;
  const revalued = await tx
    .selectFrom("ledger_transfer")
    .innerJoin("ledger_entry", "ledger_entry.transfer_id", "ledger_transfer.id")
    .where(
      "ledger_transfer.id",
      "in",
      lots.map((lot) => `revalued:${lot.id}`),
    )
    .where("ledger_entry.account_id", "like", "revenue:%")
    .select(["ledger_transfer.meter_id", "ledger_transfer.at", "ledger_entry.amount_e4"])
    .execute();
  for (const row of revalued) note(row.meter_id, startOfDay(dayOf(instant(row.at - 1))), row.amount_e4);
  return charged;
}

/**
 * Writes the month of each meter anew as the sum of its latest days, and those of `days` that lie in it side by side. The rows are taken
 * before the days are read, so that of two who close days of one month the second sees the first one's.
 */
export async function sumMonth(
  tx: Tx,
  meterIds: readonly number[],
  month: Month,
  { days, at }: { days: readonly string[]; at: Instant },
): Promise<void> {
  if (meterIds.length === 0) return;
  const blank = { usage_wh: null, cost_e4: null, days: 0, days_estimated: 0, days_missing: 0, version: 0 };
  await insertIgnore(
    tx,
    "meter_month",
    meterIds.map((meter_id) => ({ meter_id, month, ...blank, updated_at: at })),
    ["meter_id", "month"],
  );
  await tx
    .updateTable("meter_month")
    .set((eb) => ({ version: eb("version", "+", 1) }))
    .where("meter_id", "in", [...meterIds])
    .where("month", "=", month)
    .execute();
  const sums = await tx
    .selectFrom("meter_day")
    .where("meter_id", "in", [...meterIds])
    .where("day", ">=", `${month}-01`)
    .where("day", "<=", `${month}-31`)
    .where("latest", "=", 1)
    .select((eb) => [
      "meter_id",
      eb.fn.sum<number | null>("usage_wh").as("usage_wh"),
      eb.fn.sum<number | null>("cost_e4").as("cost_e4"),
      eb.fn.count<number>("day").distinct().as("days"),
      sql<number>`count(distinct case when quality = 'estimated' then day end)`.as("days_estimated"),
      sql<number>`count(distinct case when quality = 'missing' then day end)`.as("days_missing"),
    ])
    .groupBy("meter_id")
    .execute();
  await upsert(
    tx,
    "meter_month",
    sums.map((row) => ({
      meter_id: row.meter_id,
      month,
      usage_wh: row.usage_wh === null ? null : Number(row.usage_wh),
      cost_e4: row.cost_e4 === null ? null : Number(row.cost_e4),
      days: Number(row.days),
      days_estimated: Number(row.days_estimated),
      days_missing: Number(row.days_missing),
      version: 0,
      updated_at: at,
    })),
    ["meter_id", "month"],
    ["usage_wh", "cost_e4", "days", "days_estimated", "days_missing", "updated_at"],
  );
  await sumMonthDays(
    tx,
    meterIds,
    month,
    days.filter((day) => day.startsWith(month)),
  );
}

/** Asks that closed days be looked at again. Asking twice is asking once. */
export async function askRecheck(
  tx: Tx,
  asked: readonly { meterId: number; day: Day }[],
  cause: DayCause,
  at: Instant,
): Promise<void> {
  if (asked.length === 0) return;
  const rows = asked.map(({ meterId, day }) => ({ meter_id: meterId, day, cause, asked_at: at }));
  await upsert(tx, "day_recheck", rows, ["meter_id", "day"], ["cause", "asked_at"]);
}

/** Days of meters that wait to be looked at again, the oldest first. */
export async function askedRechecks(tx: Tx, limit: number) {
  return tx.selectFrom("day_recheck").selectAll().orderBy("meter_id").orderBy("day").limit(limit).execute();
}

/** Takes what waits for one meter up to a day, before its readings are read: what is asked from now on is asked anew. */
export async function takeRechecks(tx: Tx, meterId: number, days: readonly string[]): Promise<void> {
  await tx
    .deleteFrom("day_recheck")
    .where("meter_id", "=", meterId)
    .where("day", "in", [...days])
    .execute();
}

/**
 * Meters with days that nobody could know when they were closed, and that were read since: the first and last such day of each.
 * Looked at before `lookedBefore` only, so that what stays unknown is not asked for all the time.
 */
export async function unknownDays(
  tx: Tx,
  input: { lookedBefore: Instant; limit: number },
): Promise<{ meterId: number; days: Day[] }[]> {
  const rows = await tx
    .selectFrom("meter_day")
    .innerJoin("meter_state", "meter_state.meter_id", "meter_day.meter_id")
    .where("meter_day.quality", "=", "missing")
    .where("meter_day.latest", "=", 1)
    .where("meter_day.looked_at", "<", input.lookedBefore)
    .whereRef("meter_state.index_at", ">", "meter_day.looked_at")
    .select(["meter_day.meter_id", "meter_day.day"])
    .orderBy("meter_day.day")
    .limit(input.limit)
    .execute();
  const byMeter = new Map<number, Day[]>();
  for (const row of rows) byMeter.set(row.meter_id, [...(byMeter.get(row.meter_id) ?? []), row.day as Day]);
  return [...byMeter].map(([meterId, days]) => ({ meterId, days }));
}
