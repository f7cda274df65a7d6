import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionSettings } from "#contract/collection.ts";
import { postClockMode } from "#web/shared/api-collection.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { FormDialog } from "./form-dialog.tsx";

/** Whether the system sets clocks of meters by itself (自动校时). One switch for the whole installation, off at first. */
export function ClockMode({ settings }: { settings: CollectionSettings }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const { clock } = settings;
  return (
    <section className="archive-part" aria-label={t("clockMode.title")}>
      <div className="page-head">
        <h2>{t("clockMode.title")}</h2>
        <span className={`link-mark link-${clock.mode === "auto" ? "online" : "retired"}`} data-testid="clock-mode">
          {t(`clockMode.modes.${clock.mode}`)}
        </span>
        <Can do="settings.manage">
          <Button onClick={() => setAsking(true)} data-testid="edit-clock">
            {t(`clockMode.to.${clock.mode}`)}
          </Button>
        </Can>
      </div>
      <p className="muted">{t("clockMode.lead")}</p>
      <p className="muted">
        {t("collection.changed")}:{" "}
        {clock.updatedAt === 0
          ? t("collection.never")
          : t("collection.updated", { by: clock.updatedBy, at: dateTime(clock.updatedAt) })}
      </p>
      {asking ? <ClockDialog clock={clock} onClose={() => setAsking(false)} /> : null}
    </section>
  );
}

function ClockDialog({ clock, onClose }: { clock: CollectionSettings["clock"]; onClose: () => void }) {
  const { t } = useTranslation();
  // What was seen when the dialog was opened.
  const [{ mode, version }] = useState(clock);
  return (
    <FormDialog
      title={t(`clockMode.to.${mode}`)}
      testId="clock"
      dangerous
      act={(reason) => postClockMode({ mode: mode === "auto" ? "off" : "auto", version, reason, confirmed: true })}
      onClose={onClose}
    >
      <p>{t(`clockMode.warning.${mode}`)}</p>
    </FormDialog>
  );
}
