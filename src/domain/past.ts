import { DAY_MS, dayOf, HOUR_MS, type Instant, instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import { judgeReading, type Verdict } from "./reading.ts";

/** An index and when it was shown. */
export type Shown = { readonly indexWh: number; readonly at: Instant };

/** From here on a meter's clock is wrong: an alarm, and what it froze by it is no midnight. */
export const CLOCK_WRONG_MS = 5 * MINUTE_MS;

/** What is known of a meter's clock. Times are of our clock; 0 is never. */
export type ClockKnown = {
  /** How far it was ahead when it was last read; null before that. */
  readonly offsetMs: number | null;
  readonly readAt: number;
  /** When it was last seen right. */
  readonly goodAt: number;
  /** The last time in which it was, or may have been, wrong: from when it was last right to when it was right again, null while it is not. */
  readonly doubtFrom: number;
  readonly doubtTo: number | null;
};

/** A clock that nobody has read. */
export const CLOCK_UNREAD: ClockKnown = { offsetMs: null, readAt: 0, goodAt: 0, doubtFrom: 0, doubtTo: 0 };

/** What is known after a clock was read (null: it showed no time), and whether it went wrong, or came right, just now. */
export function clockRead(
  known: ClockKnown,
  read: { offsetMs: number | null; at: Instant },
): { known: ClockKnown; turned: "wrong" | "right" | null } {
  const { offsetMs, at } = read;
  if (offsetMs === null) return { known: { ...known, readAt: at }, turned: null };
  const wasWrong = known.doubtTo === null;
  const isWrong = Math.abs(offsetMs) > CLOCK_WRONG_MS;
  const now = { ...known, offsetMs, readAt: at };
  if (isWrong && wasWrong) return { known: now, turned: null };
  if (isWrong) return { known: { ...now, doubtFrom: known.goodAt, doubtTo: null }, turned: "wrong" };
  const right = { ...now, goodAt: at, ...(wasWrong && { doubtTo: at }) };
  return { known: right, turned: wasWrong ? "right" : null };
}

/** Whether a meter may not have known what time it was at `at`: what it kept then was kept at another moment. */
export function isTimeDoubtful(known: ClockKnown, at: Instant): boolean {
  return at > known.doubtFrom && (known.doubtTo === null || at < known.doubtTo);
}

/**
 * Judges an index that a meter kept at a past moment by the good readings around it, as any reading is judged by the one before:
 * below the one before it is backwards, above the one after it, or more than could be drawn, is a jump.
 */
export function judgePast(
  readings: { before: Shown | null; after: Shown | null; suspect: Shown | null; next: Shown },
  powerMaxW: number,
): Verdict {
  const { before, after, next } = readings;
  const suspect = readings.suspect !== null && readings.suspect.at <= next.at ? readings.suspect : null;
  const verdict = judgeReading({ previous: before, suspect, next }, powerMaxW);
  if (after === null || (verdict !== "ok" && verdict !== "rollover")) return verdict;
  switch (judgeReading({ previous: next, suspect: null, next: after }, powerMaxW)) {
    case "backwards":
      return "jump";
    case "jump":
      return "backwards";
    default:
      return verdict;
  }
}

/** The midnights after one time up to another, in order. */
export function midnightsAfter(from: Instant, to: Instant): Instant[] {
  const found: Instant[] = [];
  for (let at = later(startOfDay(dayOf(from)), DAY_MS); at <= to; at = later(at, DAY_MS)) found.push(at);
  return found;
}

/** The last full step of time, such as an hour, that has passed. */
export function lastStep(now: Instant, everyMs: number): Instant {
  return instant(Math.floor(now / everyMs) * everyMs);
}

const RETRY_FIRST_MS = 5 * MINUTE_MS;
const RETRY_LAST_MS = 6 * HOUR_MS;

/** How long a meter that did not tell of its past is left alone: 5, 10, 20 … minutes, six hours at most. */
export function pastRetryMs(tries: number): number {
  return Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** Math.min(Math.max(0, tries - 1), 10));
}
