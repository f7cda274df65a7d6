import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { MoveOut, MoveOutMeter } from "#contract/move-outs.ts";
import { postCleared, postRetry } from "#web/shared/api-move-outs.ts";
import { dateTime, units } from "#web/shared/format.ts";
import { ReasonDialog } from "../../reason-dialog.tsx";

type StepProps = { moveOut: MoveOut; mayAct: boolean; onChanged: (next: MoveOut) => void };
const TAKEN: readonly string[] = ["confirmed", "paid", "done"];

/** How far the clearing of each meter is, by what the meter itself says. */
export function ClearingStep({ moveOut, mayAct, onChanged }: StepProps) {
  const { t } = useTranslation();
  const [retrying, setRetrying] = useState(false);
  const [attesting, setAttesting] = useState<MoveOutMeter | null>(null);
  const isClearing = moveOut.state === "clearing";
  const cleared = moveOut.meters.every((meter) => meter.clear === null || TAKEN.includes(meter.clear.state));
  return (
    <section className="panel no-print" aria-label={t("moveOuts.clearing.title")} data-testid="step-clearing">
      <h2>{t("moveOuts.clearing.title")}</h2>
      <ul className="move-out-lines">
        {moveOut.meters.map((meter) => (
          <ClearLine
            key={meter.meterId}
            meter={meter}
            onAttest={mayAct && isClearing ? () => setAttesting(meter) : null}
          />
        ))}
      </ul>
      {isClearing && cleared ? (
        <p className="muted" role="status">
          {t("moveOuts.clearing.lastReading")}
        </p>
      ) : null}
      {mayAct && isClearing && moveOut.meters.some((meter) => meter.clear?.state === "refused") ? (
        <Button onClick={() => setRetrying(true)}>{t("moveOuts.clearing.retry")}</Button>
      ) : null}
      {retrying ? (
        <ReasonDialog
          title={t("moveOuts.clearing.retryTitle")}
          label={t("moveOuts.cancel.why")}
          missingText={t("moveOuts.cancel.whyMissing")}
          confirmText={t("moveOuts.clearing.retry")}
          cancelText={t("moveOuts.cancel.keep")}
          testId="retry"
          act={(reason) => postRetry(moveOut.moveOutNo, reason).then(onChanged)}
          onDone={() => setRetrying(false)}
          onClose={() => setRetrying(false)}
        >
          <p>{t("moveOuts.clearing.retryLead")}</p>
        </ReasonDialog>
      ) : null}
      {attesting === null ? null : (
        <AttestDialog meter={attesting} {...{ moveOut, onChanged }} onClose={() => setAttesting(null)} />
      )}
    </section>
  );
}

function ClearLine({ meter, onAttest }: { meter: MoveOutMeter; onAttest: (() => void) | null }) {
  const { t } = useTranslation();
  const unit = t(`unit.${meter.meterKind}`);
  const { clear } = meter;
  const isTaken = clear !== null && TAKEN.includes(clear.state);
  const isBad = clear?.state === "refused" || clear?.state === "stopped";
  return (
    <li data-testid={`clear-${meter.meterId}`} data-state={clear?.state ?? "none"}>
      <span className="move-out-name">
        <b>{meter.label}</b> <small>{`${t(`kind.${meter.meterKind}`)} ${meter.number}`}</small>
      </span>
      {clear === null ? (
        <span className="muted">
          {meter.creditAt === "server" ? t("moveOuts.begin.onServer") : t("moveOuts.clearing.none")}
        </span>
      ) : isTaken ? (
        <span>
          <span className="tag tag-good">{t("moveOuts.clearing.state.confirmed")}</span>{" "}
          {t("moveOuts.clearing.taken", { units: units(clear.takenWh), unit })}
          {clear.purchaseNumber === null
            ? null
            : ` · ${t("moveOuts.clearing.purchaseNumber", { n: clear.purchaseNumber })}`}
        </span>
      ) : (
        <span className={isBad ? "bad" : "muted"} role="status">
          {stateText(meter, (key) => t(`moveOuts.clearing.${key}`, { why: clear.stateReason }))}
        </span>
      )}
      {meter.creditAt === "meter" ? (
        <span className="muted" data-testid={`shows-${meter.meterId}`} data-wh={meter.nowRemainingWh}>
          {t("moveOuts.clearing.shows", {
            units: units(meter.nowRemainingWh),
            unit,
            time: dateTime(meter.nowRemainingAt),
          })}
        </span>
      ) : null}
      {clear?.state === "stopped" ? <Link to={`/?meter=${meter.meterId}`}>{t("customers.onBoard")}</Link> : null}
      {clear?.onSite && !isTaken && onAttest !== null ? (
        <Button onClick={onAttest} data-testid={`attest-${meter.meterId}`}>
          {t("moveOuts.clearing.attest")}
        </Button>
      ) : null}
    </li>
  );
}

type Say = (key: "onSite" | "offline" | `state.${"waiting" | "sent" | "unknown" | "refused" | "stopped"}`) => string;

function stateText(meter: MoveOutMeter, say: Say): string {
  const { clear } = meter;
  if (clear === null) return "";
  if (clear.state === "refused") return say("state.refused");
  if (clear.state === "stopped") return say("state.stopped");
  if (clear.onSite) return say("onSite");
  if (!meter.reachable) return say("offline");
  if (clear.commandState === "sent") return say("state.sent");
  return say(clear.commandState === "unknown" ? "state.unknown" : "state.waiting");
}

type AttestProps = Omit<StepProps, "mayAct"> & { meter: MoveOutMeter; onClose: () => void };

function AttestDialog({ meter, moveOut, onChanged, onClose }: AttestProps) {
  const { t } = useTranslation();
  const [remaining, setRemaining] = useState("");
  return (
    <ReasonDialog
      title={t("moveOuts.clearing.attestTitle", { label: meter.label })}
      label={t("moveOuts.cancel.why")}
      missingText={t("moveOuts.cancel.whyMissing")}
      confirmText={t("moveOuts.clearing.attestSave")}
      cancelText={t("moveOuts.cancel.keep")}
      danger
      testId="attest"
      act={(reason) =>
        postCleared(moveOut.moveOutNo, meter.meterId, { remaining: remaining.trim(), reason }).then(onChanged)
      }
      onDone={onClose}
      onClose={onClose}
    >
      <p>{t("moveOuts.clearing.attestLead")}</p>
      <label className="field" htmlFor="attest-remaining">
        <span>{t("moveOuts.clearing.attestRemaining", { unit: t(`unit.${meter.meterKind}`) })}</span>
        <Input
          id="attest-remaining"
          inputMode="decimal"
          value={remaining}
          maxLength={14}
          onChange={(event) => setRemaining(event.target.value)}
          data-testid="attest-remaining"
        />
      </label>
    </ReasonDialog>
  );
}
