import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { addDays, type Day, dayOf, instant } from "#base/time.ts";
import type { DayRow } from "#contract/reports.ts";
import { getDay, queryOf } from "#web/shared/api-reports.ts";
import { dateTime, MISSING, units } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { Gaps, MasterTag, SumHead, UnitsCell, YuanCell } from "./figures.tsx";
import { ReportFilter, Stepper, useReportFilter } from "./report-filter.tsx";
import { ReportFrame, useReport } from "./report-frame.tsx";

/** One day (日报表): open and close index, ratio, usage and cost of every meter. */
export function DayPage() {
  const { t } = useTranslation();
  const yesterday = addDays(dayOf(instant(Date.now())), -1);
  const { asked, change } = useReportFilter({ day: yesterday, kind: "electricity" });
  const day = (asked.day ?? yesterday) as Day;
  const pages = useReport("day", asked, getDay);
  const unit = t(`reports.unit.${asked.kind === "water" ? "water" : "electricity"}`);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("reports.day")}</h1>
        <ExportButton path={`/api/reports/day/export?${queryOf(asked)}`} />
      </div>
      <ReportFilter asked={asked} change={change}>
        <Stepper
          label={t("reports.dayOf")}
          type="date"
          value={day}
          max={yesterday}
          step={(by) => addDays(day, by)}
          names={[t("reports.previousDay"), t("reports.nextDay")]}
          onChange={(value) => change({ day: value })}
        />
      </ReportFilter>
      <ReportFrame pages={pages}>
        {(first, items) => (
          <>
            <p className="report-line">
              {first.closedAt === null ? t("reports.notClosed") : t("reports.asOf", { time: dateTime(first.closedAt) })}
              <Gaps of={first} each="meters" />
            </p>
            <SheetBox cards name="day">
              <table className="sheet" data-testid="day">
                <DayHead name={t("reports.room")} unit={unit} />
                <tbody>
                  {items.map((row) => (
                    <tr key={`${row.meterId}-${row.segment}`} data-testid={`day-${row.number}`}>
                      <th scope="row" className="first">
                        <Link to={`/reports/meters/${row.meterId}?period=${day}`}>{row.label}</Link>
                        <MasterTag is={row.isMaster} />
                      </th>
                      <DayCells row={row} />
                    </tr>
                  ))}
                </tbody>
                <tfoot>
                  <tr>
                    <SumHead masters={first.masters} />
                    <td colSpan={3} />
                    <UnitsCell wh={first.usageWh} testId="day-usage" />
                    <YuanCell text={first.cost} testId="day-cost" />
                    <td />
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

/** The head of {@link DayCells}; the children stand after the usage. */
export function DayHead({ name, unit, children }: { name: string; unit: string; children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <thead>
      <tr>
        <th className="first">{name}</th>
        <th className="num">{t("reports.open")}</th>
        <th className="num">{t("reports.close")}</th>
        <th className="num">{t("reports.ratio")}</th>
        <th className="num">{t("reports.usage", { unit })}</th>
        {children}
        <th className="num">{t("reports.cost")}</th>
        <th>{t("reports.quality")}</th>
      </tr>
    </thead>
  );
}

type Segment = Omit<DayRow, "meterId" | "label" | "number" | "areaName" | "customer" | "isMaster">;

/** Indexes with their times and sources, ratio, usage, cost and quality of one segment of a day; the children stand after the usage. */
export function DayCells({ row, children }: { row: Segment; children?: ReactNode }) {
  const { t } = useTranslation();
  const edge = (wh: number | null, at: number | null, source: Segment["openSource"]) => (
    <td className="num" data-wh={wh ?? ""}>
      {units(wh)}
      <small>{wh === null || source === null ? MISSING : `${t(`reports.sources.${source}`)} ${dateTime(at)}`}</small>
    </td>
  );
  return (
    <>
      {edge(row.openWh, row.openAt, row.openSource)}
      {edge(row.closeWh, row.closeAt, row.closeSource)}
      <td className="num">{row.ratio}</td>
      <UnitsCell wh={row.usageWh} estimated={row.quality === "estimated"} testId="usage" />
      {children}
      <YuanCell text={row.cost} testId="cost" />
      <td>
        {t(`reports.qualities.${row.quality}`)}
        {row.segment > 1 ? <small>{t("reports.segment", { n: row.segment })}</small> : null}
        {row.rev > 0 ? <small>{t("reports.corrected", { rev: row.rev })}</small> : null}
      </td>
    </>
  );
}
