import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { RechargeTotals } from "#contract/money.ts";
import { getMeter, getRechargesBy } from "#web/shared/api.ts";
import { deskKeys, getTotals } from "#web/shared/api-desk.ts";
import { getRefundTotals, refundKeys } from "#web/shared/api-refunds.ts";
import { useCan } from "#web/shared/can.tsx";
import { isZero, yuan } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { filterFrom, withFilter } from "../../address-filter.ts";
import { Empty, WayTo } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { NotYet } from "../../notice.tsx";
import { PagedList } from "../../paged-list.tsx";
import { useAddress } from "../../use-address.ts";
import { channelText } from "../recharge/channel-text.ts";
import { commonFilter, RecordsTabs } from "../refunds/records-tabs.tsx";
import { FILTER_NAMES, RecordsFilter } from "./records-filter.tsx";
import { RecordsTable } from "./records-table.tsx";
import "./records.css";

const PAGE = 50;
/** Sums may lag behind the list by this much. */
const TOTALS_MS = 5_000;

/** The recharges (充值记录), newest first, narrowed, summed and taken out as Excel; each with a way to its receipt. */
export function RecordsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useAddress();
  const meterText = search.get("meterId") ?? search.get("meter");
  const meterId = meterText !== null && /^\d{1,15}$/.test(meterText) ? Number(meterText) : null;
  const byId = { meter: "", meterId: meterId === null ? "" : String(meterId) };
  const address = withFilter(search, byId);
  const filter = filterFrom(address, FILTER_NAMES);
  const records = useInfiniteQuery({
    queryKey: keys.records(filter),
    queryFn: ({ pageParam }) => getRechargesBy(filter, { before: pageParam, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => (more ? (items.at(-1)?.orderNo ?? null) : null),
  });
  const totals = useQuery({
    queryKey: deskKeys.totals(filter),
    queryFn: () => getTotals(filter),
    placeholderData: keepPreviousData,
    refetchInterval: TOTALS_MS,
  });
  const label = useMeterLabel(meterId);
  const items = records.data?.pages.flatMap((page) => page.items);
  const change = (changed: Readonly<Record<string, string>>): void =>
    setSearch((now) => withFilter(now, { ...byId, ...changed }));
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("records.title")}</h1>
        <RecordsTabs at="records" common={commonFilter(search, meterId)} />
        {label === null ? null : <span className="tag">{t("records.one", { label })}</span>}
        <ExportButton path={`/api/recharges/file?${filter}`} />
        <Button onClick={() => void records.refetch()}>{t("records.refresh")}</Button>
      </div>
      <RecordsFilter values={new URLSearchParams(filter)} onChange={change} operators={totals.data?.operators ?? []} />
      {totals.data ? (
        <Totals totals={totals.data}>
          <RefundedToo filter={search} meterId={meterId} />
        </Totals>
      ) : (
        <NotYet of={totals} />
      )}
      <PagedList
        list={records}
        items={items}
        testId="records"
        empty={
          <Empty
            narrowing={FILTER_NAMES}
            action={
              <WayTo to="/recharge" can="recharge.create">
                {t("menu.recharge")}
              </WayTo>
            }
            title={
              filter !== "" && meterId === null
                ? t("recordsFilter.none")
                : label === null
                  ? t("records.empty")
                  : t("records.emptyOne", { label })
            }
            lead={filter !== "" && meterId === null ? t("recordsFilter.noneLead") : t("records.emptyLead")}
            testId="records-empty"
          />
        }
      >
        {(rows) => <RecordsTable items={rows} />}
      </PagedList>
    </main>
  );
}

/** Sums over everything that the filter holds, also what is not loaded yet. */
function Totals({ totals, children }: { totals: RechargeTotals; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <dl className="totals" data-testid="records-totals" data-count={totals.count} data-amount={totals.amount}>
      <div>
        <dt>{t("recordsFilter.count")}</dt>
        <dd>{totals.count}</dd>
      </div>
      <div>
        <dt>{t("recordsFilter.sum")}</dt>
        <dd>{yuan(totals.amount)}</dd>
      </div>
      {totals.channels.map((each) => (
        <div key={each.channel}>
          <dt>{channelText(each.channel)}</dt>
          <dd>
            {yuan(each.amount)} <small>{t("recordsFilter.times", { count: each.count })}</small>
          </dd>
        </div>
      ))}
      {isZero(totals.givenBack) ? null : (
        <div>
          <dt>{t("recordsFilter.givenBack")}</dt>
          <dd>{yuan(totals.givenBack)}</dd>
        </div>
      )}
      {children}
    </dl>
  );
}

/** What was given back within the same days, area, operator and text (退费), with the way to its list. */
function RefundedToo({ filter, meterId }: { filter: URLSearchParams; meterId: number | null }) {
  const { t } = useTranslation();
  const common = commonFilter(filter, meterId).toString();
  const refunds = useQuery({
    queryKey: refundKeys.totals(common),
    queryFn: () => getRefundTotals(common),
    placeholderData: keepPreviousData,
    refetchInterval: TOTALS_MS,
  });
  if (refunds.data === undefined || isZero(refunds.data.refunded)) return null;
  return (
    <div data-testid="records-refunded" data-amount={refunds.data.refunded}>
      <dt>{t("refunds.alongside")}</dt>
      <dd>
        <Link to={`/refunds?${common}`}>{yuan(`-${refunds.data.refunded}`)}</Link>
      </dd>
    </div>
  );
}

/** The room of the meter that the records are narrowed to; null when they are not, or it cannot be told. */
function useMeterLabel(meterId: number | null): string | null {
  const allowed = useCan("meter.view");
  const meter = useQuery({
    queryKey: keys.meter(meterId ?? 0),
    queryFn: () => getMeter(meterId ?? 0),
    enabled: meterId !== null && allowed,
  });
  return meterId === null ? null : (meter.data?.tile.label ?? null);
}
