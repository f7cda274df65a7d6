import { assert } from "#base/errors.ts";
import type { Bytes } from "../bytes.ts";
import { digitsAt, fromBase, isAbsent, putDigits, toBase } from "../register.ts";
import type { Field97, Item97 } from "./item.ts";
import { fieldCount97, masked97 } from "./items.ts";

/** The data of a good answer in integers of our base units: Wh, mV, mA, W. */
export type Reading97 =
  | { item: "energyTotal" | "energyRemaining"; wh: number }
  /** Total first, then the tariffs as far as the meter has them. */
  | { item: "energyByTariff"; wh: number[] }
  /** Per phase; null where the meter has no such phase. */
  | { item: "voltage"; mv: (number | null)[] }
  | { item: "current"; ma: (number | null)[] }
  /** A block is total, A, B, C as far as it goes. */
  | { item: "power"; w: (number | null)[] }
  /** The last purchase: its number and what it brought. */
  | { item: "purchase"; count: number; wh: number }
  | { item: "counters"; usedWh: number; boughtWh: number; remainingWh: number; overdraftWh: number; count: number }
  /** C020. What the bits mean differs between makers: the word alone proves nothing about a relay. */
  | { item: "status"; word: number }
  /** Malicious load (恶性负载): `flag` as the meter has it, and the power from which it trips. */
  | { item: "loadLimit"; flag: number; w: number }
  | { item: "loadRange"; wMin: number; wMax: number };

/** The reading in data from `at` on (behind the identifier); null when its length or a digit does not fit the item. */
export function readingOf97(item: Item97, data: Bytes, at: number): Reading97 | null {
  const { reads } = item;
  if (reads === null) return null;
  if (item.masked) return readingIn(item, reads, masked97(data.subarray(at)), 0);
  return readingIn(item, reads, data, at);
}

function readingIn(item: Item97, reads: Reading97["item"], data: Bytes, at: number): Reading97 | null {
  const count = fieldCount97(item, data, at);
  if (count === 0) return null;
  switch (reads) {
    case "energyTotal":
    case "energyRemaining": {
      const wh = numberAt(item.fields[0]!, data, at);
      return Number.isNaN(wh) ? null : { item: reads, wh };
    }
    case "status":
      return { item: reads, word: data[at]! };
    case "voltage": {
      const mv = phasesIn(item, data, at, count);
      return mv && { item: reads, mv };
    }
    case "current": {
      const ma = phasesIn(item, data, at, count);
      return ma && { item: reads, ma };
    }
    case "power": {
      const w = phasesIn(item, data, at, count);
      return w && { item: reads, w };
    }
    default: {
      const values = numbersIn(item, data, at, count);
      return values && severalReading(reads, values);
    }
  }
}

type Several = "energyByTariff" | "purchase" | "counters" | "loadLimit" | "loadRange";

function severalReading(reads: Several, values: number[]): Reading97 {
  const at = (i: number) => values[i] ?? 0;
  switch (reads) {
    case "energyByTariff":
      return { item: reads, wh: values };
    case "purchase":
      return { item: reads, count: at(0), wh: at(1) };
    case "counters":
      return { item: reads, usedWh: at(0), boughtWh: at(1), remainingWh: at(2), overdraftWh: at(3), count: at(4) };
    case "loadLimit":
      return { item: reads, flag: at(0), w: at(1) };
    case "loadRange":
      return { item: reads, wMin: at(0), wMax: at(1) };
  }
}

/** A value in base units, a flag as its byte; NaN for digits that are none. */
function numberAt(field: Field97, data: Bytes, at: number): number {
  return field.as === "number" ? toBase(digitsAt(data, at, field), field) : data[at]!;
}

/** Values that may be missing; null for all when one is neither a number nor absent. */
function phasesIn(item: Item97, data: Bytes, from: number, count: number): (number | null)[] | null {
  const values: (number | null)[] = [];
  let at = from;
  for (let i = 0; i < count; i++) {
    const field = item.fields[i]!;
    const value = numberAt(field, data, at);
    if (!Number.isNaN(value)) values.push(value);
    else if (isAbsent(data, at, field.bytes)) values.push(null);
    else return null;
    at += field.bytes;
  }
  return values;
}

function numbersIn(item: Item97, data: Bytes, from: number, count: number): number[] | null {
  const values: number[] = [];
  let at = from;
  for (let i = 0; i < count; i++) {
    const field = item.fields[i]!;
    const value = numberAt(field, data, at);
    if (Number.isNaN(value)) return null;
    values.push(value);
    at += field.bytes;
  }
  return values;
}

/** The data that carries a reading, identifier in front; a block is as long as the reading has values. */
export function dataOf97(item: Item97, reading: Reading97): Bytes {
  assert(item.reads === reading.item, "the item does not carry this reading");
  const { fields } = item;
  const single = reading.item === "energyTotal" || reading.item === "energyRemaining" ? reading.wh : null;
  const values = single === null ? valuesOf(reading) : NO_VALUES;
  const count = single === null ? values.length : 1;
  assert(item.block ? count <= fields.length : count === fields.length, "wrong number of values");
  let length = 2;
  for (let i = 0; i < count; i++) length += fields[i]!.bytes;
  const data = new Uint8Array(length);
  data[0] = item.code;
  data[1] = item.code >> 8;
  let at = 2;
  for (let i = 0; i < count; i++) {
    const field = fields[i]!;
    putValue(data, at, field, single ?? values[i] ?? null);
    at += field.bytes;
  }
  if (item.masked) data.set(masked97(data.subarray(2)), 2);
  return data;
}

const NO_VALUES: readonly (number | null)[] = [];

function putValue(data: Bytes, at: number, field: Field97, value: number | null): void {
  if (value === null) data.fill(0xff, at, at + field.bytes);
  else if (field.as === "number") putDigits(data, at, field, fromBase(value, field));
  else data[at] = value;
}

function valuesOf(reading: Reading97): (number | null)[] {
  switch (reading.item) {
    case "energyTotal":
    case "energyRemaining":
      return [reading.wh];
    case "energyByTariff":
      return reading.wh;
    case "voltage":
      return reading.mv;
    case "current":
      return reading.ma;
    case "power":
      return reading.w;
    case "purchase":
      return [reading.count, reading.wh];
    case "counters":
      return [reading.usedWh, reading.boughtWh, reading.remainingWh, reading.overdraftWh, reading.count];
    case "status":
      return [reading.word];
    case "loadLimit":
      return [reading.flag, reading.w];
    case "loadRange":
      return [reading.wMin, reading.wMax];
  }
}
