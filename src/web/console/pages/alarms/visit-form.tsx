import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Alarm } from "#contract/alarms.ts";
import { type AlarmFinding, alarmFindings } from "#domain/alarm.ts";
import { alarmKeys, postVisit } from "#web/shared/api-alarms.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { photoForUpload } from "./photo.ts";

/** What somebody found where a meter was alarmed about (现场结果). Everything typed stays when it could not be kept. */
export function VisitForm({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [finding, setFinding] = useState<AlarmFinding | null>(null);
  const [note, setNote] = useState("");
  const [photo, setPhoto] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(false);
  const taking = useMutation({ mutationFn: photoForUpload, onSuccess: setPhoto });
  // Two clicks in one breath are one visit: the page is not drawn anew between them.
  const isSending = useRef(false);
  const saving = useMutation({
    mutationFn: (found: AlarmFinding) =>
      postVisit(alarm.alarmId, { finding: found, note: note.trim(), photo: photo?.split(",")[1] ?? null }),
    onSuccess: (seen) => {
      client.setQueryData(alarmKeys.one(alarm.alarmId), seen);
      void client.invalidateQueries({ queryKey: alarmKeys.all });
      void client.invalidateQueries({ queryKey: ["meter"] });
    },
    onError: () => setAsking(false),
    onSettled: () => {
      isSending.current = false;
    },
  });
  const send = (found: AlarmFinding): void => {
    if (isSending.current) return;
    isSending.current = true;
    saving.mutate(found);
  };
  const isComplete = finding !== null && note.trim() !== "";
  return (
    <section className="panel visit-form no-print" aria-label={t("alarms.visit")} data-typed="">
      <h2>{t("alarms.visit")}</h2>
      <p className="muted">{t(alarm.state === "open" ? "alarms.visitLead" : "alarms.visitLate")}</p>
      <fieldset className="visit-findings">
        <legend>{t("alarms.finding")}</legend>
        {alarmFindings.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="finding"
              checked={finding === each}
              onChange={() => setFinding(each)}
              data-testid={`finding-${each}`}
            />
            {t(`alarms.findings.${each}`)}
          </label>
        ))}
      </fieldset>
      <span className="field-problem" role="alert">
        {tried && finding === null ? t("alarms.findingMissing") : ""}
      </span>
      <label className="field" htmlFor="visit-note">
        <span>{t("alarms.visitNote")}</span>
        <Input.TextArea
          id="visit-note"
          value={note}
          rows={3}
          maxLength={500}
          placeholder={t("alarms.visitNoteHint")}
          onChange={(event) => setNote(event.target.value)}
          data-testid="visit-note"
        />
      </label>
      <span className="field-problem" role="alert">
        {tried && note.trim() === "" ? t("alarms.noteMissing") : ""}
      </span>
      <div className="visit-photo">
        <p className="muted">{t("alarms.photo")}</p>
        <input
          ref={input}
          className="unseen"
          type="file"
          accept="image/jpeg,image/png"
          aria-label={t("alarms.choosePhoto")}
          tabIndex={-1}
          onChange={(event) => {
            const file = event.target.files?.[0];
            event.target.value = "";
            if (file) taking.mutate(file);
          }}
          data-testid="visit-file"
        />
        <Button onClick={() => input.current?.click()} aria-busy={taking.isPending} data-testid="visit-choose">
          {t("alarms.choosePhoto")}
        </Button>
        {photo === null ? null : (
          <>
            <Button onClick={() => setPhoto(null)} data-testid="visit-drop">
              {t("alarms.dropPhoto")}
            </Button>
            <img
              className="alarm-photo"
              src={photo}
              alt={t("alarms.photoOf", { room: alarm.label })}
              data-testid="visit-preview"
            />
          </>
        )}
        <span className="field-problem" role="alert" data-testid="photo-problem">
          {taking.error ? t("alarms.photoUnreadable") : ""}
        </span>
      </div>
      {saving.error ? <FailedLine error={saving.error} testId="visit-problem" /> : null}
      <div className="row-buttons">
        <Button
          type="primary"
          onClick={() => {
            setTried(true);
            if (isComplete) setAsking(true);
          }}
          data-testid="visit-save"
        >
          {t("alarms.save")}
        </Button>
      </div>
      {asking && finding !== null ? (
        <Dialog title={t("alarms.confirmTitle")} onClose={() => setAsking(false)} testId="visit-dialog">
          <p className="dialog-lead">
            {t("alarms.confirmLead", { room: alarm.label, finding: t(`alarms.findings.${finding}`) })}
          </p>
          <div className="dialog-buttons">
            <Button onClick={() => setAsking(false)} data-autofocus="" data-testid="visit-cancel">
              {t("alarms.cancel")}
            </Button>
            <Button
              type="primary"
              onClick={() => send(finding)}
              aria-busy={saving.isPending}
              data-testid="visit-confirm"
            >
              {saving.isPending ? t("alarms.saving") : t("alarms.save")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </section>
  );
}
