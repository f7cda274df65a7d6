import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Alarm } from "#contract/alarms.ts";
import { alarmKeys, getAlarmSummary, getAlarms } from "#web/shared/api-alarms.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { filterFrom, withFilter } from "../../address-filter.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading, NotYet } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { AcknowledgeDialog } from "./acknowledge-dialog.tsx";
import { AlarmTable } from "./alarm-table.tsx";
import { AlarmsFilter } from "./alarms-filter.tsx";
import { Findings } from "./findings.tsx";
import "../records/records.css";
import "../reports/reports.css";
import "./alarms.css";

const FILTER_NAMES = ["acknowledged", "kind", "level", "finding", "areaId", "search"] as const;
const AGAIN_MS = 10_000;

/** Alarms (报警) of the meters in the scope: open ones first, page by page; some may be acknowledged at once. */
export function AlarmsPage() {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const may = useCan("alarm.handle");
  const state = address.get("state") ?? "open";
  const narrowing = filterFrom(address, FILTER_NAMES);
  const filter = new URLSearchParams(narrowing);
  if (state !== "all") filter.set("state", state);
  const page = Number(address.get("page") ?? "1") || 1;
  const query = new URLSearchParams([...filter, ["sort", address.get("sort") ?? "newest"], ["page", String(page)]]);
  const found = useQuery({
    queryKey: alarmKeys.list(query.toString()),
    queryFn: () => getAlarms(query.toString()),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  });
  const summary = useQuery({
    queryKey: alarmKeys.summary(narrowing),
    queryFn: () => getAlarmSummary(narrowing),
    refetchInterval: AGAIN_MS,
  });
  const [chosen, setChosen] = useState<ReadonlyMap<string, Alarm>>(new Map());
  const [asking, setAsking] = useState(false);
  const change = (changed: Readonly<Record<string, string>>): void =>
    setAddress((before) => withFilter(before, { page: "", ...changed }));
  const list = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("alarms.title")}</h1>
        {list ? <small>{t("meter.asOf", { time: dateTime(list.asOf) })}</small> : null}
        <ExportButton path={`/api/alarms/file?${filter}`} />
        <Link className="link-button" to="/alarms/rules" data-testid="alarm-rules">
          {t("alarms.rules")}
        </Link>
      </div>
      <AlarmsFilter address={address} onChange={change} />
      {summary.data ? <Findings summary={summary.data} /> : <NotYet of={summary} />}
      {may && chosen.size > 0 ? (
        <div className="alarm-chosen" data-testid="alarms-chosen" data-count={chosen.size}>
          <span role="status">{t("alarms.chosen", { count: chosen.size })}</span>
          <Button type="primary" onClick={() => setAsking(true)} data-testid="alarms-acknowledge">
            {t("alarms.acknowledge")}
          </Button>
        </div>
      ) : null}
      {list === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : list.total === 0 ? (
        <Empty title={t("alarms.empty")} lead={t("alarms.emptyLead")} narrowing={FILTER_NAMES} testId="alarms-empty" />
      ) : (
        <>
          <AlarmTable items={list.items} chosen={may ? chosen : null} onChoose={setChosen} />
          <div className="records-more">
            <span className="muted" role="status" data-testid="alarms-total" data-total={list.total}>
              {t("alarms.total", { count: list.total, page: list.page, pages: list.pages })}
            </span>
            <Button disabled={page <= 1} onClick={() => change({ page: String(page - 1) })} data-testid="page-before">
              {t("alarms.before")}
            </Button>
            <Button
              disabled={page >= list.pages}
              onClick={() => change({ page: String(page + 1) })}
              data-testid="page-after"
            >
              {t("alarms.after")}
            </Button>
          </div>
        </>
      )}
      {asking ? (
        <AcknowledgeDialog
          alarms={[...chosen.values()]}
          onDone={() => setChosen(new Map())}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </main>
  );
}
