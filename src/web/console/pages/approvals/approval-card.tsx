import { Button } from "antd";
import i18next from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Approval } from "#contract/approvals.ts";
import { postApprovalWithdraw, postDecision } from "#web/shared/api-approvals.ts";
import { dateTime, yuan, yuanShort } from "#web/shared/format.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { objectPath } from "../../object-path.ts";
import { ReasonDialog } from "../../reason-dialog.tsx";

type Doing = "approve" | "reject" | "withdraw";

const tones = {
  requested: "tag-warn",
  approved: "tag-good",
  rejected: "tag-bad",
  withdrawn: "",
  expired: "tag-bad",
} as const;

type CardProps = {
  approval: Approval;
  onChanged: () => void;
  /** True on the page of what waits: its facts stand there, no way there is shown, and it is withdrawn there. */
  atObject?: boolean;
  /** The list that is shown beside it; without it, what is about a list cannot be approved here. */
  seen?: string;
};

/** One request: what it is about, who asked and why, and what I may do about it. */
export function ApprovalCard({ approval, onChanged, atObject = false, seen }: CardProps) {
  const { t } = useTranslation();
  const [doing, setDoing] = useState<Doing | null>(null);
  const isOpen = approval.state === "requested";
  const amount = hasList(approval) ? "" : `${yuan(approval.amount)} ${t("unit.yuan")}`;
  const link = atObject ? null : objectPath(approval.object);
  return (
    <article className="panel approval" data-testid={`approval-${approval.object}`} data-state={approval.state}>
      <header className="approval-head">
        <strong>{whatText(approval)}</strong>
        <span className="approval-amount">{amount}</span>
        <span className={`tag ${tones[approval.state]}`}>{t(`approvals.state.${approval.state}`)}</span>
      </header>
      <dl className="facts">
        {Object.entries(approval.summary)
          .filter(([key]) => !drawn.has(key) && !(atObject && toldByObject.has(key)))
          .map(([key, value]) => (
            <div key={key} className="facts-row">
              <dt>{summaryWord(key)}</dt>
              <dd>{summaryText(key, value)}</dd>
            </div>
          ))}
        <BeforeAfter summary={approval.summary} />
        {atObject ? null : <Asked approval={approval} />}
      </dl>
      {isOpen ? <p className="muted">{t("approvals.until", { time: dateTime(approval.expiresAt) })}</p> : null}
      {approval.decidedBy === null ? null : (
        <p className="muted">
          {t("approvals.decided", { name: approval.decidedBy, time: dateTime(approval.decidedAt) })}
          {approval.decisionReason === "" ? null : ` · ${t("approvals.decision", { reason: approval.decisionReason })}`}
        </p>
      )}
      <div className="row-buttons">
        {link === null ? null : (
          <Link className="link-button" to={link}>
            {t(hasList(approval) ? "approvals.openList" : "approvals.open")}
          </Link>
        )}
        {isOpen && approval.whyNot === null ? (
          <>
            <Button danger onClick={() => setDoing("reject")} data-testid="approval-reject">
              {t("approvals.reject")}
            </Button>
            {hasList(approval) && seen === undefined ? null : (
              <Button type="primary" onClick={() => setDoing("approve")} data-testid="approval-approve">
                {t("approvals.approve")}
              </Button>
            )}
          </>
        ) : null}
        {isOpen && approval.mine && !atObject ? (
          <Button onClick={() => setDoing("withdraw")} data-testid="approval-withdraw">
            {t("approvals.withdraw")}
          </Button>
        ) : null}
      </div>
      {isOpen && approval.whyNot !== null ? (
        <p className="banner banner-warn" data-testid="approval-why-not" data-why={approval.whyNot}>
          {t(`approvals.whyNot.${approval.whyNot}`)}
        </p>
      ) : null}
      {doing === null ? null : (
        <ReasonDialog
          title={t(`approvals.askTitle.${doing}`)}
          label={t(doing === "reject" ? "approvals.reasonRequired" : "approvals.reasonLabel")}
          missingText={doing === "reject" ? t("approvals.reasonMissing") : null}
          confirmText={t(`approvals.confirm.${doing}`)}
          cancelText={t("approvals.cancel")}
          danger={doing !== "approve"}
          testId="decision"
          act={(reason) => act(approval, doing, { reason, seen })}
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
              {whatText(approval)} {amount}
            </strong>{" "}
            {[approval.summary.label, approval.summary.customer].filter(Boolean).join(" ")}
          </p>
          <dl className="facts">
            <BeforeAfter summary={approval.summary} />
          </dl>
          <p>{t(`approvals.askLead.${doing}`)}</p>
        </ReasonDialog>
      )}
    </article>
  );
}

