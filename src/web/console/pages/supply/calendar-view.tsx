import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addDays, type Day, dayOf, instant, weekdayOf } from "#base/time.ts";
import type { CalendarDay, CalendarYear } from "#contract/supply.ts";
import { calendarKinds, kindOfDay } from "#domain/calendar.ts";
import { getCalendar, postCalendar, supplyKeys } from "#web/shared/api-supply.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { PasteDialog } from "./paste-dialog.tsx";

const MONTHS = Array.from({ length: 12 }, (_, i) => String(i + 1).padStart(2, "0"));

/** A year with its holidays and worked weekends (调休); days that lie ahead can be changed, or pasted from the notice. */
export function CalendarView() {
  const { t } = useTranslation();
  const today = dayOf(instant(Date.now()));
  const [year, setYear] = useState(Number(today.slice(0, 4)));
  const [editing, setEditing] = useState<Day | null>(null);
  const [pasting, setPasting] = useState(false);
  const calendar = useQuery({ queryKey: supplyKeys.calendar(year), queryFn: () => getCalendar(year) });
  const isProvisional = calendar.data?.items.some((day) => day.provisional) ?? false;
  return (
    <>
      <div className="price-filter">
        <Button onClick={() => setYear(year - 1)} aria-label={`${t("supply.yearBefore")} ${year - 1}`}>
          {year - 1}
        </Button>
        <h2 data-testid="calendar-year">{year}</h2>
        <Button onClick={() => setYear(year + 1)} aria-label={`${t("supply.yearAfter")} ${year + 1}`}>
          {year + 1}
        </Button>
        <Button type="primary" onClick={() => setPasting(true)} data-testid="calendar-paste">
          {t("supply.paste")}
        </Button>
      </div>
      {isProvisional ? <p className="banner banner-warn">{t("supply.provisionalLead", { year })}</p> : null}
      {calendar.data !== undefined && calendar.data.items.length === 0 ? (
        <p className="banner banner-warn">{t("supply.noCalendar", { year })}</p>
      ) : null}
      {calendar.data === undefined ? (
        calendar.error ? (
          <FailedNotice error={calendar.error} retry={() => void calendar.refetch()} />
        ) : (
          <Loading rows={12} />
        )
      ) : (
        <Months calendar={calendar.data} today={today} onChoose={setEditing} />
      )}
      {editing === null ? null : (
        <DayDialog
          day={editing}
          entry={calendar.data?.items.find((each) => each.day === editing)}
          onClose={() => setEditing(null)}
        />
      )}
      {pasting ? <PasteDialog onClose={() => setPasting(false)} /> : null}
    </>
  );
}

type MonthsProps = { calendar: CalendarYear; today: Day; onChoose: (day: Day) => void };

function Months({ calendar, today, onChoose }: MonthsProps) {
  const { t } = useTranslation();
  const entries = new Map(calendar.items.map((each) => [each.day as Day, each]));
  const kinds = new Map(calendar.items.map((each) => [each.day as Day, each.kind]));
  return (
    <div className="months">
      {MONTHS.map((month) => {
        const first = `${calendar.year}-${month}-01` as Day;
        const days: Day[] = [];
        for (let day = first; day.slice(5, 7) === month; day = addDays(day, 1)) days.push(day);
        return (
          <section key={month} className="panel month" aria-label={`${calendar.year}-${month}`}>
            <h3>{t("supply.month", { month: Number(month) })}</h3>
            <div className="month-days">
              {days.map((day, at) => {
                const kind = kindOfDay(day, kinds);
                const entry = entries.get(day);
                const words = `${day} ${t(`prices.day.${kind}`)}${entry ? ` ${entry.name}` : ""}`;
                return (
                  <button
                    key={day}
                    type="button"
                    className={`day day-${kind} ${entry?.kind === "workday" ? "day-worked" : ""} ${day === today ? "day-today" : ""}`}
                    style={at === 0 ? { gridColumnStart: ((weekdayOf(day) + 6) % 7) + 1 } : undefined}
                    disabled={day <= today}
                    aria-label={`${Number(day.slice(8))}${entry ? t(`supply.mark.${entry.kind}`) : ""} ${words}`}
                    title={words}
                    onClick={() => onChoose(day)}
                    data-testid={`day-${day}`}
                    data-kind={kind}
                  >
                    {Number(day.slice(8))}
                    {entry === undefined ? null : <small>{t(`supply.mark.${entry.kind}`)}</small>}
                  </button>
                );
              })}
            </div>
          </section>
        );
      })}
    </div>
  );
}

function DayDialog({ day, entry, onClose }: { day: Day; entry: CalendarDay | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState(entry?.name ?? "");
  const save = useMutation({
    mutationFn: (kind: CalendarDay["kind"] | null) => postCalendar({ days: [{ day, kind, name: name.trim() }] }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["calendar"] });
      onClose();
    },
  });
  return (
    <Dialog title={day} onClose={onClose} testId="day-dialog">
      <p className="dialog-lead">{t("supply.dayLead")}</p>
      <label className="field" htmlFor="day-name">
        <span>{t("prices.name")}</span>
        <Input
          id="day-name"
          value={name}
          maxLength={40}
          onChange={(event) => setName(event.target.value)}
          data-testid="day-name"
        />
      </label>
      {save.error ? <FailedLine error={save.error} testId="day-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("prices.cancel")}
        </Button>
        <Button onClick={() => save.mutate(null)} data-testid="day-ordinary">
          {t("supply.ordinary")}
        </Button>
        {calendarKinds.map((kind) => (
          <Button key={kind} type="primary" onClick={() => save.mutate(kind)} data-testid={`day-${kind}`}>
            {t(`supply.make.${kind}`)}
          </Button>
        ))}
      </div>
    </Dialog>
  );
}
