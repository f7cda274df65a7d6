import { AppError } from "#base/errors.ts";
import { type Instant, instant, parseDay, startOfDay } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import type { ChangeContent, WhatIf, WhatIfLine, WhatIfRequest } from "#contract/prices.ts";
import type { Calendar } from "#domain/calendar.ts";
import { type ChargeLine, chargeUsage, type Shown, type TierCount, type Usage } from "#domain/charging.ts";
import { ratiosAlong } from "#domain/line-break.ts";
import type { Actor } from "#domain/permission.ts";
import { readingLine } from "#domain/reading-line.ts";
import { isRollover, usedBetween } from "#domain/settlement.ts";
import type { TariffTerms, TermsFrom } from "#domain/tariff.ts";
import { nextTierPeriod, tierPeriodStart } from "#domain/tariff-time.ts";
import { loadCalendar } from "#store/calendar.ts";
import type { Tx } from "#store/db.ts";
import { goodReadings } from "#store/due-meters.ts";
import { lineBreaksOf } from "#store/line-breaks.ts";
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
  const spans = await spansOf(tx, meter, { from, to, all: !isPlain });
  const nothing = { usageWh: null, was: null, would: null, difference: null, estimated: false };
  if (spans === null) return { ...common, ...nothing };
  const year = tierPeriodStart("year", from);
  const climbedWh = await usedIn(tx, meter, year, from);
  const cost = (line: readonly TermsFrom[]) => {
    const tierCounts = line.flatMap(({ terms, tariffId }): TierCount[] =>
      terms.kind === "tiered" && terms.per === "year" && tariffId !== null
        ? [{ tariffId, periodAt: year, usedWh: climbedWh }]
        : [],
    );
    return chargeSpans(spans, { terms: line, calendar, residue: 0, tierCounts });
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
  const spans = (await spansOf(tx, meter, { from, to, all: false })) ?? [];
  return spans.reduce((sum, { readings, ratio }) => {
    const [first, last] = [readings[0], readings.at(-1)];
    return first && last ? sum + usedBetween(first.indexWh, last.indexWh) * ratio : sum;
  }, 0);
}

/** Readings on one line of indexes, at one ratio. */
type Span = { ratio: number; readings: Shown[] };

/**
 * The readings of a meter between two instants, line by line: an exchange or a change of ratio ends one and begins another. Null when there
 * are none to compare, or they contradict each other.
 */
async function spansOf(
  tx: Tx,
  meter: ConcernedMeter,
  { from, to, all }: { from: Instant; to: Instant; all: boolean },
): Promise<Span[] | null> {
  const known = (await lineBreaksOf(tx, [meter.id])).get(meter.id) ?? [];
  const { ratio: ratioFirst, breaks } = ratiosAlong(known, meter.ratio);
  let ratio = breaks.findLast((each) => each.at <= from)?.ratio ?? ratioFirst;
  let open: Shown | null = null;
  const spans: Span[] = [];
  for (const close of [...breaks.filter((each) => each.at > from && each.at < to), null]) {
    const asked = { meterId: meter.id, from: open?.at ?? from, to: close?.at ?? to, all };
    const inside = (await goodReadings(tx, asked))
      .map((row): Shown => ({ at: instant(row.measured_at), indexWh: row.value }))
      .filter((each) => (open === null || each.at > open.at) && (close === null || each.at < close.at));
    const shown: Shown[] = [...(open ? [open] : []), ...inside];
    if (close) shown.push({ at: close.at, indexWh: close.closeWh });
    const [first, last] = [shown[0], shown.at(-1)];
    if (first && last && first.at < last.at) {
      if (last.indexWh < first.indexWh && !isRollover(first.indexWh, last.indexWh)) return null;
      const between = shown.slice(1, -1).map((each) => ({ ...each, isGood: true }));
      spans.push({ ratio, readings: readingLine(first, between, last) });
    }
    if (close) {
      ratio = close.ratio;
      open = { at: close.at, indexWh: close.openWh };
    }
  }
  return spans.length === 0 ? null : spans;
}

/** Charges one span after the other: rest and steps go on from one to the next. */
function chargeSpans(spans: readonly Span[], common: Omit<Usage, "readings" | "ratio">) {
  const lines: ChargeLine[] = [];
  let [usageWh, amount, residue] = [0, 0, common.residue];
  let counts = [...common.tierCounts];
  for (const span of spans) {
    const charged = chargeUsage({ ...common, ...span, residue, tierCounts: counts });
    lines.push(...charged.lines);
    usageWh += charged.usageWh;
    amount += charged.amount;
    residue = charged.residue;
    for (const { tariffId, periodAt, periodWh } of charged.lines) {
      if (tariffId === null || periodAt === null || periodWh === null) continue;
      counts = [...counts.filter((each) => each.tariffId !== tariffId), { tariffId, periodAt, usedWh: periodWh }];
    }
  }
  return { lines, usageWh, amount };
}
