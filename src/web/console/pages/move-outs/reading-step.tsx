import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { MoveOut, MoveOutMeter } from "#contract/move-outs.ts";
import { postFinalReading, postReadAgain } from "#web/shared/api-move-outs.ts";
import { dateTime, units } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";

type StepProps = { moveOut: MoveOut; mayAct: boolean; onChanged: (next: MoveOut) => void };

/** The final reading of each meter: from the meter; or its last one, or one that somebody has seen, where it does not answer. */
export function ReadingStep({ moveOut, mayAct, onChanged }: StepProps) {
  const { t } = useTranslation();
  return (
    <section className="panel no-print" aria-label={t("moveOuts.readings.title")} data-testid="step-reading">
      <h2>{t("moveOuts.readings.title")}</h2>
      <ul className="move-out-lines">
        {moveOut.meters.map((meter) => (
          <ReadingLine key={meter.meterId} meter={meter} {...{ moveOut, mayAct, onChanged }} />
        ))}
      </ul>
      {moveOut.meters.every((meter) => meter.source !== "") ? (
        <p className="muted" role="status">
          {t("moveOuts.readings.settling")}
        </p>
      ) : null}
    </section>
  );
}

function ReadingLine({ meter, moveOut, mayAct, onChanged }: StepProps & { meter: MoveOutMeter }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"last" | "hand" | null>(null);
  const again = useMutation({
    mutationFn: () => postReadAgain(moveOut.moveOutNo, meter.meterId),
    onSuccess: onChanged,
  });
  const unit = t(`unit.${meter.meterKind}`);
  const isFailed = meter.readState !== null && ["expired", "refused", "cancelled", "stopped"].includes(meter.readState);
  const isMissing = meter.source === "" && (isFailed || !meter.reachable);
  return (
    <li data-testid={`reading-${meter.meterId}`} data-source={meter.source}>
      <span className="move-out-name">
        <b>{meter.label}</b> <small>{`${t(`kind.${meter.meterKind}`)} ${meter.number}`}</small>
      </span>
      {meter.source === "" ? (
        <span className={isMissing ? "bad" : "muted"} role="status">
          {!meter.reachable
            ? t("moveOuts.readings.offlineNow")
            : isFailed
              ? t("moveOuts.readings.failed", { why: t(`command.state.${meter.readState ?? "expired"}`) })
              : t("moveOuts.readings.waits")}
        </span>
      ) : (
        <span>
          {`${t("moveOuts.readings.index")} ${units(meter.indexWh)} ${unit}`}
          {meter.creditAt === "meter"
            ? ` · ${t("moveOuts.readings.remaining")} ${units(meter.remainingWh)} ${unit}`
            : ""}
          <small className="muted">{` ${dateTime(meter.readAt)} `}</small>
          <span className={`tag ${meter.source === "meter" ? "tag-good" : "tag-warn"}`}>
            {t(`moveOuts.readings.source.${meter.source}`)}
          </span>
        </span>
      )}
      {mayAct && isMissing ? (
        <span className="row-buttons">
          <Button onClick={() => again.isPending || again.mutate()} aria-busy={again.isPending}>
            {t("moveOuts.readings.again")}
          </Button>
          <Button onClick={() => setAsking("last")} data-testid={`last-${meter.meterId}`}>
            {t("moveOuts.readings.last")}
          </Button>
          <Button onClick={() => setAsking("hand")} data-testid={`hand-${meter.meterId}`}>
            {t("moveOuts.readings.hand")}
          </Button>
        </span>
      ) : null}
      {again.error ? <FailedLine error={again.error} /> : null}
      {asking === null ? null : (
        <TypedReading meter={meter} source={asking} {...{ moveOut, onChanged }} onClose={() => setAsking(null)} />
      )}
    </li>
  );
}

type TypedProps = Omit<StepProps, "mayAct"> & { meter: MoveOutMeter; source: "last" | "hand"; onClose: () => void };

function TypedReading({ meter, source, moveOut, onChanged, onClose }: TypedProps) {
  const { t } = useTranslation();
  const unit = t(`unit.${meter.meterKind}`);
  const [index, setIndex] = useState("");
  const [remaining, setRemaining] = useState("");
  const [measuredAt] = useState(() => Date.now());
  const isInMeter = meter.creditAt === "meter";
  const input = (id: string, label: string, value: string, set: (next: string) => void) => (
    <label className="field" htmlFor={`typed-${id}`}>
      <span>{label}</span>
      <Input
        id={`typed-${id}`}
        inputMode="decimal"
        value={value}
        maxLength={14}
        onChange={(event) => set(event.target.value)}
        data-testid={`typed-${id}`}
      />
    </label>
  );
  return (
    <ReasonDialog
      title={t(`moveOuts.readings.${source}Title`, { label: meter.label })}
      label={t("moveOuts.readings.why")}
      missingText={t("moveOuts.readings.whyMissing")}
      confirmText={t("moveOuts.readings.save")}
      cancelText={t("moveOuts.cancel.keep")}
      testId="typed"
      act={(reason) =>
        postFinalReading(moveOut.moveOutNo, meter.meterId, {
          source,
          index: source === "hand" ? index.trim() : null,
          remaining: source === "hand" && isInMeter ? remaining.trim() : null,
          measuredAt,
          reason,
        }).then(onChanged)
      }
      onDone={onClose}
      onClose={onClose}
    >
      {source === "last" ? (
        <p>
          {t("moveOuts.readings.lastLead", {
            time: dateTime(meter.nowIndexAt),
            index: `${units(meter.nowIndexWh)} ${unit}`,
            remaining: isInMeter ? `${units(meter.nowRemainingWh)} ${unit}` : t("moveOuts.begin.onServer"),
          })}
        </p>
      ) : (
        <>
          <p>{t("moveOuts.readings.handLead")}</p>
          {input("index", t("moveOuts.readings.handIndex", { unit }), index, setIndex)}
          {isInMeter
            ? input("remaining", t("moveOuts.readings.handRemaining", { unit }), remaining, setRemaining)
            : null}
        </>
      )}
    </ReasonDialog>
  );
}
