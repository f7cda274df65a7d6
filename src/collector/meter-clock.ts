import { type Instant, instant, MINUTE_MS } from "#base/time.ts";
import type { Asking, Bus } from "./bus.ts";
import type { ClockShown, ClockWay } from "./drivers/driver.ts";
import { driverOf } from "./drivers/drivers.ts";
import { type MeterOnBus, meterQuestion } from "./meter-readings.ts";

/** What a meter showed of its clock: how far it is ahead of ours; null when it showed no time that can be believed. */
export type ClockTold =
  | { kind: "told"; clock: { offsetMs: number | null; at: Instant } }
  | { kind: "silent" }
  | { kind: "closed" };

/** A date that was asked before a time that is so early may be the day before. */
const AFTER_MIDNIGHT_MS = MINUTE_MS;

/** Reads the clock of a meter, by one question or by two. */
export async function readClock(bus: Bus, meter: MeterOnBus, way: ClockWay, asking: Asking): Promise<ClockTold> {
  const driver = driverOf(meter);
  const shown: ClockShown = {};
  let at: Instant | null = null;
  for (const place of way.places) {
    const bytes = driver.encodeRead(meter.address, place, bus.serial());
    const told = await bus.ask(meterQuestion(meter, bytes, null), asking);
    if (told.kind !== "answered") return { kind: told.kind };
    if (told.answer.kind === "values") Object.assign(shown, told.answer.clock);
    at = told.at;
  }
  if (at === null) return { kind: "silent" };
  return { kind: "told", clock: { offsetMs: offsetOf(shown, at, way.places.length > 1), at } };
}

function offsetOf({ date, time }: ClockShown, at: Instant, isInTwo: boolean): number | null {
  if (date === undefined || time === undefined) return null;
  const shows = Date.parse(`${date}T${time}+08:00`);
  const midnight = Date.parse(`${date}T00:00:00+08:00`);
  // Null for what is no time, too.
  return shows - midnight >= (isInTwo ? AFTER_MIDNIGHT_MS : 0) ? instant(shows) - at : null;
}
