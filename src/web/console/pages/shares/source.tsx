import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { addDays, addMonths, dayOf, instant, monthOf } from "#base/time.ts";
import type { ShareRule, ShareRunAnswer, ShareSourceDetail } from "#contract/shares.ts";
import { HUNDREDTH_WH } from "#domain/apportion.ts";
import { getShareSource, postShareRun, type ShareKind, shareKeys } from "#web/shared/api-shares.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, yuan } from "#web/shared/format.ts";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { UnitsCell, YuanCell } from "../reports/figures.tsx";
import { typed } from "./hundredths.ts";
import { InputsCard } from "./inputs.tsx";
import { RuleDialog } from "./rule-dialog.tsx";
import { UnitList } from "./units.tsx";
import "../records/records.css";
import "../reports/reports.css";
import { SheetBox } from "../../sheet-box.tsx";

/** A public meter with its rules and sharings. */
export function ShareSourcePage() {
  return <SourcePage kind="box" />;
}

/** An outdoor unit with its indoor units, run times, rules and sharings. */
export function HvacSourcePage() {
  return <SourcePage kind="hvac" />;
}

function SourcePage({ kind }: { kind: ShareKind }) {
  const { t } = useTranslation();
  const { meterId = "" } = useParams();
  const id = /^\d{1,15}$/.test(meterId) ? Number(meterId) : 0;
  const found = useQuery({ queryKey: shareKeys.source(id), queryFn: () => getShareSource(id), retry: false });
  const detail = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{detail?.source.label ?? t(kind === "box" ? "shares.title" : "shares.hvac")}</h1>
        <Link className="link-button" to={kind === "box" ? "/shares" : "/hvac"}>
          {t("shares.back")}
        </Link>
      </div>
      {detail === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <div className="stack">
          {kind === "hvac" ? (
            <>
              <UnitList outdoorMeterId={id} />
              <InputsCard outdoorMeterId={id} />
            </>
          ) : null}
          <Rules kind={kind} detail={detail} />
          <Runs detail={detail} />
        </div>
      )}
    </main>
  );
}

function Rules({ kind, detail }: { kind: ShareKind; detail: ShareSourceDetail }) {
  const { t } = useTranslation();
  const may = useCan("share.manage");
  const [isMaking, setMaking] = useState(false);
  return (
    <section className="panel stack">
      <div className="page-head">
        <h2>{t("shares.rules")}</h2>
        {may ? (
          <Button type="primary" onClick={() => setMaking(true)} data-testid="rule-new">
            {t("shares.newRule")}
          </Button>
        ) : null}
      </div>
      {may ? null : <p className="muted">{t("shares.noRight")}</p>}
      {detail.rules.length === 0 ? <p className="muted">{t("shares.noRule")}</p> : null}
      {detail.rules.map((rule) => (
        <RuleView key={rule.ruleId} rule={rule} />
      ))}
      {isMaking ? <RuleDialog kind={kind} detail={detail} onClose={() => setMaking(false)} /> : null}
    </section>
  );
}

function RuleView({ rule }: { rule: ShareRule }) {
  const { t } = useTranslation();
  const part = (member: ShareRule["members"][number]): string => {
    if (rule.method === "ratio") return `${member.label} ${typed(member.ratioBp)}%`;
    if (rule.method === "area") return `${member.label} ${t("shares.m2", { area: typed(member.areaCm) })}`;
    return member.label;
  };
  return (
    <div data-testid="rule">
      <p>
        <strong>
          {rule.effectiveDay} · {t(`shares.periods.${rule.period}`)} · {t(`shares.methods.${rule.method}`)}
        </strong>{" "}
        {rule.price === null ? t("shares.ownPrice") : `${t("shares.price")} ${yuan(rule.price)}`}
      </p>
      <p>
        {rule.members.map(part).join(" · ")}
        {rule.propertyBp > 0 ? ` · ${t("shares.property")} ${typed(rule.propertyBp)}%` : ""}
      </p>
      <small className="muted">
        {t("shares.madeBy", { name: rule.madeBy, time: dateTime(rule.madeAt) })} · {rule.reason}
      </small>
    </div>
  );
}

function Runs({ detail }: { detail: ShareSourceDetail }) {
  const { t } = useTranslation();
  return (
    <section className="panel stack">
      <h2>{t("shares.runs")}</h2>
      <RunNow detail={detail} />
      {detail.runs.length === 0 ? (
        <p className="empty-line">{t("shares.noRuns")}</p>
      ) : (
        <SheetBox isBare cards>
          <table className="sheet" data-testid="runs">
            <thead>
              <tr>
                <th className="first">{t("shares.runPeriod")}</th>
                <th>{t("shares.rev")}</th>
                <th className="num">{t("shares.sourceWh")}</th>
                <th className="num">{t("shares.charged")}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {detail.runs.map((run) => (
                <tr key={run.runId} data-testid={`run-${run.period}-${run.rev}`}>
                  <th scope="row" className="first">
                    {run.period}
                  </th>
                  <td>
                    {run.rev === 0 ? t("shares.original") : t("shares.correction", { rev: run.rev })}
                    {run.latest ? null : <small>{t("shares.superseded")}</small>}
                    <small>{t("shares.madeBy", { name: run.madeBy, time: dateTime(run.madeAt) })}</small>
                  </td>
                  <UnitsCell wh={run.sourceWh} exact={run.sourceWh % HUNDREDTH_WH !== 0} testId="run-wh" />
                  <YuanCell text={run.charged} testId="run-charged" />
                  <td>
                    <Link to={`/share-runs/${run.runId}`} data-testid="run-open">
                      {t("shares.openSheet")}
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
    </section>
  );
}

function RunNow({ detail: { source, rules } }: { detail: ShareSourceDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const may = useCan("share.manage");
  const yesterday = addDays(dayOf(instant(Date.now())), -1);
  const [period, setPeriod] = useState<string>(
    rules[0]?.period === "month" ? addMonths(monthOf(yesterday), -1) : yesterday,
  );
  const run = useMutation({
    mutationFn: (asked: string) => postShareRun({ sourceMeterId: source.sourceMeterId, period: asked }),
    onSuccess: () => client.invalidateQueries({ queryKey: shareKeys.all }),
  });
  if (!may || rules.length === 0) return null;
  return (
    <>
      <div className="row-buttons">
        <label className="filter-field" htmlFor="run-period">
          <span>{t("shares.runPeriod")}</span>
          <input
            id="run-period"
            className="plain-input"
            value={period}
            maxLength={10}
            onChange={(event) => setPeriod(event.target.value)}
            data-testid="run-period"
          />
        </label>
        <Button
          type="primary"
          onClick={() => run.isPending || run.mutate(period.trim())}
          aria-busy={run.isPending}
          data-testid="run-now"
        >
          {t("shares.runNow")}
        </Button>
      </div>
      <p className="muted">{t("shares.runDay")}</p>
      {run.data ? <Outcome answer={run.data} period={run.variables} /> : null}
      {run.error ? <FailedLine error={run.error} testId="run-problem" /> : null}
    </>
  );
}

function Outcome({ answer, period }: { answer: ShareRunAnswer; period: string }) {
  const { t } = useTranslation();
  const text =
    answer.outcome === "waiting"
      ? t(`shares.outcome.${answer.why ?? "no_rule"}`, { missing: answer.missing.join(", ") })
      : t(`shares.outcome.${answer.outcome}`, { period, rev: answer.rev ?? 0 });
  return (
    <p role="status" className="formula" data-testid="run-outcome" data-outcome={answer.outcome} data-rev={answer.rev}>
      {text}
    </p>
  );
}
