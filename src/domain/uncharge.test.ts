import fc from "fast-check";
import { expect, test } from "vitest";
import { money, price } from "#base/units.ts";
import { consume, type Lot } from "./lots.ts";
import { charge } from "./settlement.ts";
import { giveBack, uncharge } from "./uncharge.ts";

test("what was charged too much goes back at the price that it was charged at, the newest first", () => {
  const lines = [
    { usageWh: 1_000, price: price(12_000) },
    { usageWh: 5_000, price: price(8_000) },
  ];
  const back = uncharge(lines, 3_000, 0);
  expect(back.taken.map((each) => [each.usageWh, each.amount])).toEqual([
    [-1_000, -12_000],
    [-2_000, -16_000],
  ]);
  expect(uncharge(lines, 7_000, 0).leftWh).toBe(1_000);
});

test("charging, taking back and charging again comes to the charge of what was really used, to the last digit", () => {
  const seed = Number(process.env.JICHAO_SEED ?? 20260804);
  console.log(`uncharge: seed ${seed}`);
  const step = fc.tuple(fc.integer({ min: 1, max: 900_000 }), fc.integer({ min: 1, max: 30_000 }));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), fc.nat(1_000_000), (steps, share) => {
      let residue = 0;
      let paid = 0;
      let exact = 0n;
      const lines: { usageWh: number; price: ReturnType<typeof price> }[] = [];
      for (const [usageWh, e4] of steps) {
        const made = charge(usageWh, price(e4), residue);
        residue = made.residue;
        paid += made.charge;
        lines.unshift({ usageWh, price: price(e4) });
        exact += BigInt(usageWh) * BigInt(e4);
      }
      const all = steps.reduce((sum, [usageWh]) => sum + usageWh, 0);
      const back = uncharge(lines, Math.min(all, share), residue);
      const undone = back.taken.reduce((sum, each) => sum + BigInt(each.usageWh) * BigInt(each.line.price), 0n);
      expect(BigInt(paid + back.amount) * 1000n + BigInt(back.residue)).toBe(exact + undone);
      expect(back.residue).toBeGreaterThanOrEqual(0);
      expect(back.residue).toBeLessThan(1_000);
      expect(back.leftWh).toBe(0);
    }),
    { seed, numRuns: 1_000 },
  );
});

test("units go back to the lots that they came from, and value and cost stay in step", () => {
  const seed = Number(process.env.JICHAO_SEED ?? 20260805);
  console.log(`give back: seed ${seed}`);
  const bought = fc.tuple(fc.integer({ min: 1, max: 300_000 }), fc.integer({ min: 1, max: 5_000_000 }));
  fc.assert(
    fc.property(
      fc.array(bought, { minLength: 1, maxLength: 6 }),
      fc.nat(2_000_000),
      fc.nat(1_000),
      (lots, used, part) => {
        const fresh: Lot[] = lots.map(([unitsWh, cost], i) => ({
          ...{ id: `l${i}`, sequence: i + 1, unitsWh, cost: money(cost), usedWh: 0, usedCost: money(0) },
        }));
        const taken = consume(fresh, used, price(7_000));
        let now = fresh.map((lot) => taken.changed.find((each) => each.id === lot.id) ?? lot);
        // What ran through beyond all lots stands in the last one.
        now = now.map((lot, i) =>
          i < now.length - 1
            ? lot
            : {
                ...lot,
                usedWh: lot.usedWh + taken.overuseWh,
                usedCost: money(lot.usedCost + taken.overuseCost),
              },
        );
        const back = giveBack(now, Math.floor((used * part) / 1_000));
        const after = now.map((lot) => back.changed.find((each) => each.id === lot.id) ?? lot);
        const total = (of: readonly Lot[]) => of.reduce((sum, lot) => sum + lot.usedCost, 0);
        expect(back.leftWh).toBe(0);
        expect(total(now) - total(after)).toBe(back.value);
        for (const lot of after) {
          expect(lot.usedWh).toBeGreaterThanOrEqual(0);
          expect(lot.usedCost).toBeGreaterThanOrEqual(0);
          if (lot.usedWh <= lot.unitsWh) expect(lot.usedCost).toBeLessThanOrEqual(lot.cost);
        }
        const everything = giveBack(now, used);
        expect(everything.value).toBe(total(now));
      },
    ),
    { seed, numRuns: 1_000 },
  );
});
