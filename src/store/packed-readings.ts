import { assert } from "#base/errors.ts";
import { type Day, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { ReadingTable } from "./schema-readings.ts";

/** The first byte: how the rest is written. */
const FORM = 1;

/**
 * All readings of a meter's day in some hundred bytes. Registers that were read in one round share its time; times are written as
 * differences of differences, values as differences in their own smallest step, verdicts and delays as runs. Everything comes back
 * to the last digit but when a reading was received: that to the minute after it was measured.
 *
 * Form 1: times (count, first, second, differences of differences), then for each register its number, which of the times it has,
 * step, values, runs of verdicts and runs of minutes of delay. Numbers are unsigned varints, those that may be negative zig-zag.
 */
export function packReadings(day: Day, rows: readonly ReadingTable[]): Uint8Array {
  const start = startOfDay(day);
  const out = new Writer();
  out.byte(FORM);
  const times = [...new Set(rows.map((row) => row.measured_at))].sort((a, b) => a - b);
  out.number(times.length);
  let [before, pace] = [start as number, 0];
  for (const at of times) {
    out.signed(at - before - pace);
    pace = at - before;
    before = at;
  }
  const places = new Map(times.map((at, place) => [at, place]));
  const registers = Map.groupBy(rows, (row) => row.register);
  out.number(registers.size);
  for (const [register, unsorted] of [...registers].sort(([a], [b]) => a - b)) {
    const own = unsorted.toSorted((a, b) => a.measured_at - b.measured_at);
    out.number(register);
    putPresence(
      out,
      times.length,
      own.map((row) => places.get(row.measured_at) ?? 0),
    );
    putValues(
      out,
      own.map((row) => row.value),
    );
    putRuns(
      out,
      own.map((row) => row.verdict),
    );
    putRuns(
      out,
      own.map((row) => Math.max(0, Math.floor((row.received_at - row.measured_at) / MINUTE_MS))),
    );
  }
  return out.bytes();
}

/** The readings of a meter's day, by register and time. Throws when the bytes are not of a form that is known, or end too soon. */
export function unpackReadings(meterId: number, day: Day, bytes: Uint8Array): ReadingTable[] {
  const from = new Reader(bytes);
  const form = from.byte();
  assert(form === FORM, `packed readings of form ${form}: made by a newer version`);
  const times: number[] = [];
  const count = from.number();
  let [before, pace] = [startOfDay(day) as number, 0];
  for (let i = 0; i < count; i++) {
    pace += from.signed();
    before += pace;
    times.push(before);
  }
  const rows: ReadingTable[] = [];
  for (let left = from.number(); left > 0; left--) {
    const register = from.number();
    const own = takePresence(from, times.length);
    const values = takeValues(from, own.length);
    const verdicts = takeRuns(from, own.length);
    const delays = takeRuns(from, own.length);
    own.forEach((place, i) => {
      const measured_at = times[place]!;
      rows.push({
        meter_id: meterId,
        register,
        measured_at,
        value: values[i]!,
        verdict: verdicts[i]!,
        received_at: measured_at + delays[i]! * MINUTE_MS,
      });
    });
  }
  return rows;
}

/** One byte 0 when the register was read every time, else 1 and a bit for each time. */
function putPresence(out: Writer, times: number, places: readonly number[]): void {
  const isAll = places.length === times;
  out.byte(isAll ? 0 : 1);
  if (isAll) return;
  const bits = new Uint8Array(Math.ceil(times / 8));
  for (const place of places) bits[place >> 3]! |= 1 << (place & 7);
  for (const each of bits) out.byte(each);
}

function takePresence(from: Reader, times: number): number[] {
  const all = Array.from({ length: times }, (_, place) => place);
  if (from.byte() === 0) return all;
  const bits = Array.from({ length: Math.ceil(times / 8) }, () => from.byte());
  return all.filter((place) => (bits[place >> 3]! >> (place & 7)) & 1);
}

/** The first value, the step, and what each differs from the one before it by, in steps. */
function putValues(out: Writer, values: readonly number[]): void {
  const differences = values.map((value, i) => value - (values[i - 1] ?? value));
  const step = differences.reduce(commonStep, 0) || 1;
  out.signed(values[0] ?? 0);
  out.number(step);
  for (const each of differences.slice(1)) out.signed(each / step);
}

function takeValues(from: Reader, count: number): number[] {
  let value = from.signed();
  const step = from.number();
  return Array.from({ length: count }, (_, i) => {
    if (i > 0) value += from.signed() * step;
    return value;
  });
}

function commonStep(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

function putRuns(out: Writer, values: readonly number[]): void {
  for (let i = 0; i < values.length; ) {
    let end = i + 1;
    while (end < values.length && values[end] === values[i]) end++;
    out.number(values[i] ?? 0);
    out.number(end - i);
    i = end;
  }
}

function takeRuns(from: Reader, count: number): number[] {
  const values: number[] = [];
  while (values.length < count) {
    const value = from.number();
    const run = from.number();
    assert(run > 0 && values.length + run <= count, "packed readings are damaged: a run is too long");
    for (let i = 0; i < run; i++) values.push(value);
  }
  return values;
}

class Writer {
  private buffer = new Uint8Array(1_024);
  private length = 0;

  byte(value: number): void {
    if (this.length === this.buffer.length) {
      const larger = new Uint8Array(this.length * 2);
      larger.set(this.buffer);
      this.buffer = larger;
    }
    this.buffer[this.length++] = value;
  }

  /** Seven bits to a byte, the lowest first. Whole numbers to 2^53. */
  number(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `not a whole number: ${value}`);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  /** Small ones on both sides of zero become small numbers. */
  signed(value: number): void {
    this.number(value < 0 ? -value * 2 - 1 : value * 2);
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

class Reader {
  private at = 0;
  private readonly buffer: Uint8Array;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
  }

  byte(): number {
    const value = this.buffer[this.at++];
    assert(value !== undefined, "packed readings are damaged: they end too soon");
    return value;
  }

  number(): number {
    let value = 0;
    for (let place = 1; ; place *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * place;
      if (byte < 0x80) return value;
      assert(place < 2 ** 49, "packed readings are damaged: a number has no end");
    }
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
}
