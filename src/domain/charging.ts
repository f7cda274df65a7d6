import { assert } from "#base/errors.ts";
import { type Instant, instant } from "#base/time.ts";
import { type Money, PER_UNIT, type Price } from "#base/units.ts";
import { apportion } from "./apportion.ts";
import type { Calendar } from "./calendar.ts";
import { charge, usedBetween } from "./settlement.ts";
import { type Rate, type TermsFrom, type Tier, termsAt } from "./tariff.ts";
import { nextTierPeriod, rateSpans, tierPeriodStart } from "./tariff-time.ts";

/** What a register showed at an instant; `indexWh` before the ratio. */
export type Shown = { readonly at: Instant; readonly indexWh: number };

/** How far steps have been climbed: the usage (Wh) under a tariff since its month or year began. */
export type TierCount = { readonly tariffId: number; readonly periodAt: Instant; readonly usedWh: number };

/** All that a charge rests on. `readings`: in order of time, the first the one that was settled up to, the last the newest. */
export type Usage = {
  readonly readings: readonly Shown[];
  readonly ratio: number;
  readonly terms: readonly TermsFrom[];
  readonly calendar: Calendar;
  /** What rounding kept back so far, in 1/10000 yuan ÷ 1000. */
  readonly residue: number;
  /** Of the tariffs in steps that are gone on with; one that is missing starts at zero. */
  readonly tierCounts: readonly TierCount[];
};

/**
 * One line of a charge (计费明细): a usage at one price. `amount = (residue before + usageWh × price − residue) ÷ 1000`, so every
 * figure can be computed again from the line before it. `estimated`: a reading there was none, the time between two was split.
 */
export type ChargeLine = {
  readonly from: Instant;
  readonly to: Instant;
  readonly tariffId: number | null;
  readonly versionId: string | null;
  /** Null under a flat price or steps. */
  readonly rate: Rate | null;
  /** 1 for the first step; null without steps. */
  readonly tier: number | null;
  /** Steps: where the period began, and the usage in it up to the end of this line. */
  readonly periodAt: Instant | null;
  readonly periodWh: number | null;
  readonly usageWh: number;
  readonly price: Price;
  readonly amount: Money;
  readonly residue: number;
  readonly estimated: boolean;
};

/**
 * Charges what was used between readings by the terms that held at the time. Where a price, a rate or a step period changes between
 * two readings, the usage between them is split by time, largest remainder, and marked. However the readings are cut into runs, the
 * lines sum to the same money and the same usage at each price.
 */
export function chargeUsage(usage: Usage): { lines: ChargeLine[]; usageWh: number; amount: number; residue: number } {
  const lines: ChargeLine[] = [];
  let { residue } = usage;
  const climbed = new Map(usage.tierCounts.map((count) => [stepsKey(count.tariffId, count.periodAt), count.usedWh]));
  for (const piece of gathered(piecesOf(usage))) {
    const steps = stepsKey(piece.force.tariffId, piece.periodAt);
    for (const part of priced(piece, climbed.get(steps) ?? 0)) {
      const step = charge(part.usageWh, part.price, residue);
      residue = step.residue;
      lines.push({ ...part, amount: step.charge, residue });
    }
    if (piece.periodAt !== null) climbed.set(steps, (climbed.get(steps) ?? 0) + piece.usageWh);
  }
  return {
    lines,
    usageWh: lines.reduce((sum, line) => sum + line.usageWh, 0),
    amount: lines.reduce((sum, line) => sum + line.amount, 0),
    residue,
  };
}

/** A usage under one set of terms, one rate, one period of steps. */
type Piece = {
  from: Instant;
  to: Instant;
  force: TermsFrom;
  rate: Rate | null;
  price: Price | null;
  periodAt: Instant | null;
  usageWh: number;
  estimated: boolean;
};
type Span = Omit<Piece, "usageWh" | "estimated">;

function piecesOf(usage: Usage): Piece[] {
  const { readings } = usage;
  return readings.slice(1).flatMap((next, i) => {
    const last = readings[i];
    assert(last !== undefined && last.at <= next.at, "readings stand in the order of time");
    const usedWh = usedBetween(last.indexWh, next.indexWh) * usage.ratio;
    const spans = spansOf(usage, last.at, next.at);
    const [only] = spans;
    assert(only !== undefined, "some price holds between two readings");
    if (spans.length === 1) return [{ ...only, usageWh: usedWh, estimated: false }];
    const parts = apportion(
      usedWh,
      spans.map((span) => span.to - span.from),
    );
    const estimated = spans.some((span) => !isSame(span, only));
    return spans.map((span, at) => ({ ...span, usageWh: parts[at] ?? 0, estimated }));
  });
}

