import type { ShareSourceDetail, ShareTermsInput } from "#contract/shares.ts";
import { FACTOR_ONE, methodsOf, type ShareMethod, WHOLE_BP } from "#domain/share.ts";
import type { ShareKind } from "#web/shared/api-shares.ts";
import { equalParts, hundredths, typed } from "./hundredths.ts";

/** A rule as it stands in the form: what was typed, as text. */
export type RuleDraft = {
  method: ShareMethod;
  period: "day" | "month";
  effectiveDay: string;
  /** Empty: each member's own. */
  price: string;
  property: string;
  factors: { low: string; middle: string; high: string };
  members: { id: number; chosen: boolean; ratio: string; area: string }[];
};

/** Where a new rule begins: with the terms of the newest one, or with equal ratios for everybody who could take part. */
export function draftOf(kind: ShareKind, detail: ShareSourceDetail, today: string): RuleDraft {
  const [last] = detail.rules;
  const parts = equalParts(WHOLE_BP, Math.max(1, detail.candidates.length));
  const factors = last?.factors ?? { low: 60, middle: 80, high: FACTOR_ONE };
  return {
    method: last?.method ?? methodsOf[kind][0],
    period: last?.period ?? "month",
    effectiveDay: dayFor(last?.period ?? "month", today),
    price: last?.price ?? "",
    property: typed(last?.propertyBp ?? 0),
    factors: { low: typed(factors.low), middle: typed(factors.middle), high: typed(factors.high) },
    members: detail.candidates.map((candidate, i) => {
      const before = last?.members.find((member) => member.id === candidate.id);
      return {
        id: candidate.id,
        chosen: last === undefined || before !== undefined,
        ratio: typed(before?.ratioBp ?? (last === undefined ? (parts[i] ?? 0) : 0)),
        area: typed(before?.areaCm ?? candidate.areaCm),
      };
    }),
  };
}

/** A rule by the month begins with a month. */
export function dayFor(period: RuleDraft["period"], day: string): string {
  return period === "month" && day !== "" ? `${day.slice(0, 7)}-01` : day;
}

/** What the ratios and the property's part add up to, in 1/100 per cent; what cannot be read counts nothing. */
export function sumOf(draft: RuleDraft): { all: number; property: number } {
  const property = hundredths(draft.property) ?? 0;
  const chosen = draft.members.filter((member) => member.chosen);
  return { property, all: chosen.reduce((sum, member) => sum + (hundredths(member.ratio) ?? 0), property) };
}

/** The terms as the server takes them; null while something typed is no number or nobody takes part. */
export function termsOf(draft: RuleDraft, kind: ShareKind, sourceMeterId: number): ShareTermsInput | null {
  const chosen = draft.members.filter((member) => member.chosen);
  const [property, low, middle, high] = [
    draft.property,
    draft.factors.low,
    draft.factors.middle,
    draft.factors.high,
  ].map(hundredths);
  const members = chosen.map((member) => ({
    id: member.id,
    ratioBp: draft.method === "ratio" ? hundredths(member.ratio) : 0,
    areaCm: hundredths(member.area) ?? (draft.method === "area" ? null : 0),
  }));
  if (property == null || low == null || middle == null || high == null || members.length === 0) return null;
  if (draft.price.trim() !== "" && !/^\d{1,6}(\.\d{1,4})?$/.test(draft.price.trim())) return null;
  const whole: ShareTermsInput["members"] = [];
  for (const { id, ratioBp, areaCm } of members) {
    if (ratioBp === null || areaCm === null) return null;
    whole.push({ id, ratioBp, areaCm });
  }
  const price = draft.price.trim() === "" ? null : draft.price.trim();
  const { method, period } = draft;
  return {
    kind,
    sourceMeterId,
    period,
    method,
    price,
    propertyBp: property,
    factors: { low, middle, high },
    members: whole,
  };
}
