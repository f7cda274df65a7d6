import { AppError } from "#base/errors.ts";
import { type Instant, instant, parseDay, startOfDay } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import type { ChangeContent, WhatIf, WhatIfLine, WhatIfRequest } from "#contract/prices.ts";
import type { Calendar } from "#domain/calendar.ts";
import { chargeUsage, type Shown, type TierCount } from "#domain/charging.ts";
import type { Actor } from "#domain/permission.ts";
import { readingLine } from "#domain/reading-line.ts";
import { isRollover, usedBetween } from "#domain/settlement.ts";
import type { TariffTerms, TermsFrom } from "#domain/tariff.ts";
import { nextTierPeriod, tierPeriodStart } from "#domain/tariff-time.ts";
import { loadCalendar } from "#store/calendar.ts";
import type { Tx } from "#store/db.ts";
import { goodReadings } from "#store/due-meters.ts";
import { type ConcernedMeter, countInScope, metersOfTariff, selectedMeters } from "#store/price-changes.ts";
import { BEGINNING, termsOfMeters, versionsOfTariffs } from "#store/tariffs.ts";
import type { FlowContext } from "./context.ts";
import { readPrice, readTerms } from "./price-terms.ts";

/** Meters of one answer: a month of quarter-hours of each is read when prices depend on the time. */
const METERS_MAX = 20;

/**
 * What a past month would have cost each meter under new prices, and what it cost by those that held: both by the code that settles, over
 * the readings that are there. Page after page, in the order of the meters' ids.
 */
export async function whatIf(ctx: FlowContext, actor: Actor, input: WhatIfRequest): Promise<WhatIf> {
  const tx = ctx.db.read;
  const first = parseDay(`${input.month}-01`);
  if (first === null) throw new AppError("day_invalid", { day: input.month });
  const from = startOfDay(first);
  const to = nextTierPeriod("month", from);
  const { meters, draft } = await concerned(tx, actor, input.what);
  const page = meters.filter((meter) => meter.id > input.after).slice(0, METERS_MAX);
  const calendar = await loadCalendar(tx);
  const terms = await termsOfMeters(tx, page);
  const items: WhatIfLine[] = [];
  for (const meter of page) {
    const own = terms.get(meter.id) ?? [];
    items.push(await compare(tx, { meter, from, to, now: own, draft, calendar }));
  }
  const last = page.at(-1);
  const isMore = last !== undefined && meters.some((meter) => meter.id > last.id);
  return { items, total: meters.length, next: isMore ? last.id : null };
}

async function concerned(
  tx: Tx,
  actor: Actor,
  what: ChangeContent,
): Promise<{ meters: ConcernedMeter[]; draft: TariffTerms }> {
  if (what.kind === "version") {
    const meters = await metersOfTariff(tx, what.tariffId);
    const ids = meters.map((meter) => meter.id);
    if ((await countInScope(tx, actor.scope, ids)) < ids.length) throw new AppError("tariff_outside_scope");
    return { meters, draft: readTerms(what.terms) };
  }
  const meters = await selectedMeters(tx, actor.scope, what.meters);
  if (meters.length === 0) throw new AppError("no_meters_chosen");
  if (what.tariffId === null) return { meters, draft: { kind: "flat", price: readPrice(what.price ?? "") } };
  const version = (await versionsOfTariffs(tx, [what.tariffId])).get(what.tariffId)?.at(-1);
  if (version === undefined) throw new AppError("tariff_without_version");
  return { meters, draft: version.terms };
}

type Comparing = {
  meter: ConcernedMeter;
  from: Instant;
  to: Instant;
  now: readonly TermsFrom[];
  draft: TariffTerms;
  calendar: Calendar;
};

async function compare(tx: Tx, input: Comparing): Promise<WhatIfLine> {
  const { meter, from, to, now, draft, calendar } = input;
  const common = { meterId: meter.id, label: meter.label, number: meter.number };
  const inMonth = now.filter((each, i) => each.from < to && (now[i + 1]?.from ?? to) > from);
  const isPlain = draft.kind === "flat" && inMonth.length === 1 && inMonth[0]?.terms.kind === "flat";
  const rows = await goodReadings(tx, { meterId: meter.id, from, to, all: !isPlain });
  const shown = rows.map((row): Shown => ({ at: instant(row.measured_at), indexWh: row.value }));
  const [first, last] = [shown[0], shown.at(-1)];
  const nothing = { usageWh: null, was: null, would: null, difference: null, estimated: false };
  if (first === undefined || last === undefined || first.at === last.at) return { ...common, ...nothing };
  if (last.indexWh < first.indexWh && !isRollover(first.indexWh, last.indexWh)) return { ...common, ...nothing };
  const between = shown.slice(1, -1).map((each) => ({ ...each, isGood: true }));
  const readings = readingLine(first, between, last);
  const year = tierPeriodStart("year", from);
  const climbedWh = await usedIn(tx, meter, year, from);
  const cost = (line: readonly TermsFrom[]) => {
    const tierCounts = line.flatMap(({ terms, tariffId }): TierCount[] =>
      terms.kind === "tiered" && terms.per === "year" && tariffId !== null
        ? [{ tariffId, periodAt: year, usedWh: climbedWh }]
        : [],
    );
    return chargeUsage({ readings, ratio: meter.ratio, terms: line, calendar, residue: 0, tierCounts });
  };
  const before = cost(now);
  const after = cost([{ from: BEGINNING, terms: draft, tariffId: 0, versionId: null }]);
  return {
    ...common,
    usageWh: after.usageWh,
    was: formatMoney(money(before.amount)),
    would: formatMoney(money(after.amount)),
    difference: formatMoney(money(after.amount - before.amount)),
    estimated: [...before.lines, ...after.lines].some((line) => line.estimated),
  };
}

/** What a meter used between two instants, as far as its readings tell; for how far steps of a year were climbed. */
async function usedIn(tx: Tx, meter: ConcernedMeter, from: Instant, to: Instant): Promise<number> {
  if (from >= to) return 0;
  const [first, last] = await goodReadings(tx, { meterId: meter.id, from, to, all: false });
  if (first === undefined || last === undefined) return 0;
  if (last.value < first.value && !isRollover(first.value, last.value)) return 0;
  return usedBetween(first.value, last.value) * meter.ratio;
}
