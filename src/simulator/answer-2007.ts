import type { Instant } from "#base/time.ts";
import { concat, fromHex } from "#protocol/bytes.ts";
import {
  decodeRelay,
  encodeReadError,
  encodeReadReply,
  encodeRelayReply,
  FUNCTION,
  type LocalTime,
  type Reading645,
  requestedDi,
  status3,
} from "#protocol/dlt645/commands.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import { di, diFromWire } from "#protocol/dlt645/items.ts";
import { changeCredit } from "./credit.ts";
import { isHeld } from "./load-guard.ts";
import { answerKeyMatter, isKeyMatter } from "./meter-key.ts";
import { close, isEmpty, type Meter, millivolts, open, powerWatts } from "./meters.ts";
import { RELAY_PASSWORD } from "./plan.ts";

/** Credit at or below which the pre-trip alarm bit is set: 5 kWh. */
const ALARM_WH = 5_000;

const READ = 0x11;
const READ_ADDRESS = 0x13;
const SECURITY = 0x03;
const RELAY = 0x1c;
/** Codes that this edition knows; to those of 1997 (01H, 04H …) a meter of 2007 is deaf. */
const FUNCTIONS: ReadonlySet<number> = new Set(Object.values(FUNCTION));
const FROM_METER = 0x80;
const ABNORMAL = 0x40;
const ERR_OTHER = 0x01;
const ERR_NO_DATA = 0x02;
const ERR_PASSWORD = 0x04;
const STATUS_WORDS_BYTES = 14;
/** A register shows 0.01 kWh and begins again after 999 999.99 kWh; the count begins again after 9999. */
const WH_SHOWN = 10;
const INDEX_WH_END = 1_000_000_000;
const COUNT_END = 10_000;
const SHANGHAI_OFFSET_MS = 8 * 3_600_000;

/**
 * What the meter says to a frame on its bus, after doing what the frame asks; null is silence. The meter has been
 * stepped to the present; `now` is the clock, which `speed` does not touch. DL/T 645-2007 §7, relay and prepay clauses.
 */
export function answer2007(meter: Meter, frame: Frame645, now: Instant): Frame645 | null {
  const { address } = meter.plan;
  if ((frame.control & FROM_METER) !== 0 || !covers(frame.address, address)) return null;
  if (frame.control === READ) return read(meter, frame);
  if (frame.control === READ_ADDRESS) return tellAddress(address);
  if (frame.address !== address) return null; // a wildcard may ask, never command
  if (frame.control === RELAY) return switchRelay(meter, frame, now);
  const asked = frame.control === SECURITY ? diFromWire(frame.data) : null;
  if (isKeyMatter(asked)) return answerKeyMatter(meter, frame, asked, now);
  if (frame.control === SECURITY) return changeCredit(meter, frame, now);
  if (!FUNCTIONS.has(frame.control)) return null;
  return { address, control: FROM_METER | ABNORMAL | frame.control, data: Uint8Array.of(ERR_OTHER) };
}

/** Whether an asked address means this meter: `AA` stands for any two digits; the broadcast address for nobody. */
export function covers(asked: string, address: string): boolean {
  if (asked.length !== address.length) return false;
  return [...asked].every((digit, i) => digit.toUpperCase() === "A" || digit === address[i]);
}

function tellAddress(address: string): Frame645 {
  const data = fromHex(address)?.toReversed() ?? new Uint8Array();
  return { address, control: FROM_METER | READ_ADDRESS, data };
}

function read(meter: Meter, frame: Frame645): Frame645 {
  const { address } = meter.plan;
  const asked = requestedDi(frame) ?? "";
  if (asked === di.statusWords) return tellStatusWords(meter, frame);
  const reading = readingOf(meter, asked);
  return reading ? encodeReadReply(address, reading, asked) : encodeReadError(address, ERR_NO_DATA);
}

