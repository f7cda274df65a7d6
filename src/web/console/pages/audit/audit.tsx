import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { auditKeys, getAudit, getAuditSummary } from "#web/shared/api-audit.ts";
import { filterFrom, withFilter } from "../../address-filter.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { NotYet } from "../../notice.tsx";
import { PagedList } from "../../paged-list.tsx";
import { useAddress } from "../../use-address.ts";
import { AUDIT_FILTER_NAMES, AuditFilterBar } from "./audit-filter.tsx";
import { AuditRows } from "./audit-rows.tsx";
import { ChainBadge } from "./chain-badge.tsx";
import "../records/records.css";
import "./audit.css";

const PAGE = 50;
const AGAIN_MS = 30_000;

/** Who did what to what, when, and what it was before (审计日志); narrowed, taken out as Excel, and whether it is as it was written. */
export function AuditPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useAddress();
  const filter = filterFrom(search, AUDIT_FILTER_NAMES);
  const list = useInfiniteQuery({
    queryKey: auditKeys.list(filter),
    queryFn: ({ pageParam }) => getAudit(filter, { before: pageParam, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => {
      const last = items.at(-1);
      return more && last ? `${last.at}.${last.id}` : null;
    },
  });
  const summary = useQuery({ queryKey: auditKeys.summary, queryFn: getAuditSummary, refetchInterval: AGAIN_MS });
  const items = list.data?.pages.flatMap((page) => page.items);
  const change = (changed: Readonly<Record<string, string>>): void =>
    setSearch((before) => withFilter(before, changed));
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("audit.title")}</h1>
        {summary.data ? <ChainBadge chain={summary.data.chain} /> : summary.error ? <NotYet of={summary} /> : null}
        <ExportButton path={`/api/audit/file?${filter}`} />
      </div>
      {summary.data && summary.data.chain.problems.length > 0 ? (
        <section className="banner banner-error audit-problems" role="alert" data-testid="audit-problems">
          <p>{t("audit.chain.problemsLead")}</p>
          <ul>
            {summary.data.chain.problems.map((problem) => (
              <li key={problem} lang="en">
                {problem}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <AuditFilterBar values={new URLSearchParams(filter)} onChange={change} choices={summary.data ?? null} />
      <PagedList
        list={list}
        items={items}
        testId="audit"
        empty={
          <Empty
            title={t("recordsFilter.none")}
            none={t("recordsFilter.nothing")}
            lead={t("recordsFilter.noneLead")}
            narrowing={AUDIT_FILTER_NAMES}
            testId="audit-empty"
          />
        }
        also={
          <Button onClick={() => void list.refetch()} data-testid="audit-refresh">
            {t("audit.refresh")}
          </Button>
        }
      >
        {(rows) => <AuditRows items={rows} onNarrow={change} />}
      </PagedList>
    </main>
  );
}
