import { assert } from "#base/errors.ts";
import { addressAt, putAddress } from "../address.ts";
import { type Bytes, bcdAt, putBcd } from "../bytes.ts";
import type { LocalTime } from "../dlt645/control.ts";
import { DI_188, type Item188, layoutFor, VOLUME_LAYOUT } from "./items.ts";
import { type Measured, UNIT_KW, UNIT_KWH, UNIT_M3, UNIT_M3_PER_HOUR, units188 } from "./units.ts";

/** ST. `abnormal` hides whether the valve is open; some makers use the higher bits, so the word is kept. */
export type Status188 = { word: number; valve: "open" | "closed" | "abnormal"; batteryLow: boolean };

/** The data of a good answer in integers of our base units: litre, Wh, W. */
export type Reading188 =
  /** Null where the meter keeps no settlement volume or shows no possible time. */
  | { item: "volume"; litres: number; settlementLitres: number | null; clock: LocalTime | null; status: Status188 }
  /** Temperatures in 0.01 °C, flow in litres an hour. */
  | {
      item: "heat";
      wh: number;
      settlementWh: number | null;
      w: number | null;
      litresPerHour: number | null;
      litres: number | null;
      supplyTemperature: number | null;
      returnTemperature: number | null;
      hours: number | null;
      clock: LocalTime | null;
      status: Status188;
    }
  /** The volume at an earlier settlement. */
  | { item: "settlement"; litres: number }
  /** In 0.01 of what the meter sells; `seq` is the number of the last purchase. */
  | { item: "purchaseState"; seq: number; purchased: number; cumulative: number; remaining: number; status: Status188 }
  | { item: "address"; address: string };

/** D0 valve closed, D1 valve abnormal, D2 battery low. */
const ST = { closed: 0x01, abnormal: 0x02, batteryLow: 0x04 };

/** The reading in data from `at` on (behind DI and SER); null when a length, digit or unit does not fit. */
export function readingOf188(item: Item188, data: Bytes, at: number): Reading188 | null {
  const layout = layoutFor(item, data.length - at);
  if (layout === undefined) return null;
  if (item.di === DI_188.reading) return layout === VOLUME_LAYOUT ? volumeReading(data, at) : heatReading(data, at);
  if (item.di === DI_188.purchaseState) return purchaseStateReading(data, at);
  if (item.di === DI_188.address) return { item: "address", address: addressAt(data, at, 7) };
  if (layout.length === 1 && layout[0]!.name === "settlement") {
    const litres = measuredIn(data, at, 2, "volume");
    return litres === null ? null : { item: "settlement", litres };
  }
  return null;
}

/** How many bytes carry a reading. */
export function readingLength188(reading: Reading188): number {
  return LENGTHS[reading.item];
}

const LENGTHS: Readonly<Record<Reading188["item"], number>> = {
  volume: 19,
  heat: 43,
  settlement: 5,
  purchaseState: 15,
  address: 7,
};

/** Writes a reading into data from `at` on, in cubic metres and kilowatt hours. */
export function putReading188(data: Bytes, at: number, reading: Reading188): void {
  switch (reading.item) {
    case "volume":
      putMeasured(data, at, reading.litres, UNIT_M3, 2);
      putMeasured(data, at + 5, reading.settlementLitres ?? 0, UNIT_M3, 2);
      putClock(data, at + 10, reading.clock);
      putStatus(data, at + 17, reading.status);
      break;
    case "heat":
      putMeasured(data, at, reading.settlementWh ?? 0, UNIT_KWH, 2);
      putMeasured(data, at + 5, reading.wh, UNIT_KWH, 2);
      putMeasured(data, at + 10, reading.w ?? 0, UNIT_KW, 2);
      putMeasured(data, at + 15, reading.litresPerHour ?? 0, UNIT_M3_PER_HOUR, 4);
      putMeasured(data, at + 20, reading.litres ?? 0, UNIT_M3, 2);
      putBcd(data, at + 25, 3, reading.supplyTemperature ?? 0);
      putBcd(data, at + 28, 3, reading.returnTemperature ?? 0);
      putBcd(data, at + 31, 3, reading.hours ?? 0);
      putClock(data, at + 34, reading.clock);
      putStatus(data, at + 41, reading.status);
      break;
    case "settlement":
      putMeasured(data, at, reading.litres, UNIT_M3, 2);
      break;
    case "purchaseState":
      data[at] = reading.seq;
      putBcd(data, at + 1, 4, reading.purchased);
      putBcd(data, at + 5, 4, reading.cumulative);
      putBcd(data, at + 9, 4, reading.remaining);
      putStatus(data, at + 13, reading.status);
      break;
    case "address":
      putAddress(data, at, reading.address, 7);
  }
}

/** ST with its standard bits; the first byte carries them. */
export function status188(word: number): Status188 {
  const valve = (word & ST.abnormal) !== 0 ? "abnormal" : (word & ST.closed) !== 0 ? "closed" : "open";
  return { word, valve, batteryLow: (word & ST.batteryLow) !== 0 };
}

