import fc from "fast-check";
import { expect, test } from "vitest";
import { minutesFault, type ShareMember, type ShareTerms, shareMethods, shareUsage, termsFault } from "./share.ts";

const terms = (method: ShareTerms["method"], propertyBp = 0): ShareTerms => ({
  method,
  propertyBp,
  factors: { low: 60, middle: 80, high: 100 },
});
const member = (more: Partial<ShareMember>): ShareMember => ({
  ratioBp: 0,
  areaCm: 0,
  ratedW: 0,
  usageWh: null,
  minutes: null,
  ...more,
});
const parts = (totalWh: number, by: ShareTerms, members: ShareMember[]) => {
  const result = shareUsage(totalWh, by, members);
  return result.ok ? [...result.shares.parts, result.shares.propertyPart] : result.missing;
};

test("12.34 kWh by 50, 30 and 20 per cent are 6.17, 3.70 and 2.47, and nothing for the property", () => {
  const by = [5_000, 3_000, 2_000].map((ratioBp) => member({ ratioBp }));
  expect(parts(12_340, terms("ratio"), by)).toEqual([6_170, 3_700, 2_470, 0]);
});

test("what ratios leave is the property's", () => {
  expect(parts(10_000, terms("ratio", 2_500), [member({ ratioBp: 5_000 }), member({ ratioBp: 2_500 })])).toEqual([
    5_000, 2_500, 2_500,
  ]);
});

test("equal parts, areas and usages, after what the property bears", () => {
  expect(parts(1_000, terms("equal", 1_000), [member({}), member({})])).toEqual([450, 450, 100]);
  expect(parts(1_000, terms("area"), [member({ areaCm: 30_00 }), member({ areaCm: 10_00 })])).toEqual([750, 250, 0]);
  expect(parts(1_000, terms("usage"), [member({ usageWh: 0 }), member({ usageWh: 77 })])).toEqual([0, 1_000, 0]);
});

test("indoor units by run time × rated capacity × speed factor", () => {
  const units = [
    member({ ratedW: 2_000, minutes: { low: 0, middle: 0, high: 60 } }), // 12 000 000
    member({ ratedW: 3_000, minutes: { low: 100, middle: 0, high: 0 } }), // 18 000 000
    member({ ratedW: 5_000, minutes: { low: 0, middle: 0, high: 0 } }),
  ];
  expect(parts(100_000, terms("runtime"), units)).toEqual([40_000, 60_000, 0, 0]);
});

test("nobody ran, and yet the outdoor unit drew something: the property bears it", () => {
  const idle = member({ ratedW: 2_000, minutes: { low: 0, middle: 0, high: 0 } });
  expect(parts(340, terms("runtime"), [idle, idle])).toEqual([0, 0, 340]);
});

test("a figure that is missing stops the sharing and is named", () => {
  expect(parts(1_000, terms("usage"), [member({ usageWh: 5 }), member({})])).toEqual([1]);
  expect(parts(1_000, terms("runtime"), [member({ ratedW: 1_000 })])).toEqual([0]);
});

test("terms that cannot hold are refused", () => {
  expect(termsFault(terms("ratio"), [member({ ratioBp: 9_999 })])).toBe("ratio_sum");
  expect(termsFault(terms("ratio", 1), [member({ ratioBp: 9_999 })])).toBeNull();
  expect(termsFault(terms("ratio"), [member({ ratioBp: 10_001 }), member({ ratioBp: -1 })])).toBe("ratio_sum");
  expect(termsFault(terms("equal"), [])).toBe("nobody");
  expect(termsFault(terms("equal", 10_000), [member({})])).toBe("property");
  expect(termsFault(terms("area"), [member({})])).toBe("area");
  expect(termsFault(terms("runtime"), [member({})])).toBe("rated");
});

test("a day has 1440 minutes", () => {
  expect(minutesFault({ low: 480, middle: 480, high: 480 })).toBeNull();
  expect(minutesFault({ low: 480, middle: 480, high: 481 })).toBe("longer_than_a_day");
  expect(minutesFault({ low: -1, middle: 0, high: 0 })).toBe("negative");
});

test("by every method, shares sum to the whole", () => {
  const seed = Number(process.env.JICHAO_SEED ?? 20260803);
  console.log(`shares: seed ${seed}`);
  const minutes = fc.record({ low: fc.nat(480), middle: fc.nat(480), high: fc.nat(480) });
  const one = fc.record({
    ratioBp: fc.nat(10_000),
    areaCm: fc.nat(1_000_000),
    ratedW: fc.nat(30_000),
    usageWh: fc.nat(50_000_000),
    minutes,
  });
  fc.assert(
    fc.property(
      fc.nat(2_000_000_000),
      fc.constantFrom(...shareMethods),
      fc.nat(9_999),
      fc.array(one, { minLength: 1, maxLength: 50 }),
      (totalWh, method, propertyBp, members) => {
        const result = shareUsage(totalWh, terms(method, propertyBp), members);
        if (!result.ok) throw new Error("nothing was missing");
        const { parts: each, propertyPart } = result.shares;
        expect(each.reduce((sum, part) => sum + part, propertyPart)).toBe(totalWh);
        for (const part of [...each, propertyPart]) expect(part).toBeGreaterThanOrEqual(0);
      },
    ),
    { seed, numRuns: 2_000 },
  );
});
