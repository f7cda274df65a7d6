import { useTranslation } from "react-i18next";
import { addDays, addMonths, type Day, dayOf, instant, type Month, monthOf } from "#base/time.ts";
import { Stepper } from "./report-filter.tsx";

/** Which period of losses: a day, month or year, with the one before and after at hand. */
export function LossPeriod({ period, change }: { period: string; change: (to: { period: string }) => void }) {
  const { t } = useTranslation();
  const yesterday = addDays(dayOf(instant(Date.now())), -1);
  const thisMonth = monthOf(yesterday);
  const kind = period.length === 10 ? "day" : period.length === 7 ? "month" : "year";
  const turned = { day: period.length === 10 ? period : yesterday, month: thisMonth, year: thisMonth.slice(0, 4) };
  if (kind === "day") turned.month = period.slice(0, 7) as Month;
  if (kind !== "year") turned.year = period.slice(0, 4);
  const onChange = (value: string) => change({ period: value });
  return (
    <>
      {kind === "year" ? (
        <label className="filter-field">
          <span>{t("reports.year")}</span>
          <select value={period} onChange={(event) => onChange(event.target.value)} data-testid="period">
            {[0, 1, 2, 3, 4, 5].map((ago) => {
              const year = String(Number(thisMonth.slice(0, 4)) - ago);
              return <option key={year}>{year}</option>;
            })}
          </select>
        </label>
      ) : kind === "month" ? (
        <Stepper
          label={t("reports.month")}
          type="month"
          value={period}
          max={thisMonth}
          step={(by) => addMonths(period as Month, by)}
          names={[t("reports.previousMonth"), t("reports.nextMonth")]}
          onChange={onChange}
        />
      ) : (
        <Stepper
          label={t("reports.dayOf")}
          type="date"
          value={period}
          max={yesterday}
          step={(by) => addDays(period as Day, by)}
          names={[t("reports.previousDay"), t("reports.nextDay")]}
          onChange={onChange}
        />
      )}
      <label className="filter-field">
        <span>{t("losses.period")}</span>
        <select
          value={kind}
          onChange={(event) => onChange(turned[event.target.value as keyof typeof turned])}
          data-testid="period-kind"
        >
          {(["day", "month", "year"] as const).map((each) => (
            <option key={each} value={each}>
              {t(`losses.periods.${each}`)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
