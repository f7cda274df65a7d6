import { MINUTE_MS } from "#base/time.ts";

/** A clock may be set right by so much without anything being wrong. */
const CLOCK_AHEAD_MS_MAX = 5 * MINUTE_MS;

/** Whether a stamp comes from a clock that has been put back since: what comes now must not wait until real time has caught up with it. */
export function isAhead(stamp: number, now: number): boolean {
  return stamp > now + CLOCK_AHEAD_MS_MAX;
}
