import fc from "fast-check";
import { expect, test } from "vitest";
import { addressAt, putAddress } from "./address.ts";
import { concat, printedAt } from "./bytes.ts";

const six = fc.uint8Array({ minLength: 6, maxLength: 6 });
const seven = fc.uint8Array({ minLength: 7, maxLength: 7 });

test("an address reads as its bytes from the last to the first, met before or not", () => {
  fc.assert(
    fc.property(six, seven, fc.nat(3), (meter, water, ahead) => {
      const bytes = concat(new Uint8Array(ahead), meter, water);
      for (let again = 0; again < 2; again++) {
        expect(addressAt(bytes, ahead, 6)).toBe(printedAt(meter, 0, 6));
        expect(addressAt(bytes, ahead + 6, 7)).toBe(printedAt(water, 0, 7));
        expect(addressAt(bytes, ahead, 7)).toBe(printedAt(bytes, ahead, 7));
      }
    }),
  );
});

test("more addresses than are kept are all read right", () => {
  const bytes = new Uint8Array(6);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 10_000; i++) {
      bytes.set([i, i >> 8, i * 7, i * 13, i >> 3, 0]);
      if (addressAt(bytes, 0, 6) !== printedAt(bytes, 0, 6)) throw new Error(`wrong address for ${bytes}`);
    }
  }
});

test("a printed address is written back to its bytes, and their sum is told", () => {
  fc.assert(
    fc.property(seven, (bytes) => {
      const wire = new Uint8Array(9);
      const sum = putAddress(wire, 1, printedAt(bytes, 0, 7), 7);
      expect([...wire]).toEqual([0, ...bytes, 0]);
      expect(sum).toBe(bytes.reduce((total, byte) => total + byte, 0));
    }),
  );
});

test.each(["12345678901", "1234567890123", "12345678901x", "12345678901a", "12345678901:", ""])(
  "%j is no address that we may send",
  (address) => {
    expect(() => putAddress(new Uint8Array(6), 0, address, 6)).toThrow(/an address/);
  },
);
