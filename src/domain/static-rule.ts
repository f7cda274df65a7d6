import { DAY_MS, HOUR_MS, type Instant, instant, later, MINUTE_MS } from "#base/time.ts";
import type { AlarmFinding, StillEvidence } from "./alarm.ts";
import type { IndexPoint } from "./meter-day.ts";
import { isRollover, usedBetween } from "./settlement.ts";

/** When a meter counts as standing still (静止): no more than `floorWh` within the period, shown by so many good readings. */
export type StaticRule = {
  readonly enabled: boolean;
  readonly periodHours: number;
  readonly floorWh: number;
  readonly readingsMin: number;
};

/** What holds in a project until somebody says otherwise. */
export const STATIC_RULE: StaticRule = { enabled: true, periodHours: 72, floorWh: 0, readingsMin: 3 };

/** Shorter is a night; longer than a month nobody remembers what was meant, and readings of so long are looked through. */
export const PERIOD_HOURS_MIN = 12;
export const PERIOD_HOURS_MAX = 720;
/** A refrigerator uses this much in a day. */
export const FLOOR_WH_MAX = 1_000;
export const READINGS_MIN_MIN = 2;
export const READINGS_MIN_MAX = 50;

/** A room that was found empty for good reason is not asked about again while it stays still, but not for ever. */
export const VACANCY_QUIET_MS = 30 * DAY_MS;

/** Where one line of indexes ends and another begins: exchanged, register set anew, another ratio. */
type Break = { readonly at: Instant; readonly closeWh: number; readonly openWh: number };
/** Believed indexes of a meter in the order of time, with the breaks between them. */
export type StillLine = { readonly points: readonly IndexPoint[]; readonly breaks: readonly Break[] };

/** The last stretch in which a meter hardly moved. */
export type Stretch = Omit<StillEvidence, "periodHours" | "floorWh">;

/**
 * The longest stretch up to the last reading in which no more than `floorWh` was used; what was read before `notBefore` does not count.
 * An exchange, a change of ratio and a register that starts again are counted through: they neither move a meter nor hide that it moved.
 * Null: no reading.
 */
export function stillStretch(line: StillLine, floorWh: number, notBefore: Instant): Stretch | null {
  const points = line.points.filter(({ at }) => at >= notBefore);
  const last = points.at(-1);
  if (last === undefined) return null;
  let [since, used, readings] = [last, 0, last.frozen ? 0 : 1];
  for (const before of points.slice(0, -1).toReversed()) {
    const step = usedThrough(before, since, line.breaks);
    if (used + step > floorWh) break;
    used += step;
    since = before;
    if (!before.frozen) readings++;
  }
  const edges = { sinceAt: since.at, untilAt: last.at, fromWh: since.indexWh, toWh: last.indexWh };
  return { ...edges, usedWh: used, readings };
}

/** What was used between two points, over the breaks between them. A register that ran backwards moved: nothing is said of how far. */
function usedThrough(from: IndexPoint, to: IndexPoint, breaks: readonly Break[]): number {
  let [sum, at] = [0, from.indexWh];
  for (const each of breaks) {
    if (each.at <= from.at || each.at > to.at) continue;
    sum += moved(at, each.closeWh);
    at = each.openWh;
  }
  return sum + moved(at, to.indexWh);
}

function moved(fromWh: number, toWh: number): number {
  if (toWh < fromWh && !isRollover(fromWh, toWh)) return Number.POSITIVE_INFINITY;
  return usedBetween(fromWh, toWh);
}

/** What else decides whether a meter that stands still is worth an alarm. */
export type StillFacts = {
  /** Somebody pays for it, and is not moving out. */
  readonly occupied: boolean;
  /** A dwelling's own meter: not public, not a master meter, in use. */
  readonly own: boolean;
  readonly off: boolean;
  /** It, or its concentrator, does not answer: that is a fault of its own (通信故障). */
  readonly silent: boolean;
  /** A reading is doubted, and a person has to decide first. */
  readonly doubted: boolean;
  /** When supply came back, the tenant moved in, or a visit ended the alarm before: standing still counts from there. */
  readonly notBefore: Instant;
  /** When a visit found the room empty for good reason. */
  readonly foundEmptyAt: Instant | null;
};

/** Why a meter is not alarmed about now, and when it is worth another look. */
export type NotStill = {
  readonly still: false;
  readonly why: "off_rule" | "vacant" | "off" | "silent" | "doubted" | "unread" | "short" | "few" | "explained";
  readonly againAt: Instant;
};
/** What is to be thought of a meter. */
export type StillVerdict = { readonly still: true; readonly evidence: StillEvidence } | NotStill;

const AGAIN_MS = 15 * MINUTE_MS;
/** A reading may be due any moment. */
const SOON_MS = MINUTE_MS;

/** Whether nothing has to be read to know that there is no alarm; null when readings decide. */
export function excusedWithoutReadings(facts: StillFacts, rule: StaticRule, now: Instant): NotStill | null {
  const why = excuse(facts, rule);
  return why === null ? null : { still: false, why, againAt: later(now, AGAIN_MS) };
}

function excuse(facts: StillFacts, rule: StaticRule): NotStill["why"] | null {
  if (!rule.enabled) return "off_rule";
  if (!facts.occupied || !facts.own) return "vacant";
  if (facts.off) return "off";
  if (facts.silent) return "silent";
  if (facts.doubted) return "doubted";
  return null;
}

/**
 * Whether a meter stands still (静止报警), by its readings of the period and what else is known. Where it does not, `againAt` is the
 * earliest time at which it could: who looks then misses nothing.
 */
export function judgeStill(facts: StillFacts, rule: StaticRule, line: StillLine, now: Instant): StillVerdict {
  const excused = excusedWithoutReadings(facts, rule, now);
  if (excused !== null) return excused;
  const stretch = stillStretch(line, rule.floorWh, facts.notBefore);
  const not = (why: NotStill["why"], againAt: number): NotStill => ({ still: false, why, againAt: instant(againAt) });
  if (stretch === null) return not("unread", now + AGAIN_MS);
  const periodMs = rule.periodHours * HOUR_MS;
  if (stretch.untilAt - stretch.sinceAt < periodMs)
    return not("short", Math.max(stretch.sinceAt + periodMs, now + SOON_MS));
  if (stretch.readings < rule.readingsMin) return not("few", now + AGAIN_MS);
  const { foundEmptyAt } = facts;
  if (foundEmptyAt !== null && stretch.sinceAt <= foundEmptyAt && now < foundEmptyAt + VACANCY_QUIET_MS)
    return not("explained", Math.min(now + periodMs, foundEmptyAt + VACANCY_QUIET_MS));
  return { still: true, evidence: { ...stretch, periodHours: rule.periodHours, floorWh: rule.floorWh } };
}

/** Whether a meter moved: more than the floor was used within the period before its last reading, and a reading shows it. */
export function hasMoved(line: StillLine, rule: StaticRule): boolean {
  const stretch = stillStretch(line, rule.floorWh, instant(0));
  if (stretch === null || stretch.untilAt - stretch.sinceAt >= rule.periodHours * HOUR_MS) return false;
  return line.points.some(({ at }) => at < stretch.sinceAt);
}

/** What a visit said about the stillness that was asked about: from when it counts again, or until when nobody asks. */
export function afterVisit(finding: AlarmFinding, at: Instant): Pick<StillFacts, "notBefore" | "foundEmptyAt"> {
  return finding === "normal_vacancy"
    ? { notBefore: instant(0), foundEmptyAt: at }
    : { notBefore: at, foundEmptyAt: null };
}
