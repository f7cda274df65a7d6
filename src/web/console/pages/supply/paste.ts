import { type Day, parseDay } from "#base/time.ts";
import type { CalendarKind } from "#domain/calendar.ts";

/** One line of a pasted notice as it was understood; `kind` null: an ordinary day again. */
export type PastedDay = { day: Day; kind: CalendarKind | null; name: string; provisional: boolean };

const KINDS: readonly [words: RegExp, kind: CalendarKind | null][] = [
  [/^(休|放假|假|holiday|off)$/i, "holiday"],
  [/^(班|上班|调休|workday|work)$/i, "workday"],
  [/^(平|取消|ordinary|normal)$/i, null],
];

/**
 * Days from pasted lines such as `2027-02-05 休 春节`, `2027/2/20 班 春节` or cells of a sheet: day, kind, name. Empty lines are passed over;
 * every line that cannot be understood is named by its number, so that nothing is left out silently.
 */
export function pastedDays(text: string): { days: PastedDay[]; bad: number[] } {
  const days: PastedDay[] = [];
  const bad: number[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const [date = "", word = "", ...name] = line.trim().split(/[\s,，;；\t]+/);
    const day = dayFrom(date);
    const kind = KINDS.find(([words]) => words.test(word));
    if (day === null || kind === undefined) bad.push(at + 1);
    else days.push({ day, kind: kind[1], name: name.join(" ").slice(0, 40), provisional: false });
  }
  return { days, bad };
}

/** `2027-02-05`, `2027/2/5`, `2027年2月5日`. */
function dayFrom(text: string): Day | null {
  const match = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text);
  if (!match) return null;
  const [, year = "", month = "", day = ""] = match;
  return parseDay(`${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`);
}
