import { DAY_MS, MINUTE_MS } from "#base/time.ts";

/**
 * How many meters of one project may lose their supply (拉闸保护): `perWindow` in ten minutes, whoever asked for it, and in a day so many
 * per cent of those that can be switched, but never fewer than `perWindow`. One more is a mistake until two people have said otherwise.
 */
export type OffLimits = { readonly perWindow: number; readonly percentPerDay: number };

export const OFF_LIMITS: OffLimits = { perWindow: 20, percentPerDay: 10 };
export const OFF_WINDOW_MS = 10 * MINUTE_MS;
export const OFF_DAY_MS = DAY_MS;

/** What stopped the trips of a project: too many at once, too many in a day, or a person. */
export const offStops = ["window", "day", "person"] as const;
export type OffStop = (typeof offStops)[number];

/** How many trips a day may bring in a project with so many meters that can be switched. */
export function offPerDay(limits: OffLimits, switchable: number): number {
  return Math.max(limits.perWindow, Math.ceil((switchable * limits.percentPerDay) / 100));
}

/** Why one more trip is one too many; null: it may go. Counted are those sent since the window, the day, or the last release began. */
export function whyNoMoreOff(
  limits: OffLimits,
  counted: { inWindow: number; inDay: number; switchable: number },
): "window" | "day" | null {
  if (counted.inWindow >= limits.perWindow) return "window";
  return counted.inDay >= offPerDay(limits, counted.switchable) ? "day" : null;
}
