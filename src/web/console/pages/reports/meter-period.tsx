import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { dayOf, instant, monthOf } from "#base/time.ts";
import type { MeterReport } from "#contract/reports.ts";
import { getMeterReport, queryOf, reportKeys } from "#web/shared/api-reports.ts";
import { MISSING, units, yuan } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { Segments } from "../devices/segments.tsx";
import { DayCells, DayHead } from "./day.tsx";
import { Gaps, UnitsCell, YuanCell } from "./figures.tsx";
import { Crumbs } from "./periods.tsx";
import "../records/records.css";
import "./reports.css";
import { SheetBox } from "../../sheet-box.tsx";

/** One meter's days of a month, or months of a year; a day opens its readings. */
export function MeterPeriodPage() {
  const { t } = useTranslation();
  const { meterId = "" } = useParams();
  const id = /^\d{1,15}$/.test(meterId) ? Number(meterId) : 0;
  const [search] = useSearchParams();
  const period = search.get("period") ?? monthOf(dayOf(instant(Date.now())));
  const found = useQuery({
    queryKey: reportKeys.meter(id, period),
    queryFn: () => getMeterReport(id, period),
    retry: false,
  });
  const report = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{report === undefined ? t("reports.period") : `${report.label} ${period}`}</h1>
        {period.length === 7 ? (
          <Link className="link-button" to={`?period=${period.slice(0, 4)}`}>
            {t("reports.toYear")}
          </Link>
        ) : null}
        <ExportButton path={`/api/reports/meters/${id}/export?${queryOf({ period })}`} />
      </div>
      {report === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={10} />
        )
      ) : (
        <Parts report={report} />
      )}
    </main>
  );
}

function Parts({ report }: { report: MeterReport }) {
  const { t } = useTranslation();
  const unit = t(`reports.unit.${report.kind}`);
  const isMonth = report.period.length === 7;
  const into = (areaId: string): string =>
    `/reports/periods?${queryOf({ period: report.period, kind: report.kind, areaId })}`;
  return (
    <>
      <Crumbs path={report.path} into={into} last={report.label} />
      <p className="report-line">
        <strong data-testid="meter-total" data-wh={report.usageWh ?? ""} data-yuan={report.cost ?? ""}>
          {units(report.usageWh)} {unit} · {yuan(report.cost)} {t("unit.yuan")}
        </strong>
        <span>{report.number}</span>
        <span>{report.customer ?? MISSING}</span>
        <Gaps of={report} />
      </p>
      <Segments meterId={report.meterId} kind={report.kind} />
      {report.parts.length === 0 ? (
        <Notice title={t("reports.notClosed")} lead={t("reports.noneLead")} testId="report-empty" />
      ) : (
        <SheetBox>
          <table className="sheet" data-testid="meter-parts">
            {isMonth ? (
              <DayHead name={t("reports.part")} unit={unit} />
            ) : (
              <thead>
                <tr>
                  <th className="first">{t("reports.months")}</th>
                  <th className="num">{t("reports.usage", { unit })}</th>
                  <th className="num">{t("reports.cost")}</th>
                  <th>{t("reports.quality")}</th>
                </tr>
              </thead>
            )}
            <tbody>
              {report.parts.flatMap((part) =>
                isMonth
                  ? part.segments.map((row) => (
                      <tr key={`${part.part}-${row.segment}`} data-testid={`part-${part.part}`}>
                        <th scope="row" className="first">
                          <Link to={`/reports/meters/${report.meterId}/readings?day=${part.part}`}>{part.part}</Link>
                        </th>
                        <DayCells row={row} />
                      </tr>
                    ))
                  : [
                      <tr key={part.part} data-testid={`part-${part.part}`}>
                        <th scope="row" className="first">
                          <Link to={`?period=${part.part}`}>{part.part}</Link>
                        </th>
                        <UnitsCell wh={part.usageWh} testId="usage" />
                        <YuanCell text={part.cost} testId="cost" />
                        <td>
                          <Gaps of={part} />
                        </td>
                      </tr>,
                    ],
              )}
            </tbody>
          </table>
        </SheetBox>
      )}
    </>
  );
}
