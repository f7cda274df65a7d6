import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { getMeter, getRecharges } from "#web/shared/api.ts";
import { useCan } from "#web/shared/can.tsx";
import { keys } from "#web/shared/live-cache.ts";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { RecordsTable } from "./records-table.tsx";
import "./records.css";

const PAGE = 50;

/** The recharges (充值记录), newest first, each with a way to its receipt; older ones page by page. */
export function RecordsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const address = search.get("meter");
  const meterId = address !== null && /^\d{1,15}$/.test(address) ? Number(address) : null;
  const records = useInfiniteQuery({
    queryKey: keys.records(meterId),
    queryFn: ({ pageParam }) => getRecharges({ meterId, before: pageParam, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => (more ? (items.at(-1)?.orderNo ?? null) : null),
  });
  const label = useMeterLabel(meterId);
  const items = records.data?.pages.flatMap((page) => page.items);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("records.title")}</h1>
        {label === null ? null : <span className="tag">{t("records.one", { label })}</span>}
        {meterId === null ? null : (
          <Button onClick={() => setSearch({})} data-testid="records-every">
            {t("records.every")}
          </Button>
        )}
        <Button onClick={() => void records.refetch()}>{t("records.refresh")}</Button>
      </div>
      {items === undefined ? (
        records.error ? (
          <FailedNotice error={records.error} retry={() => void records.refetch()} />
        ) : (
          <Loading rows={10} />
        )
      ) : items.length === 0 ? (
        <Notice
          title={label === null ? t("records.empty") : t("records.emptyOne", { label })}
          lead={t("records.emptyLead")}
          testId="records-empty"
        />
      ) : (
        <>
          <RecordsTable items={items} />
          <div className="records-more">
            <span className="muted" role="status" data-testid="records-shown">
              {t(records.hasNextPage ? "records.shown" : "records.all", { count: items.length })}
            </span>
            {records.hasNextPage ? (
              <Button
                onClick={() => records.isFetchingNextPage || void records.fetchNextPage()}
                aria-busy={records.isFetchingNextPage}
                data-testid="records-more"
              >
                {records.isFetchingNextPage ? t("records.loading") : t("records.more")}
              </Button>
            ) : null}
          </div>
          {records.error ? <FailedLine error={records.error} /> : null}
        </>
      )}
    </main>
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
