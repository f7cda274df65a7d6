import { isDatabaseAway } from "#base/errors.ts";
import { addDays, dayOf, monthOf } from "#base/time.ts";
import { periodsToShare, sharedSources } from "#store/shares.ts";
import type { FlowContext } from "./context.ts";
import { runShare, SHARE_JOB } from "./share-run.ts";

/** How far back a correction is followed by itself; older periods are shared again by hand. */
const DAYS_BACK = 62;

/**
 * Shares what is due: closed days and months that were not shared yet, and those whose readings or run times changed since they were.
 * One source's mistake stops no other. Says how many sharings were made or corrected.
 */
export async function shareDue(ctx: FlowContext): Promise<number> {
  let made = 0;
  const since = addDays(dayOf(ctx.clock()), -DAYS_BACK);
  for (const sourceMeterId of await sharedSources(ctx.db.read)) {
    const due = await periodsToShare(ctx.db.read, { sourceMeterId, sinceDay: since, sinceMonth: monthOf(since) });
    for (const period of due) {
      try {
        const done = await runShare(ctx, SHARE_JOB, { sourceMeterId, period });
        if (done.outcome === "shared") made++;
      } catch (error) {
        if (isDatabaseAway(error)) throw error;
        ctx.log.error({ meter: sourceMeterId, period, error: String(error) }, "usage could not be shared");
      }
    }
  }
  return made;
}
