import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, type Day, MINUTE_MS, startOfDay } from "#base/time.ts";
import { packReadings, unpackReadings } from "./packed-readings.ts";
import type { ReadingTable } from "./schema-readings.ts";

const DAY = "2026-08-01" as Day;
const START = startOfDay(DAY);
const byKey = (a: ReadingTable, b: ReadingTable) => a.register - b.register || a.measured_at - b.measured_at;

describe("packed readings", () => {
  test("come back to the last digit, and when they were received to the minute", () => {
    const reading = fc.record({
      register: fc.constantFrom(1, 2, 3, 11, 21, 31),
      offset: fc.integer({ min: 0, max: DAY_MS - 1 }),
      value: fc.oneof(fc.integer({ min: -9_000_000_000, max: 9_000_000_000_000 }), fc.integer({ min: -99, max: 99 })),
      verdict: fc.integer({ min: 0, max: 4 }),
      delay: fc.integer({ min: 0, max: 40 * DAY_MS }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(reading, { selector: (each) => `${each.register}:${each.offset}`, maxLength: 60 }),
        (drawn) => {
          const rows = drawn.map(({ register, offset, value, verdict, delay }) => {
            const measured_at = START + offset;
            return { meter_id: 7, register, measured_at, value, verdict, received_at: measured_at + delay };
          });
          const back = unpackReadings(7, DAY, packReadings(DAY, rows));
          const rounded = rows.map((row) => ({
            ...row,
            received_at: row.measured_at + Math.floor((row.received_at - row.measured_at) / MINUTE_MS) * MINUTE_MS,
          }));
          expect(back).toEqual(rounded.sort(byKey));
        },
      ),
    );
  });

  test("of a usual day take a few bytes each", () => {
    const rows: ReadingTable[] = [];
    for (let round = 0; round < 96; round++) {
      const measured_at = START + round * 15 * MINUTE_MS + 37_000 + ((round * 7_919) % 400);
      const note = (register: number, value: number) =>
        rows.push({ meter_id: 1, register, measured_at, value, verdict: 0, received_at: measured_at + 700 });
      note(1, 1_234_560 + round * 310 + ((round * 31) % 7) * 10);
      note(2, 98_760 - round * 310 - ((round * 31) % 7) * 10);
      if (round % 3 === 1) for (const register of [11, 21, 31]) note(register, 220_000 + ((round * 97) % 60) * 100);
    }
    const bytes = packReadings(DAY, rows);
    expect(rows).toHaveLength(288);
    expect(bytes.length / rows.length).toBeLessThan(2.2);
    expect(unpackReadings(1, DAY, bytes)).toHaveLength(rows.length);
  });

  test("that are damaged are an error, never other readings without a word", () => {
    const row = { meter_id: 1, register: 1, measured_at: START, value: 5, verdict: 0, received_at: START };
    const bytes = packReadings(DAY, [row, { ...row, measured_at: START + 900_000, value: 15 }]);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => unpackReadings(1, DAY, bytes.subarray(0, length))).toThrow();
    }
    expect(() => unpackReadings(1, DAY, Uint8Array.of(9, ...bytes.subarray(1)))).toThrow(/newer version/);
    expect(() => unpackReadings(1, DAY, Uint8Array.of(1, ...Array(12).fill(0xff)))).toThrow(/no end/);
  });

  test("of a day without any are possible", () => {
    expect(unpackReadings(1, DAY, packReadings(DAY, []))).toEqual([]);
  });
});
