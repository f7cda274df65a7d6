import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { Button } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { FailedLine, FailedNotice, Loading } from "./notice.tsx";

type PagedListProps<Item> = {
  list: UseInfiniteQueryResult;
  /** What has come so far; undefined before anything has. */
  items: readonly Item[] | undefined;
  /** Shown when there is nothing. */
  empty: ReactNode;
  /** Start of the test ids. */
  testId: string;
  children: (items: readonly Item[]) => ReactNode;
  /** Beside the button for more. */
  also?: ReactNode;
};

/** A list that comes page by page: loading, failed, empty, or its rows with how many are shown and the way to more. */
export function PagedList<Item>({ list, items, empty, testId, children, also }: PagedListProps<Item>) {
  const { t } = useTranslation();
  if (items === undefined) {
    return list.error ? <FailedNotice error={list.error} retry={() => void list.refetch()} /> : <Loading rows={10} />;
  }
  if (items.length === 0) return empty;
  return (
    <>
      {children(items)}
      <div className="records-more">
        <span className="muted" role="status" data-testid={`${testId}-shown`}>
          {t(list.hasNextPage ? "records.shown" : "records.all", { count: items.length })}
        </span>
        {list.hasNextPage ? (
          <Button
            onClick={() => list.isFetchingNextPage || void list.fetchNextPage()}
            aria-busy={list.isFetchingNextPage}
            data-testid={`${testId}-more`}
          >
            {list.isFetchingNextPage ? t("records.loading") : t("records.more")}
          </Button>
        ) : null}
        {also}
      </div>
      {list.isFetchNextPageError ? <FailedLine error={list.error} /> : null}
    </>
  );
}
