import { useQuery } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { ConcentratorLine, ConcentratorQuery } from "#contract/collection.ts";
import { SIGNAL_WEAK_DBM } from "#domain/collection.ts";
import { collectionKeys, concentratorFilter, getConcentrators } from "#web/shared/api-collection.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, MISSING, shortTime } from "#web/shared/format.ts";
import { withFilter } from "../../address-filter.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";
import { AddConcentrator } from "./add-concentrator.tsx";
import { CollectorTable } from "./collectors.tsx";
import "../reports/reports.css";
import "./concentrators.css";
import { SheetBox } from "../../sheet-box.tsx";

/** A concentrator that stops is red within two heartbeats: the page must not be the slow part. */
const POLL_MS = 3_000;
const SORTS = ["online", "name", "success", "queue", "signal", "meters"] as const;
const STATES = ["all", "online", "offline", "retired"] as const;

/** Every concentrator in the scope (集中器): whether it is there, how well it answers, who owns it. */
export function ConcentratorsPage() {
  const { t } = useTranslation();
  const [params, setParams] = useAddress();
  const [isAdding, setAdding] = useState(false);
  const query = queryOf(params);
  const set = (change: Record<string, string>): void => {
    setParams((now) => withFilter(now, { page: "", ...change }), { replace: true });
  };
  const [text, setText] = useTypedFilter(query.search ?? "", (search) => set({ search }));
  const found = useQuery({
    queryKey: collectionKeys.list(query),
    queryFn: () => getConcentrators(query),
    refetchInterval: POLL_MS,
    placeholderData: (before) => before,
  });
  const list = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("concentrators.title")}</h1>
        <Segmented
          value={query.state ?? "all"}
          onChange={(value) => set({ state: value === "all" ? "" : value })}
          options={STATES.map((value) => ({ value, label: t(`concentrators.states.${value}`) }))}
          aria-label={t("concentrators.state")}
        />
        <Input
          className="exchange-search"
          value={text}
          placeholder={t("concentrators.search")}
          aria-label={t("concentrators.search")}
          onChange={(event) => setText(event.target.value)}
          data-testid="concentrators-search"
        />
        <select
          className="plain-select"
          value={query.sort ?? "online"}
          aria-label={t("concentrators.sort")}
          onChange={(event) => set({ sort: event.target.value })}
          data-testid="concentrators-sort"
        >
          {SORTS.map((value) => (
            <option key={value} value={value}>
              {t(`concentrators.sorts.${value}`)}
            </option>
          ))}
        </select>
        <ExportButton path={`/api/concentrators/export?${concentratorFilter(query)}`} />
        <Can do="concentrator.manage">
          <Button type="primary" onClick={() => setAdding(true)} data-testid="add-concentrator">
            {t("concentrators.add")}
          </Button>
        </Can>
      </div>
      {list === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <>
          <p className="muted" data-testid="concentrators-summary">
            {t("concentrators.summary", { online: list.online, total: list.total })} ·{" "}
            {t("concentrators.asOf", { at: dateTime(list.asOf) })}
          </p>
          {list.items.length === 0 ? (
            <Empty
              title={t("concentrators.empty")}
              none={t("concentrators.none")}
              lead={t("concentrators.emptyLead")}
              narrowing={["search", "state"]}
              testId="concentrators-empty"
            />
          ) : (
            <ConcentratorTable items={list.items} asOf={list.asOf} />
          )}
          {list.pages > 1 ? (
            <nav className="row-buttons" aria-label={t("concentrators.page", { page: list.page, pages: list.pages })}>
              <Button disabled={list.page <= 1} onClick={() => set({ page: String(list.page - 1) })}>
                {t("concentrators.previous")}
              </Button>
              <span>{t("concentrators.page", { page: list.page, pages: list.pages })}</span>
              <Button disabled={list.page >= list.pages} onClick={() => set({ page: String(list.page + 1) })}>
                {t("concentrators.next")}
              </Button>
            </nav>
          ) : null}
        </>
      )}
      <CollectorTable />
      {isAdding ? <AddConcentrator onClose={() => setAdding(false)} /> : null}
    </main>
  );
}

function queryOf(params: URLSearchParams): ConcentratorQuery {
  const state = STATES.find((each) => each === params.get("state"));
  const sort = SORTS.find((each) => each === params.get("sort"));
  const page = Number(params.get("page") ?? 1);
  const search = params.get("search") ?? "";
  return {
    ...(search !== "" && { search }),
    ...(state !== undefined && state !== "all" && { state }),
    ...(sort !== undefined && { sort }),
    ...(page > 1 && { page }),
  };
}

function ConcentratorTable({ items, asOf }: { items: readonly ConcentratorLine[]; asOf: number }) {
  const { t } = useTranslation();
  return (
    <SheetBox cards name="concentrators">
      <table className="sheet" data-testid="concentrators">
        <thead>
          <tr>
            <th className="first">{t("concentrators.name")}</th>
            <th data-stays="">{t("concentrators.state")}</th>
            <th>{t("concentrators.lastSeen")}</th>
            <th className="num">{t("concentrators.success")}</th>
            <th className="num">{t("concentrators.queue")}</th>
            <th className="num">{t("concentrators.signal")}</th>
            <th className="num">{t("concentrators.meters")}</th>
            <th>{t("concentrators.collector")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.id} data-testid={`concentrator-${each.code}`}>
              <th scope="row" className="first">
                <Link to={`/concentrators/${each.id}`}>{each.name}</Link>
                <small>{each.code}</small>
              </th>
              <td>
                <OnlineMark line={each} />
              </td>
              <td>{shortTime(each.lastSeenAt, asOf)}</td>
              <td className="num">
                {successText(each)}
                <small>{t("concentrators.successLead", { asked: each.asked, answered: each.answered })}</small>
              </td>
              <td className="num">{each.queue}</td>
              <td className="num">
                <SignalText dbm={each.rssiDbm} />
              </td>
              <td className="num">
                {each.meters}/{each.metersMax}
                {each.metersSilent > 0 ? (
                  <small className="bad-text">{t("concentrators.silent", { n: each.metersSilent })}</small>
                ) : null}
              </td>
              <td>{each.collector ?? MISSING}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}

/** Whether it is there, in a word and a colour. */
export function OnlineMark({ line }: { line: Pick<ConcentratorLine, "online" | "retiredAt"> }) {
  const { t } = useTranslation();
  const state = line.retiredAt !== null ? "retired" : line.online ? "online" : "offline";
  return (
    <span className={`link-mark link-${state}`} data-state={state}>
      {t(`concentrators.states.${state}`)}
    </span>
  );
}

/** Signal strength with a warning in words where frames get lost. */
export function SignalText({ dbm }: { dbm: number | null }) {
  const { t } = useTranslation();
  if (dbm === null) return <span title={t("concentrators.noSignal")}>{MISSING}</span>;
  const weak = dbm < SIGNAL_WEAK_DBM;
  return (
    <span className={weak ? "bad-text" : ""}>
      {dbm} dBm{weak ? ` · ${t("concentrators.weak")}` : ""}
    </span>
  );
}

/** The part of questions that was answered in 24 hours. */
export function successText({ asked, answered }: { asked: number; answered: number }): string {
  return asked === 0 ? MISSING : `${(Math.floor((answered / asked) * 1000) / 10).toFixed(1)} %`;
}
