import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { SetupStepView, SetupView } from "#contract/setup.ts";
import type { Permission } from "#domain/permission.ts";
import { permissionNames } from "#domain/permission-names.ts";
import { type SetupStep, setupSteps, skippableSteps } from "#domain/setup.ts";
import { getSetup, postSetupSkip, setupKey } from "#web/shared/api-setup.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { inLanguage } from "#web/shared/i18n.ts";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { rememberStep } from "../../setup-back.tsx";
import { useAddress } from "../../use-address.ts";
import { AreasStep } from "./areas-step.tsx";
import { ConcentratorsStep } from "./concentrators-step.tsx";
import { DemoOffer, DemoTown } from "./demo.tsx";
import { Finish } from "./finish.tsx";
import { MetersStep } from "./meters-step.tsx";
import { MessagesStep, PeopleStep } from "./other-steps.tsx";
import { ProjectStep } from "./project-step.tsx";
import { ReadingsStep } from "./readings-step.tsx";
import "../concentrators/concentrators.css";
import "../reports/reports.css";
import "./setup.css";
import "./words.ts";

/** Whoever waits for a login sees it at once. */
const POLL_MS = 2_000;
/** The address of the summary, beside those of the steps. */
const FINISH = "finish";

/** The set-up assistant (开通向导): from nothing to the first reading, step by step, each judged by the server. */
export function SetupPage() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: setupKey, queryFn: getSetup, refetchInterval: POLL_MS });
  // Here one is back.
  useEffect(() => rememberStep(null), []);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("setup.title")}</h1>
        {found.data ? <small>{t("setup.asOf", { at: dateTime(found.data.asOf) })}</small> : null}
      </div>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <Assistant view={found.data} />
      )}
    </main>
  );
}

