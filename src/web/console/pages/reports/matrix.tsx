import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { addMonths, dayOf, instant, type Month, monthOf } from "#base/time.ts";
import { getMatrix, queryOf } from "#web/shared/api-reports.ts";
import { MISSING } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { MasterTag, SumHead, UnitsCell } from "./figures.tsx";
import { ReportFilter, Stepper, useReportFilter } from "./report-filter.tsx";
import { ReportFrame, useReport } from "./report-frame.tsx";

/** Usage of each meter on each day of a month (日用量); a cell opens the readings of its day. */
export function MatrixPage() {
  const { t } = useTranslation();
  const thisMonth = monthOf(dayOf(instant(Date.now())));
  const { asked, change } = useReportFilter({ month: thisMonth, kind: "electricity" });
  const month = (asked.month ?? thisMonth) as Month;
  const pages = useReport("matrix", asked, getMatrix);
  const unit = t(`reports.unit.${asked.kind === "water" ? "water" : "electricity"}`);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("reports.matrix")}</h1>
        <ExportButton path={`/api/reports/matrix/export?${queryOf(asked)}`} />
      </div>
      <ReportFilter asked={asked} change={change}>
        <Stepper
          label={t("reports.month")}
          type="month"
          value={month}
          max={thisMonth}
          step={(by) => addMonths(month, by)}
          names={[t("reports.previousMonth"), t("reports.nextMonth")]}
          onChange={(value) => change({ month: value })}
        />
      </ReportFilter>
      <ReportFrame pages={pages}>
        {(first, items) => (
          <>
            <p className="report-line">
              {first.closedUpTo === null ? t("reports.notClosed") : t("reports.closedUpTo", { day: first.closedUpTo })}{" "}
              · {t("reports.usage", { unit })}
            </p>
            <SheetBox>
              <table className="sheet" data-testid="matrix">
                <thead>
                  <tr>
                    <th className="first">{t("reports.room")}</th>
                    <th>{t("reports.customer")}</th>
                    <th className="num">{t("reports.sum")}</th>
                    {first.days.map((day) => (
                      <th key={day} className="num">
                        <Link to={`/reports/day?day=${day}&kind=${asked.kind ?? ""}`}>{day.slice(8)}</Link>
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {items.map((row) => (
                    <tr key={row.meterId} data-testid={`matrix-${row.number}`}>
                      <th scope="row" className="first">
                        <Link to={`/reports/meters/${row.meterId}?period=${month}`}>{row.label}</Link>
                        <MasterTag is={row.isMaster} />
                      </th>
                      <td>{row.customer ?? MISSING}</td>
                      <UnitsCell wh={row.sumWh} testId="row-sum" />
                      {row.days.map((wh, i) => (
                        <UnitsCell key={first.days[i]} wh={wh} estimated={row.estimated.includes(i)} testId="cell" />
                      ))}
                    </tr>
                  ))}
                </tbody>
                <tfoot>
                  <tr data-testid="matrix-total">
                    <SumHead masters={first.masters} />
                    <td />
                    <UnitsCell wh={first.sumWh} testId="matrix-sum" />
                    {first.daySums.map((wh, i) => (
                      <UnitsCell key={first.days[i]} wh={wh} testId="day-sum" />
                    ))}
                  </tr>
                </tfoot>
              </table>
            </SheetBox>
          </>
        )}
      </ReportFrame>
    </main>
  );
}
