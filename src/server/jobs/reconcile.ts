import { dayOf, type Instant, instant, MINUTE_MS, minuteOfDay } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { reconcile } from "#flows/reconcile.ts";
import { lastReconciliation } from "#store/reconcile.ts";
import type { Sealer } from "#system/seal.ts";
import type { Job } from "./loop.ts";

/** 02:30 in Shanghai: days are closed, nobody stands at the desk. */
const AT_MINUTE = 150;
const NIGHTLY = "nightly";

/** Reconciles once every night, or as soon as the server is up again when it slept through the hour. Twice does no harm. */
export function reconcileJob(ctx: FlowContext, sealer: Sealer | null): Job {
  return {
    name: "reconcile",
    everyMs: MINUTE_MS,
    async run() {
      const last = await lastReconciliation(ctx.db.read, NIGHTLY);
      if (isDue(ctx.clock(), last === null ? null : instant(last.ended_at))) {
        await reconcile(ctx, sealer, { login: NIGHTLY });
      }
      return false;
    },
  };
}

/** Whether tonight's is still to come: past the hour, and none since today began. */
export function isDue(now: Instant, last: Instant | null): boolean {
  return minuteOfDay(now) >= AT_MINUTE && (last === null || dayOf(last) !== dayOf(now));
}
