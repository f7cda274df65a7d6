import { assert } from "#base/errors.ts";
import { type Instant, later, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { decodeAnswer, encodeRead, encodeRelay, expects, type LocalTime } from "#protocol/dlt645/commands.ts";
import { localTimeOf } from "#protocol/dlt645/control.ts";
import { decodeFrame645, encodeFrame645, type Frame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { encodeKeyUpdate } from "#protocol/dlt645/meter-key.ts";
import { protectedTopUp } from "#protocol/dlt645/prepay.ts";
import { encodeSecurity } from "#protocol/dlt645/security.ts";
import { PREPAID_MASK } from "#protocol/dlt645/status.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { safeTopUp } from "#protocol/profiles.ts";
import type { Driver, KeyWay, MeterAnswer, Switching, TopUpWay } from "./driver.ts";
import { firstPresent, judgeFrames } from "./judging.ts";
import { loadGuardMeaning, loadGuardOf } from "./load-guard-2007.ts";
import { clockOf, freezesOf, pastMeaning, recordsOf } from "./past-2007.ts";
import { placesOf } from "./places.ts";

/** 4 wake-up bytes, frame, identifier and the longest content: the wallet of a status query. */
const REPLY_BYTES = 46;
/** A relay moves within a second, an external breaker within some. */
const RELAY_MOVES_MS = 8 * SECOND_MS;
/** How long a relay command stays valid in the meter: it refuses a frame that was held back for longer. */
const RELAY_VALID_MS = 10 * MINUTE_MS;

/** Meters of DL/T 645-2007. */
export function driver2007(profile: MeterProfile): Driver {
  const wire = (frame: Frame645) => encodeFrame645(frame, profile.wakeUpBytes);
  return {
    profile,
    wire: "dlt645",
    replyBytes: REPLY_BYTES,
    ...placesOf(profile),
    encodeRead: (address, place) => wire(encodeRead(address, place)),
    judge: (question, heard) => judge(profile, question, heard),
    switching: switchingOf(profile, wire),
    topUp: topUpOf(profile, wire),
    keys: keysOf(profile, wire),
    freezes: freezesOf(profile, wire),
    records: recordsOf(profile, wire),
    clock: clockOf(profile, wire),
    loadGuard: loadGuardOf(profile, wire),
  };
}

/** The moment until which a relay command given now is valid, as the meter's clock shows it. */
export function relayValidUntil(now: Instant): LocalTime {
  return localTimeOf(later(now, RELAY_VALID_MS));
}

function switchingOf(profile: MeterProfile, wire: (frame: Frame645) => Bytes): Switching | null {
  const { access, quirks } = profile;
  if (profile.switch?.form !== "dlt645-1c") return null;
  assert(access !== null && access.operator !== null, `${profile.name} has the rights of its relay command`);
  const { password, operator } = access;
  return {
    proves: profile.switch.proof !== null,
    movesMs: RELAY_MOVES_MS,
    encode({ address, action, now }) {
      const validUntil = relayValidUntil(now);
      return wire(encodeRelay(address, { action, password, operator, validUntil, channel: quirks.n2 }));
    },
  };
}

function topUpOf(profile: MeterProfile, wire: (frame: Frame645) => Bytes): TopUpWay | null {
  const operator = profile.access?.operator ?? null;
  if (safeTopUp(profile)?.form !== "jc1" || operator === null) return null;
  return {
    needsKey: true,
    acts: ["top_up", "deduct", "clear", "set_mode"],
    encode({ address, act, count, amount, customer, mac }) {
      assert(mac !== null, "a JC1 top-up carries a MAC");
      return wire(protectedTopUp(address, { act, count, amount, customer, operator }, mac));
    },
  };
}

function keysOf(profile: MeterProfile, wire: (frame: Frame645) => Bytes): KeyWay | null {
  const operator = profile.access?.operator ?? null;
  if (safeTopUp(profile)?.form !== "jc1" || operator === null) return null;
  return {
    operator,
    encodeQuery: (address) => wire(encodeSecurity(address, operator, { kind: "query" })),
    encodeUpdate: (address, update, key) => wire(encodeKeyUpdate(address, update, key)),
  };
}

function judge(profile: MeterProfile, question: Bytes, heard: Bytes) {
  const asked = decodeFrame645(question);
  assert(asked.ok, "a question of ours is a frame");
  return judgeFrames(framesIn645(heard), {
    isOwn: (frame) => expects(asked.frame, frame),
    isSameMeter: (frame) => frame.address === asked.frame.address,
    decode: (frame) => meaning(profile, frame),
  });
}

/** What an answer means to the system; single-phase values take the first phase that is there. */
function meaning(profile: MeterProfile, frame: Frame645): MeterAnswer {
  const answer = decodeAnswer(frame);
  switch (answer.kind) {
    case "done":
      return { kind: "done" };
    case "refused":
      return { kind: "refused", code: answer.code, reasons: answer.reasons };
    case "security":
      return answer;
    case "raw":
      return (
        pastMeaning(answer.di, answer.data) ?? loadGuardMeaning(answer.di, answer.data) ?? { kind: "not_understood" }
      );
    case "unexpected":
      return { kind: "not_understood" };
  }
  const { reading } = answer;
  switch (reading.item) {
    case "energyTotal":
      return { kind: "values", values: { energyWh: reading.wh } };
    case "energyRemaining":
      return { kind: "values", values: { remainingWh: reading.wh } };
    case "energyOverdraft":
      return { kind: "values", values: {}, overdraftWh: reading.wh };
    case "energyBefore":
      return { kind: "values", values: { beforeWh: reading.wh } };
    case "purchaseCount":
      return { kind: "values", values: { purchaseCount: reading.count } };
    case "voltage":
      return { kind: "values", values: { voltageMv: firstPresent(reading.mv) } };
    case "current":
      return { kind: "values", values: { currentMa: firstPresent(reading.ma) } };
    case "power":
      return { kind: "values", values: { powerW: reading.w[0] ?? null } };
    case "status3": {
      const mask = profile.switch?.proof?.openMask;
      const relayOpen = mask === undefined ? null : (reading.word & mask) !== 0;
      const trips = (reading.word & PREPAID_MASK) !== 0;
      const status = { word: reading.word, relayOpen, fault: false, trips };
      return { kind: "values", values: { status }, commandedOff: reading.relayCommandedOpen };
    }
  }
}
