import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { AlarmRules } from "#contract/alarms.ts";
import {
  FLOOR_WH_MAX,
  PERIOD_HOURS_MAX,
  PERIOD_HOURS_MIN,
  READINGS_MIN_MAX,
  READINGS_MIN_MIN,
} from "#domain/static-rule.ts";
import { alarmKeys, getAlarmRules, postAlarmRule } from "#web/shared/api-alarms.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, units } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import "./alarms.css";

type Rule = AlarmRules["items"][number];

/** When a meter counts as standing still (静止报警规则), for each project, and who changed it last. */
export function AlarmRulesPage() {
  const { t } = useTranslation();
  const [editing, setEditing] = useState<Rule | null>(null);
  const found = useQuery({ queryKey: alarmKeys.rules, queryFn: getAlarmRules });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("alarmRules.title")}</h1>
        <Link className="link-button" to="/alarms">
          {t("alarms.back")}
        </Link>
      </div>
      <p className="muted">{t("alarmRules.lead")}</p>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={4} />
        )
      ) : (
        found.data.items.map((rule) => <RuleCard key={rule.projectId} rule={rule} onEdit={() => setEditing(rule)} />)
      )}
      {editing === null ? null : <RuleDialog rule={editing} onClose={() => setEditing(null)} />}
    </main>
  );
}

const limits = {
  period: { min: PERIOD_HOURS_MIN, max: PERIOD_HOURS_MAX },
  floor: { max: FLOOR_WH_MAX / 1000 },
  readings: { min: READINGS_MIN_MIN, max: READINGS_MIN_MAX },
};

function RuleCard({ rule, onEdit }: { rule: Rule; onEdit: () => void }) {
  const { t } = useTranslation();
  const facts: [string, string][] = [
    [t("alarmRules.state"), t(rule.enabled ? "alarmRules.enabled" : "alarmRules.disabled")],
    [t("alarmRules.period", limits.period), String(rule.periodHours)],
    [t("alarmRules.floor", limits.floor), units(rule.floorWh)],
    [t("alarmRules.readings", limits.readings), String(rule.readingsMin)],
  ];
  return (
    <section className="panel alarm-rule" aria-label={rule.name} data-testid={`rule-${rule.projectId}`}>
      <h2>{rule.name}</h2>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} className="alarm-fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="muted">
        {rule.version === 0
          ? t("alarmRules.never")
          : t("alarmRules.changed", { by: rule.updatedBy, at: dateTime(rule.updatedAt) })}
      </p>
      <Can do="settings.manage">
        <Button onClick={onEdit} data-testid={`edit-rule-${rule.projectId}`}>
          {t("alarmRules.edit")}
        </Button>
      </Can>
    </section>
  );
}

function RuleDialog({ rule, onClose }: { rule: Rule; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [enabled, setEnabled] = useState(rule.enabled);
  const [period, setPeriod] = useState(String(rule.periodHours));
  const [floor, setFloor] = useState(String(rule.floorWh / 1000));
  const [readings, setReadings] = useState(String(rule.readingsMin));
  const fields = [
    { id: "rule-period", label: t("alarmRules.period", limits.period), value: period, onChange: setPeriod },
    { id: "rule-floor", label: t("alarmRules.floor", limits.floor), value: floor, onChange: setFloor },
    { id: "rule-readings", label: t("alarmRules.readings", limits.readings), value: readings, onChange: setReadings },
  ];
  return (
    <ReasonDialog
      title={`${t("alarmRules.edit")} ${rule.name}`}
      label={t("alarmRules.reason")}
      missingText={t("alarmRules.reasonMissing")}
      confirmText={t("alarmRules.save")}
      cancelText={t("alarmRules.back")}
      testId="rule"
      act={(reason) =>
        postAlarmRule({
          ...{ projectId: rule.projectId, enabled, version: rule.version, reason },
          ...{ periodHours: Number(period), floorWh: Math.round(Number(floor) * 1000), readingsMin: Number(readings) },
        })
      }
      onDone={() => {
        void client.invalidateQueries({ queryKey: alarmKeys.rules });
        onClose();
      }}
      onClose={onClose}
    >
      <p>{t("alarmRules.effect")}</p>
      <Checkbox checked={enabled} onChange={(event) => setEnabled(event.target.checked)} data-testid="rule-enabled">
        {t("alarmRules.enabled")}
      </Checkbox>
      {fields.map(({ id, label, value, onChange }) => (
        <label key={id} className="field" htmlFor={id}>
          <span>{label}</span>
          <Input
            id={id}
            value={value}
            inputMode="decimal"
            maxLength={8}
            onChange={(event) => onChange(event.target.value.replaceAll(/[^\d.]/g, ""))}
            data-testid={id}
          />
        </label>
      ))}
    </ReasonDialog>
  );
}
