import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, type Day, HOUR_MS, type Instant, instant, MINUTE_MS, startOfDay } from "#base/time.ts";
import { price } from "#base/units.ts";
import type { Calendar } from "./calendar.ts";
import { type ChargeLine, chargeUsage, isLineRight, type Shown, type TierCount, type Usage } from "./charging.ts";
import { REGISTER_SPAN_WH } from "./settlement.ts";
import type { Season, TariffTerms, TermsFrom } from "./tariff.ts";

const day = (text: string) => startOfDay(text as Day);
const at = (text: string, hour = 0, minute = 0) => instant(day(text) + hour * HOUR_MS + minute * MINUTE_MS);
const none: Calendar = new Map();

function terms(...list: [from: Instant | number, terms: TariffTerms, tariffId?: number][]): TermsFrom[] {
  return list.map(([from, each, tariffId], i) => ({
    from: from as Instant,
    terms: each,
    tariffId: tariffId ?? null,
    versionId: tariffId === undefined ? null : `v${i}`,
  }));
}
const flat = (e4: number): TariffTerms => ({ kind: "flat", price: price(e4) });
const year: Season = {
  name: "全年",
  from: "01-01",
  to: "12-31",
  prices: { peak: price(12_345), flat: price(7_001), valley: price(3_003) },
  days: {
    workday: [
      { fromMinute: 0, toMinute: 480, rate: "valley" },
      { fromMinute: 480, toMinute: 720, rate: "peak" },
      { fromMinute: 720, toMinute: 1_440, rate: "flat" },
    ],
    holiday: [{ fromMinute: 0, toMinute: 1_440, rate: "valley" }],
  },
};
const tou: TariffTerms = { kind: "tou", seasons: [year] };
const steps = (per: "month" | "year"): TariffTerms => ({
  kind: "tiered",
  per,
  tiers: [
    { fromWh: 0, price: price(4_983) },
    { fromWh: 10_000, price: price(5_483) },
    { fromWh: 25_000, price: price(7_983) },
  ],
});

function run(over: Partial<Usage> & Pick<Usage, "readings" | "terms">) {
  return chargeUsage({ ratio: 1, calendar: none, residue: 0, tierCounts: [], ...over });
}
const brief = (lines: readonly ChargeLine[]) =>
  lines.map(({ usageWh, price: each, amount, estimated }) => [usageWh, each, amount, estimated]);

describe("a price change", () => {
  const change = terms([0, flat(7_500)], [at("2026-03-01"), flat(9_000)]);

  test("between two readings splits the usage by time and says so", () => {
    const readings = [
      { at: at("2026-02-28", 23, 45), indexWh: 1_000 },
      { at: at("2026-03-01", 0, 15), indexWh: 2_001 },
    ];
    const { lines } = run({ readings, terms: change });
    expect(brief(lines)).toEqual([
      [501, 7_500, 3_757, true],
      [500, 9_000, 4_500, true],
    ]);
    expect(lines.map((line) => [line.from, line.to])).toEqual([
      [readings[0]?.at, at("2026-03-01")],
      [at("2026-03-01"), readings[1]?.at],
    ]);
  });

  test("with the freeze of its midnight is exact", () => {
    const readings = [
      { at: at("2026-02-28", 23, 45), indexWh: 1_000 },
      { at: at("2026-03-01"), indexWh: 1_100 },
      { at: at("2026-03-01", 0, 15), indexWh: 2_001 },
    ];
    expect(brief(run({ readings, terms: change }).lines)).toEqual([
      [100, 7_500, 750, false],
      [901, 9_000, 8_109, false],
    ]);
  });

  test("at the very instant of a reading belongs to what is used after it", () => {
    const readings = [
      { at: at("2026-03-01"), indexWh: 0 },
      { at: at("2026-03-01", 1), indexWh: 1_000 },
    ];
    expect(brief(run({ readings, terms: change }).lines)).toEqual([[1_000, 9_000, 9_000, false]]);
  });
});

