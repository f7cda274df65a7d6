import fc from "fast-check";
import { expect, test } from "vitest";
import { bcdToNumber, concat, equalBytes, fromHex, numberToBcd, toHex } from "./bytes.ts";

test("hex is read the way people paste it", () => {
  for (const text of ["fe68 0a", "FE,68,0A", "0xfe 0x68 0x0a", "fe\n68\r\n0a", "0xFE,0x68,0x0A"]) {
    expect(toHex(fromHex(text) ?? new Uint8Array())).toBe("fe680a");
  }
});

test.each(["6", "68x", "zz", "68 1", "68-11"])("%j is not hex", (text) => {
  expect(fromHex(text)).toBeNull();
});

test("hex written and read again is the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }),
  );
});

test("BCD written and read again is the same number", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), (value) => {
      expect(bcdToNumber(numberToBcd(value, 6))).toBe(value);
    }),
  );
});

test("the low byte of a BCD number comes first", () => {
  expect(toHex(numberToBcd(750_264, 4))).toBe("64027500");
});

test.each(["0a000000", "a0000000", "000000ff", "00f00000"])("%s has a nibble above 9 and is no number", (hex) => {
  expect(bcdToNumber(fromHex(hex) ?? new Uint8Array())).toBeNull();
});

test("a number that does not fit its digits is our own mistake", () => {
  expect(() => numberToBcd(10_000, 2)).toThrow(/fit/);
  expect(() => numberToBcd(-1, 2)).toThrow(/fit/);
});

test("bytes are equal only when all of them are", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  expect(equalBytes(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
  expect(equalBytes(bytes, Uint8Array.of(1, 2, 2))).toBe(false);
  expect(equalBytes(bytes, Uint8Array.of(1, 2))).toBe(false);
  expect(concat(bytes, new Uint8Array(), bytes)).toEqual(Uint8Array.of(1, 2, 3, 1, 2, 3));
});
