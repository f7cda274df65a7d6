import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { MoveOut } from "#contract/move-outs.ts";
import { getMoveOut, moveOutKeys, postCancel } from "#web/shared/api-move-outs.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, shortTime } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { type Step, type StepState, Steps } from "../../steps.tsx";
import { ClearingStep } from "./clearing-step.tsx";
import { ConfirmStep } from "./confirm-step.tsx";
import { PayingStep } from "./paying-step.tsx";
import { ReadingStep } from "./reading-step.tsx";
import { SheetView } from "./sheet-view.tsx";
import "./move-outs.css";

/** While somebody stands at the desk and a meter is at work. */
const BUSY_MS = 1_500;
const CALM_MS = 8_000;

/** One move-out, at the step where it is: whoever opens or reloads the page goes on there. */
export function MoveOutPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { moveOutNo = "" } = useParams();
  const mayAct = useCan("moveout.create");
  const [cancelling, setCancelling] = useState(false);
  const found = useQuery({
    queryKey: moveOutKeys.one(moveOutNo),
    queryFn: () => getMoveOut(moveOutNo),
    retry: false,
    refetchInterval: ({ state }) => pollMs(state.data),
  });
  const changed = (next: MoveOut): void => {
    client.setQueryData(moveOutKeys.one(moveOutNo), next);
    void client.invalidateQueries({ queryKey: moveOutKeys.all });
  };
  const moveOut = found.data;
  return (
    <main className="page move-out-page" id="main" tabIndex={-1}>
      <div className="page-head no-print">
        <h1>{t("moveOuts.one", { no: moveOutNo })}</h1>
        {moveOut !== undefined && moveOut.sheet !== null ? (
          <Button onClick={() => window.print()} data-testid="sheet-print">
            {t("moveOuts.sheet.print")}
          </Button>
        ) : null}
        {moveOut?.cancellable && mayAct ? (
          <Button danger onClick={() => setCancelling(true)} data-testid="move-out-cancel">
            {t("moveOuts.cancel.action")}
          </Button>
        ) : null}
        <Link className="link-button" to="/move-outs">
          {t("moveOuts.back")}
        </Link>
      </div>
      {moveOut === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <div data-testid="move-out" data-state={moveOut.state} data-rev={moveOut.rev}>
          <section className="panel no-print" aria-label={t("moveOuts.title")}>
            <p className="move-out-who">
              <b>{moveOut.place}</b> {moveOut.customer} {moveOut.phone}
              <small className="muted">{` ${moveOut.reason} · ${moveOut.createdBy} ${dateTime(moveOut.createdAt)}`}</small>
            </p>
            <Steps steps={stepsOf(moveOut, (name) => t(`moveOuts.steps.${name}`))} />
          </section>
          <CurrentStep moveOut={moveOut} mayAct={mayAct} onChanged={changed} />
          <SheetView moveOut={moveOut} />
        </div>
      )}
      {cancelling && moveOut !== undefined ? (
        <ReasonDialog
          title={t("moveOuts.cancel.title")}
          label={t("moveOuts.cancel.why")}
          missingText={t("moveOuts.cancel.whyMissing")}
          confirmText={t("moveOuts.cancel.confirm")}
          cancelText={t("moveOuts.cancel.keep")}
          danger
          testId="cancel"
          act={(reason) => postCancel(moveOut.moveOutNo, reason).then(changed)}
          onDone={() => setCancelling(false)}
          onClose={() => setCancelling(false)}
        >
          <p>{t("moveOuts.cancel.lead")}</p>
        </ReasonDialog>
      ) : null}
    </main>
  );
}

function pollMs(moveOut: MoveOut | undefined): number | false {
  if (moveOut === undefined) return CALM_MS;
  if (moveOut.state === "done" || moveOut.state === "cancelled") return false;
  const isBusy = moveOut.state === "reading" || moveOut.state === "clearing" || moveOut.approval?.state === "requested";
  return isBusy ? BUSY_MS : CALM_MS;
}

type StepName = "reading" | "sheet" | "approval" | "clearing" | "paying" | "done";

/** Where each state stands among the stops; an approval is a stop only where somebody was asked. */
const AT: Readonly<Record<Exclude<MoveOut["state"], "cancelled">, StepName>> = {
  reading: "reading",
  calculated: "sheet",
  clearing: "clearing",
  paying: "paying",
  done: "done",
};

function stepsOf(moveOut: MoveOut, word: (name: StepName) => string): Step[] {
  const isAsked = moveOut.approval?.state === "requested";
  const names: StepName[] = ["reading", "sheet", ...(moveOut.approval ? (["approval"] as const) : [])];
  names.push("clearing", "paying", "done");
  const now = moveOut.state === "cancelled" ? "reading" : AT[moveOut.state];
  const at = names.indexOf(isAsked && moveOut.state === "calculated" ? "approval" : now);
  const isStuck = moveOut.meters.some((meter) => meter.clear?.state === "stopped" || meter.clear?.state === "refused");
  return names.map((name, index): Step => {
    let state: StepState = index < at || moveOut.state === "done" ? "done" : index === at ? "doing" : "waiting";
    if (moveOut.state === "cancelled") state = "stopped";
    if (index === at && moveOut.state === "clearing" && isStuck) state = "failed";
    if (name === "approval" && moveOut.approval?.state === "rejected") state = "failed";
    if (name === "approval" && isAsked) state = "doing";
    const time = name === "done" && moveOut.doneAt !== null ? shortTime(moveOut.doneAt, Date.now()) : "";
    return { name: word(name), state, time };
  });
}

type StepProps = { moveOut: MoveOut; mayAct: boolean; onChanged: (next: MoveOut) => void };

function CurrentStep({ moveOut, mayAct, onChanged }: StepProps) {
  const { t } = useTranslation();
  const props = { moveOut, mayAct, onChanged };
  switch (moveOut.state) {
    case "reading":
      return <ReadingStep {...props} />;
    case "calculated":
      return <ConfirmStep {...props} />;
    case "clearing":
      return <ClearingStep {...props} />;
    case "paying":
      return (
        <>
          <PayingStep key={moveOut.rev} {...props} />
          <ClearingStep {...props} />
        </>
      );
    case "done":
      return (
        <section className="panel no-print" data-testid="move-out-done">
          <h2>{t("moveOuts.done.title")}</h2>
          <p className="banner banner-good">{t("moveOuts.done.lead", { place: moveOut.place })}</p>
          <p className="muted">
            {t("moveOuts.done.paid", { by: moveOut.paidBy ?? "", time: dateTime(moveOut.doneAt) })}
          </p>
          {mayAct ? (
            <div className="row-buttons">
              <Link
                className="link-button link-primary"
                to={`/move-ins/new?meter=${moveOut.meters[0]?.meterId ?? 0}`}
                data-testid="to-move-in"
              >
                {t("moveOuts.done.moveIn")}
              </Link>
            </div>
          ) : null}
        </section>
      );
    case "cancelled":
      return <p className="banner banner-warn no-print">{t("moveOuts.done.cancelled")}</p>;
  }
}
