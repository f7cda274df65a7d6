import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { addMonths, dayOf, instant, type Month, monthOf } from "#base/time.ts";
import type { PeriodReport } from "#contract/reports.ts";
import { getPeriod, queryOf, reportKeys } from "#web/shared/api-reports.ts";
import { useNoPrice } from "#web/shared/can.tsx";
import { MISSING, units, yuan } from "#web/shared/format.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { Gaps, MasterTag, SumHead, UnitsCell, YuanCell } from "./figures.tsx";
import { ReportFilter, Stepper, useReportFilter } from "./report-filter.tsx";
import "../records/records.css";
import "./reports.css";
import { SheetBox } from "../../sheet-box.tsx";

/** A month or a year (月/年报表), from the whole site down to a meter; each line is the sum of what it opens. */
export function PeriodsPage() {
  const { t } = useTranslation();
  const thisMonth = monthOf(dayOf(instant(Date.now())));
  const { asked, change } = useReportFilter({ period: thisMonth, kind: "electricity" });
  const period = asked.period ?? thisMonth;
  const isYear = period.length === 4;
  const found = useQuery({ queryKey: reportKeys.period(asked), queryFn: () => getPeriod(asked), retry: false });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("reports.period")}</h1>
        <ExportButton path={`/api/reports/period/export?${queryOf(asked)}`} />
      </div>
      <ReportFilter asked={asked} change={change} withArea={false} withSearch={false}>
        {isYear ? (
          <label className="filter-field">
            <span>{t("reports.year")}</span>
            <select value={period} onChange={(event) => change({ period: event.target.value })} data-testid="period">
              {[0, 1, 2, 3, 4, 5].map((ago) => {
                const year = String(Number(thisMonth.slice(0, 4)) - ago);
                return <option key={year}>{year}</option>;
              })}
            </select>
          </label>
        ) : (
          <Stepper
            label={t("reports.month")}
            type="month"
            value={period}
            max={thisMonth}
            step={(by) => addMonths(period as Month, by)}
            names={[t("reports.previousMonth"), t("reports.nextMonth")]}
            onChange={(value) => change({ period: value })}
          />
        )}
        <label className="filter-field">
          <span>{t("reports.period")}</span>
          <select
            value={isYear ? "year" : "month"}
            onChange={(event) =>
              change({ period: event.target.value === "year" ? period.slice(0, 4) : isYear ? thisMonth : period })
            }
            data-testid="period-kind"
          >
            <option value="month">{t("reports.month")}</option>
            <option value="year">{t("reports.year")}</option>
          </select>
        </label>
      </ReportFilter>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <PeriodTable report={found.data} into={(areaId) => `?${queryOf({ ...asked, areaId })}`} />
      )}
    </main>
  );
}

function PeriodTable({ report, into }: { report: PeriodReport; into: (areaId: string) => string }) {
  const { t } = useTranslation();
  const noPrice = useNoPrice();
  const unit = t(`reports.unit.${report.kind}`);
  if (report.meters === 0) {
    return (
      <Empty title={t("reports.none")} lead={t("reports.noneLead")} narrowing={["areaId"]} testId="report-empty" />
    );
  }
  return (
    <>
      <Crumbs path={report.path} into={into} />
      <p className="report-line">
        <strong data-testid="period-total" data-wh={report.usageWh ?? ""} data-yuan={report.cost ?? ""}>
          {units(report.usageWh)} {unit} · {report.cost === null ? noPrice : yuan(report.cost)} {t("unit.yuan")}
        </strong>
        <Change report={report} />
        <span>
          {report.closedUpTo === null ? t("reports.notClosed") : t("reports.closedUpTo", { day: report.closedUpTo })}
        </span>
        <Gaps of={report} />
        {report.missing > 0 ? <span>{t("reports.losses")}</span> : null}
      </p>
      <SheetBox>
        <table className="sheet" data-testid="periods">
          <thead>
            <tr>
              <th className="first">{t("reports.name")}</th>
              <th>{t("reports.customer")}</th>
              <th className="num">{t("reports.meters")}</th>
              <th className="num">{t("reports.usage", { unit })}</th>
              <th className="num">{t("reports.cost")}</th>
              <th>{t("reports.quality")}</th>
            </tr>
          </thead>
          <tbody>
            {report.children.map((child) => (
              <tr key={`${child.type}-${child.id}`} data-testid={`${child.type}-${child.id}`} data-name={child.name}>
                <th scope="row" className="first">
                  <Link
                    to={
                      child.type === "area"
                        ? into(String(child.id))
                        : `/reports/meters/${child.id}?period=${report.period}`
                    }
                  >
                    {child.name}
                  </Link>
                  <MasterTag is={child.type === "meter" && child.masters > 0} />
                </th>
                <td>{child.customer ?? MISSING}</td>
                <td className="num">{child.meters}</td>
                <UnitsCell wh={child.usageWh} testId="usage" />
                <YuanCell text={child.cost} testId="cost" />
                <td>
                  <Gaps of={child} />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <SumHead masters={report.masters} />
              <td />
              <td className="num">{report.meters}</td>
              <UnitsCell wh={report.usageWh} testId="sum-usage" />
              <YuanCell text={report.cost} testId="sum-cost" />
              <td />
            </tr>
          </tfoot>
        </table>
      </SheetBox>
    </>
  );
}

/** The way down to where one is; every step leads back up. */
export function Crumbs({
  path,
  into,
  children,
}: {
  path: PeriodReport["path"];
  into: (areaId: string) => string;
  /** Where the way goes on below the areas. */
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  if (path.length === 0 && children === undefined) return null;
  return (
    <nav aria-label={t("reports.area")}>
      <ol className="crumbs">
        <li>
          <Link to={into("")} data-testid="crumb-all">
            {t("reports.everything")}
          </Link>
        </li>
        {path.map((area) => (
          <li key={area.areaId}>
            <Link to={into(String(area.areaId))}>{area.name}</Link>
          </li>
        ))}
        {children}
      </ol>
    </nav>
  );
}

/** How much more or less than in the period before. */
function Change({ report: { usageWh, previous } }: { report: PeriodReport }) {
  const { t } = useTranslation();
  if (usageWh === null || previous.usageWh === null || previous.usageWh === 0) return null;
  const percent = Math.round(((usageWh - previous.usageWh) / previous.usageWh) * 100);
  const change =
    percent === 0
      ? t("reports.same")
      : t(percent > 0 ? "reports.moreThan" : "reports.lessThan", { percent: Math.abs(percent) });
  return <span>{t("reports.change", { period: previous.period, change })}</span>;
}
