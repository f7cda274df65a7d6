import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { addDays, dayOf, instant } from "#base/time.ts";
import type { ReadingStep } from "#contract/reports.ts";
import { getReadings, reportKeys } from "#web/shared/api-reports.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, units } from "#web/shared/format.ts";
import { WayTo } from "../../empty.tsx";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { CorrectionDialog } from "../doubts/correction-dialog.tsx";
import { UnitsCell } from "./figures.tsx";
import "../records/records.css";
import "./reports.css";
import { SheetBox } from "../../sheet-box.tsx";

/** The readings of one day of a meter: row by row they add up to its usage. Each can be corrected. */
export function ReadingsPage() {
  const { t } = useTranslation();
  const { meterId = "" } = useParams();
  const id = /^\d{1,15}$/.test(meterId) ? Number(meterId) : 0;
  const [search] = useSearchParams();
  const day = search.get("day") ?? addDays(dayOf(instant(Date.now())), -1);
  const found = useQuery({
    queryKey: reportKeys.readings(id, day),
    queryFn: () => getReadings(id, day),
    retry: false,
  });
  const [correcting, setCorrecting] = useState<ReadingStep | null>(null);
  const report = found.data;
  if (report === undefined) {
    return (
      <main className="page" id="main" tabIndex={-1}>
        <div className="page-head">
          <h1>{t("reports.readings")}</h1>
        </div>
        {found.error ? <FailedNotice error={found.error} retry={() => void found.refetch()} /> : <Loading rows={10} />}
      </main>
    );
  }
  const unit = t(`reports.unit.${report.kind}`);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>
          {report.label} {day}
        </h1>
        <Link className="link-button" to={`/reports/meters/${id}?period=${day}`} data-testid="to-day">
          {t("slots.title")}
        </Link>
        <Link className="link-button" to={`/reports/meters/${id}?period=${day.slice(0, 7)}`}>
          {t("reports.toMonth")}
        </Link>
      </div>
      <p className="report-line">
        <strong data-testid="readings-total" data-wh={report.usageWh ?? ""}>
          {units(report.usageWh)} {unit}
        </strong>
        <span>{t("reports.readingsLead")}</span>
      </p>
      {report.steps.length === 0 ? (
        <Notice
          title={t("reports.noReadings")}
          lead={t("reports.noReadingsLead")}
          action={
            <WayTo to={`/reports/completeness?day=${day}`} can="report.view">
              {t("menu.completeness")}
            </WayTo>
          }
          testId="readings-empty"
        />
      ) : (
        <SheetBox cards>
          <table className="sheet" data-testid="readings">
            <thead>
              <tr>
                <th className="first">{t("reports.at")}</th>
                <th>{t("reports.state")}</th>
                <th className="num">{t("reports.index")}</th>
                <th className="num">{t("reports.step", { unit })}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {report.steps.map((step) => (
                <tr key={`${step.segment}-${step.role}-${step.at}`} data-testid="reading" data-role={step.role}>
                  <th scope="row" className="first">
                    {dateTime(step.at)}
                  </th>
                  <td>{t(`reports.role.${step.role}`)}</td>
                  <td className="num" data-wh={step.indexWh}>
                    {units(step.indexWh)}
                  </td>
                  <UnitsCell wh={step.usageWh} testId="step" />
                  <td>
                    <Can do="reading.correct">
                      <Button size="small" onClick={() => setCorrecting(step)} data-testid="reading-correct">
                        {t("reports.correct")}
                      </Button>
                    </Can>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
      {correcting === null ? null : (
        <CorrectionDialog
          meter={{ meterId: id, label: report.label, kind: report.kind }}
          reading={{ measuredAt: correcting.at, valueWh: correcting.indexWh }}
          decision="correct"
          onClose={() => setCorrecting(null)}
        />
      )}
    </main>
  );
}
