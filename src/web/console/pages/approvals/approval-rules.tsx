import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ApprovalRuleView } from "#contract/approvals.ts";
import { hasAmount } from "#domain/approval.ts";
import { keepAmount } from "#web/shared/amount-input.ts";
import { approvalKeys, getApprovalRules, postApprovalRule } from "#web/shared/api-approvals.ts";
import { useCan } from "#web/shared/can.tsx";
import { isZero, yuan } from "#web/shared/format.ts";
import { NotYet } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";

/** When a second person is asked, by kind; who manages settings may change it. */
export function ApprovalRules() {
  const { t } = useTranslation();
  const allowed = useCan("settings.manage");
  const [editing, setEditing] = useState<ApprovalRuleView | null>(null);
  const rules = useQuery({ queryKey: approvalKeys.rules, queryFn: getApprovalRules });

  return (
    <section className="panel approval-rules" aria-label={t("approvals.rules")} data-testid="approval-rules">
      <h2>{t("approvals.rules")}</h2>
      <p className="muted">{t("approvals.rulesLead")}</p>
      {rules.data === undefined ? <NotYet of={rules} rows={6} /> : null}
      <ul>
        {rules.data?.items.map((rule) => (
          <li key={rule.kind} data-testid={`rule-${rule.kind}`}>
            <strong>{t(`approvals.kind.${rule.kind}`)}</strong>
            <span>{ruleText(rule)}</span>
            {allowed && !rule.fixed ? (
              <Button size="small" onClick={() => setEditing(rule)} data-testid={`rule-edit-${rule.kind}`}>
                {t("approvals.ruleEdit")}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      {editing === null ? null : <EditRule rule={editing} onClose={() => setEditing(null)} />}
    </section>
  );

  function ruleText(rule: ApprovalRuleView): string {
    if (rule.fixed) return t("approvals.ruleFixed");
    if (!rule.on) return t("approvals.ruleOff");
    return isZero(rule.limit) ? t("approvals.ruleAlways") : t("approvals.ruleAbove", { limit: yuan(rule.limit) });
  }
}

function EditRule({ rule, onClose }: { rule: ApprovalRuleView; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [on, setOn] = useState(rule.on);
  const [limit, setLimit] = useState(rule.limit);
  const isLimited = hasAmount(rule.kind);
  return (
    <ReasonDialog
      title={t("approvals.ruleTitle", { kind: t(`approvals.kind.${rule.kind}`) })}
      label={t("approvals.ruleReason")}
      missingText={t("approvals.reasonMissing")}
      confirmText={t("approvals.ruleSave")}
      cancelText={t("approvals.cancel")}
      testId="rule"
      act={(reason) =>
        postApprovalRule({ kind: rule.kind, on, limit: !isLimited || limit === "" ? "0" : limit, reason })
      }
      onDone={() => {
        void client.invalidateQueries({ queryKey: approvalKeys.rules });
        onClose();
      }}
      onClose={onClose}
    >
      <Segmented
        value={on ? "on" : "off"}
        onChange={(value) => setOn(value === "on")}
        options={[
          { value: "on", label: t("approvals.ruleOn") },
          { value: "off", label: t("approvals.ruleOff") },
        ]}
        aria-label={t("approvals.rules")}
        data-testid="rule-on"
      />
      {isLimited ? (
        <label className="field" htmlFor="rule-limit">
          <span>{t("approvals.ruleLimit")}</span>
          <Input
            id="rule-limit"
            inputMode="decimal"
            value={limit}
            disabled={!on}
            onChange={(event) => setLimit(keepAmount(event.target.value))}
            data-testid="rule-limit"
          />
        </label>
      ) : null}
    </ReasonDialog>
  );
}
