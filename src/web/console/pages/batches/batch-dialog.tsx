import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Batch, BatchPreview } from "#contract/switch-batches.ts";
import type { BatchKind } from "#domain/switch-batch.ts";
import { postBatch } from "#web/shared/api-batches.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";

type Props = {
  kind: BatchKind;
  preview: BatchPreview;
  /** The same for one list, however often it is asked for. */
  requestKey: string;
  againOf: string | null;
  onDone: (batch: Batch) => void;
  onClose: () => void;
};

/** Asks for the number of meters, typed, and for the reason, before a batch is asked for. The focus is on "back": Enter never does it. */
export function BatchDialog({ kind, preview, requestKey, againOf, onDone, onClose }: Props) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [tried, setTried] = useState(false);
  const count = preview.meters;
  const asking = useMutation({
    mutationFn: () =>
      postBatch({
        ...{ key: requestKey, kind, typed: Number(typed), reason: reason.trim(), againOf },
        meterIds: preview.items.map(({ meterId }) => meterId),
      }),
    onSuccess: onDone,
  });
  const isReasonMissing = kind === "trip" && reason.trim() === "";
  const isWrong = typed.trim() !== String(count);
  const confirm = (): void => {
    setTried(true);
    if (!isReasonMissing && !isWrong && !asking.isPending) asking.mutate();
  };
  return (
    <Dialog title={t(`batches.dialog.title.${kind}`, { count })} onClose={onClose} testId="batch-dialog">
      <div className="dialog-lead">
        <p className={kind === "trip" ? "bad" : ""}>{t(`batches.dialog.${kind}`, { count })}</p>
        <p>{t(preview.secondPerson ? "batches.review.second" : "batches.review.alone")}</p>
      </div>
      <label className="field" htmlFor="batch-reason">
        <span>{t(kind === "trip" ? "batches.dialog.reason" : "batches.dialog.reasonFree")}</span>
        <Input
          id="batch-reason"
          value={reason}
          maxLength={200}
          {...(tried && isReasonMissing ? { status: "error" as const, "aria-invalid": true } : {})}
          onChange={(event) => setReason(event.target.value)}
          data-testid="batch-reason"
        />
        <span className="field-problem" role="alert" data-testid="batch-reason-problem">
          {tried && isReasonMissing ? t("batches.dialog.reasonMissing") : ""}
        </span>
      </label>
      <label className="field" htmlFor="batch-typed">
        <span>{t("batches.dialog.typed")}</span>
        <Input
          id="batch-typed"
          value={typed}
          inputMode="numeric"
          maxLength={4}
          {...(tried && isWrong ? { status: "error" as const, "aria-invalid": true } : {})}
          onChange={(event) => setTyped(event.target.value)}
          data-testid="batch-typed"
        />
        <span className="field-problem" role="alert" data-testid="batch-typed-problem">
          {tried && isWrong ? t("batches.dialog.typedWrong", { count }) : ""}
        </span>
      </label>
      {asking.error ? <FailedLine error={asking.error} testId="batch-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="" data-testid="batch-cancel">
          {t("batches.dialog.cancel")}
        </Button>
        <Button
          {...(kind === "trip" ? { danger: true } : { type: "primary" as const })}
          onClick={confirm}
          aria-busy={asking.isPending}
          data-testid="batch-confirm"
        >
          {asking.isPending ? t("app.loading") : t(`batches.dialog.confirm.${kind}`)}
        </Button>
      </div>
    </Dialog>
  );
}
