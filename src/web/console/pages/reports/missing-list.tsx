import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { MissingRow } from "#contract/completeness.ts";
import { type Asked, getMissing, reportKeys } from "#web/shared/api-reports.ts";
import { dateTime } from "#web/shared/format.ts";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";

/** The meters whose freeze of a day is not there, why, and when they are asked again. */
export function MissingList({ asked, code, close }: { asked: Asked; code: string | null; close: () => void }) {
  const { t } = useTranslation();
  const pages = useInfiniteQuery({
    queryKey: reportKeys.list("missing", asked),
    queryFn: ({ pageParam }) => getMissing(asked, pageParam),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next,
  });
  const [first] = pages.data?.pages ?? [];
  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const { day = "" } = asked;
  return (
    <section className="panel" data-testid="missing" aria-live="polite">
      <div className="page-head">
        <h2>{code === null ? t("completeness.missing", { day }) : t("completeness.missingOf", { day, code })}</h2>
        <Button onClick={close} data-testid="missing-close">
          {t("completeness.close")}
        </Button>
      </div>
      {first === undefined && pages.error ? (
        <FailedNotice error={pages.error} retry={() => void pages.refetch()} />
      ) : null}
      {first === undefined && !pages.error ? <Loading rows={4} /> : null}
      {first !== undefined ? (
        <p className="report-line">
          {t("completeness.asOf", { time: dateTime(first.asOf) })}
          <span>
            {first.total === 0 ? t("completeness.complete") : t("completeness.count", { count: first.total })}
          </span>
        </p>
      ) : null}
      {items.length > 0 ? <Rows items={items} day={day} /> : null}
      {pages.hasNextPage ? (
        <Button onClick={() => pages.isFetchingNextPage || void pages.fetchNextPage()} data-testid="missing-more">
          {t("completeness.more")}
        </Button>
      ) : null}
      {pages.isFetchNextPageError ? <FailedLine error={pages.error} /> : null}
    </section>
  );
}

function Rows({ items, day }: { items: readonly MissingRow[]; day: string }) {
  const { t } = useTranslation();
  return (
    <div className="sheet-scroll">
      <table className="sheet">
        <thead>
          <tr>
            <th className="first">{t("completeness.room")}</th>
            <th>{t("completeness.meter")}</th>
            <th>{t("completeness.areaName")}</th>
            <th>{t("completeness.concentrator")}</th>
            <th>{t("completeness.why")}</th>
            <th>{t("completeness.lastAnswer")}</th>
            <th>{t("completeness.next")}</th>
            <th className="num">{t("completeness.month")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((row) => (
            <tr key={row.meterId} data-testid={`missing-${row.number}`} data-why={row.why}>
              <th scope="row" className="first">
                <Link to={`/reports/meters/${row.meterId}/readings?day=${day}`}>{row.label}</Link>
              </th>
              <td>{row.number}</td>
              <td>{row.areaName}</td>
              <td>{row.concentrator}</td>
              <td>{t(`completeness.reasons.${row.why}`)}</td>
              <td>{row.lastAnswerAt === 0 ? t("completeness.never") : dateTime(row.lastAnswerAt)}</td>
              <td>{row.nextAt === 0 ? t("completeness.soon") : dateTime(row.nextAt)}</td>
              <td className="num">
                {row.held}/{row.expected}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
