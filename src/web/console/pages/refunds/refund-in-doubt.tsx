import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { FailedLine } from "../../notice.tsx";
import type { RefundDraft } from "./refund-draft.ts";

type InDoubtProps = { draft: RefundDraft; problem: unknown; onRetry: () => void; onDrop: () => void };

/** A refund was sent and no answer came. Nothing else can be done here before this is cleared up. */
export function RefundInDoubt({ draft, problem, onRetry, onDrop }: InDoubtProps) {
  const { t } = useTranslation();
  const [looked, setLooked] = useState(false);
  return (
    <section className="panel in-doubt" data-testid="in-doubt">
      <h2>{t("refunds.unknownTitle")}</h2>
      <p>
        <b>{`${draft.label} ${t(`refunds.kind.${draft.kind}`)} ${draft.quantity}`}</b>
      </p>
      <p>{t("refunds.unknownLead")}</p>
      {problem ? <FailedLine error={problem} /> : null}
      <div className="row-buttons">
        <Button type="primary" onClick={onRetry} data-testid="in-doubt-retry">
          {t("refunds.unknownRetry")}
        </Button>
        <Link
          className="link-button"
          to={`/refunds?meterId=${draft.meterId}`}
          target="_blank"
          onClick={() => setLooked(true)}
        >
          {t("refunds.unknownLook")}
        </Link>
        <Button danger disabled={!looked} title={looked ? "" : t("refunds.dropTitle")} onClick={onDrop}>
          {t("refunds.unknownDrop")}
        </Button>
      </div>
    </section>
  );
}
