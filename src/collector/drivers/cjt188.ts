import { assert } from "#base/errors.ts";
import { SECOND_MS } from "#base/time.ts";
import type { ReportedValues } from "#flows/record-readings.ts";
import type { Bytes } from "#protocol/bytes.ts";
import {
  type Call188,
  decodeAnswer188,
  encodePurchase188,
  encodeRead188,
  encodeSetClock188,
  encodeValve188,
  expects188,
  sameMeter188,
} from "#protocol/cjt188/commands.ts";
import { decodeFrame188, encodeFrame188, type Frame188, framesIn188 } from "#protocol/cjt188/frame.ts";
import type { DiOrder } from "#protocol/cjt188/items.ts";
import type { Reading188, Status188 } from "#protocol/cjt188/readings.ts";
import { localTimeOf, timeText } from "#protocol/dlt645/control.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { safeTopUp } from "#protocol/profiles.ts";
import type { ClockShown, Driver, MeterAnswer, Switching, TopUpWay } from "./driver.ts";
import { judgeFrames } from "./judging.ts";
import { placesOf } from "./places.ts";

/** Wake-up bytes, frame, identifier, SER, two volumes, clock and ST; makers add a little. */
const REPLY_BYTES = 48;
/** A motor turns a ball valve within some ten seconds; a weak battery makes it slower. */
const VALVE_MOVES_MS = 30 * SECOND_MS;
/** Credit counts in hundredths of a cubic metre. */
const LITRES_PER_STEP = 10;

/** Water meters of CJ/T 188, in either order of identifiers. */
export function driver188(profile: MeterProfile): Driver {
  const { meterType, diOrder } = profile.quirks;
  assert(meterType !== null && diOrder !== null, `${profile.name} says its meter type and identifier order`);
  const call = (address: string, serial: number): Call188 => ({ meterType, address, ser: serial, order: diOrder });
  const wire = (frame: Frame188) => encodeFrame188(frame, profile.wakeUpBytes);
  return {
    profile,
    wire: "cjt188",
    replyBytes: REPLY_BYTES,
    ...placesOf(profile),
    encodeRead: (address, place, serial) => wire(encodeRead188(call(address, serial), place)),
    judge(question, heard) {
      const asked = decodeFrame188(question);
      assert(asked.ok, "a question of ours is a frame");
      return judgeFrames(framesIn188(heard), {
        isOwn: (frame) => expects188(asked.frame, frame),
        isSameMeter: (frame) => sameMeter188(asked.frame, frame),
        decode: (frame) => meaning(profile, diOrder, frame),
      });
    },
    switching: switchingOf(profile, call, wire),
    topUp: topUpOf(profile, call, wire),
    keys: null,
    // Only the ends of months are kept.
    freezes: null,
    records: null,
    loadGuard: null,
    clock: profile.clock && {
      places: profile.clock.reads,
      encodeCall: null,
      encodeWrite: (address, at, serial) => wire(encodeSetClock188(call(address, serial), localTimeOf(at))),
    },
  };
}

type CallOf = (address: string, serial: number) => Call188;
type Wire = (frame: Frame188) => Bytes;

function switchingOf(profile: MeterProfile, call: CallOf, wire: Wire): Switching | null {
  if (profile.switch?.form !== "cjt188-valve") return null;
  return {
    proves: profile.switch.proof !== null,
    movesMs: VALVE_MOVES_MS,
    encode({ address, action, serial }) {
      const valve = action === "trip" ? "close" : "open";
      return wire(encodeValve188(call(address, serial), valve, profile.quirks.valvePadding));
    },
  };
}

function topUpOf(profile: MeterProfile, call: CallOf, wire: Wire): TopUpWay | null {
  if (safeTopUp(profile)?.form !== "plain") return null;
  return {
    needsKey: false,
    acts: ["top_up"],
    encode: ({ address, count, amount, serial }) =>
      wire(encodePurchase188(call(address, serial), { seq: count, amount })),
  };
}

function meaning(profile: MeterProfile, order: DiOrder, frame: Frame188): MeterAnswer {
  const answer = decodeAnswer188(frame, order);
  switch (answer.kind) {
    case "done":
      return { kind: "done" };
    case "refused":
      return { kind: "refused", code: answer.code, reasons: [] };
    case "raw":
    case "vendor":
    case "unexpected":
      return { kind: "not_understood" };
    case "reading": {
      const values = valuesOf(profile, answer.reading);
      return values === null ? { kind: "not_understood" } : { kind: "values", values, ...clockShown(answer.reading) };
    }
  }
}

function clockShown(reading: Reading188): { clock?: ClockShown } {
  const text = reading.item === "volume" ? timeText(reading.clock) : null;
  return text === null ? {} : { clock: { date: text.slice(0, 10), time: text.slice(11) } };
}

function valuesOf(profile: MeterProfile, reading: Reading188): ReportedValues | null {
  switch (reading.item) {
    case "volume":
      return { energyWh: reading.litres, status: statusOf(profile, reading.status) };
    case "purchaseState": {
      const { credit } = profile;
      const inUnits = credit.at === "meter" && credit.unit === "0.01m3";
      return {
        ...(inUnits && { remainingWh: reading.remaining * LITRES_PER_STEP }),
        purchaseCount: reading.seq,
        status: statusOf(profile, reading.status),
      };
    }
    case "heat":
    case "settlement":
    case "address":
      return null;
  }
}

/** A closed valve is supply off. An abnormal one (D1) may stand anywhere: neither on nor off is said of it. */
function statusOf(profile: MeterProfile, status: Status188): NonNullable<ReportedValues["status"]> {
  const fault = status.valve === "abnormal";
  const relayOpen = fault || !profile.switch?.proof ? null : status.valve === "closed";
  return { word: status.word, relayOpen, fault };
}
