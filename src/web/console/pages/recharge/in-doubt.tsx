import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { yuan } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";
import type { Draft } from "./draft.ts";

type InDoubtProps = { draft: Draft; problem: unknown; onRetry: () => void; onDrop: () => void };

/** A payment was sent and no answer came. Nothing else can be done at the desk before this is cleared up. */
export function InDoubt({ draft, problem, onRetry, onDrop }: InDoubtProps) {
  const { t } = useTranslation();
  const [looked, setLooked] = useState(false);
  return (
    <section className="panel in-doubt" data-testid="in-doubt">
      <h2>{t("recharge.unknownTitle")}</h2>
      <p>{t("recharge.unknownLead", { label: draft.label, amount: yuan(draft.amount) })}</p>
      {problem ? <FailedLine error={problem} /> : null}
      <div className="row-buttons">
        <Button type="primary" onClick={onRetry} data-testid="in-doubt-retry">
          {t("recharge.unknownRetry")}
        </Button>
        <Link
          className="link-button"
          to={`/records?meter=${draft.meterId}`}
          target="_blank"
          onClick={() => setLooked(true)}
        >
          {t("recharge.unknownLook")}
        </Link>
        <Button danger disabled={!looked} title={looked ? "" : t("recharge.dropTitle")} onClick={onDrop}>
          {t("recharge.unknownDrop")}
        </Button>
      </div>
    </section>
  );
}
