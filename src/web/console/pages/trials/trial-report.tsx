import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Trial, TrialMeter } from "#contract/trials.ts";
import type { TrialCheck } from "#domain/trial.ts";
import {
  trialCheckNames,
  trialOutcomeNames,
  trialResultNames,
  trialSentence,
  trialTodos,
} from "#domain/trial-words.ts";
import { dateTime } from "#web/shared/format.ts";
import { inLanguage } from "#web/shared/i18n.ts";
import { SheetBox } from "../../sheet-box.tsx";
import { RepeatButton } from "./trial-acts.tsx";

const tones = { pass: "tag-good", fail: "tag-bad", na: "", skipped: "" } as const;

/** The report of a run (试运行调试报告) as it is printed: what it was, each meter with its checks, and where it is signed. */
export function TrialReport({ trial }: { trial: Trial }) {
  const { t } = useTranslation();
  const { signed } = trial;
  const facts: [name: string, value: string][] = [
    [t("trials.no"), trial.trialNo],
    [t("trials.project"), trial.project],
    [t("trials.place"), trial.placeKind === "meters" ? t("trials.chosen") : trial.placeName],
    [t("trials.version"), trial.version],
    [t("trials.by"), `${trial.createdName} ${dateTime(trial.createdAt)}`],
    [t("trials.ended"), dateTime(trial.endedAt)],
  ];
  return (
    <article className="trial-report" data-testid="trial-report">
      <h2>{t("trials.report")}</h2>
      <dl className="panel archive-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p data-testid="trial-counts" data-passed={trial.passed} data-failed={trial.failed} data-skipped={trial.skipped}>
        {t("trials.of", { count: trial.meters })} · {t("trials.passed", { count: trial.passed })} ·{" "}
        <strong className={trial.failed > 0 ? "bad-text" : ""}>{t("trials.failed", { count: trial.failed })}</strong> ·{" "}
        {t("trials.skipped", { count: trial.skipped })}
      </p>
      <SheetBox label={t("trials.report")}>
        <table className="sheet trial-sheet" data-testid="trial-meters">
          <thead>
            <tr>
              <th className="first">{t("trials.room")}</th>
              <th>{t("trials.result")}</th>
              <th>{t("trials.meter")}</th>
              <th>{t("trials.checks")}</th>
            </tr>
          </thead>
          <tbody>
            {trial.meterList.map((meter) => (
              <MeterRow key={meter.meterId} trial={trial} meter={meter} />
            ))}
          </tbody>
        </table>
      </SheetBox>
      <div className="trial-signs">
        <p data-testid="trial-signature">
          {signed === null
            ? t("trials.unsigned")
            : t("trials.signature", { name: signed.name, by: signed.by, at: dateTime(signed.at), note: signed.note })}
        </p>
        <p>
          {t("trials.code")}: <code data-testid="trial-code">{codeText(trial.code) ?? t("trials.codeLater")}</code>
        </p>
        <p className="trial-lines">
          {(["installer", "acceptor"] as const).map((who) => (
            <span key={who}>
              {t(`trials.${who}`)}
              <i /> {t("trials.date")}
              <i />
            </span>
          ))}
        </p>
      </div>
    </article>
  );
}

/** The code in groups of four, as it is read out. */
function codeText(code: string | null): string | null {
  return code?.toUpperCase().replace(/(.{4})(?=.)/g, "$1 ") ?? null;
}

function MeterRow({ trial, meter }: { trial: Trial; meter: TrialMeter }) {
  const { t } = useTranslation();
  const { result } = meter;
  const mayRepeat = (result === "fail" || result === "skipped") && ["finished", "cancelled"].includes(trial.state);
  return (
    <tr data-testid={`trial-meter-${meter.number}`} data-state={meter.state} data-result={result ?? ""}>
      <th scope="row" className="first">
        <Link to={`/?meter=${meter.meterId}`}>{meter.label}</Link>
      </th>
      <td>
        {result === null ? (
          <span className="tag tag-doing">{t(`trials.meterStates.${meter.state}`)}</span>
        ) : (
          <span className={`tag ${tones[result]}`}>{inLanguage(trialResultNames[result])}</span>
        )}
        {meter.attempt > 1 ? <small>{t("trials.attempt", { count: meter.attempt })}</small> : null}
        {mayRepeat ? (
          <RepeatButton trial={trial} meterIds={[meter.meterId]} small testId={`repeat-${meter.number}`} />
        ) : null}
      </td>
      <td>
        {meter.number}
        <small>
          {meter.address} {meter.profile}
        </small>
      </td>
      <td className="trial-cell">
        <Checks meter={meter} />
      </td>
    </tr>
  );
}

function Checks({ meter }: { meter: TrialMeter }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const failed = meter.checks.filter(({ outcome }) => outcome === "fail");
  return (
    <>
      {failed.map((check) => (
        <p key={check.check} className="trial-fail" data-testid={`fail-${check.check}`}>
          <strong>{inLanguage(trialCheckNames[check.check])}</strong>: {inLanguage(trialSentence(check))}
          <Todo check={check} />
        </p>
      ))}
      <p className="trial-tags">
        {meter.checks.map((check) => (
          <span
            key={check.check}
            className={`tag ${tones[check.outcome]}`}
            data-testid={`check-${check.check}`}
            data-outcome={check.outcome}
          >
            {inLanguage(trialCheckNames[check.check])} {inLanguage(trialOutcomeNames[check.outcome])}
          </span>
        ))}
      </p>
      {meter.earlier.map((each) => (
        <small key={each.attempt} data-testid="trial-earlier">
          {t("trials.earlier", {
            attempt: each.attempt,
            at: dateTime(each.at),
            whys: each.failed.map((check) => inLanguage(trialSentence(check))).join("; "),
          })}
        </small>
      ))}
      {meter.checks.length === 0 ? null : (
        <details className="no-print" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{t("trials.all")}</summary>
          {isOpen ? (
            <ul>
              {meter.checks.map((check) => (
                <li key={check.check}>
                  {inLanguage(trialCheckNames[check.check])}: {inLanguage(trialSentence(check))}
                </li>
              ))}
            </ul>
          ) : null}
        </details>
      )}
    </>
  );
}

function Todo({ check }: { check: TrialCheck }) {
  const { t } = useTranslation();
  const todo = trialTodos[check.why];
  return todo === undefined ? null : <small>{t("trials.todo", { todo: inLanguage(todo) })}</small>;
}
