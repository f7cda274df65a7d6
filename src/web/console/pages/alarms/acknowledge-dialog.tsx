import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Alarm } from "#contract/alarms.ts";
import { alarmKeys, postAcknowledge } from "#web/shared/api-alarms.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";

/** Room names listed before the rest is only counted. */
const NAMED = 12;

type Props = { alarms: readonly Pick<Alarm, "alarmId" | "label">[]; onDone: () => void; onClose: () => void };

/** Acknowledges some alarms with one note, and then tells what became of each. The focus is on "back": Enter never does it. */
export function AcknowledgeDialog({ alarms, onDone, onClose }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  // What was chosen when it was opened: the list behind it goes on changing.
  const [asked] = useState(alarms);
  const [note, setNote] = useState("");
  const doing = useMutation({
    mutationFn: () => postAcknowledge({ alarmIds: asked.map((each) => each.alarmId), note: note.trim() }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: alarmKeys.all });
      void client.invalidateQueries({ queryKey: ["meter"] });
      onDone();
    },
  });
  const names = new Map(asked.map((each) => [each.alarmId, each.label]));
  const listed = asked.slice(0, NAMED).map((each) => each.label);
  return (
    <Dialog title={t("alarms.acknowledge")} onClose={onClose} testId="acknowledge-dialog">
      {doing.data ? (
        <>
          <p className="dialog-lead">{t("alarms.outcomesTitle")}</p>
          <ul className="alarm-outcomes" data-testid="acknowledge-outcomes">
            {doing.data.items.map((each) => (
              <li key={each.alarmId} data-outcome={each.outcome}>
                <b>{names.get(each.alarmId) ?? each.alarmId}</b>{" "}
                {t(`alarms.outcomes.${each.outcome}`, { by: each.by ?? "" })}
              </li>
            ))}
          </ul>
        </>
      ) : (
        <>
          <div className="dialog-lead">
            <p>{t("alarms.acknowledgeLead", { count: asked.length })}</p>
            <p>{listed.join(t("app.and")) + (asked.length > NAMED ? "…" : "")}</p>
          </div>
          <label className="field" htmlFor="acknowledge-note">
            <span>{t("alarms.note")}</span>
            <Input
              id="acknowledge-note"
              value={note}
              maxLength={200}
              onChange={(event) => setNote(event.target.value)}
              data-testid="acknowledge-note"
            />
          </label>
        </>
      )}
      {doing.error ? <FailedLine error={doing.error} testId="acknowledge-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="" data-testid="acknowledge-close">
          {t("alarms.cancel")}
        </Button>
        {doing.data ? null : (
          <Button
            type="primary"
            onClick={() => doing.isPending || doing.mutate()}
            aria-busy={doing.isPending}
            data-testid="acknowledge-confirm"
          >
            {doing.isPending ? t("app.loading") : t("alarms.acknowledge")}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
