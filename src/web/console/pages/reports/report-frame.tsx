import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Asked, reportKeys } from "#web/shared/api-reports.ts";
import { Empty } from "../../empty.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import "../records/records.css";
import "./reports.css";

/** A report that comes in pages of meters. */
export type Paged<Row> = { items: readonly Row[]; next: number | null; total: number };
export type ReportPages<R> = UseInfiniteQueryResult<InfiniteData<R>>;

/** Loads a report page by page. */
export function useReport<R extends Paged<unknown>>(
  name: string,
  asked: Asked,
  load: (asked: Asked, after: number) => Promise<R>,
): ReportPages<R> {
  return useInfiniteQuery({
    queryKey: reportKeys.list(name, asked),
    queryFn: ({ pageParam }) => load(asked, pageParam),
    initialPageParam: 0,
    getNextPageParam: (page: R) => page.next,
  });
}

/** Loading, failed, empty, or the report itself with what is still to come. */
export function ReportFrame<R extends Paged<unknown>>({
  pages,
  counted = "reports.count",
  empty,
  children,
}: {
  pages: ReportPages<R>;
  /** What says how many there are, where it is not meters. */
  counted?: "reports.count" | "losses.count" | "ranking.count" | "runningOut.count";
  /** What is shown when there is nothing, where that means something else than that no meter matches. */
  empty?: ReactNode;
  children: (first: R, items: R["items"][number][]) => ReactNode;
}) {
  const { t } = useTranslation();
  const [first] = pages.data?.pages ?? [];
  if (first === undefined) {
    return pages.error ? (
      <FailedNotice error={pages.error} retry={() => void pages.refetch()} />
    ) : (
      <Loading rows={12} />
    );
  }
  if (first.total === 0)
    return (
      empty ?? (
        <Empty
          title={t("reports.none")}
          lead={t("reports.noneLead")}
          narrowing={["areaId", "search", "stale"]}
          testId="report-empty"
        />
      )
    );
  const items = pages.data?.pages.flatMap((page) => [...page.items]) ?? [];
  return (
    <>
      {children(first, items)}
      <div className="records-more">
        <span className="muted" role="status" data-testid="report-count">
          {t(counted, { count: first.total })}
        </span>
        {pages.hasNextPage ? (
          <Button
            onClick={() => pages.isFetchingNextPage || void pages.fetchNextPage()}
            aria-busy={pages.isFetchingNextPage}
            data-testid="report-more"
          >
            {t("reports.more")}
          </Button>
        ) : null}
      </div>
      {pages.isFetchNextPageError ? <FailedLine error={pages.error} /> : null}
    </>
  );
}
