import { Checkbox } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Alarm } from "#contract/alarms.ts";
import { dateTime, MISSING } from "#web/shared/format.ts";
import { SheetBox } from "../../sheet-box.tsx";
import { howLong } from "./how-long.ts";

type Props = {
  items: readonly Alarm[];
  /** What is ticked, also on other pages; null for who may not handle alarms. */
  chosen: ReadonlyMap<string, Alarm> | null;
  onChoose: (chosen: ReadonlyMap<string, Alarm>) => void;
};

const canAcknowledge = (alarm: Alarm): boolean => alarm.state === "open" && alarm.acknowledged === null;

/** Alarms as rows: since when, what was done, and a tick for those that nobody has acknowledged. */
export function AlarmTable({ items, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const free = items.filter(canAcknowledge);
  const isAll = free.length > 0 && free.every((each) => chosen?.has(each.alarmId));
  const choose = (which: readonly Alarm[], on: boolean): void => {
    const next = new Map(chosen ?? []);
    for (const each of which) {
      if (on) next.set(each.alarmId, each);
      else next.delete(each.alarmId);
    }
    onChoose(next);
  };
  return (
    <SheetBox cards name="alarms">
      <table className="sheet" data-testid="alarms">
        <thead>
          <tr>
            <th className="first">
              {chosen === null ? null : (
                <Checkbox
                  className="alarm-tick"
                  checked={isAll}
                  disabled={free.length === 0}
                  onChange={(event) => choose(free, event.target.checked)}
                  aria-label={t("alarms.chooseAll")}
                  data-testid="choose-all"
                />
              )}
              {t("alarms.room")}
            </th>
            <th>{t("alarms.kind")}</th>
            <th data-stays="">{t("alarms.state")}</th>
            <th>{t("alarms.since")}</th>
            <th>{t("alarms.openedAt")}</th>
            <th>{t("alarms.area")}</th>
            <th>{t("alarms.customer")}</th>
            <th>{t("alarms.handled")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.alarmId} data-testid={`alarm-${each.number}`} data-state={each.state}>
              <th scope="row" className="first">
                {chosen === null ? null : (
                  <Checkbox
                    className="alarm-tick"
                    checked={chosen.has(each.alarmId)}
                    disabled={!canAcknowledge(each)}
                    onChange={(event) => choose([each], event.target.checked)}
                    aria-label={t("alarms.choose", { room: each.label })}
                    data-testid={`choose-${each.number}`}
                  />
                )}
                <Link to={`/alarms/${each.alarmId}`}>{each.label}</Link>
              </th>
              <td>
                <span className={`tag ${each.level === "severe" ? "tag-bad" : "tag-warn"}`}>
                  {t(`alarms.kinds.${each.kind}`)}
                </span>
                <small>{t(`alarms.levels.${each.level}`)}</small>
              </td>
              <td>
                {t(`alarms.states.${each.state}`)}
                {each.state === "open" ? (
                  <small>{t(`alarms.acks.${each.acknowledged === null ? "no" : "yes"}`)}</small>
                ) : null}
              </td>
              <td>
                {dateTime(each.sinceAt)}
                <small>{howLong(each, t)}</small>
              </td>
              <td>{dateTime(each.openedAt)}</td>
              <td>{each.areaName}</td>
              <td>{each.customer ?? MISSING}</td>
              <td>
                <Handled alarm={each} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}

function Handled({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation();
  const { visit, closed, acknowledged } = alarm;
  if (visit !== null)
    return (
      <>
        <span className={`tag ${visit.finding === "normal_vacancy" ? "tag-good" : "tag-bad"}`}>
          {t(`alarms.findings.${visit.finding}`)}
        </span>
        <small>{visit.by}</small>
      </>
    );
  if (closed !== null) return t(`alarms.ends.${closed.how}`);
  return acknowledged === null ? (
    MISSING
  ) : (
    <>
      {t("alarms.steps.acknowledged", { by: acknowledged.by })}
      <small>{acknowledged.note}</small>
    </>
  );
}
