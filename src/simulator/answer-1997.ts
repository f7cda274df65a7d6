import { dayOf, type Instant, weekdayOf } from "#base/time.ts";
import { type Bytes, concat, toHex } from "#protocol/bytes.ts";
import { instantOf, localTimeOf, putLocalTime } from "#protocol/dlt645/control.ts";
import {
  BROADCAST_97,
  decodeRequest97,
  encodeDone97,
  encodeError97,
  encodeReadReply97,
  FUNCTION_97,
  type Write97,
} from "#protocol/dlt645v1997/commands.ts";
import type { Frame97 } from "#protocol/dlt645v1997/frame.ts";
import { diToWire97, items97 } from "#protocol/dlt645v1997/items.ts";
import type { Reading97 } from "#protocol/dlt645v1997/readings.ts";
import { purchaseIn97, relayIn97, SF97, sf97Items } from "#protocol/dlt645v1997/sf97.ts";
import { ERR_97 } from "#protocol/dlt645v1997/status.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { HOARD_LIMIT_WH } from "./credit.ts";
import { meterClock, takeCalledTime } from "./memory.ts";
import { close, isEmpty, type Meter, millivolts, open, powerWatts } from "./meters.ts";

/** A register shows 0.01 kWh and begins again after 999 999.99 kWh. */
const WH_SHOWN = 10;
const INDEX_WH_END = 1_000_000_000;
/** C020: the relay of loop 1. */
const LOOP_1 = 0x08;
const FROM_METER = 0x80;

/** What a meter of DL/T 645-1997 says, plain or with the prepaid items of the campus family; null is silence. */
export function answer1997(meter: Meter, profile: MeterProfile, frame: Frame97, now: Instant): Frame97 | null {
  const { address } = meter.plan;
  if (frame.address === BROADCAST_97) hearTime(meter, frame, now);
  if (frame.address !== address) return null;
  const asked = decodeRequest97(frame);
  if (!asked.ok) return asked.err === null ? null : encodeError97(address, frame.control, asked.err);
  const { request } = asked;
  switch (request.kind) {
    case "read":
      return tellClock(meter, request.di, now) ?? read(meter, profile, request.di);
    case "write":
      return write(meter, profile, request);
    default:
      return null;
  }
}

function read(meter: Meter, profile: MeterProfile, di: string): Frame97 {
  const { address } = meter.plan;
  const items = profile.table === "sf97" ? sf97Items : items97;
  const reading = readingOf(meter, profile, di);
  return reading !== null && items.get(di) !== undefined
    ? encodeReadReply97(address, di, reading, items)
    : encodeError97(address, FUNCTION_97.read, ERR_97.badIdentifier);
}

/** C010 WW DD MM YY, C011 ss mm hh; null when neither is asked for. */
function tellClock(meter: Meter, di: string, now: Instant): Frame97 | null {
  const time = localTimeOf(meterClock(meter, now));
  const data = new Uint8Array(6);
  putLocalTime(data, 0, time);
  const date = Uint8Array.of(weekdayOf(dayOf(meterClock(meter, now))), ...data.subarray(3));
  const shows: Readonly<Record<string, Bytes>> = { C010: date, C011: data.subarray(0, 3) };
  const shown = shows[di];
  if (shown === undefined) return null;
  return { address: meter.plan.address, control: FUNCTION_97.read | FROM_METER, data: concat(diToWire97(di), shown) };
}

function hearTime(meter: Meter, frame: Frame97, now: Instant): void {
  const told = decodeRequest97(frame);
  if (told.ok && told.request.kind === "clockSet") takeCalledTime(meter, instantOf(told.request.time), now);
}

function readingOf(meter: Meter, profile: MeterProfile, di: string): Reading97 | null {
  const { state } = meter;
  const watts = powerWatts(meter);
  switch (di) {
    case "9010":
      return { item: "energyTotal", wh: shown(state.indexWh) };
    case "901F":
      return { item: "energyByTariff", wh: [shown(state.indexWh)] };
    case "B611":
      return { item: "voltage", mv: [millivolts(meter)] };
    case "B621":
      return { item: "current", ma: [Math.round((watts * 1_000_000) / millivolts(meter))] };
    case "B630":
      return { item: "power", w: [watts] };
    case "C020":
      return { item: "status", word: statusWord(meter, profile) };
    case SF97.purchase:
      return { item: "purchase", count: state.purchaseCount, wh: (state.topUps.at(-1)?.amount ?? 0) * WH_SHOWN };
    case SF97.remaining:
      return { item: "energyRemaining", wh: shown(Math.max(0, state.creditWh)) };
    case SF97.counters:
      return counters(meter);
    default:
      return null;
  }
}

function counters({ plan, state }: Meter): Reading97 {
  const bought = state.topUps.reduce((sum, each) => sum + each.amount * WH_SHOWN, 0);
  return {
    item: "counters",
    usedWh: shown(state.indexWh - plan.initialIndexWh),
    boughtWh: shown(bought),
    remainingWh: shown(Math.max(0, state.creditWh)),
    overdraftWh: shown(Math.max(0, -state.creditWh)),
    count: state.purchaseCount,
  };
}

function shown(energyWh: number): number {
  return (Math.floor(energyWh / WH_SHOWN) * WH_SHOWN) % INDEX_WH_END;
}

/** The models of which nobody has told the sense of the bit have it the other way round here: it may not be believed. */
function statusWord({ state }: Meter, profile: MeterProfile): number {
  const off = profile.switch?.proof ? state.relayOpen : !state.relayOpen;
  return profile.switch !== null && off ? LOOP_1 : 0;
}

function write(meter: Meter, profile: MeterProfile, command: Write97): Frame97 {
  const { address } = meter.plan;
  const refuse = (err: number) => encodeError97(address, FUNCTION_97.write, err);
  if (command.password.toLowerCase() !== profile.access?.password) return refuse(ERR_97.password);
  const loops: readonly string[] = profile.switch?.loops ?? [];
  const relay = loops.includes(command.di) ? relayIn97(command) : null;
  const taken = relay ? switchRelay(meter, relay.action) : profile.table === "sf97" ? topUp(meter, command) : null;
  if (taken === null) return refuse(ERR_97.badIdentifier);
  return taken ? encodeDone97(address, FUNCTION_97.write) : refuse(ERR_97.illegalData);
}

function switchRelay(meter: Meter, action: "trip" | "close"): boolean {
  if (action === "trip" ? meter.state.keepSupply : isEmpty(meter)) return false;
  if (action === "trip") open(meter, "command");
  else close(meter);
  return true;
}

/** E501: the repeat of the last purchase changes nothing; any other number than the next is refused. Null: no purchase. */
function topUp(meter: Meter, command: Write97): boolean | null {
  const { plan, state } = meter;
  if (command.di !== SF97.purchase) return null;
  const purchase = purchaseIn97(command);
  if (purchase === null || plan.creditAt !== "meter") return false;
  const data = toHex(command.data);
  if (purchase.count === state.purchaseCount) return state.lastTopUp === data;
  const creditWh = state.creditWh + purchase.amount * WH_SHOWN;
  if (purchase.count !== state.purchaseCount + 1 || creditWh > HOARD_LIMIT_WH) return false;
  Object.assign(state, { creditWh, purchaseCount: purchase.count, lastTopUp: data });
  state.topUps.push({ ...purchase });
  state.revision++;
  return true;
}