describe("time of use", () => {
  test("charges each interval at the rate of its time, and splits one that spans two rates", () => {
    const readings = [
      { at: at("2026-03-02", 7, 30), indexWh: 0 }, // a Monday
      { at: at("2026-03-02", 7, 50), indexWh: 100 },
      { at: at("2026-03-02", 8, 10), indexWh: 301 },
      { at: at("2026-03-02", 9), indexWh: 1_000 },
    ];
    const { lines } = run({ readings, terms: terms([0, tou, 1]) });
    expect(lines.map((line) => [line.rate, line.usageWh, line.estimated])).toEqual([
      ["valley", 201, true],
      ["peak", 799, true],
    ]);
  });

  test("knows holidays, and weekends on which people work", () => {
    const calendar: Calendar = new Map([
      ["2026-10-01" as Day, "holiday"],
      ["2026-10-10" as Day, "workday"], // a Saturday
    ]);
    const hourAt = (text: string) => [
      { at: at(text, 9), indexWh: 0 },
      { at: at(text, 10), indexWh: 1_000 },
    ];
    const rateOn = (text: string) =>
      run({ readings: hourAt(text), terms: terms([0, tou, 1]), calendar }).lines.map((line) => line.rate);
    expect(rateOn("2026-10-01")).toEqual(["valley"]);
    expect(rateOn("2026-10-10")).toEqual(["peak"]);
    expect(rateOn("2026-10-11")).toEqual(["peak"]); // a Sunday without periods of its own
  });

  test("three days without a reading are one line for each rate, by time", () => {
    const readings = [
      { at: at("2026-03-02"), indexWh: 0 },
      { at: at("2026-03-05"), indexWh: 72_000 },
    ];
    expect(run({ readings, terms: terms([0, tou, 1]) }).lines.map((line) => [line.rate, line.usageWh])).toEqual([
      ["valley", 24_000],
      ["peak", 12_000],
      ["flat", 36_000],
    ]);
  });
});

describe("steps", () => {
  test("charge each part of the usage at its step, and start again with the month", () => {
    const readings = [
      { at: at("2026-03-10"), indexWh: 0 },
      { at: at("2026-03-31", 12), indexWh: 30_000 },
      { at: at("2026-04-01"), indexWh: 31_000 },
      { at: at("2026-04-02"), indexWh: 32_000 },
    ];
    const { lines } = run({ readings, terms: terms([0, steps("month"), 4]) });
    expect(lines.map((line) => [line.tier, line.usageWh, line.periodWh])).toEqual([
      [1, 10_000, 10_000],
      [2, 15_000, 25_000],
      [3, 6_000, 31_000],
      [1, 1_000, 1_000],
    ]);
  });

  test("go on from where the period stands, also through a new version of the same tariff", () => {
    const counts: TierCount[] = [{ tariffId: 4, periodAt: day("2026-01-01"), usedWh: 9_000 }];
    const readings = [
      { at: at("2026-03-10"), indexWh: 0 },
      { at: at("2026-03-11"), indexWh: 2_000 },
      { at: at("2026-03-12"), indexWh: 4_000 },
    ];
    const line = terms([0, steps("year"), 4], [at("2026-03-11"), steps("year"), 4]);
    expect(run({ readings, terms: line, tierCounts: counts }).lines.map((each) => [each.tier, each.periodWh])).toEqual([
      [1, 10_000],
      [2, 11_000],
      [2, 13_000],
    ]);
  });
});

test("a ratio multiplies, and a register that starts again counts through", () => {
  const readings = [
    { at: at("2026-03-01"), indexWh: REGISTER_SPAN_WH - 10 },
    { at: at("2026-03-02"), indexWh: 20 },
  ];
  expect(run({ readings, terms: terms([0, flat(10_000)]), ratio: 30 })).toMatchObject({ usageWh: 900, amount: 9_000 });
});

test("nothing used is no line, and a usage without a moment of time has the price of its instant", () => {
  const still = [
    { at: at("2026-03-01"), indexWh: 5 },
    { at: at("2026-03-02"), indexWh: 5 },
  ];
  expect(run({ readings: still, terms: terms([0, tou, 1]), residue: 7 })).toEqual({
    lines: [],
    usageWh: 0,
    amount: 0,
    residue: 7,
  });
  const instantly = [
    { at: at("2026-03-02", 8), indexWh: 0 },
    { at: at("2026-03-02", 8), indexWh: 100 },
  ];
  for (const each of [tou, flat(1), steps("month")]) {
    expect(run({ readings: instantly, terms: terms([0, each, 1]) }).usageWh).toBe(100);
  }
});

