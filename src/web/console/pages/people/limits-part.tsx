import { Input } from "antd";
import { useTranslation } from "react-i18next";
import { parseMoney } from "#base/units.ts";
import type { UserLimitsText } from "#contract/user-limits.ts";
import { BATCH_METERS_MAX } from "#domain/switch-batch.ts";
import { LIMIT_MAX_YUAN, type LimitKind, limitKinds } from "#domain/user-limit.ts";
import { keepAmount } from "#web/shared/amount-input.ts";

/** Limits as they stand in their fields; empty: none. */
export type LimitFields = Readonly<Record<LimitKind, string>>;

/** What stands in the fields for these limits. */
export function limitFields(limits: UserLimitsText | null): LimitFields {
  const shown = (kind: LimitKind): string => String(limits?.[kind] ?? "").replace(/\.00$/, "");
  const [rechargeDay, rechargeOne] = [shown("rechargeDay"), shown("rechargeOne")];
  return { rechargeDay, rechargeOne, refundDay: shown("refundDay"), batchMeters: shown("batchMeters") };
}

/** The limits that the fields say; null while one of them is none. */
export function limitsOfFields(fields: LimitFields): UserLimitsText | null {
  if (limitKinds.some((kind) => !isLimit(kind, fields[kind]))) return null;
  const text = (kind: LimitKind) => (fields[kind] === "" ? null : fields[kind]);
  const [rechargeDay, rechargeOne, refundDay] = [text("rechargeDay"), text("rechargeOne"), text("refundDay")];
  return {
    ...{ rechargeDay, rechargeOne, refundDay },
    batchMeters: fields.batchMeters === "" ? null : Number(fields.batchMeters),
  };
}

function isLimit(kind: LimitKind, typed: string): boolean {
  if (typed === "") return true;
  if (kind === "batchMeters") return /^\d{1,4}$/.test(typed) && Number(typed) <= BATCH_METERS_MAX;
  const value = parseMoney(typed);
  return value !== null && value <= LIMIT_MAX_YUAN * 10_000;
}

type Props = { fields: LimitFields; isSelf: boolean; disabled: boolean; onChange: (fields: LimitFields) => void };

/** How much a user may do at most (限额): four fields, each empty for no limit. */
export function LimitsPart({ fields, isSelf, disabled, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <p className="muted">{t(isSelf ? "limits.selfLead" : "limits.lead")}</p>
      <div className="limit-fields">
        {limitKinds.map((kind) => {
          const isWrong = !isLimit(kind, fields[kind]);
          return (
            <label key={kind} className="field" htmlFor={`limit-${kind}`}>
              <span>{t(`limits.${kind}`)}</span>
              <Input
                id={`limit-${kind}`}
                inputMode={kind === "batchMeters" ? "numeric" : "decimal"}
                autoComplete="off"
                placeholder={t("limits.none")}
                value={fields[kind]}
                maxLength={11}
                disabled={disabled}
                {...(isWrong ? { status: "error" as const, "aria-invalid": true } : {})}
                onChange={({ target }) => {
                  const kept = keepAmount(target.value);
                  onChange({ ...fields, [kind]: kind === "batchMeters" ? kept.replace(/\..*$/, "") : kept });
                }}
                data-testid={`limit-${kind}`}
              />
              <small>{t(`limits.hint.${kind}`)}</small>
              <span className="field-problem" role="alert">
                {isWrong ? t("limits.invalid") : ""}
              </span>
            </label>
          );
        })}
      </div>
    </>
  );
}

/** The limits of a user in his line; nothing of those that he has not. */
export function LimitTags({ limits }: { limits: UserLimitsText }) {
  const { t } = useTranslation();
  return limitKinds.map((kind) => {
    const value = limits[kind];
    return value === null ? null : (
      <span key={kind} className="tag" data-testid={`limit-tag-${kind}`}>
        {t(`limits.tag.${kind}`, { value })}
      </span>
    );
  });
}
