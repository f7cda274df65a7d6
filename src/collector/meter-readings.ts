import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { ReportedValues } from "#flows/record-readings.ts";
import { encodeRead, type Reading645 } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import type { Asking, Bus } from "./bus.ts";
import type { Question } from "./exchange.ts";
import { type MeterProfile, meterProfile } from "./profiles.ts";

/** A meter as the collector addresses it. */
export type MeterOnBus = { meterId: number; address: string; bus: number; profile: string };

/** What can be asked of a meter in one question. */
export type Item = "index" | "remaining" | "status" | "count" | "voltage" | "current" | "power";

/** What a meter told in answer to several questions. `at` is when the first answer came. */
export type MeterTold =
  | { kind: "answered"; values: ReportedValues; at: Instant; relayCommandedOpen: boolean | null }
  | { kind: "silent" }
  | { kind: "closed" };

/** For a read: 4 wake-up bytes, frame, identifier and the longest block (three phases and a total). */
const READ_REPLY_BYTES = 40;
/** A read is harmless: it is tried three times before the meter counts as silent. */
export const READ_TRIES = 3;

const IDENTIFIERS: Readonly<Record<Item, string>> = {
  index: di.energyTotal,
  remaining: di.energyRemaining,
  status: di.statusWord3,
  count: di.purchaseCount,
  voltage: di.voltageBlock,
  current: di.currentBlock,
  power: di.powerBlock,
};

/**
 * Asks a meter for several items, one question after the other. The first silence ends it, so an unreachable meter costs
 * one question; what was answered before counts. An item that the meter does not have is left out.
 */
export async function readMeter(
  bus: Bus,
  meter: MeterOnBus,
  items: readonly Item[],
  asking: Asking & { commandId: string | null },
): Promise<MeterTold> {
  const values: ReportedValues = {};
  let at: Instant | null = null;
  let relayCommandedOpen: boolean | null = null;
  const wanted = items.map((item) => IDENTIFIERS[item]);
  for (let identifier = wanted.shift(); identifier !== undefined; identifier = wanted.shift()) {
    const question = meterQuestion(meter, encodeRead(meter.address, identifier), asking.commandId);
    const told = await bus.ask(question, asking);
    if (told.kind === "closed") return { kind: "closed" };
    if (told.kind === "silent") break;
    at ??= told.at;
    if (told.answer.kind !== "reading") continue;
    const { reading } = told.answer;
    take(values, reading);
    if (reading.item === "status3") relayCommandedOpen = reading.relayCommandedOpen;
    // Only an empty meter can be overdrawn (透支): the second register is not worth a question otherwise.
    if (reading.item === "energyRemaining" && reading.wh === 0) wanted.unshift(di.energyOverdraft);
  }
  return at === null ? { kind: "silent" } : { kind: "answered", values, at, relayCommandedOpen };
}

/** A question to a meter in the way of its profile, without effect. */
export function meterQuestion(meter: MeterOnBus, frame: Frame645, commandId: string | null): Question {
  const profile = profileOf(meter);
  return {
    meterId: meter.meterId,
    bus: meter.bus,
    baud: profile.baud,
    frame,
    bytes: encodeFrame645(frame, profile.wakeUpBytes),
    replyBytes: READ_REPLY_BYTES,
    commandId,
    effect: "none",
  };
}

/** The profile of a meter that was admitted because we have it. */
export function profileOf(meter: { profile: string }): MeterProfile {
  const profile = meterProfile(meter.profile);
  assert(profile !== null, `no profile ${meter.profile}`);
  return profile;
}

/** Puts a reading among the values in the units of the system; single-phase values take the first phase that is there. */
function take(values: ReportedValues, reading: Reading645): void {
  switch (reading.item) {
    case "energyTotal":
      values.energyWh = reading.wh;
      break;
    case "energyRemaining":
      values.remainingWh = reading.wh;
      break;
    case "energyOverdraft":
      values.remainingWh = (values.remainingWh ?? 0) - reading.wh;
      break;
    case "purchaseCount":
      values.purchaseCount = reading.count;
      break;
    case "voltage":
      values.voltageMv = firstPresent(reading.mv);
      break;
    case "current":
      values.currentMa = firstPresent(reading.ma);
      break;
    case "power":
      values.powerW = reading.w[0] ?? null;
      break;
    case "status3":
      values.status3 = { word: reading.word, relayOpen: reading.relayOpen };
  }
}

function firstPresent(phases: readonly (number | null)[]): number | null {
  return phases.find((each) => each !== null) ?? null;
}
