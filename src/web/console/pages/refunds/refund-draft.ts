import type { RefundRequest } from "#contract/refunds.ts";
import { newKey } from "#web/shared/new-key.ts";
import type { DraftStore } from "../recharge/draft.ts";

/**
 * One refund at the desk, from the moment its form opens. `key` identifies it for ever, so whatever is done to the page it can be asked
 * for once only. `submittedAt` is set while nobody knows whether it was.
 */
export type RefundDraft = Pick<
  RefundRequest,
  "key" | "meterId" | "kind" | "quantity" | "orderNo" | "method" | "reason"
> & {
  label: string;
  submittedAt: number | null;
};

const STORED_AS = "jichao.refund";

/** A fresh refund of a meter, about a recharge when there is one, with a key of its own. */
export function newRefundDraft(of: { meterId: number; orderNo: string | null }): RefundDraft {
  const what = { kind: "units" as const, quantity: "", method: "cash" as const, reason: "" };
  return { key: newKey(), ...of, ...what, label: "", submittedAt: null };
}

/** The refund that this tab was about; null when there is none or what is stored cannot be understood. */
export function loadRefundDraft(store: DraftStore = sessionStorage): RefundDraft | null {
  try {
    const draft: unknown = JSON.parse(store.getItem(STORED_AS) ?? "null");
    return isDraft(draft) ? draft : null;
  } catch {
    return null;
  }
}

/** Keeps the refund for this tab; null forgets it. */
export function saveRefundDraft(draft: RefundDraft | null, store: DraftStore = sessionStorage): void {
  if (draft === null) store.removeItem(STORED_AS);
  else store.setItem(STORED_AS, JSON.stringify(draft));
}

/**
 * The refund that the page shows for its address. One in doubt comes before everything; what this tab already has for the same meter and
 * recharge goes on.
 */
export function refundDraftFor(
  stored: RefundDraft | null,
  address: { meterId: number | null; orderNo: string | null },
): RefundDraft | null {
  if (stored !== null && stored.submittedAt !== null) return stored;
  const { meterId, orderNo } = address;
  if (meterId === null) return null;
  const goesOn = stored !== null && stored.meterId === meterId && (orderNo === null || stored.orderNo === orderNo);
  return goesOn ? stored : newRefundDraft({ meterId, orderNo });
}

function isDraft(value: unknown): value is RefundDraft {
  if (typeof value !== "object" || value === null) return false;
  const draft = value as Partial<Record<keyof RefundDraft, unknown>>;
  const texts = [draft.key, draft.quantity, draft.reason, draft.label];
  return (
    texts.every((text) => typeof text === "string") &&
    typeof draft.meterId === "number" &&
    ["units", "wallet", "balance"].includes(String(draft.kind)) &&
    ["cash", "transfer", "original"].includes(String(draft.method)) &&
    (draft.orderNo === null || typeof draft.orderNo === "string") &&
    (draft.submittedAt === null || typeof draft.submittedAt === "number")
  );
}
