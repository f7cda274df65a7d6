import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { RefundTotals } from "#contract/refunds.ts";
import { getRefundsBy, getRefundTotals, refundKeys } from "#web/shared/api-refunds.ts";
import { Can } from "#web/shared/can.tsx";
import { isZero, yuan } from "#web/shared/format.ts";
import { filterFrom, withFilter } from "../../address-filter.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { NotYet } from "../../notice.tsx";
import { PagedList } from "../../paged-list.tsx";
import { useAddress } from "../../use-address.ts";
import { commonFilter, RecordsTabs } from "./records-tabs.tsx";
import { REFUND_FILTER_NAMES, RefundsFilter } from "./refunds-filter.tsx";
import { RefundsTable } from "./refunds-table.tsx";
import "../records/records.css";
import "./refunds.css";

const PAGE = 50;
const POLL_MS = 5_000;

/** Refunds, clears and write-offs (退费记录), newest first, narrowed, summed and taken out as Excel; each with its own page. */
export function RefundsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useAddress();
  const filter = filterFrom(search, REFUND_FILTER_NAMES);
  const list = useInfiniteQuery({
    queryKey: refundKeys.list(filter),
    queryFn: ({ pageParam }) => getRefundsBy(filter, { before: pageParam, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => (more ? (items.at(-1)?.refundNo ?? null) : null),
    refetchInterval: POLL_MS,
  });
  const totals = useQuery({
    queryKey: refundKeys.totals(filter),
    queryFn: () => getRefundTotals(filter),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });
  const items = list.data?.pages.flatMap((page) => page.items);
  const change = (changed: Readonly<Record<string, string>>): void =>
    setSearch((before) => withFilter(before, changed));
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("refunds.title")}</h1>
        <RecordsTabs at="refunds" common={commonFilter(search, null)} />
        <ExportButton path={`/api/refunds/file?${filter}`} />
        <Can do="refund.create">
          <Link className="link-button link-primary" to="/refunds/new" data-testid="refund-new">
            {t("refunds.new")}
          </Link>
        </Can>
      </div>
      <RefundsFilter values={new URLSearchParams(filter)} onChange={change} operators={totals.data?.operators ?? []} />
      {totals.data ? <Totals totals={totals.data} /> : <NotYet of={totals} />}
      <PagedList
        list={list}
        items={items}
        testId="refunds"
        empty={
          <Empty
            narrowing={REFUND_FILTER_NAMES}
            title={t(filter === "" ? "refunds.empty" : "recordsFilter.none")}
            lead={t(filter === "" ? "refunds.emptyLead" : "recordsFilter.noneLead")}
            testId="refunds-empty"
          />
        }
      >
        {(rows) => <RefundsTable items={rows} />}
      </PagedList>
    </main>
  );
}

/** Sums over everything that the filter holds, also what is not loaded yet. What went back is negative, as in the rows. */
function Totals({ totals }: { totals: RefundTotals }) {
  const { t } = useTranslation();
  const back = (text: string) => (isZero(text) ? yuan(text) : yuan(`-${text}`));
  const sums = ["refunded", "paid", "owed", "cleared", "writtenOff"] as const;
  return (
    <dl className="totals" data-testid="refunds-totals" data-count={totals.count} data-refunded={totals.refunded}>
      <div>
        <dt>{t("refunds.count")}</dt>
        <dd>{totals.count}</dd>
      </div>
      {sums
        .filter((name) => name === "refunded" || !isZero(totals[name]))
        .map((name) => (
          <div key={name}>
            <dt>{t(`refunds.${name}`)}</dt>
            <dd>{back(totals[name])}</dd>
          </div>
        ))}
      {totals.methods.map(({ method, count, amount }) => (
        <div key={method}>
          <dt>{t(`refunds.method.${method}`)}</dt>
          <dd>
            {back(amount)} <small>{t("recordsFilter.times", { count })}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}
