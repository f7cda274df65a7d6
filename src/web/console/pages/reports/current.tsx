import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { CurrentRow } from "#contract/reports.ts";
import { getCurrent, queryOf } from "#web/shared/api-reports.ts";
import { useNoPrice } from "#web/shared/can.tsx";
import { dateTime, MISSING, thousandths, units, yuan } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { ReportFilter, useReportFilter } from "./report-filter.tsx";
import { ReportFrame, useReport } from "./report-frame.tsx";

/** What every meter shows now (当前数据), with the time of each figure. */
export function CurrentPage() {
  const { t } = useTranslation();
  const { asked, change } = useReportFilter({ kind: "", stale: "false" });
  const pages = useReport("current", asked, getCurrent);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("reports.current")}</h1>
        <ExportButton path={`/api/reports/current/export?${queryOf(asked)}`} />
      </div>
      <ReportFilter asked={asked} change={change} allKinds>
        <label className="check-field">
          <input
            type="checkbox"
            checked={asked.stale === "true"}
            onChange={(event) => change({ stale: String(event.target.checked) })}
            data-testid="filter-stale"
          />
          {t("reports.staleOnly")}
        </label>
      </ReportFilter>
      <ReportFrame pages={pages}>
        {(first, items) => (
          <>
            <p className="report-line">{t("reports.asOf", { time: dateTime(first.asOf) })}</p>
            <SheetBox cards name="current">
              <table className="sheet" data-testid="current">
                <thead>
                  <tr>
                    <th className="first">{t("reports.room")}</th>
                    <th>{t("reports.customer")}</th>
                    <th className="num">{t("reports.index")}</th>
                    <th>{t("reports.readAt")}</th>
                    <th className="num">{t("reports.remaining")}</th>
                    <th className="num">{t("reports.remainingYuan")}</th>
                    <th className="num">{t("reports.price")}</th>
                    <th>{t("reports.relay")}</th>
                    <th data-stays="">{t("reports.state")}</th>
                    <th className="num">{t("reports.power")}</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((row) => (
                    <Row key={row.meterId} row={row} />
                  ))}
                </tbody>
              </table>
            </SheetBox>
          </>
        )}
      </ReportFrame>
    </main>
  );
}

function Row({ row }: { row: CurrentRow }) {
  const { t } = useTranslation();
  const noPrice = useNoPrice();
  const unit = t(`reports.unit.${row.kind}`);
  const electric = [thousandths(row.voltageMv, 1), thousandths(row.currentMa, 3), row.powerW ?? MISSING].join(" / ");
  return (
    <tr data-testid={`current-${row.number}`}>
      <th scope="row" className="first">
        <Link to={`/?meter=${row.meterId}`}>{row.label}</Link>
        <small>{row.number}</small>
      </th>
      <td>{row.customer ?? MISSING}</td>
      <td className="num" data-wh={row.indexWh ?? ""}>
        {units(row.indexWh)} {row.indexWh === null ? null : unit}
      </td>
      <td>
        {dateTime(row.indexAt)} {row.stale ? <span className="tag tag-warn">{t("reports.stale")}</span> : null}
      </td>
      <td className={`num${(row.remainingWh ?? 0) < 0 && row.mode !== "public" ? " bad" : ""}`}>
        {units(row.remainingWh)}
        {row.mode === "public" ? <small>{t("reports.negative")}</small> : null}
      </td>
      <td className="num">{yuan(row.remainingYuan)}</td>
      <td className="num">{row.price === null ? noPrice : yuan(row.price)}</td>
      <td>{row.relay === null ? MISSING : t(`reports.relays.${row.relay}`)}</td>
      <td>
        <span className={`state-pill state-${row.state}`}>{t(`state.${row.state}`)}</span>
      </td>
      <td className="num">{row.kind === "water" ? MISSING : electric}</td>
    </tr>
  );
}
