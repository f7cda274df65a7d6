import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { ShiftReport } from "#contract/shifts.ts";
import { deskKeys, getShift } from "#web/shared/api-desk.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, isZero, yuan } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { channelText } from "../recharge/channel-text.ts";
import { CloseShift } from "./close-shift.tsx";
import "../records/records.css";
import "./shifts.css";

const POLL_MS = 10_000;

/** One shift: count and close it while it is open; its report, to print and as Excel. */
export function ShiftPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { shiftId = "" } = useParams();
  const id = /^\d{1,15}$/.test(shiftId) ? Number(shiftId) : 0;
  const report = useQuery({
    queryKey: deskKeys.shift(id),
    queryFn: () => getShift(id),
    refetchInterval: ({ state }) => (state.data?.shift.state === "closed" ? false : POLL_MS),
  });
  const closesOthers = useCan("shift.close_other");
  const takes = useCan("recharge.create");
  const shift = report.data?.shift;
  return (
    <main className="page shift-page" id="main" tabIndex={-1}>
      <div className="page-head no-print">
        <h1>{t("shifts.one", { id })}</h1>
        <ExportButton path={`/api/shifts/${id}/file`} />
        <Button onClick={() => window.print()} data-testid="shift-print">
          {t("statement.print")}
        </Button>
        <Link className="link-button" to="/shifts">
          {t("shifts.back")}
        </Link>
      </div>
      {report.data === undefined ? (
        report.error ? (
          <FailedNotice error={report.error} retry={() => void report.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <>
          {shift?.state === "open" && (shift.mine ? takes : closesOthers) ? (
            <CloseShift
              shift={shift}
              onClosed={(closed) => {
                client.setQueryData(deskKeys.shift(id), closed);
                void client.invalidateQueries({ queryKey: deskKeys.shifts });
              }}
            />
          ) : null}
          <Report report={report.data} />
        </>
      )}
    </main>
  );
}

function Report({ report }: { report: ShiftReport }) {
  const { t } = useTranslation();
  const { shift } = report;
  const inYuan = (text: string | null): string =>
    text === null ? t("shifts.blind") : t("receipt.yuan", { value: yuan(text) });
  return (
    <article className="panel shift-report" data-testid="shift-report" data-state={shift.state}>
      <h2>{t("shifts.report", { id: shift.shiftId })}</h2>
      <dl className="facts">
        <dt>{t("shifts.project")}</dt>
        <dd>{shift.project}</dd>
        <dt>{t("shifts.cashier")}</dt>
        <dd>{shift.openedBy === "takeover" ? t("shifts.house") : `${shift.cashierName} (${shift.cashier})`}</dd>
        <dt>{t("shifts.openedAt")}</dt>
        <dd>{dateTime(shift.openedAt)}</dd>
        <dt>{t("shifts.closedAt")}</dt>
        <dd>
          {shift.closedAt === null ? t("shifts.stateOpen") : `${dateTime(shift.closedAt)} ${shift.closedBy ?? ""}`}
        </dd>
      </dl>
      <table className="table report-table">
        <thead>
          <tr>
            <th scope="col">{t("shifts.item")}</th>
            <th scope="col">{t("shifts.count")}</th>
            <th scope="col">{t("shifts.amount")}</th>
          </tr>
        </thead>
        <tbody>
          {report.channels.map((each) => (
            <tr key={each.channel} data-testid={`report-${each.channel}`} data-amount={each.amount}>
              <td>{channelText(each.channel)}</td>
              <td>{each.count}</td>
              <td>{yuan(each.amount)}</td>
            </tr>
          ))}
          <tr className="report-sum" data-testid="report-recharges" data-amount={report.recharges.amount}>
            <td>{t("shifts.recharges")}</td>
            <td>{report.recharges.count}</td>
            <td>{yuan(report.recharges.amount)}</td>
          </tr>
          <tr>
            <td>{t("shifts.withdrawn")}</td>
            <td>{report.withdrawn.count}</td>
            <td>{yuan(report.withdrawn.amount)}</td>
          </tr>
          <tr>
            <td>{t("shifts.refunds")}</td>
            <td>{report.refunds.count}</td>
            <td>{yuan(report.refunds.amount)}</td>
          </tr>
          <tr>
            <td>{t("shifts.reprints")}</td>
            <td>{report.reprints}</td>
            <td />
          </tr>
          {report.days.length > 1
            ? report.days.map((each) => (
                <tr key={each.day}>
                  <td>{t("shifts.cashOf", { day: each.day })}</td>
                  <td>{each.count}</td>
                  <td>{yuan(each.amount)}</td>
                </tr>
              ))
            : null}
          <tr className="report-sum">
            <td>{t("shifts.float")}</td>
            <td />
            <td>{yuan(shift.float)}</td>
          </tr>
          <tr data-testid="report-expected" data-amount={shift.expected ?? ""}>
            <td>{t("shifts.expected")}</td>
            <td />
            <td>{inYuan(shift.expected)}</td>
          </tr>
          <tr data-testid="report-counted" data-amount={shift.counted ?? ""}>
            <td>{t("shifts.counted")}</td>
            <td>{t("shifts.counts", { count: report.counts.length })}</td>
            <td>{inYuan(shift.counted)}</td>
          </tr>
          <tr
            className={shift.difference !== null && !isZero(shift.difference) ? "bad" : ""}
            data-testid="report-difference"
          >
            <td>{t("shifts.difference")}</td>
            <td />
            <td>{inYuan(shift.difference)}</td>
          </tr>
        </tbody>
      </table>
      {shift.reason === "" ? null : <p>{t("shifts.because", { reason: shift.reason })}</p>}
      <p className="receipt-sign print-only">{t("shifts.sign")}</p>
    </article>
  );
}
