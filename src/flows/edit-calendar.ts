import { AppError } from "#base/errors.ts";
import { dayOf, parseDay } from "#base/time.ts";
import type { CalendarKind } from "#domain/calendar.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import { calendarRows, removeCalendarDays, saveCalendarDays } from "#store/calendar.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** A day as somebody wants it; `kind` null: what its weekday says. */
type Wanted = { day: string; kind: CalendarKind | null; name: string; provisional: boolean };

/**
 * Changes days of the calendar. Only those that have not begun: what was used on a day is charged by the calendar as it was then. Setting a
 * day to what it is already changes nothing.
 */
export async function editCalendar(
  ctx: FlowContext,
  actor: Actor,
  input: { days: readonly Wanted[]; ip: string },
): Promise<void> {
  const byDay = new Map(input.days.map((each) => [each.day, each]));
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const today = dayOf(now);
    for (const day of byDay.keys()) {
      if (parseDay(day) === null) throw new AppError("day_invalid", { day });
    }
    const before = await calendarRows(tx, [...byDay.keys()]);
    const changed = [...byDay.values()].filter((wanted) => {
      const row = before.find((each) => each.day === wanted.day);
      const same =
        row && row.kind === wanted.kind && row.name === wanted.name && row.provisional === +wanted.provisional;
      return row === undefined ? wanted.kind !== null : !same;
    });
    for (const { day } of changed) if (day <= today) throw new AppError("calendar_day_past", { day });
    if (changed.length === 0) return;
    const gone = changed.filter((each) => each.kind === null).map((each) => each.day);
    await removeCalendarDays(tx, gone);
    await saveCalendarDays(
      tx,
      changed.flatMap(({ day, kind, name, provisional }) =>
        kind === null
          ? []
          : [
              {
                day,
                kind,
                name,
                provisional: provisional ? (1 as const) : (0 as const),
                updated_by: actor.login,
                updated_at: now,
              },
            ],
      ),
    );
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "calendar.edit",
      object: "calendar",
      before: before.filter((row) => changed.some((each) => each.day === row.day)),
      after: changed,
      reason: "",
      ip: input.ip,
    });
  });
}
