import type { Instant } from "#base/time.ts";

/** Why a meter's load guard (安全用电) tripped: too much, too much at once, or a resistive load that the room must not have (恶性负载). */
export const loadCauses = ["max_load", "sudden_change", "malicious_load"] as const;
export type LoadCause = (typeof loadCauses)[number];

/** What the guard does to the relay: nothing, open for a few minutes (断电警告), open until somebody releases it (安全锁定). */
export const guardStates = ["free", "waiting", "locked"] as const;
export type LoadGuardState = (typeof guardStates)[number];

/** From when trips are counted: the last release, or midnight where that is later. */
export const countFroms = ["release", "midnight"] as const;

/**
 * What a guard watches for, in watts; 0: it does not. The relay stays open for `offMinutes` after a trip, and for good with trip number `tripsMax`.
 * Resistive loads are allowed from minute `exemptFrom` of the day to minute `exemptTo`; equal: never.
 */
export type LoadGuardSettings = {
  readonly maxW: number;
  readonly stepW: number;
  readonly maliciousW: number;
  readonly offMinutes: number;
  readonly tripsMax: number;
  readonly countFrom: (typeof countFroms)[number];
  readonly exemptFrom: number;
  readonly exemptTo: number;
};

/** What a meter shows of its guard. `total` counts for ever; `trippedAt` is by the meter's clock. */
export type LoadGuardShown = {
  readonly state: LoadGuardState;
  readonly cause: LoadCause | null;
  readonly trips: number;
  readonly total: number;
  readonly trippedAt: Instant | null;
  readonly powerW: number;
};

/** A guard that watches for nothing, with what is usual for the rest (R-52: three minutes, three trips). */
export const GUARD_OFF: LoadGuardSettings = {
  ...{ maxW: 0, stepW: 0, maliciousW: 0, offMinutes: 3, tripsMax: 3, countFrom: "release" },
  ...{ exemptFrom: 0, exemptTo: 0 },
};

/** Bounds of what can be set. The largest load is what the power register of a meter can show; below 50 W nothing resistive is known for sure. */
export const LOAD_W_MAX = 79_000;
export const LOAD_W_MIN = 50;
export const OFF_MINUTES_MAX = 60;
export const TRIPS_MAX = 20;
/** Signs of the note that a release needs: what was found on the spot (现场核实). */
export const RELEASE_NOTE_MIN = 4;

/** Whether the guard watches for anything. */
export function isWatching({ maxW, stepW, maliciousW }: LoadGuardSettings): boolean {
  return maxW > 0 || stepW > 0 || maliciousW > 0;
}

/** Whether two guards do the same. */
export function isSameGuard(a: LoadGuardSettings, b: LoadGuardSettings): boolean {
  return (Object.keys(GUARD_OFF) as (keyof LoadGuardSettings)[]).every((key) => a[key] === b[key]);
}
