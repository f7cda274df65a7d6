import { Button } from "antd";
import i18next from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Approval } from "#contract/approvals.ts";
import { postApprovalWithdraw, postDecision } from "#web/shared/api-approvals.ts";
import { dateTime, yuan } from "#web/shared/format.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { ReasonDialog } from "../../reason-dialog.tsx";

type Doing = "approve" | "reject" | "withdraw";

const tones = {
  requested: "tag-warn",
  approved: "tag-good",
  rejected: "tag-bad",
  withdrawn: "",
  expired: "tag-bad",
} as const;

/** One request: what it is about, who asked and why, and what I may do about it. */
export function ApprovalCard({ approval, onChanged }: { approval: Approval; onChanged: () => void }) {
  const { t } = useTranslation();
  const [doing, setDoing] = useState<Doing | null>(null);
  const isOpen = approval.state === "requested";
  const link = linkOf(approval.object);
  return (
    <article className="panel approval" data-testid={`approval-${approval.object}`} data-state={approval.state}>
      <header className="approval-head">
        <strong>{t(`approvals.kind.${approval.kind}`)}</strong>
        <span className="approval-amount">
          {yuan(approval.amount)} {t("unit.yuan")}
        </span>
        <span className={`tag ${tones[approval.state]}`}>{t(`approvals.state.${approval.state}`)}</span>
      </header>
      <dl className="facts">
        {Object.entries(approval.summary).map(([key, value]) => (
          <div key={key} className="facts-row">
            <dt>{summaryWord(key)}</dt>
            <dd>{summaryText(key, value)}</dd>
          </div>
        ))}
      </dl>
      {approval.reason === "" ? null : <p>{t("approvals.reason", { reason: approval.reason })}</p>}
      <p className="muted">
        {t("approvals.by", { name: approval.requestedBy, time: dateTime(approval.requestedAt) })}
        {isOpen ? ` · ${t("approvals.until", { time: dateTime(approval.expiresAt) })}` : null}
      </p>
      {approval.decidedBy === null ? null : (
        <p className="muted">
          {t("approvals.decided", { name: approval.decidedBy, time: dateTime(approval.decidedAt) })}
          {approval.decisionReason === "" ? null : ` · ${t("approvals.decision", { reason: approval.decisionReason })}`}
        </p>
      )}
      <div className="row-buttons">
        {link === null ? null : (
          <Link className="link-button" to={link}>
            {t("approvals.open")}
          </Link>
        )}
        {isOpen && approval.whyNot === null ? (
          <>
            <Button danger onClick={() => setDoing("reject")} data-testid="approval-reject">
              {t("approvals.reject")}
            </Button>
            <Button type="primary" onClick={() => setDoing("approve")} data-testid="approval-approve">
              {t("approvals.approve")}
            </Button>
          </>
        ) : null}
        {isOpen && approval.mine ? (
          <Button onClick={() => setDoing("withdraw")} data-testid="approval-withdraw">
            {t("approvals.withdraw")}
          </Button>
        ) : null}
        {isOpen && approval.whyNot !== null ? (
          <span className="muted" data-testid="approval-why-not">
            {t(`approvals.whyNot.${approval.whyNot}`)}
          </span>
        ) : null}
      </div>
      {doing === null ? null : (
        <ReasonDialog
          title={t(`approvals.askTitle.${doing}`)}
          label={t(doing === "reject" ? "approvals.reasonRequired" : "approvals.reasonLabel")}
          missingText={doing === "reject" ? t("approvals.reasonMissing") : null}
          confirmText={t(`approvals.confirm.${doing}`)}
          cancelText={t("approvals.cancel")}
          danger={doing !== "approve"}
          testId="decision"
          act={(reason) => act(approval, doing, reason)}
          onDone={() => {
            setDoing(null);
            onChanged();
          }}
          onClose={() => {
            setDoing(null);
            onChanged();
          }}
        >
          <p>
            <strong>
              {t(`approvals.kind.${approval.kind}`)} {yuan(approval.amount)} {t("unit.yuan")}
            </strong>
          </p>
          <p>{t(`approvals.askLead.${doing}`)}</p>
        </ReasonDialog>
      )}
    </article>
  );
}

function act(approval: Approval, doing: Doing, reason: string): Promise<unknown> {
  if (doing === "withdraw") return postApprovalWithdraw(approval.id, reason);
  return postDecision(approval.id, { verdict: doing, version: approval.version, reason });
}

/** Where the object of a request can be looked at; null when it has no page of its own. */
function linkOf(object: string): string | null {
  const [kind, id = ""] = object.split(":");
  if (kind === "price") return "/prices?view=changes";
  return kind === "refund" ? `/refunds/${encodeURIComponent(id)}` : null;
}

/** The page's word for a key of a summary; the key itself when it has none. */
function summaryWord(key: string): string {
  return wordAt(`approvals.summary.${key}`) ?? key;
}

/** Codes in words, everything else as it was written. */
function summaryText(key: string, value: string | number): string {
  return wordAt(`approvals.value.${key}.${value}`) ?? String(value);
}

function wordAt(path: string): string | null {
  const found: unknown = i18next.getResource(currentLanguage(), "translation", path);
  return typeof found === "string" ? found : null;
}
