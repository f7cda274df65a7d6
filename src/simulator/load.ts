import { DAY_MS, HOUR_MS, MINUTE_MS } from "#base/time.ts";
import type { LoadClass } from "./plan.ts";
import { chance } from "./random.ts";

/** Within one slot of meter time the load does not change: that makes a history independent of how it is stepped. */
export const SLOT_MS = MINUTE_MS;

const SHANGHAI_OFFSET_MS = 8 * HOUR_MS;
const THURSDAY_1970 = 4;

/** Share of the rated power by local hour, in per cent. */
const CURVE_PERCENT: Record<LoadClass, readonly number[]> = {
  shop: [4, 4, 4, 4, 4, 4, 6, 12, 25, 45, 55, 60, 62, 58, 52, 50, 52, 58, 62, 60, 50, 30, 10, 5],
  office: [3, 3, 3, 3, 3, 3, 4, 10, 35, 60, 65, 62, 40, 58, 66, 64, 58, 40, 20, 10, 6, 4, 3, 3],
  flat: [6, 5, 4, 4, 4, 5, 12, 18, 10, 6, 6, 10, 14, 8, 6, 6, 8, 16, 30, 38, 40, 34, 22, 10],
};
/** What an office still uses on a Saturday or Sunday, in per cent of the curve. */
const OFFICE_WEEKEND_PERCENT = 25;
/** A kettle, a microwave: what a flat takes for a slot now and then, in per cent of its rated power. */
const APPLIANCE_PERCENT = 45;
const APPLIANCE_CHANCE = 0.04;

/** Watts drawn in the slot that holds `timeMs`: curve of the local hour, weekday, and noise that belongs to the slot. */
export function loadWatts(room: { load: LoadClass; ratedPowerW: number; noiseSeed: number }, timeMs: number): number {
  const local = timeMs + SHANGHAI_OFFSET_MS;
  const hour = Math.floor(local / HOUR_MS) % 24;
  const weekday = (Math.floor(local / DAY_MS) + THURSDAY_1970) % 7;
  const slot = Math.floor(timeMs / SLOT_MS);
  let percent = CURVE_PERCENT[room.load][hour] ?? 0;
  if (room.load === "office" && (weekday === 0 || weekday === 6)) percent = (percent * OFFICE_WEEKEND_PERCENT) / 100;
  if (room.load === "flat" && chance(room.noiseSeed, slot, 1) < APPLIANCE_CHANCE) percent += APPLIANCE_PERCENT;
  const noise = 0.75 + 0.5 * chance(room.noiseSeed, slot, 2);
  return Math.round((room.ratedPowerW * percent * noise) / 100);
}

/** Line voltage in mV, around 220 V, to the 0.1 V that a meter shows; changes with the slot. */
export function lineMillivolts(noiseSeed: number, timeMs: number): number {
  return 216_000 + Math.floor(80 * chance(noiseSeed, Math.floor(timeMs / SLOT_MS), 3)) * 100;
}
