import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunningOutRow } from "#contract/running-out.ts";
import { postTold } from "#web/shared/api-reports.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";

/** Names listed before the rest is only counted. */
const NAMED = 12;

type Props = { rows: readonly RunningOutRow[]; onDone: () => void; onClose: () => void };

/** Notes with one sentence that customers were told. Nothing is sent, and the dialog says so. The focus is on "back": Enter never does it. */
export function ToldDialog({ rows, onDone, onClose }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  // What was chosen when it was opened: the list behind it goes on changing.
  const [asked] = useState(rows);
  const [key] = useState(newKey);
  const [note, setNote] = useState(t("runningOut.noteUsual"));
  const doing = useMutation({
    mutationFn: () => postTold({ key, meterIds: asked.map((each) => each.meterId), note: note.trim() }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["report", "running-out"] });
      onDone();
    },
  });
  const isMissing = note.trim() === "";
  const names = asked.slice(0, NAMED).map((each) => `${each.customer} ${each.meters[0]?.label ?? ""}`);
  return (
    <Dialog title={t("runningOut.tell")} onClose={onClose} testId="told-dialog">
      {doing.data ? (
        <div className="dialog-lead" role="status" data-testid="told-done" data-count={doing.data.meterIds.length}>
          <p>{t("runningOut.done", { count: doing.data.meterIds.length })}</p>
          {doing.data.meterIds.length < asked.length ? (
            <p>{t("runningOut.leftOut", { count: asked.length - doing.data.meterIds.length })}</p>
          ) : null}
        </div>
      ) : (
        <>
          <div className="dialog-lead">
            <p>{t("runningOut.tellLead", { count: asked.length })}</p>
            <p>{names.join(t("app.and")) + (asked.length > NAMED ? "…" : "")}</p>
          </div>
          <label className="field" htmlFor="told-note">
            <span>{t("runningOut.note")}</span>
            <Input
              id="told-note"
              value={note}
              maxLength={200}
              status={isMissing ? "error" : ""}
              onChange={(event) => setNote(event.target.value)}
              data-testid="told-note"
            />
          </label>
          {isMissing ? <p className="bad">{t("runningOut.noteMissing")}</p> : null}
        </>
      )}
      {doing.error ? <FailedLine error={doing.error} testId="told-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="" data-testid="told-close">
          {t("runningOut.close")}
        </Button>
        {doing.data ? null : (
          <Button
            type="primary"
            disabled={isMissing}
            onClick={() => doing.isPending || doing.mutate()}
            aria-busy={doing.isPending}
            data-testid="told-confirm"
          >
            {doing.isPending ? t("app.loading") : t("runningOut.tell")}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
