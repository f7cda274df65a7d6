import { add, formatMoney, money, NO_MONEY, parseMoney } from "#base/units.ts";
import { newKey } from "#web/shared/new-key.ts";
import type { DraftChannel, DraftStore } from "../recharge/draft.ts";

/**
 * One payment over several meters, from the moment its form opens; its key identifies it for ever, over reloads and double clicks. `amounts`
 * is what was typed for each meter; `submittedAt` is set while nobody knows whether it was booked.
 */
export type SplitDraft = {
  key: string;
  customerId: number;
  amount: string;
  amounts: Readonly<Record<string, string>>;
  channel: DraftChannel;
  note: string;
  submittedAt: number | null;
  paymentNo: string | null;
};

const STORED_AS = "jichao.split";

/** A fresh payment for a customer, with a key of its own. */
export function newSplitDraft(customerId: number): SplitDraft {
  return {
    key: newKey(),
    customerId,
    amount: "",
    amounts: {},
    channel: "cash",
    note: "",
    submittedAt: null,
    paymentNo: null,
  };
}

/** The payment that this tab was about for the customer, else a fresh one. One in doubt comes first, whoever's it is. */
export function splitDraftFor(customerId: number, store: DraftStore = sessionStorage): SplitDraft {
  const stored = loadSplitDraft(store);
  if (stored !== null && (isSplitInDoubt(stored) || stored.customerId === customerId)) return stored;
  return newSplitDraft(customerId);
}

/** Keeps the payment for this tab; null forgets it. */
export function saveSplitDraft(draft: SplitDraft | null, store: DraftStore = sessionStorage): void {
  if (draft === null) store.removeItem(STORED_AS);
  else store.setItem(STORED_AS, JSON.stringify(draft));
}

/** True while nobody knows whether the payment was booked. */
export function isSplitInDoubt(draft: SplitDraft): boolean {
  return draft.submittedAt !== null && draft.paymentNo === null;
}

/** The parts that get something, as the server wants them. */
export function partsOf(draft: Pick<SplitDraft, "amounts">): { meterId: number; amount: string }[] {
  return Object.entries(draft.amounts).flatMap(([meterId, text]) => {
    const amount = parseMoney(text);
    return amount === null || amount === 0 ? [] : [{ meterId: Number(meterId), amount: text }];
  });
}

/** What the parts come to, and what is still to be given out (negative: too much); null when no amount was typed. */
export function restOf(draft: Pick<SplitDraft, "amount" | "amounts">): { given: string; rest: string } | null {
  const whole = parseMoney(draft.amount);
  if (whole === null) return null;
  const given = partsOf(draft).reduce((sum, part) => add(sum, parseMoney(part.amount) ?? NO_MONEY), NO_MONEY);
  return { given: formatMoney(given), rest: formatMoney(money(whole - given)) };
}

function loadSplitDraft(store: DraftStore): SplitDraft | null {
  try {
    const draft: unknown = JSON.parse(store.getItem(STORED_AS) ?? "null");
    return isSplitDraft(draft) ? draft : null;
  } catch {
    return null;
  }
}

function isSplitDraft(value: unknown): value is SplitDraft {
  return (
    typeof value === "object" &&
    value !== null &&
    "key" in value &&
    typeof value.key === "string" &&
    "customerId" in value &&
    typeof value.customerId === "number" &&
    "amount" in value &&
    typeof value.amount === "string" &&
    "amounts" in value &&
    typeof value.amounts === "object" &&
    "channel" in value &&
    (value.channel === "cash" || value.channel === "transfer") &&
    "note" in value &&
    "submittedAt" in value &&
    "paymentNo" in value
  );
}
