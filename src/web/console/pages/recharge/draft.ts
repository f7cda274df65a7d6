import { newKey } from "#web/shared/new-key.ts";

export type DraftChannel = "cash" | "transfer";

/**
 * One payment at the desk, from the moment its form opens. `key` identifies it for ever, so whatever is done to the page
 * (double click, reload, back) it can be booked once only. `submittedAt` is set while nobody knows whether it was
 * booked, `orderNo` as soon as it was.
 */
export type Draft = {
  key: string;
  meterId: number;
  label: string;
  amount: string;
  channel: DraftChannel;
  note: string;
  submittedAt: number | null;
  orderNo: string | null;
  /** The refund of a wrong recharge that this one makes good; null as a rule. */
  replaces: string | null;
};

/** What we need of a `Storage`. */
export type DraftStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const STORED_AS = "jichao.recharge";

/** A fresh payment for a meter, with a key of its own. */
export function newDraft(meterId: number, replaces: string | null): Draft {
  const what = { label: "", amount: "", channel: "cash" as const, note: "" };
  return { key: newKey(), meterId, ...what, submittedAt: null, orderNo: null, replaces };
}

/** The payment that this tab was about; null when there is none or what is stored cannot be understood. */
export function loadDraft(store: DraftStore = sessionStorage): Draft | null {
  try {
    const draft: unknown = JSON.parse(store.getItem(STORED_AS) ?? "null");
    return isDraft(draft) ? draft : null;
  } catch {
    return null;
  }
}

/** Keeps the payment for this tab; null forgets it. */
export function saveDraft(draft: Draft | null, store: DraftStore = sessionStorage): void {
  if (draft === null) store.removeItem(STORED_AS);
  else store.setItem(STORED_AS, JSON.stringify(draft));
}

/** Forgets a payment that is booked, so that the same meter can be recharged again; one in doubt is kept. */
export function forgetFinishedDraft(store: DraftStore = sessionStorage): void {
  const draft = loadDraft(store);
  if (draft !== null && !isInDoubt(draft)) saveDraft(null, store);
}

/** True while nobody knows whether the payment was booked. It must be cleared up before anything else. */
export function isInDoubt(draft: Draft): boolean {
  return draft.submittedAt !== null && draft.orderNo === null;
}

/**
 * The payment that the desk shows for the meter in its address. A payment in doubt comes before everything; what this
 * tab already has for the meter goes on, even when it is booked: "back" shows the order, never a second form for it.
 */
export function draftForAddress(
  stored: Draft | null,
  { meterId, replaces }: { meterId: number | null; replaces: string | null },
): Draft | null {
  if (stored !== null && isInDoubt(stored)) return stored;
  // What takes the place of a refunded recharge is never a payment that was there before.
  const goesOn = stored !== null && (stored.replaces === replaces || (replaces === null && stored.orderNo !== null));
  if (goesOn && (meterId === null || stored.meterId === meterId)) return stored;
  return meterId === null ? null : newDraft(meterId, replaces);
}

function isDraft(value: unknown): value is Draft {
  return (
    typeof value === "object" &&
    value !== null &&
    "key" in value &&
    typeof value.key === "string" &&
    "meterId" in value &&
    typeof value.meterId === "number" &&
    "amount" in value &&
    typeof value.amount === "string" &&
    "channel" in value &&
    (value.channel === "cash" || value.channel === "transfer") &&
    "submittedAt" in value &&
    "orderNo" in value &&
    "replaces" in value &&
    (value.replaces === null || typeof value.replaces === "string")
  );
}
