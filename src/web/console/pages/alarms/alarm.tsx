import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { Alarm } from "#contract/alarms.ts";
import { alarmKeys, getAlarm, photoPath } from "#web/shared/api-alarms.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, MISSING, units } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { AcknowledgeDialog } from "./acknowledge-dialog.tsx";
import { howLong, lockText } from "./how-long.ts";
import { VisitForm } from "./visit-form.tsx";
import "./alarms.css";

const AGAIN_MS = 10_000;

/** One alarm: what it rests on, what was done, and the form of the visit. Prints on one sheet, to take along. */
export function AlarmPage() {
  const { t } = useTranslation();
  const { alarmId = "" } = useParams();
  const may = useCan("alarm.handle");
  const [asking, setAsking] = useState(false);
  const found = useQuery({
    queryKey: alarmKeys.one(alarmId),
    queryFn: () => getAlarm(alarmId),
    refetchInterval: AGAIN_MS,
    retry: false,
  });
  const alarm = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{alarm ? t("alarms.one", { room: alarm.label }) : t("alarms.title")}</h1>
        <Link className="link-button no-print" to="/alarms">
          {t("alarms.back")}
        </Link>
        {alarm ? (
          <>
            <Link className="link-button no-print" to={`/?meter=${alarm.meterId}`}>
              {t("alarms.board")}
            </Link>
            <Button className="no-print" onClick={() => window.print()} data-testid="alarm-print">
              {t("alarms.print")}
            </Button>
          </>
        ) : null}
      </div>
      {alarm === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <div className="alarm-parts" data-testid="alarm" data-state={alarm.state}>
          <Evidence alarm={alarm} />
          <Steps alarm={alarm} />
          {may && alarm.state === "open" && alarm.acknowledged === null ? (
            <div className="no-print">
              <Button onClick={() => setAsking(true)} data-testid="alarm-acknowledge">
                {t("alarms.acknowledge")}
              </Button>
            </div>
          ) : null}
          {alarm.kind === "safety_lock" && alarm.state === "open" ? (
            <Link className="link-button no-print" to={`/?meter=${alarm.meterId}`} data-testid="alarm-release">
              {t("alarms.toRelease")}
            </Link>
          ) : null}
          {may && alarm.visit === null && alarm.kind === "static" ? (
            <VisitForm key={alarm.alarmId} alarm={alarm} />
          ) : null}
        </div>
      )}
      {asking && alarm ? (
        <AcknowledgeDialog alarms={[alarm]} onDone={() => {}} onClose={() => setAsking(false)} />
      ) : null}
    </main>
  );
}

function Evidence({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const { still } = alarm;
  const unit = t(`unit.${alarm.meterKind}`);
  const facts: [string, string][] = [
    [t("alarms.kind"), `${t(`alarms.kinds.${alarm.kind}`)} · ${t(`alarms.levels.${alarm.level}`)}`],
    [t("alarms.room"), `${alarm.areaName} ${alarm.label} · ${t(`kind.${alarm.meterKind}`)} ${alarm.number}`],
    [t("alarms.customer"), alarm.customer ?? MISSING],
    [t("alarms.since"), `${dateTime(alarm.sinceAt)} · ${howLong(alarm, t)}`],
  ];
  if (still !== null)
    facts.push(
      [t("alarms.fromIndex"), `${units(still.fromWh)} ${unit} · ${dateTime(still.sinceAt)}`],
      [t("alarms.toIndex"), `${units(still.toWh)} ${unit} · ${dateTime(still.untilAt)}`],
      [t("alarms.readings"), t("alarms.readingsCount", { count: still.readings })],
      [t("alarms.nowIndex"), `${units(alarm.index.wh)} ${unit} · ${dateTime(alarm.index.at)}`],
    );
  return (
    <section className="panel" aria-label={t("alarms.evidence")} data-testid="alarm-evidence">
      <h2>{t("alarms.evidence")}</h2>
      <p className="muted">
        {still === null
          ? lockText(alarm, t)
          : t("alarms.evidenceLead", {
              since: dateTime(still.sinceAt),
              until: dateTime(still.untilAt),
              readings: still.readings,
              used: units(still.usedWh),
              floor: units(still.floorWh),
              hours: still.periodHours,
              unit,
            })}
      </p>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} className="alarm-fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

type Step = { id: string; at: number; text: string; note: string };

function Steps({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const { acknowledged, closed, visit } = alarm;
  const steps: Step[] = [{ id: "opened", at: alarm.openedAt, text: t("alarms.steps.opened"), note: "" }];
  if (acknowledged !== null) {
    const text = t("alarms.steps.acknowledged", { by: acknowledged.by });
    steps.push({ id: "acknowledged", at: acknowledged.at, text, note: acknowledged.note });
  }
  if (visit !== null) {
    const text = t("alarms.steps.visited", { by: visit.by, finding: t(`alarms.findings.${visit.finding}`) });
    steps.push({ id: "visited", at: visit.at, text, note: visit.note });
  }
  if (closed !== null)
    steps.push({ id: "closed", at: closed.at, text: t("alarms.steps.closed"), note: t(`alarms.ends.${closed.how}`) });
  return (
    <section className="panel" aria-label={t("alarms.history")}>
      <h2>{t("alarms.history")}</h2>
      <ol className="alarm-steps" data-testid="alarm-steps">
        {steps
          .toSorted((a, b) => a.at - b.at)
          .map((step) => (
            <li key={step.id} data-step={step.id}>
              <time>{dateTime(step.at)}</time> <b>{step.text}</b>
              {step.note === "" ? null : <p>{step.note}</p>}
            </li>
          ))}
      </ol>
      {visit?.hasPhoto ? (
        <img
          className="alarm-photo"
          src={photoPath(alarm.alarmId)}
          alt={t("alarms.photoOf", { room: alarm.label })}
          data-testid="alarm-photo"
        />
      ) : null}
    </section>
  );
}
