import { AppError } from "#base/errors.ts";
import { type Day, type Month, parseDay, parseMonth } from "#base/time.ts";
import { daysIn, SPAN_DAYS_MAX, type Span } from "#domain/ranking.ts";

/** A day of the calendar, or a refusal that names what was asked. */
export function dayAsked(text: string): Day {
  const day = parseDay(text);
  if (day === null) throw new AppError("invalid_input", { what: text });
  return day;
}

/** A month of the calendar, or a refusal that names what was asked. */
export function monthAsked(text: string): Month {
  const month = parseMonth(text);
  if (month === null) throw new AppError("invalid_input", { what: text });
  return month;
}

/** A month or a year, or a refusal that names what was asked. */
export function periodAsked(text: string): string {
  return text.length === 7 ? monthAsked(text) : text;
}

/** A day, month or year, or a refusal that names what was asked. */
export function dayOrPeriodAsked(text: string): string {
  return text.length === 10 ? dayAsked(text) : periodAsked(text);
}

/** The same question with its days as days: from one to a later one, not more than three years. */
export function rankingAsked<Q extends { from: string; to: string }>(query: Q): Q & Span {
  const span = { from: dayAsked(query.from), to: dayAsked(query.to) };
  if (span.from > span.to || daysIn(span) > SPAN_DAYS_MAX)
    throw new AppError("invalid_input", { what: `${query.from} – ${query.to}` });
  return { ...query, ...span };
}
