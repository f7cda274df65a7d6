import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { BatchLine } from "#contract/switch-batches.ts";
import { batchKinds, batchStates } from "#domain/switch-batch.ts";
import { batchKeys, getBatches } from "#web/shared/api-batches.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, MISSING } from "#web/shared/format.ts";
import { filterFrom, withFilter } from "../../address-filter.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { useTypedFilter } from "../../use-typed-filter.ts";
import { stateTones } from "./tones.ts";
import "./words.ts";
import { useAddress } from "../../use-address.ts";
import "../records/records.css";
import "../reports/reports.css";
import "./batches.css";

const FILTER_NAMES = ["kind", "state", "search"] as const;
const AGAIN_MS = 5_000;

/** Batches of trips and closes (批量拉合闸) of meters in the scope, the newest first. */
export function BatchesPage() {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const may = useCan(["meter.trip", "meter.close"]);
  const filter = filterFrom(address, FILTER_NAMES);
  const page = Number(address.get("page") ?? "1") || 1;
  const query = `${filter}${filter === "" ? "" : "&"}page=${page}`;
  const found = useQuery({
    queryKey: batchKeys.list(query),
    queryFn: () => getBatches(query),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  });
  const change = (changed: Readonly<Record<string, string>>): void =>
    setAddress((before) => withFilter(before, { page: "", ...changed }));
  const list = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("batches.title")}</h1>
        {list ? <small>{t("meter.asOf", { time: dateTime(list.asOf) })}</small> : null}
        <ExportButton path={`/api/switch-batches/file?${filter}`} />
        {may ? (
          <Link className="link-button" to="/switch-batches/new" data-testid="batch-new">
            {t("batches.new")}
          </Link>
        ) : null}
      </div>
      <BatchesFilter address={address} onChange={change} />
      {list === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : list.total === 0 ? (
        <Empty
          title={t("batches.empty")}
          none={t("batches.none")}
          lead={t("batches.emptyLead")}
          narrowing={FILTER_NAMES}
          testId="batches-empty"
        />
      ) : (
        <>
          <BatchTable items={list.items} />
          <div className="records-more">
            <span className="muted" role="status" data-testid="batches-total" data-total={list.total}>
              {t("batches.total", { count: list.total, page: list.page, pages: list.pages })}
            </span>
            <Button disabled={page <= 1} onClick={() => change({ page: String(page - 1) })} data-testid="page-before">
              {t("batches.before")}
            </Button>
            <Button
              disabled={page >= list.pages}
              onClick={() => change({ page: String(page + 1) })}
              data-testid="page-after"
            >
              {t("batches.after")}
            </Button>
          </div>
        </>
      )}
    </main>
  );
}

type FilterProps = { address: URLSearchParams; onChange: (change: Readonly<Record<string, string>>) => void };

function BatchesFilter({ address, onChange }: FilterProps) {
  const { t } = useTranslation();
  const [text, setText] = useTypedFilter(address.get("search") ?? "", (search) => onChange({ search }));
  const picks = [
    { name: "kind", label: t("batches.kind"), options: batchKinds.map((each) => [each, t(`batches.kinds.${each}`)]) },
    {
      name: "state",
      label: t("batches.state"),
      options: batchStates.map((each) => [each, t(`batches.states.${each}`)]),
    },
  ];
  return (
    <search className="record-filters" aria-label={t("recordsFilter.title")}>
      {picks.map(({ name, label, options }) => (
        <label key={name} className="filter-field">
          <span>{label}</span>
          <select
            value={address.get(name) ?? ""}
            onChange={(event) => onChange({ [name]: event.target.value })}
            data-testid={`filter-${name}`}
          >
            <option value="">{t("recordsFilter.all")}</option>
            {options.map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
      ))}
      <label className="filter-field record-filter-text" htmlFor="batches-search">
        <span>{t("recordsFilter.search")}</span>
        <Input
          id="batches-search"
          value={text}
          allowClear
          maxLength={64}
          placeholder={`${t("batches.reason")} ${t("batches.askedBy")}`}
          onChange={(event) => setText(event.target.value)}
          data-testid="filter-search"
        />
      </label>
    </search>
  );
}

function BatchTable({ items }: { items: readonly BatchLine[] }) {
  const { t } = useTranslation();
  return (
    <SheetBox cards name="batches">
      <table className="sheet" data-testid="batches">
        <thead>
          <tr>
            <th className="first">{t("batches.askedAt")}</th>
            <th>{t("batches.kind")}</th>
            <th data-stays="">{t("batches.state")}</th>
            <th className="num">{t("batches.meters")}</th>
            <th className="num">{t("batches.steps.confirmed")}</th>
            <th className="num">{t("batches.steps.failed")}</th>
            <th className="num">{t("batches.steps.left_out")}</th>
            <th>{t("batches.reason")}</th>
            <th>{t("batches.askedBy")}</th>
            <th>{t("batches.approvedBy")}</th>
            <th>{t("batches.endedAt")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.batchId} data-testid={`batch-${each.batchId}`} data-state={each.state}>
              <th scope="row" className="first">
                <Link to={`/switch-batches/${each.batchId}`}>{dateTime(each.requestedAt)}</Link>
              </th>
              <td>{t(`batches.kinds.${each.kind}`)}</td>
              <td>
                <span className={`tag ${stateTones[each.state]}`}>{t(`batches.states.${each.state}`)}</span>
              </td>
              <td className="num">{Object.values(each.steps).reduce((sum, count) => sum + count, 0)}</td>
              <td className="num">{each.steps.confirmed}</td>
              <td className="num">{each.steps.failed + each.steps.unanswered}</td>
              <td className="num">{each.steps.left_out}</td>
              <td className="batch-reason">{each.reason === "" ? MISSING : each.reason}</td>
              <td>{each.requestedBy}</td>
              <td>{each.approvedBy ?? MISSING}</td>
              <td>{dateTime(each.endedAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}
