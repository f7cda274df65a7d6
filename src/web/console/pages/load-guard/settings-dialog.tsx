import { useMutation } from "@tanstack/react-query";
import { Button, Input, Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LoadGuard } from "#contract/load-guard.ts";
import type { MeterDetail } from "#contract/metering.ts";
import { countFroms, LOAD_W_MAX, LOAD_W_MIN, OFF_MINUTES_MAX, TRIPS_MAX } from "#domain/load-guard.ts";
import { postLoadGuard } from "#web/shared/api-load-guard.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { minuteOf, minuteText } from "./words.ts";

type SettingsProps = {
  meter: MeterDetail;
  guard: LoadGuard;
  onDone: (seen: LoadGuard) => void;
  onClose: () => void;
};

const numbers = ["maxW", "stepW", "maliciousW", "offMinutes", "tripsMax"] as const;
type NumberField = (typeof numbers)[number];
type Draft = Record<NumberField | "exemptFrom" | "exemptTo" | "reason", string>;
type Settings = LoadGuard["settings"];

const bounds: Readonly<Record<NumberField, readonly [number, number]>> = {
  maxW: [LOAD_W_MIN, LOAD_W_MAX],
  stepW: [LOAD_W_MIN, LOAD_W_MAX],
  maliciousW: [LOAD_W_MIN, LOAD_W_MAX],
  offMinutes: [1, OFF_MINUTES_MAX],
  tripsMax: [1, TRIPS_MAX],
};
const isLoad = (field: NumberField): boolean => field.endsWith("W");

/** What the guard is to watch for. An empty or zero limit is not watched; everything typed stays when it could not be kept. */
export function SettingsDialog({ meter, guard, onDone, onClose }: SettingsProps) {
  const { t } = useTranslation();
  const [key] = useState(newKey);
  const [tried, setTried] = useState(false);
  const [countFrom, setCountFrom] = useState(guard.settings.countFrom);
  const [draft, setDraft] = useState<Draft>(() => draftOf(guard.settings));
  const saving = useMutation({
    mutationFn: (settings: Settings) =>
      postLoadGuard(meter.tile.meterId, { key, settings, reason: draft.reason.trim() }),
    onSuccess: onDone,
  });
  const put = (field: keyof Draft, value: string): void => setDraft((before) => ({ ...before, [field]: value }));
  const wrong = wrongIn(draft);
  const save = (): void => {
    setTried(true);
    const settings = settingsOf(draft, countFrom);
    if (settings !== null && wrong.size === 0 && !saving.isPending) saving.mutate(settings);
  };
  const field = (name: keyof Draft, text: string, unit: string, hint: string) => (
    <label className="field" htmlFor={`guard-${name}`} key={name}>
      <span>{text}</span>
      <Input
        id={`guard-${name}`}
        value={draft[name]}
        inputMode={name === "reason" || name.startsWith("exempt") ? "text" : "numeric"}
        maxLength={name === "reason" ? 200 : 5}
        {...(unit === "" ? {} : { suffix: unit })}
        {...(tried && wrong.has(name) ? { status: "error" as const, "aria-invalid": true } : {})}
        onChange={(event) => put(name, event.target.value)}
        data-testid={`guard-${name}`}
      />
      <span className="field-problem" role="alert">
        {tried && wrong.has(name) ? hint : ""}
      </span>
    </label>
  );
  const numberField = (name: NumberField) => {
    const [min, max] = bounds[name];
    const hint = t(isLoad(name) ? "loadGuard.loadHint" : "loadGuard.numberHint", { min, max });
    const unit = isLoad(name) ? "W" : t(name === "offMinutes" ? "loadGuard.minutes" : "loadGuard.times");
    return field(name, isLoad(name) ? t(`figure.${name as "maxW"}`) : t(`loadGuard.${name as "tripsMax"}`), unit, hint);
  };
  return (
    <Dialog title={t("loadGuard.setTitle", { label: meter.tile.label })} onClose={onClose} testId="guard-dialog">
      <div className="dialog-lead">
        <p>{t("loadGuard.setLead")}</p>
        {meter.supplyGuard ? <p className="bad">{t("loadGuard.supplyGuard")}</p> : null}
        {meter.concentrator.online ? null : <p className="bad">{t("loadGuard.offline")}</p>}
      </div>
      <div className="guard-fields">{numbers.map(numberField)}</div>
      <fieldset className="guard-count">
        <legend>{t("loadGuard.countFrom")}</legend>
        <Radio.Group value={countFrom} onChange={(event) => setCountFrom(event.target.value as Settings["countFrom"])}>
          {countFroms.map((each) => (
            <Radio key={each} value={each} data-testid={`guard-from-${each}`}>
              {t(`loadGuard.countFroms.${each}`)}
            </Radio>
          ))}
        </Radio.Group>
      </fieldset>
      <fieldset className="guard-exempt">
        <legend>{t("loadGuard.exemptLead")}</legend>
        <div className="guard-fields">
          {field("exemptFrom", t("loadGuard.from"), "", t("loadGuard.clockHint"))}
          {field("exemptTo", t("loadGuard.to"), "", t("loadGuard.clockHint"))}
        </div>
      </fieldset>
      {field("reason", t("loadGuard.reason"), "", t("loadGuard.reasonMissing"))}
      {saving.error ? <FailedLine error={saving.error} testId="guard-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="" data-testid="guard-cancel">
          {t("loadGuard.back")}
        </Button>
        <Button type="primary" onClick={save} aria-busy={saving.isPending} data-testid="guard-save">
          {saving.isPending ? t("app.loading") : t("loadGuard.save")}
        </Button>
      </div>
    </Dialog>
  );
}

function draftOf(settings: Settings): Draft {
  const watts = (value: number): string => (value === 0 ? "" : String(value));
  return {
    ...{ maxW: watts(settings.maxW), stepW: watts(settings.stepW), maliciousW: watts(settings.maliciousW) },
    ...{ offMinutes: String(settings.offMinutes), tripsMax: String(settings.tripsMax) },
    ...{ exemptFrom: minuteText(settings.exemptFrom), exemptTo: minuteText(settings.exemptTo), reason: "" },
  };
}

/** The number typed; an empty limit is 0; null for what is no number within its bounds. */
function numberIn(draft: Draft, field: NumberField): number | null {
  const text = draft[field].trim();
  const value = text === "" && isLoad(field) ? 0 : /^\d{1,5}$/.test(text) ? Number(text) : null;
  if (value === null || (value === 0 && isLoad(field))) return value;
  const [min, max] = bounds[field];
  return value >= min && value <= max ? value : null;
}

function wrongIn(draft: Draft): Set<keyof Draft> {
  const wrong = new Set<keyof Draft>(numbers.filter((field) => numberIn(draft, field) === null));
  for (const field of ["exemptFrom", "exemptTo"] as const) if (minuteOf(draft[field]) === null) wrong.add(field);
  if (draft.reason.trim() === "") wrong.add("reason");
  return wrong;
}

function settingsOf(draft: Draft, countFrom: Settings["countFrom"]): Settings | null {
  const [maxW, stepW, maliciousW, offMinutes, tripsMax] = numbers.map((field) => numberIn(draft, field));
  const [exemptFrom, exemptTo] = [minuteOf(draft.exemptFrom), minuteOf(draft.exemptTo)];
  if (maxW == null || stepW == null || maliciousW == null || offMinutes == null || tripsMax == null) return null;
  if (exemptFrom === null || exemptTo === null) return null;
  return { maxW, stepW, maliciousW, offMinutes, tripsMax, countFrom, exemptFrom, exemptTo };
}