/** Who asked, when and why. */
function Asked({ approval: { reason, requestedBy, requestedAt } }: { approval: Approval }) {
  const { t } = useTranslation();
  return (
    <>
      {reason === "" ? null : (
        <div className="facts-row">
          <dt>{t("approvals.why")}</dt>
          <dd data-testid="approval-reason">{reason}</dd>
        </div>
      )}
      <div className="facts-row">
        <dt>{t("approvals.askedBy")}</dt>
        <dd data-testid="approval-by">
          {requestedBy} <small>{dateTime(requestedAt)}</small>
        </dd>
      </div>
    </>
  );
}

/** What the page of a refund or a batch tells itself. */
const toldByObject: ReadonlySet<string> = new Set(["refundNo", "label", "customer", "number", "method", "orderNo"]);

/** Keys of a summary that are not shown as they are: they name the request, or are drawn as what was and what will be. */
const drawn: ReadonlySet<string> = new Set([
  "refundKind",
  "meterKind",
  "creditBefore",
  "creditAfter",
  "moneyBefore",
  "moneyAfter",
  "asOf",
]);

/** What is left now and what will be left: in units as the meter showed them, and in money. */
function BeforeAfter({ summary }: { summary: Approval["summary"] }) {
  const { t } = useTranslation();
  const { creditBefore, creditAfter, moneyBefore, moneyAfter, asOf, meterKind } = summary;
  // A debt is given up to its last digit; elsewhere two places are what can be paid.
  const shown = summary.refundKind === "debt" ? yuan : yuanShort;
  const unit = t(`unit.sold.${meterKind === "water" ? "water" : "electricity"}`);
  return (
    <>
      {creditBefore === undefined ? null : (
        <div className="facts-row">
          <dt>{t("approvals.inMeter")}</dt>
          <dd data-testid="approval-credit">
            {creditBefore} → <b>{creditAfter}</b> {unit}
            {typeof asOf === "number" ? <small>{t("meter.asOf", { time: dateTime(asOf) })}</small> : null}
          </dd>
        </div>
      )}
      {moneyBefore === undefined ? null : (
        <div className="facts-row">
          <dt>{summaryText("refundKind", summary.refundKind ?? "")}</dt>
          <dd data-testid="approval-money">
            {shown(String(moneyBefore))} → <b>{shown(String(moneyAfter))}</b> {t("unit.yuan")}
          </dd>
        </div>
      )}
    </>
  );
}

/** What is asked for in a word. */
function whatText(approval: Approval): string {
  return (
    wordAt(`approvals.value.whatKind.${approval.summary.refundKind ?? ""}`) ??
    i18next.t(`approvals.kind.${approval.kind}`)
  );
}

function act(approval: Approval, doing: Doing, of: { reason: string; seen: string | undefined }): Promise<unknown> {
  if (doing === "withdraw") return postApprovalWithdraw(approval.id, of.reason);
  const decision = { verdict: doing, version: approval.version, reason: of.reason };
  return postDecision(approval.id, { ...decision, ...(of.seen !== undefined && { seen: of.seen }) });
}

/** Whether it is about a list of meters, which is looked through on a page of its own. */
function hasList({ kind }: Approval): boolean {
  return kind === "trip_batch" || kind === "close_batch";
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
