import { assert } from "#base/errors.ts";
import { addDays, type Day, dayOf, type Instant, instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import { type Calendar, kindOfDay } from "./calendar.ts";
import type { Rate, Season, TariffTerms, TierPeriod } from "./tariff.ts";

/** One stretch of time in which one rate holds. */
export type RateSpan = { readonly from: Instant; readonly to: Instant; readonly rate: Rate; readonly season: Season };

/** True when the season holds on the day. */
export function isInSeason(season: Pick<Season, "from" | "to">, day: Day): boolean {
  const date = day.slice(5);
  return season.from <= season.to ? season.from <= date && date <= season.to : season.from <= date || date <= season.to;
}

/** The season of a time-of-use tariff on a day; null for other tariffs. */
export function seasonOn(terms: TariffTerms, day: Day): Season | null {
  if (terms.kind !== "tou") return null;
  const season = terms.seasons.find((each) => isInSeason(each, day));
  assert(season !== undefined, `no season covers ${day}`);
  return season;
}

/** The rates of a time-of-use tariff from one instant to another, in order and without gaps. */
export function rateSpans(
  terms: TariffTerms & { kind: "tou" },
  calendar: Calendar,
  from: Instant,
  to: Instant,
): RateSpan[] {
  const spans: RateSpan[] = [];
  for (let day = dayOf(from); startOfDay(day) < to; day = addDays(day, 1)) {
    const season = seasonOn(terms, day);
    assert(season !== null, "a time-of-use tariff has seasons");
    const midnight = startOfDay(day);
    const periods = season.days[kindOfDay(day, calendar)] ?? season.days.workday;
    for (const period of [...periods].sort((a, b) => a.fromMinute - b.fromMinute)) {
      const begin = Math.max(later(midnight, period.fromMinute * MINUTE_MS), from);
      const end = Math.min(later(midnight, period.toMinute * MINUTE_MS), to);
      if (begin < end) spans.push({ from: instant(begin), to: instant(end), rate: period.rate, season });
    }
  }
  return spans;
}

/** Where the month or year begins in which steps are counted at an instant. */
export function tierPeriodStart(per: TierPeriod, at: Instant): Instant {
  const day = dayOf(at);
  return startOfDay((per === "month" ? `${day.slice(0, 7)}-01` : `${day.slice(0, 4)}-01-01`) as Day);
}

/** Where the next month or year begins. */
export function nextTierPeriod(per: TierPeriod, start: Instant): Instant {
  // From the first of a month, 32 days lead into the next one; from the first of a year, 367 days into the next.
  return tierPeriodStart(per, startOfDay(addDays(dayOf(start), per === "month" ? 32 : 367)));
}
