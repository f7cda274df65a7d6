import { useTranslation } from "react-i18next";
import type { AuditChain } from "#contract/audit.ts";
import { dateTime } from "#web/shared/format.ts";

/** Whether the audit is as it was written down, as of the last check; and how much waits for its seal. */
export function ChainBadge({ chain }: { chain: AuditChain }) {
  const { t } = useTranslation();
  const { checkedAt, ok, head, sealed, waiting } = chain;
  const state = ok === null ? "never" : ok ? "ok" : "bad";
  const tone = { never: "tag-warn", ok: "tag-good", bad: "tag-bad" }[state];
  return (
    <span
      className="audit-chain"
      data-testid="audit-chain"
      data-state={state}
      data-sealed={sealed}
      data-waiting={waiting}
    >
      <span className={`tag ${tone}`}>{t(`audit.chain.${state}`)}</span>
      <small>
        {checkedAt === null ? null : `${t("audit.chain.checkedAt", { time: dateTime(checkedAt) })} · `}
        {t("audit.chain.counts", { sealed, waiting })}
        {head === null ? null : ` · ${t("audit.chain.head", { seq: head.seq, hash: head.hash.slice(0, 12) })}`}
      </small>
    </span>
  );
}
