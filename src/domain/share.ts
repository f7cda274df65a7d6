import { assert } from "#base/errors.ts";
import { apportionUnits } from "./apportion.ts";

/**
 * By what a shared usage is divided. Public meters: fixed `ratio`s, `equal` parts, `area`, or the members' own `usage`. Indoor units:
 * `runtime` (run time × rated capacity × speed factor, 运行时间×额定容量×风速系数), `meter` (their own meters), or `area`.
 */
export const shareMethods = ["ratio", "equal", "area", "usage", "runtime", "meter"] as const;
/** One of {@link shareMethods}. */
export type ShareMethod = (typeof shareMethods)[number];

/** Methods by what is shared: the usage of a box's public meter, or of an outdoor unit. */
export const methodsOf = {
  box: ["ratio", "equal", "area", "usage"],
  hvac: ["runtime", "meter", "area"],
} as const satisfies Record<string, readonly ShareMethod[]>;

/** Parts of a ratio in the whole: 1/100 per cent. */
export const WHOLE_BP = 10_000;
/** A speed factor of one. */
export const FACTOR_ONE = 100;
const MINUTES_PER_DAY = 1_440;

/** Minutes that a unit ran on a day, by fan speed. */
export type RunMinutes = { readonly low: number; readonly middle: number; readonly high: number };

/** What is known of a member for the period that is shared; null where it is not known. */
export type ShareMember = {
  readonly ratioBp: number;
  /** 1/100 m². */
  readonly areaCm: number;
  readonly ratedW: number;
  /** Usage of the member's meter (`usage`) or of the indoor unit's own one (`meter`). */
  readonly usageWh: number | null;
  readonly minutes: RunMinutes | null;
};

/** How a usage is divided. */
export type ShareTerms = {
  readonly method: ShareMethod;
  /** What the property bears (物业承担) beforehand, in 1/100 per cent. */
  readonly propertyBp: number;
  /** In hundredths. */
  readonly factors: RunMinutes;
};

/** The parts in the order of the members, and the property's; `weights` likewise. They sum to the whole exactly. */
export type Shares = {
  readonly weights: readonly number[];
  readonly propertyWeight: number;
  readonly parts: readonly number[];
  readonly propertyPart: number;
};

/** Divides, or says which members' figures are missing: nothing is shared by half of what it rests on. */
export function shareUsage(
  totalWh: number,
  terms: ShareTerms,
  members: readonly ShareMember[],
): { ok: true; shares: Shares } | { ok: false; missing: readonly number[] } {
  const own = members.map((member) => weightOf(terms, member));
  const missing = own.flatMap((weight, i) => (weight === null ? [i] : []));
  if (missing.length > 0) return { ok: false, missing };
  const known = own.filter((weight) => weight !== null);
  const sum = known.reduce((all, weight) => all + weight, 0);
  // Nobody used or ran anything: what was used all the same is the property's.
  if (sum === 0) {
    return {
      ok: true,
      shares: { weights: known, propertyWeight: 1, parts: known.map(() => 0), propertyPart: totalWh },
    };
  }
  const common = gcd(WHOLE_BP - terms.propertyBp, terms.propertyBp);
  const weights = known.map((weight) => (weight * (WHOLE_BP - terms.propertyBp)) / common);
  const propertyWeight = (sum * terms.propertyBp) / common;
  const parts = apportionUnits(totalWh, [...weights, propertyWeight]);
  const propertyPart = parts.pop() ?? 0;
  assert(parts.reduce((all, part) => all + part, propertyPart) === totalWh, "shares sum to the whole");
  return { ok: true, shares: { weights, propertyWeight, parts, propertyPart } };
}

/** The weight of one member; null when it is not known. With `ratio` the property's part is left out: it is what ratios leave. */
function weightOf({ method, factors }: ShareTerms, member: ShareMember): number | null {
  switch (method) {
    case "ratio":
      return member.ratioBp;
    case "equal":
      return 1;
    case "area":
      return member.areaCm;
    case "usage":
    case "meter":
      return member.usageWh;
    case "runtime":
      return member.minutes === null ? null : runWeight(member.minutes, factors) * member.ratedW;
  }
}

/** Minutes at full speed × 100 (当量运行时间). */
export function runWeight(minutes: RunMinutes, factors: RunMinutes): number {
  return minutes.low * factors.low + minutes.middle * factors.middle + minutes.high * factors.high;
}

/** Why minutes cannot be those of one day; null when they can. */
export function minutesFault(minutes: RunMinutes): "negative" | "longer_than_a_day" | null {
  const all = [minutes.low, minutes.middle, minutes.high];
  if (all.some((each) => !Number.isSafeInteger(each) || each < 0)) return "negative";
  return all.reduce((sum, each) => sum + each, 0) > MINUTES_PER_DAY ? "longer_than_a_day" : null;
}

/** Why terms cannot hold; null when they can. Ratios and what the property bears are the whole, to 0.01 per cent. */
export function termsFault(
  terms: ShareTerms,
  members: readonly Pick<ShareMember, "ratioBp" | "areaCm" | "ratedW">[],
): "nobody" | "ratio_sum" | "property" | "area" | "rated" | null {
  if (members.length === 0) return "nobody";
  if (terms.propertyBp < 0 || terms.propertyBp >= WHOLE_BP) return "property";
  if (terms.method === "ratio") {
    const sum = members.reduce((all, member) => all + member.ratioBp, terms.propertyBp);
    if (sum !== WHOLE_BP || members.some((member) => member.ratioBp < 0)) return "ratio_sum";
  }
  if (terms.method === "area" && members.some((member) => member.areaCm <= 0)) return "area";
  if (terms.method === "runtime" && members.some((member) => member.ratedW <= 0)) return "rated";
  return null;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
