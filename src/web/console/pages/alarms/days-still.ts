import type { Alarm } from "#contract/alarms.ts";

const DAY_MS = 86_400_000;

/** Whole days for which a meter stood still, up to the end of the alarm or to now. */
export function daysStill(alarm: Pick<Alarm, "closed" | "sinceAt">): number {
  return Math.floor(((alarm.closed?.at ?? Date.now()) - alarm.sinceAt) / DAY_MS);
}
