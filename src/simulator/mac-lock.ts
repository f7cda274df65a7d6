import type { Instant } from "#base/time.ts";
import { SERR } from "#protocol/dlt645/status.ts";
import type { Meter } from "./meters.ts";

/** So many wrong MACs in a row lock everything that carries one … */
export const BAD_MACS_MAX = 5;
/** … for so long, by the meter's clock. */
export const LOCK_MS = 10 * 60_000;

/** Whether wrong MACs have locked the meter. A clock that was put back behind the lock frees it no later than it would have. */
export function isLocked({ state }: Meter, now: Instant): boolean {
  return now < state.lockedUntilMs;
}

/** Notes a wrong MAC and gives the SERR for it: the fifth in a row locks; the tally starts again afterwards. */
export function countBadMac({ state }: Meter, now: Instant): number {
  state.badMacs++;
  state.revision++;
  if (state.badMacs < BAD_MACS_MAX) return SERR.authentication;
  state.badMacs = 0;
  state.lockedUntilMs = now + LOCK_MS;
  return SERR.authentication | SERR.locked;
}
