import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { DoubtEvidence, ReadingDecision, ReadingRow } from "#contract/doubts.ts";
import { getEvidence, reportKeys } from "#web/shared/api-reports.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, MISSING, units } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { CorrectionDialog } from "./correction-dialog.tsx";
import { ReadingChart } from "./reading-chart.tsx";
import "../records/records.css";
import "../reports/reports.css";
import { SheetBox } from "../../sheet-box.tsx";

/** The evidence about one meter's readings, and what can be decided. */
export function EvidencePage() {
  const { t } = useTranslation();
  const { meterId = "" } = useParams();
  const id = /^\d{1,15}$/.test(meterId) ? Number(meterId) : 0;
  const found = useQuery({ queryKey: reportKeys.evidence(id), queryFn: () => getEvidence(id), retry: false });
  const evidence = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{evidence ? t("doubts.evidenceTitle", { label: evidence.label }) : t("doubts.title")}</h1>
        <Link className="link-button" to="/doubts">
          {t("doubts.back")}
        </Link>
      </div>
      {evidence === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <Evidence meterId={id} evidence={evidence} />
      )}
    </main>
  );
}

type Deciding = { decision: ReadingDecision; measuredAt: number; valueWh: number };

function Evidence({ meterId, evidence }: { meterId: number; evidence: DoubtEvidence }) {
  const { t } = useTranslation();
  const may = useCan("reading.correct");
  const [deciding, setDeciding] = useState<Deciding | null>(null);
  const { doubt, kind } = evidence;
  const unit = t(`reports.unit.${kind}`);
  const decide = (decision: ReadingDecision): void => {
    if (doubt) setDeciding({ decision, measuredAt: doubt.suspectAt, valueWh: doubt.suspectWh });
  };
  const decisions: readonly ReadingDecision[] =
    doubt?.verdict === "backwards" ? ["restart", "reject", "correct"] : ["accept", "reject", "correct", "restart"];
  return (
    <div className="stack">
      <section className="panel stack" data-testid="evidence" data-doubted={doubt !== null}>
        {doubt === null ? (
          <p>{t("doubts.gone")}</p>
        ) : (
          <dl className="facts">
            <dt>{t("doubts.good")}</dt>
            <dd>
              <b>{units(doubt.goodWh)}</b> {unit}
              <small>{dateTime(doubt.goodAt)}</small>
            </dd>
            <dt>{t("doubts.suspect")}</dt>
            <dd>
              <b className="bad">{units(doubt.suspectWh)}</b> {unit}
              <small>{dateTime(doubt.suspectAt)}</small>
            </dd>
            <dt>{t("doubts.difference")}</dt>
            <dd>
              {doubt.goodWh === null ? MISSING : units(doubt.suspectWh - doubt.goodWh)} {unit}
              <small>{t(`doubts.verdicts.${doubt.verdict}`)}</small>
              <small>{t("doubts.hourMax", { units: units(evidence.hourMaxWh), unit })}</small>
            </dd>
            <dt>{t("doubts.since")}</dt>
            <dd>
              {dateTime(doubt.since)}
              <small>{t("doubts.waiting", { count: doubt.waiting })}</small>
              <small>{t("doubts.settled", { units: units(evidence.settledWh) })}</small>
            </dd>
          </dl>
        )}
        <ReadingChart readings={evidence.readings} unit={unit} />
        {doubt === null ? null : may ? (
          <div className="row-buttons">
            {decisions.map((decision) => (
              <Button
                key={decision}
                onClick={() => decide(decision)}
                danger={decision === "reject" || decision === "restart"}
                data-testid={`decide-${decision}`}
              >
                {t(`doubts.${decision}`)}
              </Button>
            ))}
          </div>
        ) : (
          <p className="muted">{t("doubts.noRight")}</p>
        )}
      </section>
      <SheetBox cards>
        <table className="sheet" data-testid="evidence-readings">
          <thead>
            <tr>
              <th className="first">{t("doubts.measuredAt")}</th>
              <th>{t("doubts.receivedAt")}</th>
              <th className="num">{t("doubts.value")}</th>
              <th>{t("doubts.verdict")}</th>
              <th className="num">{t("doubts.counts")}</th>
              <th>{t("doubts.decision")}</th>
            </tr>
          </thead>
          <tbody>
            {evidence.readings.map((row) => (
              <Reading key={`${row.measuredAt}-${row.frozen}`} row={row} />
            ))}
          </tbody>
        </table>
      </SheetBox>
      {deciding === null ? null : (
        <CorrectionDialog
          meter={{ meterId, label: evidence.label, kind }}
          reading={deciding}
          decision={deciding.decision}
          goodWh={doubt?.goodWh ?? null}
          onClose={() => setDeciding(null)}
        />
      )}
    </div>
  );
}

function Reading({ row }: { row: ReadingRow }) {
  const { t } = useTranslation();
  const bad = row.verdict === "jump" || row.verdict === "backwards";
  return (
    <tr data-verdict={row.verdict} data-decision={row.decision ?? ""}>
      <th scope="row" className="first">
        {dateTime(row.measuredAt)} {row.frozen ? <span className="tag">{t("doubts.frozen")}</span> : null}
      </th>
      <td>{dateTime(row.receivedAt)}</td>
      <td className={`num${bad ? " bad" : ""}`}>{units(row.valueWh)}</td>
      <td>{t(`doubts.verdicts.${row.verdict}`)}</td>
      <td className="num">{units(row.countsWh)}</td>
      <td>
        {row.decision === null ? null : (
          <>
            {t(`doubts.decisions.${row.decision}`)} · {row.reason}
            <small>
              {row.decidedBy} {dateTime(row.decidedAt)}
            </small>
          </>
        )}
      </td>
    </tr>
  );
}