/** A history of readings, minutes to days apart, over prices of every kind that change anywhere. */
const histories = fc.record({
  gaps: fc.array(
    fc.record({ minutes: fc.integer({ min: 0, max: 3 * 1_440 }), wh: fc.integer({ min: 0, max: 9_000 }) }),
    { minLength: 1, maxLength: 40 },
  ),
  changes: fc.array(fc.record({ minute: fc.integer({ min: 0, max: 60_000 }), kind: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 4,
  }),
  start: fc.integer({ min: 0, max: 400 * 24 * 60 }),
  ratio: fc.constantFrom(1, 30),
  cuts: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
});
const kinds = (n: number): TariffTerms => [flat(7_503), tou, steps("month"), steps("year")][n] ?? flat(1);

/** Settles in runs that end where `isCut` says, each going on from the lines of the one before. */
function inRuns(usage: Usage, isCut: (reading: number) => boolean) {
  let { residue } = usage;
  const lines: ChargeLine[] = [];
  let from = 0;
  for (let i = 1; i < usage.readings.length; i++) {
    if (i < usage.readings.length - 1 && !isCut(i)) continue;
    const tierCounts = lines.flatMap((line): TierCount[] =>
      line.periodAt === null || line.tariffId === null
        ? []
        : [{ tariffId: line.tariffId, periodAt: line.periodAt, usedWh: line.periodWh ?? 0 }],
    );
    const done = chargeUsage({ ...usage, readings: usage.readings.slice(from, i + 1), residue, tierCounts });
    residue = done.residue;
    lines.push(...done.lines);
    from = i;
  }
  const money = lines.reduce((sum, line) => sum + line.amount, 0);
  const used = new Map<string, number>();
  for (const line of lines) {
    const key = [line.versionId, line.rate, line.tier, line.periodAt, line.price].join("|");
    used.set(key, (used.get(key) ?? 0) + line.usageWh);
  }
  return { lines, sums: { money, residue, used: Object.fromEntries([...used].sort()) } };
}

test("however finely a period is cut, its money and its usage at each price are the same; each line follows from the last", () => {
  fc.assert(
    fc.property(histories, ({ gaps, changes, start, ratio, cuts }) => {
      const begin = at("2026-01-01", 0, start);
      const readings: Shown[] = [{ at: begin, indexWh: 12_345 }];
      for (const gap of gaps) {
        const last = readings.at(-1) as Shown;
        readings.push({ at: instant(last.at + gap.minutes * MINUTE_MS), indexWh: last.indexWh + gap.wh });
      }
      const line = terms(
        [0, tou, 1],
        ...[...new Map(changes.map((each) => [each.minute, each])).values()]
          .sort((a, b) => a.minute - b.minute)
          .map(({ minute, kind }): [number, TariffTerms, number] => [
            begin + minute * MINUTE_MS,
            kinds(kind),
            kind + 1,
          ]),
      );
      const calendar: Calendar = new Map([["2026-01-05" as Day, "holiday"]]);
      const usage: Usage = { readings, ratio, terms: line, calendar, residue: 0, tierCounts: [] };
      const whole = inRuns(usage, () => false);
      expect(inRuns(usage, (i) => cuts[i] === true).sums).toEqual(whole.sums);
      expect(inRuns(usage, () => true).sums).toEqual(whole.sums);

      const used = ((readings.at(-1)?.indexWh ?? 0) - 12_345) * ratio;
      expect(whole.lines.reduce((sum, each) => sum + each.usageWh, 0)).toBe(used);
      let residue = 0;
      for (const each of whole.lines) {
        expect(isLineRight(each, residue)).toBe(true);
        residue = each.residue;
      }
    }),
    { numRuns: 300 },
  );
});

test("a year of one-hour readings over the turn of seasons loses nothing", () => {
  const winter: Season = {
    ...year,
    name: "冬",
    from: "12-01",
    to: "02-28",
    prices: { ...year.prices, peak: price(99) },
  };
  const rest: Season = { ...year, name: "其余", from: "02-29", to: "11-30" };
  const line = terms([0, { kind: "tou", seasons: [winter, rest] }, 1]);
  const readings = Array.from({ length: 366 * 24 + 1 }, (_, hour) => ({
    at: instant(day("2028-01-01") + hour * HOUR_MS),
    indexWh: hour * 1_000,
  }));
  const { lines, usageWh } = run({ readings, terms: line });
  expect(usageWh).toBe(366 * 24_000);
  const peak = lines.filter((each) => each.rate === "peak").map((each) => [each.price, each.usageWh]);
  expect(peak).toEqual([
    [99, (31 + 28 + 31) * 4_000],
    [12_345, (366 - 90) * 4_000],
  ]);
  expect((readings.at(-1)?.at ?? 0) - (readings[0]?.at ?? 0)).toBe(366 * DAY_MS);
});
