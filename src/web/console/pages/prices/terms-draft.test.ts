import { expect, test } from "vitest";
import type { TermsOnWire } from "#contract/prices.ts";
import { draftOf, termsOf } from "./terms-draft.ts";

const tou: TermsOnWire = {
  kind: "tou",
  seasons: [
    {
      name: "夏季",
      from: "07-01",
      to: "08-31",
      prices: { peak: "1.20", valley: "0.30" },
      days: {
        workday: [
          { fromMinute: 0, toMinute: 480, rate: "valley" },
          { fromMinute: 480, toMinute: 1_440, rate: "peak" },
        ],
        holiday: [{ fromMinute: 0, toMinute: 1_440, rate: "valley" }],
      },
    },
  ],
};

test.each<TermsOnWire>([
  { kind: "flat", price: "0.75" },
  {
    kind: "tiered",
    per: "year",
    tiers: [
      { fromWh: 0, price: "0.50" },
      { fromWh: 2_160_500, price: "0.55" },
    ],
  },
  tou,
])("terms that are only looked at come out as they went in: $kind", (terms) => {
  expect(termsOf(draftOf(terms, "全年"))).toEqual(terms);
});

test("what cannot be read goes to the server as something that it refuses by name, not as something else", () => {
  const draft = draftOf(null, "全年");
  const steps = termsOf({
    ...draft,
    kind: "tiered",
    tiers: [
      { from: "0", price: "1" },
      { from: "2x", price: "2" },
    ],
  });
  expect(steps).toMatchObject({ tiers: [{ fromWh: 0 }, { fromWh: -1 }] });
  const season = draft.seasons[0];
  if (season === undefined) throw new Error("a draft has a season");
  const days = { workday: [{ from: "0:00", to: "8点", rate: "flat" as const }] };
  expect(termsOf({ ...draft, kind: "tou", seasons: [{ ...season, days }] })).toMatchObject({
    seasons: [{ prices: {}, days: { workday: [{ fromMinute: 0, toMinute: -1 }] } }],
  });
});
