import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { getShareSheet, shareKeys } from "#web/shared/api-shares.ts";
import { dateTime, thousandths, yuan } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { ShareLines } from "./share-lines.tsx";
import "../records/records.css";
import "../reports/reports.css";

/** One sharing (分摊明细): inputs, weights, formula and every line. */
export function ShareSheetPage() {
  const { t } = useTranslation();
  const { runId = "" } = useParams();
  const found = useQuery({ queryKey: shareKeys.sheet(runId), queryFn: () => getShareSheet(runId), retry: false });
  const sheet = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{sheet === undefined ? t("shares.sheet") : `${sheet.sourceLabel} ${sheet.period}`}</h1>
        {sheet === undefined ? null : (
          <>
            <Link
              className="link-button"
              to={`/${sheet.rule.kind === "hvac" ? "hvac" : "shares"}/${sheet.sourceMeterId}`}
            >
              {t("shares.back")}
            </Link>
            <ExportButton path={`/api/shares/runs/${encodeURIComponent(runId)}/export`} />
          </>
        )}
      </div>
      {sheet === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <div className="stack">
          <p className="report-line" data-testid="sheet-head" data-rev={sheet.rev} data-latest={sheet.latest}>
            <strong data-testid="sheet-total" data-wh={sheet.sourceWh}>
              {t("shares.sourceWh")} {thousandths(sheet.sourceWh, 3)}
            </strong>
            <span>
              {t("shares.charged")} {yuan(sheet.charged)}
            </span>
            <span className="tag">
              {sheet.rev === 0 ? t("shares.original") : t("shares.correction", { rev: sheet.rev })}
            </span>
            {sheet.latest ? null : <span className="tag tag-warn">{t("shares.superseded")}</span>}
            <span>{t("shares.madeBy", { name: sheet.madeBy, time: dateTime(sheet.madeAt) })}</span>
          </p>
          <ShareLines
            terms={sheet.rule}
            sourceWh={sheet.sourceWh}
            source={sheet.source}
            members={sheet.members}
            lines={sheet.lines}
          />
        </div>
      )}
    </main>
  );
}
