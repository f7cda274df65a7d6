import { performance } from "node:perf_hooks";
import { type Clock, HOUR_MS } from "#base/time.ts";
import { OWN_CLOCK_DOUBT_MS } from "#domain/clock-setting.ts";
import { databaseTime } from "#store/database-time.ts";
import type { Tx } from "#store/db.ts";

/** After a jump of our clock so long nothing is set by it: it may jump back. */
const DOUBT_MS = HOUR_MS;

/** Watches our own clock, before anybody else's is set by it. */
export type OwnClock = {
  /** Whether it has run evenly for the last hour, and agrees with the clock of a database on another machine. */
  isSound(tx: Tx): Promise<boolean>;
};

/** Compares the clock with time that only runs forward, each time that it is asked. */
export function watchOwnClock(clock: Clock, monotonicMs: () => number = () => performance.now()): OwnClock {
  let seen = { clockMs: clock() as number, monotonicMs: monotonicMs() };
  let doubtUntil = Number.NEGATIVE_INFINITY;
  return {
    async isSound(tx) {
      const now = { clockMs: clock(), monotonicMs: monotonicMs() };
      const jumpMs = Math.abs(now.clockMs - seen.clockMs - (now.monotonicMs - seen.monotonicMs));
      if (jumpMs > OWN_CLOCK_DOUBT_MS) doubtUntil = now.monotonicMs + DOUBT_MS;
      seen = now;
      if (now.monotonicMs < doubtUntil) return false;
      const other = await databaseTime(tx);
      return other === null || Math.abs(other - clock()) <= OWN_CLOCK_DOUBT_MS;
    },
  };
}
