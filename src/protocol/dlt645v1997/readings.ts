import { assert } from "#base/errors.ts";
import { type Bytes, concat } from "../bytes.ts";
import { digitsAt, fromBase, isAbsent, putDigits, toBase } from "../register.ts";
import { fieldsIn97, type Item97, masked97 } from "./items.ts";

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

/** The reading in a payload (what follows the identifier); null when its length or a digit does not fit the item. */
export function readingOf97(item: Item97, payload: Bytes): Reading97 | null {
  const plain = item.masked ? masked97(payload) : payload;
  const placed = fieldsIn97(item, plain);
  if (placed === null || item.reads === null) return null;
  if (item.reads === "status") return { item: "status", word: plain[0]! };
  const values: (number | null)[] = [];
  for (const { field, at } of placed) {
    const value = field.as === "number" ? toBase(digitsAt(plain, at, field), field) : plain[at]!;
    if (!Number.isNaN(value)) values.push(value);
    else if (isAbsent(plain, at, field.bytes)) values.push(null);
    else return null;
  }
  switch (item.reads) {
    case "voltage":
      return { item: "voltage", mv: values };
    case "current":
      return { item: "current", ma: values };
    case "power":
      return { item: "power", w: values };
    default: {
      const known = values.filter((value) => value !== null);
      return known.length === values.length ? plainReading(item.reads, known) : null;
    }
  }
}

type Whole = "energyTotal" | "energyRemaining" | "energyByTariff" | "purchase" | "counters" | "loadLimit" | "loadRange";

function plainReading(reads: Whole, values: number[]): Reading97 {
  const at = (i: number) => values[i] ?? 0;
  switch (reads) {
    case "energyTotal":
    case "energyRemaining":
      return { item: reads, wh: at(0) };
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

/** The payload that carries a reading; a block is as long as the reading has values. */
export function payloadOf97(item: Item97, reading: Reading97): Bytes {
  assert(item.reads === reading.item, "the item does not carry this reading");
  const values = valuesOf(reading);
  assert(
    item.block ? values.length <= item.fields.length : values.length === item.fields.length,
    "wrong number of values",
  );
  const parts = values.map((value, i) => {
    const field = item.fields[i]!;
    const bytes = new Uint8Array(field.bytes);
    if (value === null) bytes.fill(0xff);
    else if (field.as === "number") putDigits(bytes, 0, field, fromBase(value, field));
    else bytes[0] = value;
    return bytes;
  });
  const payload = concat(...parts);
  return item.masked ? masked97(payload) : payload;
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
