import { AppError } from "#base/errors.ts";
import { type Day, type Month, parseDay, parseMonth } from "#base/time.ts";

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
