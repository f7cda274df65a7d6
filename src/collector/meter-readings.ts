import type { Instant } from "#base/time.ts";
import type { ReportedValues } from "#flows/record-readings.ts";
import type { Bytes } from "#protocol/bytes.ts";
import type { Asking, Bus } from "./bus.ts";
import type { Item } from "./drivers/driver.ts";
import { driverOf } from "./drivers/drivers.ts";
import type { Question } from "./exchange.ts";

/** A meter as the collector addresses it. */
export type MeterOnBus = { meterId: number; address: string; bus: number; via: string | null; profile: string };

/** What a meter told in answer to several questions. `at` is when the first answer came. */
export type MeterTold =
  | { kind: "answered"; values: ReportedValues; at: Instant; commandedOff: boolean | null }
  | { kind: "silent" }
  | { kind: "closed" };

/** A read is harmless: it is tried three times before the meter counts as silent. */
export const READ_TRIES = 3;

/**
 * Asks a meter for several items, one question after the other; items that share a place cost one question. The first
 * silence ends it, so an unreachable meter costs one question; what was answered before counts. An item that the meter
 * does not have is left out. A model that has none of them is silent.
 */
export async function readMeter(
  bus: Bus,
  meter: MeterOnBus,
  items: readonly Item[],
  asking: Asking & { commandId: string | null },
): Promise<MeterTold> {
  const driver = driverOf(meter);
  const values: ReportedValues = {};
  let at: Instant | null = null;
  let commandedOff: boolean | null = null;
  const wanted = [...new Set(items.map((item) => driver.placeOf(item)))].filter((place) => place !== null);
  for (let place = wanted.shift(); place !== undefined; place = wanted.shift()) {
    const bytes = driver.encodeRead(meter.address, place, bus.serial());
    const told = await bus.ask({ ...meterQuestion(meter, bytes, asking.commandId), place }, asking);
    if (told.kind === "closed") return { kind: "closed" };
    const isGuard = place === driver.loadGuard?.place;
    if (isGuard && (told.kind === "silent" || told.answer.kind === "not_understood")) values.loadGuard = null;
    if (told.kind === "silent") break;
    at ??= told.at;
    const { answer } = told;
    if (answer.kind !== "values") continue;
    Object.assign(values, answer.values);
    // Off: whether its own guard holds it decides about everything that may close it again.
    if (answer.values.status?.relayOpen && driver.loadGuard !== null && values.loadGuard === undefined)
      wanted.splice(
        0,
        wanted.length,
        driver.loadGuard.place,
        ...wanted.filter((each) => each !== driver.loadGuard?.place),
      );
    commandedOff = answer.commandedOff ?? commandedOff;
    if (answer.overdraftWh !== undefined) values.remainingWh = (values.remainingWh ?? 0) - answer.overdraftWh;
    // Only an empty meter can be overdrawn (透支): the second register is not worth a question otherwise.
    if (answer.values.remainingWh === 0 && driver.overdraftPlace !== null) wanted.unshift(driver.overdraftPlace);
  }
  return at === null ? { kind: "silent" } : { kind: "answered", values, at, commandedOff };
}

/** A question to a meter in the way of its profile, without effect. */
export function meterQuestion(meter: MeterOnBus, bytes: Bytes, commandId: string | null): Question {
  const { meterId, bus, via } = meter;
  return { meterId, bus, via, driver: driverOf(meter), bytes, commandId, effect: "none" };
}
