import { DAY_MS, HOUR_MS, MINUTE_MS } from "#base/time.ts";
import type { GuardCause, GuardSettings } from "#protocol/dlt645/load-guard.ts";

/** How long a load may last before the guard has decided: the trip comes within three seconds, and a resistive load is known within two. */
const DECIDES_MS: Readonly<Record<Exclude<GuardCause, "none">, number>> = {
  max_load: 2_000,
  sudden_change: 1_000,
  malicious_load: 1_500,
};
const SHANGHAI_OFFSET_MS = 8 * HOUR_MS;

/** What a meter with a load guard (安全用电) remembers of it. Times are the town's own. */
export type Guard = {
  settings: GuardSettings;
  /** Why it will trip, and when, if the load stays. */
  pending: { cause: Exclude<GuardCause, "none">; dueMs: number } | null;
  /** The load that a rise is measured from, and the resistive part of it. */
  baseW: number;
  baseResistiveW: number;
  /** Open until then by the guard alone. */
  waitingUntilMs: number | null;
  locked: boolean;
  trips: number;
  /** The day of the meter on which trips were counted last. */
  countedDay: number;
  total: number;
  last: { cause: Exclude<GuardCause, "none">; atMs: number; powerW: number } | null;
  /** When that was by the meter's clock; null until time has told. */
  lastClockMs: number | null;
};

/** What hangs on a line besides its usual load, in watts. */
export type Appliances = { resistiveW: number; switchingW: number };

/** What the guard needs of a meter. */
type Meter = {
  state: { timeMs: number; relayOpen: boolean; revision: number; guard?: Guard; appliances?: Appliances };
};

const OFF: GuardSettings = {
  ...{ maxW: 0, stepW: 0, maliciousW: 0, offMinutes: 3, tripsMax: 3, countFrom: "release" },
  ...{ exemptFrom: 0, exemptTo: 0 },
};

/** The guard of a meter; made when it is first asked for. It watches for nothing until it is told to. */
export function guardOf({ state }: Meter): Guard {
  state.guard ??= {
    ...{ settings: OFF, pending: null, baseW: 0, baseResistiveW: 0, waitingUntilMs: null, locked: false },
    ...{ trips: 0, countedDay: 0, total: 0, last: null, lastClockMs: null },
  };
  return state.guard;
}

/** Whether the guard keeps the relay open. */
export function isHeld({ state }: Meter): boolean {
  const { guard } = state;
  return guard !== undefined && (guard.locked || guard.waitingUntilMs !== null);
}

/** Another task for the guard; the present load is where a rise is measured from. */
export function setGuard(meter: Meter, settings: GuardSettings, watts: number): void {
  const guard = guardOf(meter);
  Object.assign(guard, { settings, pending: null, baseW: watts, baseResistiveW: resistiveW(meter) });
  meter.state.revision++;
}

/** Somebody has been there: counting begins anew, and nothing is kept open any more. True when the relay was held. */
export function releaseGuard(meter: Meter): boolean {
  const guard = guardOf(meter);
  const held = isHeld(meter);
  Object.assign(guard, { locked: false, waitingUntilMs: null, trips: 0, pending: null });
  meter.state.revision++;
  return held;
}

/** The next moment at which the guard itself does something, if nothing changes. */
export function guardDueMs({ state }: Meter): number {
  const { guard } = state;
  return guard?.pending?.dueMs ?? guard?.waitingUntilMs ?? Number.POSITIVE_INFINITY;
}

/** Looks at the load that flows from now on. */
export function watchLoad(meter: Meter, watts: number): void {
  const { guard, timeMs } = meter.state;
  if (guard === undefined || isHeld(meter)) return;
  const cause = whyTrip(meter, guard, watts);
  if (cause === null) {
    guard.pending = null;
    guard.baseW = watts;
    guard.baseResistiveW = resistiveW(meter);
  } else if (guard.pending?.cause !== cause) {
    guard.pending = { cause, dueMs: timeMs + DECIDES_MS[cause] };
  }
}

function whyTrip(meter: Meter, guard: Guard, watts: number): Exclude<GuardCause, "none"> | null {
  const { maxW, stepW, maliciousW } = guard.settings;
  if (maxW > 0 && watts > maxW) return "max_load";
  if (maliciousW > 0 && resistiveW(meter) - guard.baseResistiveW >= maliciousW && !isExempt(meter, guard.settings))
    return "malicious_load";
  return stepW > 0 && watts - guard.baseW > stepW ? "sudden_change" : null;
}

/**
 * What is due at this moment: the trip that was decided, which is `trip`, or the end of the time that the relay stays open, which is `close`
 * unless something else keeps it open.
 */
export function guardActs(meter: Meter, watts: number): "trip" | "close" | null {
  const { guard, timeMs, relayOpen } = meter.state;
  if (guard === undefined) return null;
  // Somebody else was quicker: there is no load any more.
  if (relayOpen) guard.pending = null;
  if (timeMs < guardDueMs(meter)) return null;
  meter.state.revision++;
  if (guard.pending === null) {
    guard.waitingUntilMs = null;
    return "close";
  }
  const { settings } = guard;
  const day = Math.floor((timeMs + SHANGHAI_OFFSET_MS) / DAY_MS);
  if (settings.countFrom === "midnight" && day !== guard.countedDay) guard.trips = 0;
  guard.countedDay = day;
  guard.trips++;
  guard.total++;
  guard.last = { cause: guard.pending.cause, atMs: timeMs, powerW: watts };
  guard.lastClockMs = null;
  guard.pending = null;
  guard.locked = guard.trips >= settings.tripsMax;
  guard.waitingUntilMs = guard.locked ? null : timeMs + settings.offMinutes * MINUTE_MS;
  return "trip";
}

function resistiveW({ state }: Meter): number {
  return state.appliances?.resistiveW ?? 0;
}

function isExempt({ state }: Meter, { exemptFrom, exemptTo }: GuardSettings): boolean {
  const minute = Math.floor(((state.timeMs + SHANGHAI_OFFSET_MS) % DAY_MS) / MINUTE_MS);
  return exemptFrom <= exemptTo ? minute >= exemptFrom && minute < exemptTo : minute >= exemptFrom || minute < exemptTo;
}
