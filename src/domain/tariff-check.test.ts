import { expect, test } from "vitest";
import { price } from "#base/units.ts";
import type { Period, Season, TariffTerms } from "./tariff.ts";
import { faultOf } from "./tariff-check.ts";

const day: Period[] = [
  { fromMinute: 0, toMinute: 480, rate: "valley" },
  { fromMinute: 480, toMinute: 1440, rate: "peak" },
];
const year: Season = {
  name: "全年",
  from: "01-01",
  to: "12-31",
  prices: { peak: price(10_000), valley: price(3_000) },
  days: { workday: day },
};
const tou = (...seasons: Season[]): TariffTerms => ({ kind: "tou", seasons });
const steps = (...tiers: [fromWh: number, price: number][]): TariffTerms => ({
  kind: "tiered",
  per: "month",
  tiers: tiers.map(([fromWh, e4]) => ({ fromWh, price: e4 as never })),
});

test("terms that can be charged by on every day have no fault", () => {
  expect(faultOf({ kind: "flat", price: price(7_500) })).toBeNull();
  expect(faultOf(steps([0, 5_000], [200_000, 6_000], [400_000, 9_000]))).toBeNull();
  expect(faultOf(tou(year))).toBeNull();
  const summer = { ...year, name: "夏季", from: "07-01", to: "08-31" };
  const rest = { ...year, name: "其他", from: "09-01", to: "06-30" }; // over the turn of the year, 29 February included
  expect(faultOf(tou(summer, rest))).toBeNull();
});

test.each<[string, TariffTerms, string]>([
  ["free", { kind: "flat", price: 0 as never }, "price_out_of_range"],
  ["negative", { kind: "flat", price: -1 as never }, "price_out_of_range"],
  ["a fraction", { kind: "flat", price: 0.5 as never }, "price_out_of_range"],
  ["a hundred times too dear", { kind: "flat", price: 1_000_001 as never }, "price_out_of_range"],
  ["one step", steps([0, 5_000]), "tiers_missing"],
  ["steps that begin above zero", steps([10, 5_000], [20, 6_000]), "tiers_not_from_zero"],
  ["steps that go back", steps([0, 5_000], [400_000, 6_000], [200_000, 7_000]), "tiers_not_ascending"],
  ["two steps at one place", steps([0, 5_000], [0, 6_000]), "tiers_not_ascending"],
  ["steps that get cheaper", steps([0, 5_000], [200_000, 4_000]), "tier_prices_not_ascending"],
  ["no season", tou(), "seasons_missing"],
  ["no such date", tou({ ...year, to: "02-30" }), "season_date_invalid"],
  ["a date without digits", tou({ ...year, from: "Jan-1" }), "season_date_invalid"],
  ["a year with a hole", tou({ ...year, to: "12-30" }), "seasons_leave_gap"],
  ["a leap day forgotten", tou({ ...year, to: "02-28" }, { ...year, from: "03-01" }), "seasons_leave_gap"],
  ["a day in two seasons", tou(year, { ...year, from: "07-01", to: "07-01" }), "seasons_overlap"],
  [
    "a day of 23 hours",
    tou({ ...year, days: { workday: [{ ...day[0], toMinute: 1380 } as Period] } }),
    "day_not_covered",
  ],
  [
    "a day with a hole",
    tou({ ...year, days: { workday: [day[0], { ...day[1], fromMinute: 500 }] as Period[] } }),
    "day_not_covered",
  ],
  [
    "a day with an overlap",
    tou({ ...year, days: { workday: [day[0], { ...day[1], fromMinute: 470 }] as Period[] } }),
    "day_overlaps",
  ],
  [
    "a day of 25 hours",
    tou({ ...year, days: { workday: [day[0], { ...day[1], toMinute: 1500 }] as Period[] } }),
    "day_overlaps",
  ],
  [
    "a period that runs backwards",
    tou({ ...year, days: { workday: [{ fromMinute: 480, toMinute: 0, rate: "peak" }] } }),
    "day_overlaps",
  ],
  ["an empty weekend", tou({ ...year, days: { workday: day, weekend: [] } }), "day_not_covered"],
  ["a rate without a price", tou({ ...year, prices: { peak: price(1) } }), "rate_without_price"],
])("%s is refused", (_, terms, code) => {
  expect(faultOf(terms)?.code).toBe(code);
});
