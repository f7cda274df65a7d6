import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import type { ApprovalView } from "#contract/approvals.ts";
import { approvalKeys, getApproval, getApprovals } from "#web/shared/api-approvals.ts";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { ApprovalCard } from "./approval-card.tsx";
import { ApprovalRules } from "./approval-rules.tsx";
import "./approvals.css";

const VIEWS = ["to_decide", "mine", "all"] as const satisfies readonly ApprovalView[];
const POLL_MS = 4_000;

/** What waits for a second person (审批): for me, from me, or all that I may see. */
export function ApprovalsPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [search, setSearch] = useAddress();
  const view = VIEWS.find((each) => each === search.get("view")) ?? "to_decide";
  const list = useInfiniteQuery({
    queryKey: approvalKeys.list(view),
    queryFn: ({ pageParam }) => getApprovals(view, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => (more ? (items.at(-1)?.id ?? null) : null),
    refetchInterval: POLL_MS,
  });
  const named = search.get("approval");
  const one = useQuery({
    queryKey: approvalKeys.one(named ?? ""),
    queryFn: () => getApproval(named ?? ""),
    enabled: named !== null,
  });
  const items = list.data?.pages.flatMap((page) => page.items);
  const waiting = list.data?.pages[0]?.waiting ?? 0;
  const empty = { to_decide: "emptyToDecide", mine: "emptyMine", all: "emptyAll" } as const;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("approvals.title")}</h1>
        {waiting > 0 ? (
          <span className="tag tag-warn" data-testid="approvals-waiting">
            {t("approvals.waiting", { count: waiting })}
          </span>
        ) : null}
        <Segmented
          value={view}
          onChange={(next: ApprovalView) => setSearch(next === "to_decide" ? {} : { view: next })}
          options={VIEWS.map((each) => ({ value: each, label: t(`approvals.view.${each}`) }))}
          aria-label={t("approvals.title")}
          data-testid="approvals-view"
        />
      </div>
      {named === null ? null : (
        <section className="approvals" data-testid="approval-named" aria-label={t("approvals.named")}>
          {one.data ? (
            <ApprovalCard
              approval={one.data}
              onChanged={() => void client.invalidateQueries({ queryKey: approvalKeys.all })}
            />
          ) : one.error ? (
            <FailedLine error={one.error} />
          ) : null}
          <Button onClick={() => setSearch({ view })}>{t("approvals.showAll")}</Button>
        </section>
      )}
      {named !== null ? null : items === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : items.length === 0 ? (
        <Notice title={t(`approvals.${empty[view]}`)} lead={t("approvals.emptyLead")} testId="approvals-empty" />
      ) : (
        <div className="approvals" data-testid="approvals">
          {items.map((each) => (
            <ApprovalCard
              key={each.id}
              approval={each}
              onChanged={() => void client.invalidateQueries({ queryKey: approvalKeys.all })}
            />
          ))}
          {list.hasNextPage ? <Button onClick={() => void list.fetchNextPage()}>{t("approvals.more")}</Button> : null}
        </div>
      )}
      <ApprovalRules />
    </main>
  );
}