function Assistant({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const asked = address.get("step");
  const step = setupSteps.find((each) => each === asked) ?? null;
  const isKnown = step !== null || asked === FINISH;
  const first = view.next ?? FINISH;
  // Where one begins is where one stays: what others do meanwhile takes no form away.
  useEffect(() => {
    if (!isKnown) setAddress({ step: first }, { replace: true });
  }, [isKnown, first, setAddress]);
  const go = (to: SetupStep | null) => setAddress({ step: to ?? FINISH });
  if (!isKnown) return <Loading rows={8} />;
  return (
    <>
      <p className="muted setup-lead">{t("setup.lead")}</p>
      {view.demo.offered ? <DemoOffer /> : null}
      {view.demo.enrolled ? <DemoTown view={view} /> : null}
      <div className="setup">
        <StepList steps={view.steps} here={step} onGo={go} />
        {step === null ? <Finish view={view} /> : <OneStep key={step} view={view} step={step} onGo={go} />}
      </div>
    </>
  );
}

type Go = (to: SetupStep | null) => void;

function StepList({ steps, here, onGo }: { steps: readonly SetupStepView[]; here: SetupStep | null; onGo: Go }) {
  const { t } = useTranslation();
  return (
    <nav aria-label={t("setup.stepsLabel")}>
      <ol className="setup-steps">
        {steps.map(({ step, state }, i) => (
          <li key={step}>
            <button
              type="button"
              className={`setup-step setup-${state}`}
              aria-current={step === here ? "step" : undefined}
              onClick={() => onGo(step)}
              data-testid={`setup-go-${step}`}
              data-state={state}
            >
              <span className="setup-mark" aria-hidden="true">
                {marks[state] ?? String(i + 1)}
              </span>
              <span className="setup-name">{t(`setup.steps.${step}`)}</span>
              <span className="setup-state">{t(`setup.states.${state}`)}</span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

const marks: Partial<Record<SetupStepView["state"], string>> = { done: "✓", problem: "!", waiting: "…", skipped: "–" };
const tones = { done: "good", open: "doing", waiting: "doing", problem: "bad", skipped: "warn" } as const;

/** What each step writes, as far as it is not what opens the page. */
const needed: Partial<Record<SetupStep, Permission>> = {
  areas: "archive.import",
  meters: "archive.import",
  concentrators: "concentrator.manage",
  readings: "meter.read",
  people: "user.manage",
};

function OneStep({ view, step, onGo }: { view: SetupView; step: SetupStep; onGo: Go }) {
  const { t } = useTranslation();
  const head = useRef<HTMLHeadingElement>(null);
  const at = setupSteps.indexOf(step);
  const seen = view.steps[at];
  const permission = needed[step] ?? "settings.manage";
  const may = useCan(permission);
  const isFirst = useRef(true);
  useEffect(() => {
    // Who came here by a button reads on from the head; who opened the page keeps his place.
    if (!isFirst.current) head.current?.focus();
    isFirst.current = false;
  }, []);
  if (seen === undefined) return null;
  return (
    <section
      className="panel setup-panel"
      aria-labelledby="setup-head"
      data-testid={`setup-${step}`}
      data-state={seen.state}
    >
      <div className="setup-title">
        <h2 id="setup-head" tabIndex={-1} ref={head}>
          <small className="muted">{t("setup.number", { n: at + 1 })}</small> {t(`setup.steps.${step}`)}
        </h2>
        <span className={`tag tag-${tones[seen.state]}`}>{t(`setup.states.${seen.state}`)}</span>
      </div>
      {seen.why === "done" ? null : (
        <p className={seen.state === "problem" ? "banner banner-error" : "muted"} role="status" data-testid="setup-why">
          {t(`setup.whys.${seen.why}`)}
          {seen.skipped ? ` · ${t("setup.skippedBy", { name: seen.skipped.by, at: dateTime(seen.skipped.at) })}` : ""}
        </p>
      )}
      {may ? (
        <StepBody view={view} step={step} onGo={onGo} />
      ) : (
        <p className="banner banner-warn">
          {t("setup.noPermission", { permission: inLanguage(permissionNames[permission]) })}
        </p>
      )}
      <div className="row-buttons setup-foot">
        <Button disabled={at === 0} onClick={() => onGo(setupSteps[at - 1] ?? null)} data-testid="setup-previous">
          {t("setup.previous")}
        </Button>
        <Button
          type={seen.state === "done" || seen.state === "skipped" ? "primary" : "default"}
          onClick={() => onGo(setupSteps[at + 1] ?? null)}
          data-testid="setup-next"
        >
          {t("setup.next")}
        </Button>
        <SkipButton seen={seen} />
      </div>
    </section>
  );
}

function StepBody({ view, step, onGo }: { view: SetupView; step: SetupStep; onGo: Go }) {
  switch (step) {
    case "project":
      return <ProjectStep view={view} />;
    case "areas":
      return <AreasStep view={view} />;
    case "meters":
      return <MetersStep view={view} onConcentrators={() => onGo("concentrators")} />;
    case "concentrators":
      return <ConcentratorsStep view={view} />;
    case "readings":
      return <ReadingsStep view={view} />;
    case "messages":
      return <MessagesStep />;
    case "people":
      return <PeopleStep view={view} />;
  }
}

function SkipButton({ seen }: { seen: SetupStepView }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const skipping = useMutation({
    mutationFn: (skipped: boolean) => postSetupSkip({ step: seen.step, skipped }),
    onSuccess: (view) => client.setQueryData(setupKey, view),
  });
  if (!skippableSteps.some((each) => each === seen.step) || seen.state === "done") return null;
  const isSkipped = seen.state === "skipped";
  return (
    <>
      <Button
        onClick={() => skipping.isPending || skipping.mutate(!isSkipped)}
        aria-busy={skipping.isPending}
        data-testid={isSkipped ? "setup-resume" : "setup-skip"}
      >
        {t(isSkipped ? "setup.resume" : "setup.skip")}
      </Button>
      {skipping.error ? <FailedLine error={skipping.error} testId="setup-skip-problem" /> : null}
    </>
  );
}
