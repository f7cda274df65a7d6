import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Alarm } from "#contract/alarms.ts";
import type { MeterDetail } from "#contract/metering.ts";
import { alarmKeys, getAlarms } from "#web/shared/api-alarms.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, units } from "#web/shared/format.ts";
import { NotYet } from "../../notice.tsx";
import { AcknowledgeDialog } from "./acknowledge-dialog.tsx";
import { howLong, lockText } from "./how-long.ts";
import "./alarms.css";

/** Open alarms of a meter in its drawer, each with what it rests on and what can be done; nothing while there is none. */
export function AlarmPart({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const { meterId } = meter.tile;
  const enabled = useCan("alarm.view");
  const mayHandle = useCan("alarm.handle");
  const [asking, setAsking] = useState<Alarm | null>(null);
  const found = useQuery({
    queryKey: alarmKeys.ofMeter(meterId),
    queryFn: () => getAlarms(`state=open&meterId=${meterId}`),
    enabled,
  });
  const items = found.data?.items ?? [];
  if (items.length === 0) return found.error && found.data === undefined ? <NotYet of={found} /> : null;
  const unit = t(`unit.${meter.tile.kind}`);
  return (
    <section className="drawer-part" aria-label={t("alarms.part")} data-testid="drawer-alarms">
      <h3>{t("alarms.part")}</h3>
      {items.map((alarm) => (
        <div key={alarm.alarmId} className="drawer-alarm" data-acknowledged={alarm.acknowledged !== null}>
          <p>
            <span className={`tag ${alarm.level === "severe" ? "tag-bad" : "tag-warn"}`}>
              {t(`alarms.kinds.${alarm.kind}`)}
            </span>{" "}
            {howLong(alarm, t)}
            <small>
              {t("alarms.since")} {dateTime(alarm.sinceAt)}
            </small>
          </p>
          <p className="muted">
            {alarm.still === null
              ? lockText(alarm, t)
              : `${units(alarm.still.fromWh)} → ${units(alarm.still.toWh)} ${unit} · ${t("alarms.readings")} ${t("alarms.readingsCount", { count: alarm.still.readings })}`}
          </p>
          {alarm.acknowledged === null ? null : (
            <p className="muted">
              {t("alarms.steps.acknowledged", { by: alarm.acknowledged.by })} {dateTime(alarm.acknowledged.at)}{" "}
              {alarm.acknowledged.note}
            </p>
          )}
          <div className="row-buttons">
            {mayHandle && alarm.acknowledged === null ? (
              <Button onClick={() => setAsking(alarm)} data-testid="drawer-acknowledge">
                {t("alarms.acknowledge")}
              </Button>
            ) : null}
            <Link className="link-button" to={`/alarms/${alarm.alarmId}`} data-testid="drawer-alarm-open">
              {t(mayHandle && alarm.kind === "static" ? "alarms.visit" : "alarms.open")}
            </Link>
          </div>
        </div>
      ))}
      {asking === null ? null : (
        <AcknowledgeDialog alarms={[asking]} onDone={() => {}} onClose={() => setAsking(null)} />
      )}
    </section>
  );
}
