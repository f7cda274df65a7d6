import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { addDays, addMonths, type Day, dayOf, instant, type Month } from "#base/time.ts";
import { type Comparison, comparisons } from "#domain/compared-period.ts";
import { useArrowKeys } from "../../use-arrow-keys.ts";
import { daySteps, hourSteps, linkTo, type MeterView, stepped } from "./meter-view.ts";
import { Stepper } from "./report-filter.tsx";

type Props = { view: MeterView; go: (to: Partial<MeterView>) => void };
type Length = "4" | "7" | "10";

/** Which year, month, day or hour of a meter is shown, in which steps, and beside what. Arrow keys lead to the ones beside it. */
export function MeterHead({ view, go }: Props) {
  const { t } = useTranslation();
  const { period, hour } = view;
  const length = String(period.length) as Length;
  const today = dayOf(instant(Date.now()));
  const [before, after] = [stepped(view, -1), stepped(view, 1)];
  useArrowKeys(before === null ? undefined : () => go(before), after === null ? undefined : () => go(after));
  const isByHour = hour !== null;
  const names = [
    t(`slots.previous.${isByHour ? "hour" : length}`),
    t(`slots.next.${isByHour ? "hour" : length}`),
  ] as const;
  const isCalendar = !isByHour && period.length > 4;
  return (
    <search className="record-filters" aria-label={t("reports.filter")}>
      {isCalendar ? (
        <Stepper
          label={t(period.length === 10 ? "reports.dayOf" : "reports.month")}
          type={period.length === 10 ? "date" : "month"}
          value={period}
          max={today.slice(0, period.length)}
          step={(by) => (period.length === 10 ? addDays(period as Day, by) : addMonths(period as Month, by))}
          names={names}
          onChange={(value) => go({ period: value })}
        />
      ) : (
        <div className="stepper">
          <Button
            onClick={() => before && go(before)}
            disabled={before === null}
            aria-label={names[0]}
            data-testid="period-before"
          >
            ‹
          </Button>
          <span className="stepper-now">{hour === null ? period : hourName(hour)}</span>
          <Button
            onClick={() => after && go(after)}
            disabled={after === null}
            aria-label={names[1]}
            data-testid="period-after"
          >
            ›
          </Button>
        </div>
      )}
      {period.length === 10 ? (
        <label className="filter-field">
          <span>{t("slots.minutes")}</span>
          <select value={view.minutes} onChange={(event) => go({ minutes: event.target.value })} data-testid="minutes">
            {(isByHour ? hourSteps : daySteps).map((each) => (
              <option key={each} value={each}>
                {t(`slots.step.${each}`)}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <label className="filter-field">
        <span>{t("slots.compare")}</span>
        <select
          value={view.compare ?? ""}
          onChange={(event) => go({ compare: comparisons.find((each) => each === event.target.value) ?? null })}
          data-testid="compare"
        >
          <option value="">{t("slots.compareNone")}</option>
          {(period.length === 4 ? (["before"] as const) : comparisons).map((each) => (
            <option key={each} value={each}>
              {t(`slots.${COMPARED[each]}.${length}`)}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}

const COMPARED = { before: "compareBefore", year: "compareYear" } as const satisfies Record<Comparison, string>;

/** `10:00–11:00`. */
export function hourName(hour: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(hour)}:00–${two(hour + 1)}:00`;
}

/** The way from a meter's year down to what is shown; it goes on where the crumbs of the areas end. */
export function PeriodCrumbs({ view }: { view: MeterView }) {
  const { period, hour } = view;
  const steps = [4, 7, 10].filter((length) => length <= period.length).map((length) => period.slice(0, length));
  const last = hour === null ? period : hourName(hour);
  return (
    <>
      {steps.map((step) =>
        step === last ? null : (
          <li key={step}>
            <Link to={linkTo(view, { period: step, hour: null, minutes: "60" })} data-testid={`crumb-${step}`}>
              {step}
            </Link>
          </li>
        ),
      )}
      <li aria-current="page">{last}</li>
    </>
  );
}
