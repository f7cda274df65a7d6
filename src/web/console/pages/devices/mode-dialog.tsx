import { useQuery } from "@tanstack/react-query";
import { Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ErrorCode, errors, errorText } from "#base/errors.ts";
import type { ModePreview } from "#contract/devices.ts";
import { type MeterMode, meterModes } from "#domain/meter-mode.ts";
import { deviceKeys, getModePreview, postMode } from "#web/shared/api-devices.ts";
import { dateTime, units, yuan } from "#web/shared/format.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";

type ModeProps = {
  meterId: number;
  label: string;
  kind: "electricity" | "water";
  now: MeterMode;
  onDone: () => void;
  onClose: () => void;
};

/** Another mode for a meter: what it means, whether the meter itself is told, and what happens to supply, before it is confirmed. */
export function ModeDialog({ meterId, label, kind, now, onDone, onClose }: ModeProps) {
  const { t } = useTranslation();
  const [key, setKey] = useState(newKey);
  const others = meterModes.filter((mode) => mode !== now);
  const [to, setTo] = useState<MeterMode>(others[0] ?? "prepaid");
  const preview = useQuery({
    queryKey: deviceKeys.mode(meterId, to),
    queryFn: () => getModePreview(meterId, to),
    gcTime: 0,
  });
  const facts = preview.data;
  const cuts = facts?.supply === "goes_off";
  return (
    <ReasonDialog
      title={t("devices.modeTitle", { label })}
      label={t("devices.reason")}
      missingText={t("devices.reasonMissing")}
      confirmText={cuts ? t("devices.confirmCut") : t("devices.confirmMode", { mode: t(`mode.${to}`) })}
      cancelText={t("devices.back")}
      danger={cuts}
      testId="mode"
      act={(reason) => postMode(meterId, { key, to, reason, confirmed: cuts })}
      onDone={onDone}
      onClose={onClose}
    >
      <p className="muted">{t("devices.modeNow", { mode: t(`mode.${now}`) })}</p>
      <Radio.Group
        value={to}
        onChange={(event) => {
          setTo(event.target.value as MeterMode);
          setKey(newKey()); // another wish: another key
        }}
        className="mode-choice"
        aria-label={t("devices.modeTo")}
      >
        {others.map((mode) => (
          <Radio key={mode} value={mode} data-testid={`mode-to-${mode}`}>
            <b>{t(`mode.${mode}`)}</b> <small>{t(`devices.modeLead.${mode}`)}</small>
          </Radio>
        ))}
      </Radio.Group>
      {preview.error ? <FailedLine error={preview.error} /> : null}
      {facts === undefined ? <p className="muted">{t("app.loading")}</p> : <Consequences facts={facts} kind={kind} />}
    </ReasonDialog>
  );
}

function Consequences({ facts, kind }: { facts: ModePreview; kind: "electricity" | "water" }) {
  const { t } = useTranslation();
  const time = facts.noCutUntil === null ? "" : dateTime(facts.noCutUntil);
  const language = currentLanguage() === "en" ? "en" : "zh";
  if (facts.obstacle !== null) {
    const code = Object.hasOwn(errors, facts.obstacle) ? (facts.obstacle as ErrorCode) : "internal";
    return (
      <div className="banner banner-error" role="alert" data-testid="mode-obstacle">
        {errorText(code, facts.obstacleDetails, language)}
      </div>
    );
  }
  const what = facts.supply === "goes_off" ? (facts.how ?? "after_readings") : facts.supply;
  return (
    <ul className="mode-facts" data-testid="mode-preview" data-supply={facts.supply}>
      <li>{t(facts.toldToMeter ? "devices.toldToMeter" : "devices.notTold")}</li>
      {facts.balance === null ? null : <li>{t("devices.balance", { amount: yuan(facts.balance) })}</li>}
      {facts.creditAt === "meter" && facts.remainingWh !== null ? (
        <li>
          {t("devices.remaining", {
            units: units(facts.remainingWh),
            unit: t(`unit.sold.${kind}`),
            time: dateTime(facts.asOf),
          })}
        </li>
      ) : null}
      <li className={facts.supply === "goes_off" ? "mode-cut" : ""}>
        <b>{t(`devices.supply.${what}`, { time })}</b>
      </li>
    </ul>
  );
}
