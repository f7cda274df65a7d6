import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { getShareSources, type ShareKind, shareKeys } from "#web/shared/api-shares.ts";
import { MISSING } from "#web/shared/format.ts";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { BoxList } from "./boxes.tsx";
import { NewUnit } from "./units.tsx";
import "../records/records.css";
import "../reports/reports.css";
import { SheetBox } from "../../sheet-box.tsx";

/** Public meters and what they are shared by (公摊), and the boxes that they stand in. */
export function SharesPage() {
  return <Sources kind="box" />;
}

/** Outdoor units and what they are shared by (空调分摊). */
export function HvacPage() {
  return <Sources kind="hvac" />;
}

function Sources({ kind }: { kind: ShareKind }) {
  const { t } = useTranslation();
  const isBox = kind === "box";
  const found = useQuery({ queryKey: shareKeys.sources(kind), queryFn: () => getShareSources(kind) });
  const items = found.data?.items;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t(isBox ? "shares.title" : "shares.hvac")}</h1>
        {isBox ? null : <NewUnit />}
      </div>
      <p className="report-line">{t(isBox ? "shares.lead" : "shares.hvacLead")}</p>
      {items === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={4} />
        )
      ) : items.length === 0 ? (
        <Notice
          title={t(isBox ? "shares.none" : "shares.hvacNone")}
          lead={t(isBox ? "shares.noneLead" : "shares.hvacNoneLead")}
          testId="sources-empty"
        />
      ) : (
        <SheetBox cards>
          <table className="sheet" data-testid="sources">
            <thead>
              <tr>
                <th className="first">{t(isBox ? "shares.source" : "shares.outdoor")}</th>
                <th>{t("reports.areaName")}</th>
                {isBox ? <th>{t("shares.box")}</th> : null}
                <th className="num">{t("shares.members")}</th>
                <th>{t("shares.method")}</th>
                <th>{t("shares.effectiveDay")}</th>
                <th>{t("shares.lastPeriod")}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <tr key={row.sourceMeterId} data-testid={`source-${row.number}`}>
                  <th scope="row" className="first">
                    <Link to={`/${isBox ? "shares" : "hvac"}/${row.sourceMeterId}`}>{row.label}</Link>
                  </th>
                  <td>{row.areaName}</td>
                  {isBox ? <td>{row.boxName ?? MISSING}</td> : null}
                  <td className="num">{row.members}</td>
                  <td>{row.method === null ? t("shares.noRule") : t(`shares.methods.${row.method}`)}</td>
                  <td>{row.effectiveDay ?? MISSING}</td>
                  <td>{row.lastPeriod ?? MISSING}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
      {isBox ? <BoxList /> : null}
    </main>
  );
}
