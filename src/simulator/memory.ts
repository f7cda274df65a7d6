import { assert } from "#base/errors.ts";
import { DAY_MS, dayOf, type Instant, instant, later, MINUTE_MS, SECOND_MS, startOfDay } from "#base/time.ts";
import type { Memory } from "#protocol/profiles/profile.ts";
import { profileOf } from "#protocol/profiles.ts";
import { type Kept, type Meter, type MeterClock, step } from "./meters.ts";

/** How far a clock may be off to take a time that is called out (DL/T 645-2007 §7.5). */
const CALLED_OFF_MS_MAX = 5 * MINUTE_MS;
/** A register shows 0.01 of its unit. */
const SHOWN_WH = 10;

/**
 * Lets time pass for a meter up to `now`: it uses what it uses, and keeps its index whenever its own clock comes to a midnight or to a
 * full step. `townAt` is the town's own time at a time of the clock. However time is cut into pieces, the same is kept.
 */
export function passTime(meter: Meter, time: { now: Instant; townAt(clockMs: number): number }): void {
  const { now, townAt } = time;
  const live = (at: number) => step(meter, Math.max(0, townAt(at) - meter.state.timeMs));
  const memory = memoryOf(meter);
  const clock = clockOf(meter, now);
  const everyMs = stepOf(memory);
  const end = now + clock.offsetMs;
  if (everyMs !== null) {
    for (let at = Math.floor(clock.keptMs / everyMs + 1) * everyMs; at <= end; at += everyMs) {
      live(at - clock.offsetMs);
      keep(meter, memory, instant(at));
    }
  }
  clock.keptMs = Math.max(clock.keptMs, end);
  live(now);
  tellGuardTime(meter, time, clock);
}

/** When the guard tripped, by the meter's clock: the town's time runs at another speed. */
function tellGuardTime(
  { state }: Meter,
  { now, townAt }: { now: Instant; townAt(clockMs: number): number },
  clock: MeterClock,
): void {
  const { guard } = state;
  if (guard === undefined || guard.last === null || guard.lastClockMs !== null) return;
  const perSecond = Math.max(1, townAt(now + SECOND_MS) - townAt(now));
  const agoMs = Math.round(((state.timeMs - guard.last.atMs) * SECOND_MS) / perSecond);
  guard.lastClockMs = now - agoMs + clock.offsetMs;
}

/** What the meter's clock shows. */
export function meterClock(meter: Meter, now: Instant): Instant {
  return later(now, clockOf(meter, now).offsetMs);
}

/** Sets the clock, whatever it showed: nothing is kept of the time between. False for a time that is none. */
export function putClock(meter: Meter, at: Instant | null, now: Instant): boolean {
  if (at === null) return false;
  const clock = clockOf(meter, now);
  meter.state.clock = { ...clock, offsetMs: at - now, keptMs: at };
  meter.state.revision++;
  return true;
}

/** The time is called out to everybody: taken when it is near, once a day. */
export function takeCalledTime(meter: Meter, at: Instant | null, now: Instant): void {
  const shown = meterClock(meter, now);
  if (at === null || Math.abs(at - shown) > CALLED_OFF_MS_MAX) return;
  const calledDay = dayOf(shown);
  if (clockOf(meter, now).calledDay === calledDay || !putClock(meter, at, now)) return;
  meter.state.clock = { ...clockOf(meter, now), calledDay };
}

function clockOf({ state }: Meter, now: Instant): MeterClock {
  state.clock ??= { offsetMs: 0, keptMs: now };
  return state.clock;
}

function memoryOf({ plan }: Meter): Memory {
  const profile = profileOf(plan.profile);
  assert(profile !== undefined, `the town has no meters of profile ${plan.profile}`);
  return profile.memory;
}

/** How far apart the moments are at which something is kept; null when nothing is. Days begin at a full hour of UTC. */
function stepOf({ daily, records }: Memory): number | null {
  if (records !== null) return records.everyMinutes * MINUTE_MS;
  return daily === null ? null : DAY_MS / 24;
}

function keep({ state }: Meter, { daily, records }: Memory, at: Instant): void {
  const kept: Kept = [at / MINUTE_MS, Math.floor(state.indexWh / SHOWN_WH)];
  if (records !== null) state.records = withKept(state.records, kept, records.kept);
  if (daily !== null && at === startOfDay(dayOf(at))) state.freezes = withKept(state.freezes, kept, daily.kept);
}

/** A clock that was put back comes to the same moment again: what is kept of it then takes the place of the first. */
function withKept(all: readonly Kept[] | undefined, kept: Kept, most: number): Kept[] {
  return [...(all ?? []).filter(([minute]) => minute < kept[0]), kept].slice(-most);
}
