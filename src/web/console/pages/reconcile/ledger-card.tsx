import { useTranslation } from "react-i18next";
import type { LedgerCheck } from "#contract/reconcile.ts";
import { yuan } from "#web/shared/format.ts";

/** Whether the ledger holds: its sums, its seals, and where not, the first rows that are wrong. */
export function LedgerCard({ ledger }: { ledger: LedgerCheck }) {
  const { t } = useTranslation();
  return (
    <section
      className="panel ledger-card"
      aria-label={t("reconcile.ledger")}
      data-testid="ledger-check"
      data-state={ledger.ok ? "ok" : "wrong"}
    >
      <h2>
        {t("reconcile.ledger")}
        <span className={`tag ${ledger.ok ? "tag-good" : "tag-bad"}`}>
          {t(ledger.ok ? "reconcile.holds" : "reconcile.broken")}
        </span>
      </h2>
      {ledger.problems.length === 0 ? null : (
        <>
          <p>{t("reconcile.brokenLead")}</p>
          <ul className="ledger-problems" data-testid="ledger-problems">
            {ledger.problems.map((problem) => (
              <li key={problem}>
                <code>{problem}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      <dl className="facts">
        <div className="facts-row">
          <dt>{t("reconcile.sum")}</dt>
          <dd>
            {yuan(ledger.sum)} {t("unit.yuan")}
          </dd>
        </div>
        <div className="facts-row">
          <dt>{t("reconcile.transfers")}</dt>
          <dd>{ledger.transfers.toLocaleString()}</dd>
        </div>
        <div className="facts-row">
          <dt>{t("reconcile.sealed")}</dt>
          <dd>
            {ledger.sealed.toLocaleString()}
            {ledger.waiting > 0 ? <small> {t("reconcile.waiting", { count: ledger.waiting })}</small> : null}
          </dd>
        </div>
        {ledger.head === null ? null : (
          <div className="facts-row">
            <dt>{t("reconcile.head")}</dt>
            <dd>
              <code className="seal-head" data-testid="seal-head">
                {ledger.head.seq}:{ledger.head.hash}
              </code>
              <small>{t("reconcile.headLead")}</small>
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
