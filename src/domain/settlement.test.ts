import fc from "fast-check";
import { expect, test } from "vitest";
import { price } from "#base/units.ts";
import { charge, REGISTER_SPAN_WH, usedBetween } from "./settlement.ts";

test("a register that starts again counts through", () => {
  expect(usedBetween(1_000, 2_500)).toBe(1_500);
  expect(usedBetween(REGISTER_SPAN_WH - 10, 20)).toBe(30);
});

test("a register that ran back is no usage at all", () => {
  expect(() => usedBetween(500_000, 499_990)).toThrow("does not run");
});

test("however finely a period is cut, its charges add up to the price of the whole", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 100_000 }),
      (parts, p) => {
        let residue = 0;
        let charged = 0;
        for (const part of parts) {
          const step = charge(part, price(p), residue);
          charged += step.charge;
          residue = step.residue;
        }
        const whole = charge(
          parts.reduce((a, b) => a + b, 0),
          price(p),
          0,
        );
        expect({ charged, residue }).toEqual({ charged: whole.charge, residue: whole.residue });
      },
    ),
  );
});

test("usage never runs backwards into a charge", () => {
  expect(() => charge(-1, price(1), 0)).toThrow();
  expect(() => charge(1, price(1), 1_000)).toThrow();
});
