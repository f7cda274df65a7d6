import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LoadGuard } from "#contract/load-guard.ts";
import type { MeterDetail } from "#contract/metering.ts";
import { postRelease } from "#web/shared/api-load-guard.ts";
import { newKey } from "#web/shared/new-key.ts";
import { ReasonDialog } from "../../reason-dialog.tsx";

type ReleaseProps = {
  meter: MeterDetail;
  guard: LoadGuard;
  onDone: (seen: LoadGuard) => void;
  onClose: () => void;
};

/** What was found on site, before a locked meter is let go of and supply comes back. */
export function ReleaseDialog({ meter, guard, onDone, onClose }: ReleaseProps) {
  const { t } = useTranslation();
  const [key] = useState(newKey);
  const { meterId, label } = meter.tile;
  const { shown } = guard;
  return (
    <ReasonDialog
      title={t("loadGuard.releaseTitle", { label })}
      label={t("loadGuard.note")}
      missingText={t("loadGuard.noteMissing")}
      confirmText={t("loadGuard.releaseNow")}
      cancelText={t("loadGuard.back")}
      danger
      testId="release"
      act={(note) => postRelease(meterId, { key, note })}
      onDone={onDone}
      onClose={onClose}
    >
      <p>{t("loadGuard.releaseLead", { label })}</p>
      {meter.customer ? <p>{t("command.tripCustomer", { customer: meter.customer.name })}</p> : null}
      {shown?.cause ? (
        <p className="bad">
          {t("loadGuard.releaseWhy", { cause: t(`cause.${shown.cause}`), power: shown.powerW, trips: shown.trips })}
        </p>
      ) : null}
      {meter.concentrator.online ? null : <p className="bad">{t("command.offline")}</p>}
    </ReasonDialog>
  );
}