/** Status words 1 to 7; only the third has anything to say. */
function tellStatusWords(meter: Meter, frame: Frame645): Frame645 {
  const words = new Uint8Array(STATUS_WORDS_BYTES);
  const word = statusWord3(meter);
  words[4] = word & 0xff;
  words[5] = word >> 8;
  return { address: meter.plan.address, control: FROM_METER | READ, data: concat(frame.data.subarray(0, 4), words) };
}

function readingOf(meter: Meter, asked: string): Reading645 | null {
  const { state } = meter;
  switch (asked) {
    case di.energyTotal:
      return { item: "energyTotal", wh: shown(state.indexWh) % INDEX_WH_END };
    case di.energyRemaining:
      return { item: "energyRemaining", wh: shown(Math.max(0, state.creditWh)) };
    case di.energyOverdraft:
      return { item: "energyOverdraft", wh: shown(Math.max(0, -state.creditWh)) };
    case di.energyBefore:
      return { item: "energyBefore", wh: shown(Math.max(0, state.beforeWh ?? 0)) };
    case di.purchaseCount:
      return { item: "purchaseCount", count: state.purchaseCount % COUNT_END };
    case di.voltageA:
      return { item: "voltage", mv: [millivolts(meter)] };
    case di.voltageBlock:
      return { item: "voltage", mv: [millivolts(meter), null, null] };
    case di.currentA:
      return { item: "current", ma: [milliamps(meter)] };
    case di.currentBlock:
      return { item: "current", ma: [milliamps(meter), null, null] };
    case di.powerTotal:
      return { item: "power", w: [powerWatts(meter)] };
    case di.powerBlock:
      return { item: "power", w: [powerWatts(meter), powerWatts(meter), null, null] };
    case di.statusWord3:
      return status3(statusWord3(meter));
    default:
      return null;
  }
}

/** A register truncates: the rest below 0.01 kWh is there but not shown. */
function shown(energyWh: number): number {
  return Math.floor(energyWh / WH_SHOWN) * WH_SHOWN;
}

function milliamps(meter: Meter): number {
  return Math.round((powerWatts(meter) * 1_000_000) / millivolts(meter));
}

/** Status word 3: b4 relay, b6 command, b7 pre-trip alarm, b9–8 01 = prepaid energy, b12 supply guard. */
function statusWord3({ plan, state }: Meter): number {
  const prepaid = plan.creditAt === "meter" && state.counts !== true;
  const bits: [boolean, number][] = [
    [state.relayOpen, 4],
    [state.commandedOpen, 6],
    [prepaid && state.creditWh <= ALARM_WH, 7],
    [prepaid, 8],
    [state.keepSupply, 12],
  ];
  return bits.reduce((word, [set, bit]) => word | (set ? 1 << bit : 0), 0);
}

/** Relay control 1CH: password, then time, then what the meter itself has to say against it. */
function switchRelay(meter: Meter, frame: Frame645, now: Instant): Frame645 {
  const { plan, state } = meter;
  const refuse = (err: number) => encodeRelayReply(plan.address, false, err);
  const command = decodeRelay(frame);
  if (!command.ok) return refuse(ERR_OTHER);
  if (command.password.toLowerCase() !== RELAY_PASSWORD) return refuse(ERR_PASSWORD);
  if (epochOf(command.validUntil) <= now) return refuse(ERR_OTHER);
  if (command.action === "trip") {
    if (state.keepSupply) return refuse(ERR_OTHER);
    open(meter, "command");
  } else if (isEmpty(meter) || isHeld(meter)) {
    return refuse(ERR_OTHER);
  } else if (command.action === "close") {
    if (plan.closesBy === "button") return refuse(ERR_OTHER);
    close(meter);
  } else {
    state.commandedOpen = false;
    state.revision++;
  }
  return encodeRelayReply(plan.address, true);
}

function epochOf(t: LocalTime): number {
  return Date.UTC(t.year, t.month - 1, t.day, t.hour, t.minute, t.second) - SHANGHAI_OFFSET_MS;
}
