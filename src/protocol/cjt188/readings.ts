import { assert } from "#base/errors.ts";
import { type Bytes, bcdAt, concat, numberToBcd, ownHex, toHexReversed } from "../bytes.ts";
import type { LocalTime } from "../dlt645/commands.ts";
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
const CENTURY_BYTES = 2;

/** The reading in a payload (what follows DI and SER); null when a length, digit or unit does not fit. */
export function readingOf188(item: Item188, payload: Bytes): Reading188 | null {
  const layout = layoutFor(item, payload);
  if (layout === undefined) return null;
  if (item.di === DI_188.reading) {
    return layout === VOLUME_LAYOUT ? volumeReading(payload) : heatReading(payload);
  }
  if (item.di === DI_188.purchaseState) return purchaseStateReading(payload);
  if (item.di === DI_188.address) {
    return { item: "address", address: toHexReversed(payload).toUpperCase() };
  }
  if (layout.length === 1 && layout[0]!.name === "settlement") {
    const litres = measuredIn(payload, 0, 2, "volume");
    return litres === null ? null : { item: "settlement", litres };
  }
  return null;
}

/** The payload that carries a reading, in cubic metres and kilowatt hours. */
export function payloadOf188(reading: Reading188): Bytes {
  switch (reading.item) {
    case "volume":
      return concat(
        volume(reading.litres),
        volume(reading.settlementLitres ?? 0),
        clockToWire(reading.clock),
        statusToWire(reading.status),
      );
    case "heat":
      return concat(
        measured(reading.settlementWh ?? 0, UNIT_KWH, 2),
        measured(reading.wh, UNIT_KWH, 2),
        measured(reading.w ?? 0, UNIT_KW, 2),
        measured(reading.litresPerHour ?? 0, UNIT_M3_PER_HOUR, 4),
        volume(reading.litres ?? 0),
        numberToBcd(reading.supplyTemperature ?? 0, 3),
        numberToBcd(reading.returnTemperature ?? 0, 3),
        numberToBcd(reading.hours ?? 0, 3),
        clockToWire(reading.clock),
        statusToWire(reading.status),
      );
    case "settlement":
      return volume(reading.litres);
    case "purchaseState":
      return concat(
        Uint8Array.of(reading.seq),
        ...[reading.purchased, reading.cumulative, reading.remaining].map((amount) => numberToBcd(amount, 4)),
        statusToWire(reading.status),
      );
    case "address":
      return ownHex(reading.address, 7).reverse();
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
export function clockAt(payload: Bytes, at: number): LocalTime | null {
  const part = (offset: number, length = 1) => bcdAt(payload, at + offset, length, 0xff);
  const time = {
    year: part(5, CENTURY_BYTES),
    month: part(4),
    day: part(3),
    hour: part(2),
    minute: part(1),
    second: part(0),
  };
  if (Object.values(time).some(Number.isNaN)) return null;
  if (time.month < 1 || time.month > 12 || time.day < 1 || time.day > 31) return null;
  return time.hour > 23 || time.minute > 59 || time.second > 59 ? null : time;
}

/** A time on the wire; null is the unset clock. */
export function clockToWire(time: LocalTime | null): Bytes {
  if (time === null) return new Uint8Array(7);
  const { second, minute, hour, day, month, year } = time;
  return concat(
    ...[second, minute, hour, day, month].map((part) => numberToBcd(part, 1)),
    numberToBcd(year, CENTURY_BYTES),
  );
}

/** A measured value in our base unit, rounded to whole ones; null when digits, unit code or kind of unit are wrong. */
export function measuredIn(payload: Bytes, at: number, decimals: number, measures: Measured): number | null {
  const digits = bcdAt(payload, at, 4, 0xff);
  const unit = units188.get(payload[at + 4] ?? 0);
  if (Number.isNaN(digits) || unit === undefined || unit.measures !== measures) return null;
  const base = (digits * 10 ** unit.shift * unit.times) / (unit.over * 10 ** decimals);
  return Number.isSafeInteger(Math.round(base)) ? Math.round(base) : null;
}

function volumeReading(payload: Bytes): Reading188 | null {
  const litres = measuredIn(payload, 0, 2, "volume");
  if (litres === null) return null;
  const settlementLitres = measuredIn(payload, 5, 2, "volume");
  return { item: "volume", litres, settlementLitres, clock: clockAt(payload, 10), status: statusAt(payload, 17) };
}

function heatReading(payload: Bytes): Reading188 | null {
  const wh = measuredIn(payload, 5, 2, "energy");
  if (wh === null) return null;
  const number = (at: number) => {
    const digits = bcdAt(payload, at, 3, 0xff);
    return Number.isNaN(digits) ? null : digits;
  };
  return {
    item: "heat",
    wh,
    settlementWh: measuredIn(payload, 0, 2, "energy"),
    w: measuredIn(payload, 10, 2, "power"),
    litresPerHour: measuredIn(payload, 15, 4, "flow"),
    litres: measuredIn(payload, 20, 2, "volume"),
    supplyTemperature: number(25),
    returnTemperature: number(28),
    hours: number(31),
    clock: clockAt(payload, 34),
    status: statusAt(payload, 41),
  };
}

function purchaseStateReading(payload: Bytes): Reading188 | null {
  const [purchased, cumulative, remaining] = [1, 5, 9].map((at) => bcdAt(payload, at, 4, 0xff));
  if ([purchased, cumulative, remaining].some(Number.isNaN)) return null;
  return {
    item: "purchaseState",
    seq: payload[0]!,
    purchased: purchased!,
    cumulative: cumulative!,
    remaining: remaining!,
    status: statusAt(payload, 13),
  };
}

function statusAt(payload: Bytes, at: number): Status188 {
  return status188(payload[at]! | (payload[at + 1]! << 8));
}

function statusToWire(status: Status188): Bytes {
  return Uint8Array.of(status.word, status.word >> 8);
}

/** What meters show is cut, not rounded up: a register never runs ahead of what has flowed. */
function measured(base: number, code: number, decimals: number): Bytes {
  const unit = units188.get(code);
  assert(unit !== undefined, "our own unit code");
  const digits = Math.floor((base * 10 ** decimals * unit.over) / unit.times);
  return concat(numberToBcd(digits, 4), Uint8Array.of(code));
}

function volume(litres: number): Bytes {
  return measured(litres, UNIT_M3, 2);
}