/** The ST word with these bits, for the meter's side. */
export function statusWord188(valve: Status188["valve"], batteryLow = false): number {
  const position = { open: 0, closed: ST.closed, abnormal: ST.abnormal }[valve];
  return position | (batteryLow ? ST.batteryLow : 0);
}

/** ss mm hh DD MM YY and the century; null when the digits are none or no possible moment (an unset clock is all zero). */
export function clockAt(data: Bytes, at: number): LocalTime | null {
  const second = bcdAt(data, at, 1, 0xff);
  const minute = bcdAt(data, at + 1, 1, 0xff);
  const hour = bcdAt(data, at + 2, 1, 0xff);
  const day = bcdAt(data, at + 3, 1, 0xff);
  const month = bcdAt(data, at + 4, 1, 0xff);
  const year = bcdAt(data, at + 5, 2, 0xff);
  // Comparisons that are true only for numbers: what is no number is no moment either.
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= 31 && year >= 0;
  return isDate && hour <= 23 && minute <= 59 && second <= 59 ? { year, month, day, hour, minute, second } : null;
}

/** A time on the wire; null is the unset clock. */
export function clockToWire(time: LocalTime | null): Bytes {
  const wire = new Uint8Array(7);
  putClock(wire, 0, time);
  return wire;
}

/** A measured value in our base unit, rounded to whole ones; null when digits, unit code or kind of unit are wrong. */
export function measuredIn(data: Bytes, at: number, decimals: 2 | 4, measures: Measured): number | null {
  const unit = units188.get(data[at + 4] ?? 0);
  const digits = bcdAt(data, at, 4, 0xff);
  if (unit === undefined || unit.measures !== measures || Number.isNaN(digits)) return null;
  const base = Math.round((digits * unit.times) / (unit.over * (decimals === 2 ? 100 : 10_000)));
  return Number.isSafeInteger(base) ? base : null;
}

function volumeReading(data: Bytes, at: number): Reading188 | null {
  const litres = measuredIn(data, at, 2, "volume");
  if (litres === null) return null;
  const settlementLitres = measuredIn(data, at + 5, 2, "volume");
  return { item: "volume", litres, settlementLitres, clock: clockAt(data, at + 10), status: statusAt(data, at + 17) };
}

function heatReading(data: Bytes, at: number): Reading188 | null {
  const wh = measuredIn(data, at + 5, 2, "energy");
  if (wh === null) return null;
  return {
    item: "heat",
    wh,
    settlementWh: measuredIn(data, at, 2, "energy"),
    w: measuredIn(data, at + 10, 2, "power"),
    litresPerHour: measuredIn(data, at + 15, 4, "flow"),
    litres: measuredIn(data, at + 20, 2, "volume"),
    supplyTemperature: numberAt(data, at + 25),
    returnTemperature: numberAt(data, at + 28),
    hours: numberAt(data, at + 31),
    clock: clockAt(data, at + 34),
    status: statusAt(data, at + 41),
  };
}

function numberAt(data: Bytes, at: number): number | null {
  const digits = bcdAt(data, at, 3, 0xff);
  return Number.isNaN(digits) ? null : digits;
}

function purchaseStateReading(data: Bytes, at: number): Reading188 | null {
  const purchased = bcdAt(data, at + 1, 4, 0xff);
  const cumulative = bcdAt(data, at + 5, 4, 0xff);
  const remaining = bcdAt(data, at + 9, 4, 0xff);
  if (Number.isNaN(purchased + cumulative + remaining)) return null;
  return {
    item: "purchaseState",
    seq: data[at]!,
    purchased,
    cumulative,
    remaining,
    status: statusAt(data, at + 13),
  };
}

function statusAt(data: Bytes, at: number): Status188 {
  return status188(data[at]! | (data[at + 1]! << 8));
}

function putStatus(data: Bytes, at: number, { word }: Status188): void {
  data[at] = word;
  data[at + 1] = word >> 8;
}

function putClock(data: Bytes, at: number, time: LocalTime | null): void {
  if (time === null) return;
  putBcd(data, at, 1, time.second);
  putBcd(data, at + 1, 1, time.minute);
  putBcd(data, at + 2, 1, time.hour);
  putBcd(data, at + 3, 1, time.day);
  putBcd(data, at + 4, 1, time.month);
  putBcd(data, at + 5, 2, time.year);
}

/** What meters show is cut, not rounded up: a register never runs ahead of what has flowed. */
function putMeasured(data: Bytes, at: number, base: number, code: number, decimals: 2 | 4): void {
  const unit = units188.get(code);
  assert(unit !== undefined, "our own unit code");
  putBcd(data, at, 4, Math.floor((base * (decimals === 2 ? 100 : 10_000) * unit.over) / unit.times));
  data[at + 4] = code;
}
