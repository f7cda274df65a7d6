import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { PriceChange } from "#contract/prices.ts";
import { getPriceChanges, postRevoke, priceKeys } from "#web/shared/api-prices.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { TermsView } from "./terms-view.tsx";

const tones = {
  requested: "tag-warn",
  approved: "tag-good",
  rejected: "tag-bad",
  withdrawn: "",
  revoked: "tag-bad",
} as const;

/** Changes of prices, newest first: what was asked, by whom, who decided; one that does not hold yet may be taken back. */
export function ChangeList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [revoking, setRevoking] = useState<PriceChange | null>(null);
  const list = useInfiniteQuery({
    queryKey: priceKeys.changes,
    queryFn: ({ pageParam }) => getPriceChanges(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => (more ? (items.at(-1)?.id ?? null) : null),
  });
  const items = list.data?.pages.flatMap((page) => page.items);
  if (items === undefined) {
    return list.error ? <FailedNotice error={list.error} retry={() => void list.refetch()} /> : <Loading rows={6} />;
  }
  if (items.length === 0) {
    return <Notice title={t("prices.noChanges")} lead={t("prices.noChangesLead")} testId="changes-empty" />;
  }
  const done = (): void => {
    setRevoking(null);
    void client.invalidateQueries({ queryKey: priceKeys.all });
  };
  return (
    <>
      <div className="tariffs">
        {items.map((change) => (
          <article
            key={change.id}
            className="panel tariff"
            data-testid={`change-${change.id}`}
            data-state={change.state}
          >
            <header className="tariff-head">
              <h3>{change.tariffName ?? t("prices.own")}</h3>
              <Link
                className="tag"
                to={`/prices?${new URLSearchParams({ change: change.id })}`}
                data-testid="change-meters"
              >
                {t("prices.meters", { count: change.meters })}
              </Link>
              <span className={`tag ${tones[change.state]}`}>{t(`prices.state.${change.state}`)}</span>
            </header>
            <p>
              <b>{t("prices.fromOn", { time: dateTime(change.from) })}</b>
            </p>
            {change.terms === null ? null : <TermsView terms={change.terms} kind="electricity" />}
            <p>{change.reason}</p>
            <p className="muted">
              {t("prices.madeBy", { name: change.madeBy, time: dateTime(change.madeAt) })}
              {change.decidedBy === null
                ? ""
                : ` · ${t("prices.decidedBy", { name: change.decidedBy, time: dateTime(change.decidedAt) })}`}
            </p>
            <div className="row-buttons">
              {change.state === "requested" ? (
                <Link className="link-button" to="/approvals?view=all">
                  {t("prices.toApprovals")}
                </Link>
              ) : null}
              {change.revocable ? (
                <Can do="price.approve">
                  <Button danger onClick={() => setRevoking(change)} data-testid="change-revoke">
                    {t("prices.revoke")}
                  </Button>
                </Can>
              ) : null}
            </div>
          </article>
        ))}
      </div>
      {list.hasNextPage ? <Button onClick={() => void list.fetchNextPage()}>{t("prices.more")}</Button> : null}
      {revoking === null ? null : (
        <ReasonDialog
          title={t("prices.revokeTitle")}
          label={t("prices.reason")}
          missingText={t("prices.reasonMissing")}
          confirmText={t("prices.revoke")}
          cancelText={t("prices.cancel")}
          danger
          testId="revoke"
          act={(reason) => postRevoke(revoking.id, reason)}
          onDone={done}
          onClose={done}
        >
          <p>{t("prices.revokeLead", { count: revoking.meters, time: dateTime(revoking.from) })}</p>
        </ReasonDialog>
      )}
    </>
  );
}
