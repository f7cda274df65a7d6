import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addDays, addMonths, dayOf, instant, monthOf } from "#base/time.ts";
import type { SharePreview, ShareSourceDetail } from "#contract/shares.ts";
import { methodsOf } from "#domain/share.ts";
import { postSharePreview, postShareRule, type ShareKind, shareKeys } from "#web/shared/api-shares.ts";
import { thousandths } from "#web/shared/format.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { equalParts, typed } from "./hundredths.ts";
import { dayFor, draftOf, type RuleDraft, sumOf, termsOf } from "./rule-draft.ts";
import { ShareLines } from "./share-lines.tsx";

type RuleDialogProps = { kind: ShareKind; detail: ShareSourceDetail; onClose: () => void };

/** A new version of a rule: who takes part, by what, from when; tried on a past period before it is saved. */
export function RuleDialog({ kind, detail, onClose }: RuleDialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [key] = useState(newKey); // one dialog, one rule
  const [draft, setDraft] = useState(() => draftOf(kind, detail, dayOf(instant(Date.now()))));
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const terms = termsOf(draft, kind, detail.source.sourceMeterId);
  const change = (to: Partial<RuleDraft>): void => setDraft((now) => ({ ...now, ...to }));
  const yesterday = addDays(dayOf(instant(Date.now())), -1);
  const sharedFor = draft.period === "day" ? yesterday : addMonths(monthOf(dayOf(instant(Date.now()))), -1);
  const preview = useMutation({ mutationFn: postSharePreview, meta: { keepsTyped: true } });
  const save = useMutation({
    mutationFn: postShareRule,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: shareKeys.all });
      onClose();
    },
  });
  const submit = (): void => {
    setTried(true);
    if (terms === null || reason.trim() === "" || save.isPending) return;
    save.mutate({ ...terms, key, effectiveDay: draft.effectiveDay, reason: reason.trim() });
  };
  return (
    <Dialog title={t("shares.newRule")} onClose={onClose} testId="rule-dialog">
      <div className="stack wide-form">
        <p className="dialog-lead">{t("shares.newRuleLead")}</p>
        <RuleTerms kind={kind} draft={draft} change={change} />
        <Members detail={detail} draft={draft} change={change} />
        {tried && terms === null ? (
          <span className="field-problem" role="alert" data-testid="rule-invalid">
            {t("shares.invalidNumber")}
          </span>
        ) : null}
        <div className="row-buttons">
          <Button
            onClick={() => {
              setTried(true);
              if (terms !== null && !preview.isPending) preview.mutate({ ...terms, sharedFor });
            }}
            aria-busy={preview.isPending}
            data-testid="rule-preview"
          >
            {t("shares.tryPeriod", { period: sharedFor })}
          </Button>
        </div>
        {preview.data && preview.variables ? (
          <Tried answer={preview.data} terms={preview.variables} period={preview.variables.sharedFor} />
        ) : null}
        {preview.error ? <FailedLine error={preview.error} testId="preview-problem" /> : null}
        <label className="field" htmlFor="rule-reason">
          <span>{t("shares.reason")}</span>
          <Input
            id="rule-reason"
            value={reason}
            maxLength={200}
            onChange={(event) => setReason(event.target.value)}
            data-testid="rule-reason"
          />
          <span className="field-problem" role="alert">
            {tried && reason.trim() === "" ? t("shares.reasonMissing") : ""}
          </span>
        </label>
        {save.error ? <FailedLine error={save.error} testId="rule-problem" /> : null}
        <div className="dialog-buttons">
          <Button onClick={onClose} data-autofocus="">
            {t("shares.cancel")}
          </Button>
          <Button type="primary" onClick={submit} aria-busy={save.isPending} data-testid="rule-save">
            {t("shares.save")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

type PartProps = { draft: RuleDraft; change: (to: Partial<RuleDraft>) => void };

function RuleTerms({ kind, draft, change }: PartProps & { kind: ShareKind }) {
  const { t } = useTranslation();
  return (
    <div className="form-grid">
      <label className="field" htmlFor="rule-method">
        <span>{t("shares.method")}</span>
        <select
          id="rule-method"
          value={draft.method}
          onChange={(event) => change({ method: event.target.value as RuleDraft["method"] })}
          data-testid="rule-method"
        >
          {methodsOf[kind].map((method) => (
            <option key={method} value={method}>
              {t(`shares.methods.${method}`)}
            </option>
          ))}
        </select>
      </label>
      <label className="field" htmlFor="rule-period">
        <span>{t("shares.period")}</span>
        <select
          id="rule-period"
          value={draft.period}
          onChange={(event) => {
            const period = event.target.value as RuleDraft["period"];
            change({ period, effectiveDay: dayFor(period, draft.effectiveDay) });
          }}
          data-testid="rule-period"
        >
          {(["day", "month"] as const).map((period) => (
            <option key={period} value={period}>
              {t(`shares.periods.${period}`)}
            </option>
          ))}
        </select>
      </label>
      <label className="field" htmlFor="rule-day">
        <span>{t("shares.effectiveDay")}</span>
        <input
          id="rule-day"
          type="date"
          value={draft.effectiveDay}
          onChange={(event) => change({ effectiveDay: dayFor(draft.period, event.target.value) })}
          data-testid="rule-day"
        />
      </label>
      <label className="field" htmlFor="rule-price">
        <span>{t("shares.price")}</span>
        <input
          id="rule-price"
          value={draft.price}
          inputMode="decimal"
          placeholder={t("shares.ownPrice")}
          onChange={(event) => change({ price: event.target.value })}
          data-testid="rule-price"
        />
      </label>
      <label className="field" htmlFor="rule-property">
        <span>{t("shares.propertyPercent")}</span>
        <input
          id="rule-property"
          value={draft.property}
          inputMode="decimal"
          onChange={(event) => change({ property: event.target.value })}
          data-testid="rule-property"
        />
      </label>
      {draft.method === "runtime"
        ? (["low", "middle", "high"] as const).map((speed) => (
            <label key={speed} className="field" htmlFor={`rule-${speed}`}>
              <span>
                {t("shares.factors")} {t(`shares.speeds.${speed}`)}
              </span>
              <input
                id={`rule-${speed}`}
                value={draft.factors[speed]}
                inputMode="decimal"
                onChange={(event) => change({ factors: { ...draft.factors, [speed]: event.target.value } })}
                data-testid={`rule-${speed}`}
              />
            </label>
          ))
        : null}
    </div>
  );
}

function Members({ detail, draft, change }: PartProps & { detail: ShareSourceDetail }) {
  const { t } = useTranslation();
  const set = (id: number, to: Partial<RuleDraft["members"][number]>): void =>
    change({ members: draft.members.map((member) => (member.id === id ? { ...member, ...to } : member)) });
  const sum = draft.method === "ratio" ? sumOf(draft) : null;
  const spread = (): void => {
    const chosen = draft.members.filter((member) => member.chosen);
    const parts = equalParts(10_000 - (sum?.property ?? 0), Math.max(1, chosen.length));
    change({
      members: draft.members.map((member) => ({
        ...member,
        ratio: member.chosen ? typed(parts[chosen.indexOf(member)] ?? 0) : member.ratio,
      })),
    });
  };
  return (
    <fieldset className="share-members">
      <legend>{t("shares.members")}</legend>
      {detail.candidates.map((candidate) => {
        const member = draft.members.find((each) => each.id === candidate.id);
        if (member === undefined) return null;
        return (
          <div key={candidate.id} className="share-member" data-testid={`member-${candidate.number}`}>
            <label className="check-field">
              <input
                type="checkbox"
                checked={member.chosen}
                onChange={(event) => set(candidate.id, { chosen: event.target.checked })}
              />
              {candidate.label} <small className="muted">{candidate.customer}</small>
            </label>
            {member.chosen && (draft.method === "ratio" || draft.method === "area") ? (
              <input
                className="plain-input"
                inputMode="decimal"
                aria-label={`${candidate.label} ${t(draft.method === "ratio" ? "shares.percent" : "shares.areaM2")}`}
                value={draft.method === "ratio" ? member.ratio : member.area}
                onChange={(event) =>
                  set(candidate.id, { [draft.method === "ratio" ? "ratio" : "area"]: event.target.value })
                }
                data-testid="member-value"
              />
            ) : null}
          </div>
        );
      })}
      {sum === null ? null : (
        <p role="status" className={sum.all === 10_000 ? "" : "bad"} data-testid="ratio-sum">
          {t(sum.all === 10_000 ? "shares.sumIs" : "shares.sumWrong", { sum: typed(sum.all) })}{" "}
          <Button size="small" onClick={spread} data-testid="ratio-equal">
            {t("shares.presetEqual")}
          </Button>
        </p>
      )}
    </fieldset>
  );
}

type Tried = { answer: SharePreview; terms: Parameters<typeof postSharePreview>[0]; period: string };

function Tried({ answer, terms, period }: Tried) {
  const { t } = useTranslation();
  if (answer.outcome === "waiting") {
    const why = (["no_rule", "not_closed", "source_missing", "members_missing"] as const).find((w) => w === answer.why);
    return (
      <p className="formula" role="status" data-testid="tried-waiting">
        {t(`shares.outcome.${why ?? "not_closed"}`, { missing: answer.missing.join(", ") })}
      </p>
    );
  }
  return (
    <div data-testid="tried" className="stack">
      <p role="status">{t("shares.tried", { period, units: thousandths(answer.sourceWh, 3) })}</p>
      <ShareLines
        terms={terms}
        sourceWh={answer.sourceWh}
        source={answer.source}
        members={answer.members}
        lines={answer.lines}
      />
    </div>
  );
}
