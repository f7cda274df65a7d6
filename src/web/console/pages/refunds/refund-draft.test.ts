import { beforeEach, describe, expect, test } from "vitest";
import { loadRefundDraft, newRefundDraft, refundDraftFor, saveRefundDraft } from "./refund-draft.ts";

const kept = new Map<string, string>();
const store = {
  getItem: (name: string) => kept.get(name) ?? null,
  setItem: (name: string, value: string) => void kept.set(name, value),
  removeItem: (name: string) => void kept.delete(name),
};
beforeEach(() => kept.clear());

describe("a refund that is being asked for", () => {
  const draft = { ...newRefundDraft({ meterId: 7, orderNo: "R1" }), quantity: "12.5" };

  test("outlives its page, and nothing that is not one is taken for it", () => {
    expect(loadRefundDraft(store)).toBeNull();
    saveRefundDraft(draft, store);
    expect(loadRefundDraft(store)).toEqual(draft);
    for (const bad of ["{", "1", "[]", JSON.stringify({ ...draft, kind: "clear" }), JSON.stringify({ key: 1 })]) {
      kept.set("jichao.refund", bad);
      expect(loadRefundDraft(store), bad).toBeNull();
    }
  });

  test("goes on for its meter and recharge, and gives way to another", () => {
    expect(refundDraftFor(draft, { meterId: 7, orderNo: "R1" })).toBe(draft);
    expect(refundDraftFor(draft, { meterId: 7, orderNo: null })).toBe(draft);
    expect(refundDraftFor(draft, { meterId: 7, orderNo: "R2" })).toMatchObject({
      meterId: 7,
      orderNo: "R2",
      quantity: "",
    });
    expect(refundDraftFor(draft, { meterId: 8, orderNo: null })?.key).not.toBe(draft.key);
    expect(refundDraftFor(draft, { meterId: null, orderNo: null })).toBeNull();
  });

  test("comes before everything while nobody knows whether it was asked for", () => {
    const doubtful = { ...draft, submittedAt: 1 };
    for (const meterId of [7, 8, null]) expect(refundDraftFor(doubtful, { meterId, orderNo: null })).toBe(doubtful);
  });

  test("has a key of its own", () => {
    expect(newRefundDraft({ meterId: 7, orderNo: null }).key).not.toBe(
      newRefundDraft({ meterId: 7, orderNo: null }).key,
    );
  });
});
