import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { Price } from "#base/units.ts";
import type { DayKind } from "./calendar.ts";

/** Rates of a time-of-use tariff (分时费率): sharp peak 尖, peak 峰, flat 平, valley 谷, deep valley 深谷. */
export const rates = ["sharp", "peak", "flat", "valley", "deep"] as const;
/** One of {@link rates}. */
export type Rate = (typeof rates)[number];

/** Local minutes of a day [from, to), 0 … 1440, with the rate that holds in them. */
export type Period = { readonly fromMinute: number; readonly toMinute: number; readonly rate: Rate };

/**
 * A season (季) of a time-of-use tariff: its first and last day as `"MM-DD"`, over the turn of the year where the last lies before the
 * first; its prices, and the periods of its days. A kind of day without periods of its own is priced like a workday.
 */
export type Season = {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly prices: Readonly<Partial<Record<Rate, Price>>>;
  readonly days: Readonly<Partial<Record<DayKind, readonly Period[]>>> & { readonly workday: readonly Period[] };
};

/** One step (阶梯) from `fromWh` used in the period on, up to where the next begins. */
export type Tier = { readonly fromWh: number; readonly price: Price };

/** The period that steps count in. */
export const tierPeriods = ["month", "year"] as const;
/** One of {@link tierPeriods}: a month or a year of the calendar. */
export type TierPeriod = (typeof tierPeriods)[number];

/** How a usage becomes money: one price (单一价), by time of use (分时), or in steps (阶梯). */
export type TariffTerms =
  | { readonly kind: "flat"; readonly price: Price }
  | { readonly kind: "tou"; readonly seasons: readonly Season[] }
  | { readonly kind: "tiered"; readonly per: TierPeriod; readonly tiers: readonly Tier[] };

/** Terms as they hold for one meter from an instant on, with the rows that they come from (null: the meter's own flat price). */
export type TermsFrom = {
  readonly from: Instant;
  readonly terms: TariffTerms;
  readonly tariffId: number | null;
  readonly versionId: string | null;
};

/** An assignment of a meter: from an instant on a tariff, or a flat price of its own. */
export type Assignment = { readonly from: Instant } & (
  | { readonly tariffId: number; readonly price: null }
  | { readonly tariffId: null; readonly price: Price }
);

/** A version of a tariff: terms from an instant on. */
export type TariffVersion = { readonly id: string; readonly from: Instant; readonly terms: TariffTerms };

/**
 * The terms of one meter in the order of time, from its assignments and the versions of the tariffs they name. A tariff that has no
 * version yet where it is assigned leaves in force what was before.
 */
export function termsOf(
  assignments: readonly Assignment[],
  versionsOf: (tariffId: number) => readonly TariffVersion[],
): TermsFrom[] {
  const ordered = [...assignments].sort((a, b) => a.from - b.from);
  const line: TermsFrom[] = [];
  ordered.forEach((assignment, i) => {
    const until = ordered[i + 1]?.from ?? Number.POSITIVE_INFINITY;
    if (assignment.tariffId === null) {
      const terms = { kind: "flat", price: assignment.price } as const;
      line.push({ from: assignment.from, terms, tariffId: null, versionId: null });
      return;
    }
    const { tariffId } = assignment;
    const versions = [...versionsOf(tariffId)].sort((a, b) => a.from - b.from);
    const first = versions.findLast((version) => version.from <= assignment.from);
    if (first) line.push({ from: assignment.from, terms: first.terms, tariffId, versionId: first.id });
    for (const version of versions) {
      if (version.from <= assignment.from || version.from >= until) continue;
      line.push({ from: version.from, terms: version.terms, tariffId, versionId: version.id });
    }
  });
  return line;
}

/** The terms that hold at an instant: the last that began at or before it. */
export function termsAt(line: readonly TermsFrom[], at: Instant): TermsFrom {
  const found = line.findLast((each) => each.from <= at);
  assert(found !== undefined, `no price holds at ${at}`);
  return found;
}

/**
 * The one price that stands for the terms where only one can be shown, and by which a balance is turned into remaining units: the
 * flat rate (平) of the season in force, else its dearest, so that nobody is shown more than there is; the first step of steps.
 */
export function shownPrice(terms: TariffTerms, season: Season | null): Price {
  switch (terms.kind) {
    case "flat":
      return terms.price;
    case "tiered": {
      const first = terms.tiers[0];
      assert(first !== undefined, "a tariff in steps has steps");
      return first.price;
    }
    case "tou": {
      const of = season ?? terms.seasons[0];
      assert(of !== undefined, "a time-of-use tariff has seasons");
      const prices = Object.values(of.prices).sort((a, b) => b - a);
      const price = of.prices.flat ?? prices[0];
      assert(price !== undefined, "a season has prices");
      return price;
    }
  }
}
