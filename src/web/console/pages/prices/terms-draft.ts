import type { TermsOnWire } from "#contract/prices.ts";
import { type DayKind, dayKinds } from "#domain/calendar.ts";
import { type Rate, rates, type TierPeriod } from "#domain/tariff.ts";
import { clock, minuteOf } from "./clock-text.ts";

/** Rows of periods while they are typed. */
export type PeriodDraft = { readonly from: string; readonly to: string; readonly rate: Rate };
/** A season while it is typed; kinds of days that are priced like workdays are missing. */
export type SeasonDraft = {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly prices: Readonly<Record<Rate, string>>;
  readonly days: Readonly<Partial<Record<DayKind, readonly PeriodDraft[]>>>;
};
/** Terms while they are typed: all three kinds, so that looking at another loses nothing. */
export type TermsDraft = {
  readonly kind: TermsOnWire["kind"];
  readonly price: string;
  readonly per: TierPeriod;
  readonly tiers: readonly { readonly from: string; readonly price: string }[];
  readonly seasons: readonly SeasonDraft[];
};

const noPrices: Readonly<Record<Rate, string>> = { sharp: "", peak: "", flat: "", valley: "", deep: "" };

/** A season to start from: nights are valley, the rest of the day is flat. */
export function newSeason(name: string): SeasonDraft {
  const workday: PeriodDraft[] = [
    { from: "00:00", to: "08:00", rate: "valley" },
    { from: "08:00", to: "24:00", rate: "flat" },
  ];
  return { name, from: "01-01", to: "12-31", prices: noPrices, days: { workday } };
}

/** What the editor starts with: the terms that hold, or nothing. */
export function draftOf(terms: TermsOnWire | null, seasonName: string): TermsDraft {
  const blank: TermsDraft = {
    kind: "flat",
    price: "",
    per: "month",
    tiers: [
      { from: "0", price: "" },
      { from: "", price: "" },
    ],
    seasons: [newSeason(seasonName)],
  };
  if (terms === null) return blank;
  if (terms.kind === "flat") return { ...blank, price: terms.price };
  if (terms.kind === "tiered") {
    const tiers = terms.tiers.map((tier) => ({ from: unitsText(tier.fromWh), price: tier.price }));
    return { ...blank, kind: "tiered", per: terms.per, tiers };
  }
  return {
    ...blank,
    kind: "tou",
    seasons: terms.seasons.map(({ name, from, to, prices, days }) => ({
      name,
      from,
      to,
      prices: { ...noPrices, ...prices },
      days: Object.fromEntries(
        dayKinds.flatMap((kind) => {
          const periods = days[kind];
          return periods === undefined
            ? []
            : [
                [
                  kind,
                  periods.map((each) => ({ from: clock(each.fromMinute), to: clock(each.toMinute), rate: each.rate })),
                ],
              ];
        }),
      ),
    })),
  };
}

/** The terms as the server wants them. What cannot be read becomes what the server refuses by name: it says what is wrong and where. */
export function termsOf(draft: TermsDraft): TermsOnWire {
  if (draft.kind === "flat") return { kind: "flat", price: draft.price.trim() };
  if (draft.kind === "tiered") {
    return {
      kind: "tiered",
      per: draft.per,
      tiers: draft.tiers.map((tier) => ({ fromWh: whOf(tier.from), price: tier.price.trim() })),
    };
  }
  return {
    kind: "tou",
    seasons: draft.seasons.map(({ name, from, to, prices, days }) => {
      const typed = rates.flatMap((rate) => (prices[rate].trim() === "" ? [] : [[rate, prices[rate].trim()] as const]));
      const periods = (list: readonly PeriodDraft[]) =>
        list.map((each) => ({
          fromMinute: minuteOf(each.from) ?? -1,
          toMinute: minuteOf(each.to) ?? -1,
          rate: each.rate,
        }));
      const { workday = [], weekend, holiday } = days;
      return {
        name: name.trim(),
        from: from.trim(),
        to: to.trim(),
        prices: Object.fromEntries(typed),
        days: {
          workday: periods(workday),
          ...(weekend === undefined ? {} : { weekend: periods(weekend) }),
          ...(holiday === undefined ? {} : { holiday: periods(holiday) }),
        },
      };
    }),
  };
}

function unitsText(wh: number): string {
  return String(wh / 1_000);
}

/** Units as they are typed, at most three places, as Wh; −1, which nothing accepts, for anything else. */
function whOf(text: string): number {
  const match = /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(text.trim());
  return match ? Number(match[1]) * 1_000 + Number((match[2] ?? "").padEnd(3, "0")) : -1;
}
