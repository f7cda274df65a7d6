import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { Trial } from "#contract/trials.ts";
import { getTrial, trialFile, trialKeys } from "#web/shared/api-trials.ts";
import { dateTime } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { CancelButton, RepeatButton, SignButton, VerifyForm } from "./trial-acts.tsx";
import { TrialReport } from "./trial-report.tsx";
import { TrialTag } from "./trial-tag.tsx";
import "../concentrators/concentrators.css";
import "../reports/reports.css";
import "./trials.css";

const SOON_MS = 2_000;
const LATER_MS = 30_000;

const isUnderWay = ({ state }: Trial): boolean => state === "running" || state === "cancelling";

/** One trial run: how far it is while it runs, its report, and what may be done with it. Prints on A4. */
export function TrialPage() {
  const { t } = useTranslation();
  const { trialNo = "" } = useParams();
  const found = useQuery({
    queryKey: trialKeys.one(trialNo),
    queryFn: () => getTrial(trialNo),
    refetchInterval: ({ state }) => (state.data && !isUnderWay(state.data) ? LATER_MS : SOON_MS),
    retry: false,
  });
  const trial = found.data;
  return (
    <main className="page trial-page" id="main" tabIndex={-1}>
      <div className="page-head no-print">
        <h1>{t("trials.one", { no: trialNo })}</h1>
        {trial ? (
          <>
            <TrialTag state={trial.state} />
            <small>{t("meter.asOf", { time: dateTime(trial.asOf) })}</small>
          </>
        ) : null}
        <Link className="link-button" to="/trials">
          {t("trials.back")}
        </Link>
        {trial ? <Acts trial={trial} /> : null}
      </div>
      {trial === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <>
          {isUnderWay(trial) ? <Progress trial={trial} /> : null}
          <TrialReport trial={trial} />
          {trial.state === "signed" ? <VerifyForm trialNo={trial.trialNo} /> : null}
        </>
      )}
    </main>
  );
}

function Acts({ trial }: { trial: Trial }) {
  const { t } = useTranslation();
  const hasEnded = trial.state === "finished" || trial.state === "cancelled";
  return (
    <>
      <ExportButton path={trialFile(trial.trialNo)} />
      <Button onClick={() => window.print()} data-testid="trial-print">
        {t("trials.print")}
      </Button>
      {trial.state === "running" ? <CancelButton trial={trial} /> : null}
      {hasEnded && trial.failed + trial.skipped > 0 ? (
        <RepeatButton trial={trial} meterIds={null} testId="trial-repeat" />
      ) : null}
      {trial.state === "finished" ? <SignButton trial={trial} /> : null}
    </>
  );
}

function Progress({ trial }: { trial: Trial }) {
  const { t } = useTranslation();
  const done = trial.passed + trial.failed + trial.skipped;
  const name = t("trials.progress");
  return (
    <section className="panel trial-progress no-print" aria-label={name}>
      <progress value={done} max={trial.meters} aria-label={name} data-testid="trial-progress" />
      <p role="status">{t("trials.progressText", { done, of: trial.meters })}</p>
      <p className="muted">{t("trials.goesOn")}</p>
    </section>
  );
}
