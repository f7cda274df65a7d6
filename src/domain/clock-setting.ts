import { DAY_MS, dayOf, HOUR_MS, type Instant, instant, MINUTE_MS, startOfDay } from "#base/time.ts";

/** Whether clocks of meters are set by the system (校时): never, or when one is off by a minute or more. */
export const clockModes = ["off", "auto"] as const;
export type ClockMode = (typeof clockModes)[number];

/** From here on a clock is set, where that is switched on: a minute, as grid companies do it. */
export const CLOCK_SET_FROM_MS = MINUTE_MS;
/** A time that is called out to everybody (广播校时) is taken up to five minutes; less a little, so that it surely is. */
export const CALL_MS_MAX = 5 * MINUTE_MS - 10_000;
/** How near a clock must be after it was set. A meter shows whole seconds. */
export const CLOCK_RIGHT_MS = 10_000;
/** A meter is asked to be set so often at most; a call is taken once a day anyway. */
export const CLOCK_SET_EVERY_MS = 20 * HOUR_MS;
/** How far our own clock and the database's may differ, or ours may jump, before nothing is set by it. */
export const OWN_CLOCK_DOUBT_MS = 2_000;

const NEAR_MIDNIGHT_MS = 5 * MINUTE_MS;
const NEAR_HOUR_MS = MINUTE_MS;

/**
 * Whether a clock that shows `shown` may be set to `now`: never near a midnight or a full hour, of either of them, and never so that it
 * jumps over a moment at which the meter keeps something. One that is out by hours has lost those already; it is only kept off midnight
 * while it can be.
 */
export function maySetClock(now: Instant, shown: Instant): boolean {
  if (isNearFreeze(now)) return false;
  const offMs = Math.abs(shown - now);
  if (offMs >= DAY_MS - HOUR_MS) return true;
  if (isNearFreeze(shown) || dayOf(shown) !== dayOf(now)) return false;
  return offMs >= HOUR_MS || hourOf(shown) === hourOf(now);
}

function isNearFreeze(at: Instant): boolean {
  const sinceHour = at - hourOf(at) * HOUR_MS;
  const sinceMidnight = at - startOfDay(dayOf(at));
  return (
    Math.min(sinceHour, HOUR_MS - sinceHour) < NEAR_HOUR_MS ||
    Math.min(sinceMidnight, DAY_MS - sinceMidnight) < NEAR_MIDNIGHT_MS
  );
}

function hourOf(at: Instant): number {
  return Math.floor(instant(at) / HOUR_MS);
}
