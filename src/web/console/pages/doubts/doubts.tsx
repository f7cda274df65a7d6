import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { getDoubts, reportKeys } from "#web/shared/api-reports.ts";
import { dateTime, MISSING, units } from "#web/shared/format.ts";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import "../records/records.css";
import "../reports/reports.css";
import { SheetBox } from "../../sheet-box.tsx";

/** A list of doubted meters does not change by itself: it is looked at again. */
const AGAIN_MS = 10_000;

/** Meters whose readings nobody believes yet (存疑读数): billing waits for a person. */
export function DoubtsPage() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: reportKeys.doubts, queryFn: getDoubts, refetchInterval: AGAIN_MS });
  const items = found.data?.items;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("doubts.title")}</h1>
        <Button onClick={() => void found.refetch()}>{t("records.refresh")}</Button>
      </div>
      {items === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : items.length === 0 ? (
        <Notice title={t("doubts.none")} lead={t("doubts.noneLead")} testId="doubts-empty" />
      ) : (
        <>
          <p className="report-line">{t("doubts.lead")}</p>
          <SheetBox cards>
            <table className="sheet" data-testid="doubts">
              <thead>
                <tr>
                  <th className="first">{t("reports.room")}</th>
                  <th>{t("reports.customer")}</th>
                  <th>{t("doubts.verdict")}</th>
                  <th className="num">{t("doubts.good")}</th>
                  <th className="num">{t("doubts.suspect")}</th>
                  <th className="num">{t("doubts.difference")}</th>
                  <th>{t("doubts.since")}</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {items.map((row) => (
                  <tr key={row.meterId} data-testid={`doubt-${row.number}`}>
                    <th scope="row" className="first">
                      {row.label}
                    </th>
                    <td>{row.customer ?? MISSING}</td>
                    <td>
                      <span className="tag tag-bad">{t(`doubts.verdicts.${row.verdict}`)}</span>
                    </td>
                    <td className="num">
                      {units(row.goodWh)}
                      <small>{dateTime(row.goodAt)}</small>
                    </td>
                    <td className="num">
                      {units(row.suspectWh)}
                      <small>{dateTime(row.suspectAt)}</small>
                    </td>
                    <td className="num">{row.goodWh === null ? MISSING : units(row.suspectWh - row.goodWh)}</td>
                    <td>
                      {dateTime(row.since)}
                      <small>{t("doubts.waiting", { count: row.waiting })}</small>
                    </td>
                    <td>
                      <Link to={`/doubts/${row.meterId}`} data-testid="doubt-open">
                        {t("doubts.evidence")}
                      </Link>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </SheetBox>
        </>
      )}
    </main>
  );
}
