import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { getReconciliation, postReconciliation, reconcileKeys } from "#web/shared/api-reconcile.ts";
import { dateTime } from "#web/shared/format.ts";
import { withFilter } from "../../address-filter.ts";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { DifferenceTable } from "./difference-table.tsx";
import { LedgerCard } from "./ledger-card.tsx";
import "../records/records.css";
import "./reconcile.css";

const POLL_MS = 30_000;

/** Reconciliation (对账): whether the books hold, and what does not agree with the meters, the desk and the recharges. */
export function ReconcilePage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [search, setSearch] = useAddress();
  const view = {
    state: search.get("state") === "ended" ? ("ended" as const) : ("open" as const),
    kind: search.get("kind"),
  };
  const page = useQuery({
    queryKey: reconcileKeys.page(view),
    queryFn: () => getReconciliation(view),
    refetchInterval: POLL_MS,
  });
  const running = useMutation({
    mutationFn: postReconciliation,
    onSettled: () => void client.invalidateQueries({ queryKey: reconcileKeys.all }),
  });
  const last = page.data?.last ?? null;
  const choose = (next: Partial<typeof view>): void => {
    const named = {
      ...(next.state === undefined ? {} : { state: next.state === "open" ? "" : next.state }),
      ...(next.kind === undefined ? {} : { kind: next.kind ?? "" }),
    };
    setSearch((now) => withFilter(now, named));
  };
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("reconcile.title")}</h1>
        <Segmented
          value={view.state}
          onChange={(state: "open" | "ended") => choose({ state, kind: null })}
          options={(["open", "ended"] as const).map((value) => ({ value, label: t(`reconcile.view.${value}`) }))}
          aria-label={t("reconcile.title")}
          data-testid="reconcile-view"
        />
        <Button
          type="primary"
          aria-busy={running.isPending}
          onClick={() => running.isPending || running.mutate()}
          data-testid="reconcile-run"
          data-state={running.status}
        >
          {running.isPending ? t("reconcile.running") : t("reconcile.run")}
        </Button>
      </div>
      {running.error ? <FailedLine error={running.error} testId="reconcile-problem" /> : null}
      {page.data === undefined ? (
        page.error ? (
          <FailedNotice error={page.error} retry={() => void page.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <>
          <p className="muted" data-testid="reconcile-last">
            {last === null ? t("reconcile.never") : t("reconcile.last", { time: dateTime(last.at), by: who(last.by) })}
          </p>
          {last === null ? null : <LedgerCard ledger={last.ledger} />}
          {view.state === "open" && page.data.open.length > 0 ? (
            <fieldset className="difference-kinds">
              <legend>{t("reconcile.kinds")}</legend>
              {page.data.open.map(({ kind, count }) => (
                <Button
                  key={kind}
                  aria-pressed={view.kind === kind}
                  type={view.kind === kind ? "primary" : "default"}
                  onClick={() => choose({ kind: view.kind === kind ? null : kind })}
                >
                  {t(`reconcile.kind.${kind}`)} {count}
                </Button>
              ))}
            </fieldset>
          ) : null}
          {page.data.items.length === 0 ? (
            <Notice
              title={t(`reconcile.empty.${view.state}`)}
              lead={t("reconcile.emptyLead")}
              testId="differences-empty"
            />
          ) : (
            <DifferenceTable items={page.data.items} />
          )}
          {page.data.more ? <p className="muted">{t("reconcile.more")}</p> : null}
        </>
      )}
    </main>
  );

  function who(by: string): string {
    return by === "nightly" ? t("reconcile.nightly") : by;
  }
}
