import {
  addMonths,
  DAY_MS,
  type Day,
  dayOf,
  daysOfMonth,
  HOUR_MS,
  type Month,
  monthOf,
  startOfDay,
} from "#base/time.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import { closeDueDays } from "#flows/close-days.ts";
import type { FlowContext } from "#flows/context.ts";
import { type Db, openDatabase } from "#store/db.ts";
import { insertIgnore } from "#store/portable.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";

/** A second program beside the server on its database, as a second server would be. */
export async function besideServer(database: string): Promise<{ ctx: FlowContext; db: Db }> {
  const db = await openDatabase(`sqlite:${database}`);
  return { db, ctx: { db, clock: systemClock, newId, log: silentLog } };
}

/** Readings of a day: so many, evenly from midnight. */
const READINGS_A_DAY = 4;
const ROWS_AT_ONCE = 1_000;

/**
 * Gives every meter of a young site last month as a past: readings every six hours that lead to what it showed first, each meter with a
 * usage of its own. Then the days are closed by the flow that closes them every night. Answers the month.
 */
export async function givePast(ctx: FlowContext): Promise<{ month: Month; days: Day[] }> {
  const { db } = ctx;
  const month = addMonths(monthOf(dayOf(ctx.clock())), -1);
  const days = daysOfMonth(month);
  const begin = startOfDay(days[0] as Day);
  const today = startOfDay(dayOf(ctx.clock()));
  const steps = ((today - begin) / DAY_MS) * READINGS_A_DAY;
  const firsts = await db.read
    .selectFrom("reading")
    .select((eb) => ["meter_id", eb.fn.min("value").as("first")])
    .where("register", "=", registers.energyTotal)
    .groupBy("meter_id")
    .execute();
  const rows = firsts.flatMap(({ meter_id, first }) => {
    const step = Math.min(137 + ((meter_id * 7_919) % 991), Math.floor(Number(first) / steps));
    return Array.from({ length: steps + 1 }, (_, i) => {
      const measured_at = begin + (i * 24 * HOUR_MS) / READINGS_A_DAY;
      const value = Number(first) - (steps - i) * step;
      const read = { meter_id, register: registers.energyTotal, measured_at, value };
      return { ...read, verdict: verdictCode("ok"), received_at: measured_at };
    });
  });
  await db.transact(async (tx) => {
    await tx.updateTable("meter").set({ created_at: begin }).execute();
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      const part = rows.slice(at, at + ROWS_AT_ONCE);
      await insertIgnore(tx, "reading", part, ["meter_id", "register", "measured_at"]);
    }
  });
  for (let more = true; more; ) more = (await closeDueDays(ctx)).more;
  return { month, days };
}
