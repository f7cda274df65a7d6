import { addDays, type Day } from "#base/time.ts";
import type { Period, Season, TariffTerms, Tier } from "./tariff.ts";
import { isInSeason } from "./tariff-time.ts";

/** The most that a unit may cost, in 1/10000 yuan: beyond 100 yuan a typing error is likelier than a price. */
export const PRICE_MAX_E4 = 1_000_000;
/** Steps, seasons and periods of one day at most; no published tariff comes near. */
export const TIERS_MAX = 10;
/** Seasons of a year at most. */
export const SEASONS_MAX = 12;
/** Periods of one day at most: one for each half hour. */
export const PERIODS_MAX = 48;

/** What is wrong with terms, and where: a season's name, a step's number. */
export type TermsFault = {
  readonly code:
    | "price_out_of_range"
    | "tiers_missing"
    | "tiers_not_from_zero"
    | "tiers_not_ascending"
    | "tier_prices_not_ascending"
    | "seasons_missing"
    | "season_date_invalid"
    | "seasons_overlap"
    | "seasons_leave_gap"
    | "day_not_covered"
    | "day_overlaps"
    | "rate_without_price";
  readonly where: string;
};

/** The first thing that is wrong with terms as somebody entered them; null when they can be charged by, on every day of every year. */
export function faultOf(terms: TariffTerms): TermsFault | null {
  switch (terms.kind) {
    case "flat":
      return priceFault(terms.price, "");
    case "tiered":
      return tiersFault(terms.tiers);
    case "tou":
      return seasonsFault(terms.seasons);
  }
}

function priceFault(price: number, where: string): TermsFault | null {
  const isSane = Number.isSafeInteger(price) && price > 0 && price <= PRICE_MAX_E4;
  return isSane ? null : { code: "price_out_of_range", where };
}

function tiersFault(tiers: readonly Tier[]): TermsFault | null {
  if (tiers.length < 2 || tiers.length > TIERS_MAX) return { code: "tiers_missing", where: String(tiers.length) };
  if (tiers[0]?.fromWh !== 0) return { code: "tiers_not_from_zero", where: "1" };
  for (const [i, tier] of tiers.entries()) {
    const where = String(i + 1);
    const fault = priceFault(tier.price, where);
    if (fault !== null) return fault;
    const before = tiers[i - 1];
    if (before === undefined) continue;
    if (!Number.isSafeInteger(tier.fromWh) || tier.fromWh <= before.fromWh)
      return { code: "tiers_not_ascending", where };
    if (tier.price <= before.price) return { code: "tier_prices_not_ascending", where };
  }
  return null;
}

/** A leap year that begins on a Saturday: its days are all the dates that there are. */
const EVERY_DATE_FROM = "2028-01-01" as Day;
const EVERY_DATE = 366;

function seasonsFault(seasons: readonly Season[]): TermsFault | null {
  if (seasons.length === 0 || seasons.length > SEASONS_MAX) return { code: "seasons_missing", where: "" };
  for (const season of seasons) {
    if (!isDate(season.from) || !isDate(season.to)) return { code: "season_date_invalid", where: season.name };
    const fault = seasonFault(season);
    if (fault !== null) return fault;
  }
  for (let i = 0; i < EVERY_DATE; i++) {
    const day = addDays(EVERY_DATE_FROM, i);
    const holding = seasons.filter((season) => isInSeason(season, day));
    if (holding.length > 1) return { code: "seasons_overlap", where: day.slice(5) };
    if (holding.length === 0) return { code: "seasons_leave_gap", where: day.slice(5) };
  }
  return null;
}

function isDate(text: string): boolean {
  if (!/^\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`2028-${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(5, 10) === text;
}

function seasonFault(season: Season): TermsFault | null {
  for (const price of Object.values(season.prices)) {
    const fault = priceFault(price, season.name);
    if (fault !== null) return fault;
  }
  for (const periods of Object.values(season.days)) {
    const fault = dayFault(periods, season.name);
    if (fault !== null) return fault;
    if (periods.some((period) => season.prices[period.rate] === undefined)) {
      return { code: "rate_without_price", where: season.name };
    }
  }
  return null;
}

const MINUTES_PER_DAY = 24 * 60;

function dayFault(periods: readonly Period[], where: string): TermsFault | null {
  let covered = 0;
  if (periods.length === 0 || periods.length > PERIODS_MAX) return { code: "day_not_covered", where };
  for (const { fromMinute, toMinute } of [...periods].sort((a, b) => a.fromMinute - b.fromMinute)) {
    const isWhole = Number.isSafeInteger(fromMinute) && Number.isSafeInteger(toMinute);
    if (!isWhole || fromMinute < 0 || toMinute <= fromMinute) return { code: "day_overlaps", where };
    if (fromMinute < covered) return { code: "day_overlaps", where };
    if (fromMinute > covered) return { code: "day_not_covered", where };
    covered = toMinute;
  }
  return covered === MINUTES_PER_DAY
    ? null
    : { code: covered > MINUTES_PER_DAY ? "day_overlaps" : "day_not_covered", where };
}
