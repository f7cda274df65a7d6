import { assert } from "#base/errors.ts";
import { type Instant, SECOND_MS } from "#base/time.ts";
import type { ReportedValues } from "#flows/record-readings.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { localTimeOf } from "#protocol/dlt645/control.ts";
import { decodeAnswer97, encodeClockSet97, encodeRead97, expects97 } from "#protocol/dlt645v1997/commands.ts";
import { decodeFrame97, encodeFrame97, type Frame97, framesIn97 } from "#protocol/dlt645v1997/frame.ts";
import type { Items97 } from "#protocol/dlt645v1997/item.ts";
import { items97 } from "#protocol/dlt645v1997/items.ts";
import type { Reading97 } from "#protocol/dlt645v1997/readings.ts";
import { encodePurchase97, encodeRelay97, sf97Items } from "#protocol/dlt645v1997/sf97.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { safeTopUp } from "#protocol/profiles.ts";
import type { ClockWay, Driver, MeterAnswer, Switching, TopUpWay } from "./driver.ts";
import { firstPresent, judgeFrames } from "./judging.ts";
import { placesOf } from "./places.ts";

/** Wake-up bytes, frame, identifier and all prepaid counters (18 bytes). */
const REPLY_BYTES = 40;
/** Date and week, and time of day, of the meter. */
const DATE = "C010";
const TIME = "C011";
const RELAY_MOVES_MS = 8 * SECOND_MS;

/** Meters of DL/T 645-1997, plain and with the prepaid items of the campus family. */
export function driver1997(profile: MeterProfile): Driver {
  const wire = (frame: Frame97) => encodeFrame97(frame, profile.wakeUpBytes);
  const items = profile.table === "sf97" ? sf97Items : items97;
  return {
    profile,
    wire: "dlt645",
    replyBytes: REPLY_BYTES,
    ...placesOf(profile),
    encodeRead: (address, place) => wire(encodeRead97(address, place)),
    judge(question, heard) {
      const asked = decodeFrame97(question);
      assert(asked.ok, "a question of ours is a frame");
      return judgeFrames(framesIn97(heard), {
        isOwn: (frame) => expects97(asked.frame, frame),
        isSameMeter: (frame) => frame.address === asked.frame.address,
        decode: (frame) => meaning(profile, items, frame),
      });
    },
    switching: switchingOf(profile, wire),
    topUp: topUpOf(profile, wire),
    keys: null,
    freezes: null,
    records: null,
    loadGuard: null,
    clock: clockOf(profile, wire),
  };
}

function clockOf({ clock }: MeterProfile, wire: (frame: Frame97) => Bytes): ClockWay | null {
  if (clock === null) return null;
  const encodeCall = clock.broadcast ? (at: Instant) => wire(encodeClockSet97(localTimeOf(at))) : null;
  return { places: clock.reads, encodeCall, encodeWrite: null };
}

function switchingOf(profile: MeterProfile, wire: (frame: Frame97) => Bytes): Switching | null {
  const { access } = profile;
  if (profile.switch?.form !== "sf97-word") return null;
  assert(access !== null, `${profile.name} has the password of its relay command`);
  return {
    proves: profile.switch.proof !== null,
    movesMs: RELAY_MOVES_MS,
    encode({ address, action }) {
      // There is no permission in this form: whatever is to give supply back closes.
      const relay = { loop: 1, action: action === "trip" ? "trip" : "close" } as const;
      return wire(encodeRelay97(address, relay, access.password));
    },
  };
}

function topUpOf(profile: MeterProfile, wire: (frame: Frame97) => Bytes): TopUpWay | null {
  const { access } = profile;
  if (safeTopUp(profile)?.form !== "sf97" || access === null) return null;
  return {
    needsKey: false,
    acts: ["top_up"],
    encode: ({ address, count, amount }) => wire(encodePurchase97(address, { count, amount }, access.password)),
  };
}

function meaning(profile: MeterProfile, items: Items97, frame: Frame97): MeterAnswer {
  const answer = decodeAnswer97(frame, items);
  switch (answer.kind) {
    case "done":
      return { kind: "done" };
    case "refused":
      return { kind: "refused", code: answer.code, reasons: answer.reasons };
    case "raw": {
      const shown = items.get(answer.di)?.fields[0];
      const text = shown?.as === "text" && shown.bytes === answer.data.length ? shown.read(answer.data) : null;
      if (text !== null && answer.di === DATE)
        return { kind: "values", values: {}, clock: { date: text.slice(0, 10) } };
      if (text !== null && answer.di === TIME) return { kind: "values", values: {}, clock: { time: text } };
      return { kind: "not_understood" };
    }
    case "unexpected":
      return { kind: "not_understood" };
    case "reading": {
      const values = valuesOf(profile, answer.reading);
      return values === null ? { kind: "not_understood" } : { kind: "values", values };
    }
  }
}

function valuesOf(profile: MeterProfile, reading: Reading97): ReportedValues | null {
  switch (reading.item) {
    case "energyTotal":
      return { energyWh: reading.wh };
    case "energyRemaining":
      return { remainingWh: reading.wh };
    case "purchase":
      return { purchaseCount: reading.count };
    case "counters":
      return { remainingWh: reading.remainingWh - reading.overdraftWh, purchaseCount: reading.count };
    case "voltage":
      return { voltageMv: firstPresent(reading.mv) };
    case "current":
      return { currentMa: firstPresent(reading.ma) };
    case "power":
      return { powerW: reading.w[0] ?? null };
    case "status": {
      const mask = profile.switch?.proof?.openMask;
      // Where no source says which bit means what, the word is kept and the relay stays unknown.
      const relayOpen = mask === undefined ? null : (reading.word & mask) !== 0;
      return { status: { word: reading.word, relayOpen, fault: false } };
    }
    case "energyByTariff":
    case "loadLimit":
    case "loadRange":
      return null;
  }
}