/** What holds from one reading to the next, in order and without gaps. */
function spansOf({ terms, calendar }: Usage, from: Instant, to: Instant): Span[] {
  const changes = terms.filter((each) => each.from > from && each.from < to).map((each) => each.from);
  const cuts = [from, ...changes, to];
  return cuts.slice(1).flatMap((end, i) => {
    const begin = cuts[i] ?? from;
    const force = termsAt(terms, begin);
    const whole = { from: begin, to: end, force, rate: null, price: null, periodAt: null };
    if (force.terms.kind === "flat") return [{ ...whole, price: force.terms.price }];
    if (force.terms.kind === "tou") {
      // Two readings of the same instant: what lies between them was used at its rate.
      const until = instant(Math.max(end, begin + 1));
      return rateSpans(force.terms, calendar, begin, until).map((span) => {
        const price = span.season.prices[span.rate];
        assert(price !== undefined, `the rate ${span.rate} has a price`);
        return { ...whole, from: span.from, to: instant(Math.min(span.to, end)), rate: span.rate, price };
      });
    }
    const spans: Span[] = [];
    let start = begin;
    do {
      const periodAt = tierPeriodStart(force.terms.per, start);
      const until = instant(Math.min(end, nextTierPeriod(force.terms.per, periodAt)));
      spans.push({ ...whole, from: start, to: until, periodAt });
      start = until;
    } while (start < end);
    return spans;
  });
}

/** Adjoins what is charged alike, wherever it lies: three days of the same night rate are one line. Nothing used, no line. */
function gathered(pieces: readonly Piece[]): Piece[] {
  const found: Piece[] = [];
  for (const piece of pieces) {
    if (piece.usageWh === 0) continue;
    const same = found.find((each) => isSame(each, piece));
    if (same === undefined) found.push({ ...piece });
    else {
      same.to = piece.to;
      same.usageWh += piece.usageWh;
      same.estimated ||= piece.estimated;
    }
  }
  return found;
}

function isSame(a: Span, b: Span): boolean {
  return a.force === b.force && a.rate === b.rate && a.price === b.price && a.periodAt === b.periodAt;
}

function stepsKey(tariffId: number | null, periodAt: Instant | null): string {
  return `${tariffId}:${periodAt}`;
}

/** A piece as lines without their money: one, or one for each step that it touches; `climbedWh` was used in its period before. */
function priced(piece: Piece, climbedWh: number): Omit<ChargeLine, "amount" | "residue">[] {
  const { from, to, force, rate, estimated } = piece;
  const common = { from, to, tariffId: force.tariffId, versionId: force.versionId, rate, estimated };
  if (piece.price !== null) {
    const whole = { usageWh: piece.usageWh, price: piece.price, tier: null, periodAt: null, periodWh: null };
    return [{ ...common, ...whole }];
  }
  assert(force.terms.kind === "tiered" && piece.periodAt !== null, "what has no price has steps");
  let usedWh = climbedWh;
  let left = piece.usageWh;
  const lines: Omit<ChargeLine, "amount" | "residue">[] = [];
  for (const step of stepsFrom(force.terms.tiers, usedWh)) {
    if (left === 0) break;
    const usageWh = Math.min(left, step.toWh - usedWh);
    usedWh += usageWh;
    left -= usageWh;
    lines.push({ ...common, usageWh, price: step.price, tier: step.tier, periodAt: piece.periodAt, periodWh: usedWh });
  }
  assert(left === 0, "the last step has no end");
  return lines;
}

function stepsFrom(tiers: readonly Tier[], usedWh: number): { tier: number; price: Price; toWh: number }[] {
  return tiers
    .map((tier, i) => ({
      tier: i + 1,
      price: tier.price,
      toWh: tiers[i + 1]?.fromWh ?? Number.POSITIVE_INFINITY,
    }))
    .filter((step) => step.toWh > usedWh);
}

/** Whether a line's money follows from the line before it (`residueBefore`) and its own figures. */
export function isLineRight(
  line: Pick<ChargeLine, "usageWh" | "price" | "amount" | "residue">,
  residueBefore: number,
): boolean {
  return (
    BigInt(line.usageWh) * BigInt(line.price) + BigInt(residueBefore) ===
    BigInt(line.amount) * BigInt(PER_UNIT) + BigInt(line.residue)
  );
}
