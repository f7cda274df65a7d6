import { addDays, type Day, dayOf, later, startOfDay } from "#base/time.ts";
import { metersToClose } from "#store/days.ts";
import { dropReadingDays, oldestYoungDay, PACK_GROUPS, packDay } from "#store/reading-days.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Meters of one transaction: some ten thousand readings, which every engine takes without others noticing. */
const METERS_AT_ONCE = 100;
/** Transactions of one call, so that a program that is to stop stops soon. */
const STEPS_MAX = 200;
/** Packed rows dropped by one transaction. */
const DROPPED_AT_ONCE = 1_000;

/** What one call did, and after which meter the next one goes on; null when all are done. */
export type Packing = { packed: number; next: number | null };

/**
 * Packs readings that are no longer young, meter by meter and day by day, also what came late for days that are packed already. By
 * state: it may stop anywhere, repeat, and run twice at once.
 */
export async function packReadings(ctx: FlowContext, after = 0): Promise<Packing> {
  let packed = 0;
  let steps = 0;
  for (let from = after; ; ) {
    const ids = (await metersToClose(ctx.db.read, { after: from, limit: METERS_AT_ONCE })).map(({ id }) => id);
    const last = ids.at(-1);
    if (last === undefined) return { packed, next: null };
    for (const group of PACK_GROUPS) {
      // Whole days only: the day that becomes old while we look is left for tomorrow.
      const before = startOfDay(dayOf(later(ctx.clock(), -group.youngMs)));
      for (;;) {
        const day = await oldestYoungDay(ctx.db.read, ids, group, before);
        if (day === null) break;
        packed += await decide(ctx.db, (tx) => packDay(tx, ids, group, day));
        if (++steps >= STEPS_MAX) return { packed, next: from };
      }
    }
    from = last;
  }
}

/** Drops packed readings of days that need not be kept any longer (days, months and charges stay). Says how many rows went. */
export async function dropOldReadings(ctx: FlowContext, keepDays: number): Promise<number> {
  const before: Day = addDays(dayOf(ctx.clock()), -keepDays);
  let dropped = 0;
  for (;;) {
    const gone = await ctx.db.transact((tx) => dropReadingDays(tx, before, DROPPED_AT_ONCE));
    dropped += gone;
    if (gone < DROPPED_AT_ONCE) return dropped;
  }
}
