import { type Bytes, bcdAt, putBcd } from "./bytes.ts";

/**
 * How one number stands in a frame: BCD digits, low byte first. `decimals` belong to `unit` as the standard prints it;
 * `times / over` turns the last digit into our base unit (Wh, mV, mA, W, litre), rounded half away from zero.
 */
export type Quantity = {
  bytes: number;
  decimals: number;
  unit: string;
  /** Bit 7 of the highest byte is a sign. Such a bit in an unsigned number makes it no number. */
  signed: boolean;
  times: number;
  over: number;
};

/** The number in last digits (26 for 0.26 kWh); NaN when the bytes show no number. Minus zero is zero. */
export function digitsAt(bytes: Bytes, at: number, quantity: Quantity): number {
  const length = quantity.bytes;
  if (!quantity.signed) return bcdAt(bytes, at, length, 0xff);
  const value = bcdAt(bytes, at, length, 0x7f);
  return bytes[at + length - 1]! < 0x80 || value === 0 ? value : -value;
}

/** Whether all bytes are FFH: the meter has no such phase. */
export function isAbsent(bytes: Bytes, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (bytes[i] !== 0xff) return false;
  return true;
}

/** Writes last digits back; the other direction of {@link digitsAt}. */
export function putDigits(bytes: Bytes, at: number, quantity: Quantity, digits: number): void {
  if (digits < 0 && quantity.signed) {
    putBcd(bytes, at, quantity.bytes, -digits);
    bytes[at + quantity.bytes - 1]! |= 0x80;
  } else {
    putBcd(bytes, at, quantity.bytes, digits);
  }
}

/** Last digits → base unit. */
export function toBase(digits: number, quantity: Quantity): number {
  return quantity.over === 1 ? digits * quantity.times : roundedHalfAway(digits * quantity.times, quantity.over);
}

/** Base unit → last digits. */
export function fromBase(base: number, quantity: Quantity): number {
  return roundedHalfAway(base * quantity.over, quantity.times);
}

/** Last digits as a decimal string: 23190 with two decimals is `"231.90"`. */
export function decimalText(digits: number, decimals: number): string {
  const sign = digits < 0 ? "-" : "";
  const text = String(Math.abs(digits)).padStart(decimals + 1, "0");
  return decimals === 0 ? sign + text : `${sign}${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

function roundedHalfAway(value: number, by: number): number {
  if (by === 1) return value;
  const rounded = Math.floor((2 * Math.abs(value) + by) / (2 * by));
  return value < 0 && rounded !== 0 ? -rounded : rounded;
}
