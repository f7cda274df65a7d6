import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ReadingDecision } from "#contract/doubts.ts";
import { postCorrection } from "#web/shared/api-reports.ts";
import { dateTime, units } from "#web/shared/format.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";

type CorrectionProps = {
  meter: { meterId: number; label: string; kind: "electricity" | "water" };
  reading: { measuredAt: number; valueWh: number };
  decision: ReadingDecision;
  /** The index that counted before, where the reading is doubted. */
  goodWh?: number | null;
  onClose: () => void;
};

/** Says what a decision about a reading does to the bill, asks for the true value where there is one, and why. */
export function CorrectionDialog({ meter, reading, decision, goodWh = null, onClose }: CorrectionProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [key] = useState(newKey); // one dialog, one decision
  const [value, setValue] = useState(decision === "correct" ? plain(reading.valueWh) : "");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const send = useMutation({
    mutationFn: () =>
      postCorrection(meter.meterId, {
        ...{ key, decision, measuredAt: reading.measuredAt, reason: reason.trim() },
        ...(decision === "correct" ? { value: value.trim() } : {}),
      }),
    onSuccess: () => client.invalidateQueries(),
  });
  const unit = t(`reports.unit.${meter.kind}`);
  const figures = { label: meter.label, time: dateTime(reading.measuredAt), value: units(reading.valueWh), unit };
  const difference = goodWh === null ? null : units(reading.valueWh - goodWh);
  const lead =
    decision === "accept"
      ? difference === null
        ? t("doubts.acceptOther", figures)
        : t("doubts.acceptLead", { ...figures, difference })
      : t(`doubts.${decision}Lead`, figures);
  const confirm = (): void => {
    setTried(true);
    if (reason.trim() !== "" && !send.isPending) send.mutate();
  };
  return (
    <Dialog title={t(`doubts.${decision}`)} onClose={onClose} testId="correction-dialog">
      {send.data ? (
        <>
          <div className="dialog-lead" role="status" data-testid="correction-done">
            <p>{t("doubts.done", { value: units(send.data.indexWh) })}</p>
            {send.data.takenBackWh > 0 ? (
              <p>{t("doubts.takenBack", { units: units(send.data.takenBackWh), unit })}</p>
            ) : null}
          </div>
          <div className="dialog-buttons">
            <Button onClick={onClose} data-testid="correction-close">
              {t("doubts.cancel")}
            </Button>
          </div>
        </>
      ) : (
        <>
          <div className="dialog-lead">
            <p>{lead}</p>
          </div>
          {decision === "correct" ? (
            <label className="field" htmlFor="correction-value">
              <span>{t("doubts.trueValue", { unit })}</span>
              <Input
                id="correction-value"
                value={value}
                inputMode="decimal"
                maxLength={14}
                onChange={(event) => setValue(event.target.value)}
                data-testid="correction-value"
              />
            </label>
          ) : null}
          <label className="field" htmlFor="correction-reason">
            <span>{t("doubts.reason")}</span>
            <Input
              id="correction-reason"
              value={reason}
              maxLength={200}
              {...(tried && reason.trim() === "" ? { status: "error" as const, "aria-invalid": true } : {})}
              onChange={(event) => setReason(event.target.value)}
              data-testid="correction-reason"
            />
            <span className="field-problem" role="alert">
              {tried && reason.trim() === "" ? t("doubts.reasonMissing") : ""}
            </span>
          </label>
          {send.error ? <FailedLine error={send.error} testId="correction-problem" /> : null}
          <div className="dialog-buttons">
            <Button onClick={onClose} data-autofocus="" data-testid="correction-cancel">
              {t("doubts.cancel")}
            </Button>
            <Button
              {...(decision === "accept" || decision === "correct" ? { type: "primary" as const } : { danger: true })}
              onClick={confirm}
              aria-busy={send.isPending}
              data-testid="correction-confirm"
            >
              {t(`doubts.${decision}`)}
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}

/** An index as one would type it. */
function plain(wh: number): string {
  return (wh / 1_000).toFixed(3).replace(/0$/, "");
}
