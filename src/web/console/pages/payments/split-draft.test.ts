import { expect, test } from "vitest";
import { newSplitDraft, partsOf, restOf, saveSplitDraft, splitDraftFor } from "./split-draft.ts";

function store() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

test("a payment keeps its key over a reload, and is another one for another customer", () => {
  const tab = store();
  const draft = { ...newSplitDraft(7), amount: "100" };
  saveSplitDraft(draft, tab);
  expect(splitDraftFor(7, tab)).toEqual(draft);
  expect(splitDraftFor(8, tab).key).not.toBe(draft.key);
});

test("a payment in doubt comes first, whoever's page is opened", () => {
  const tab = store();
  const doubt = { ...newSplitDraft(7), submittedAt: 1 };
  saveSplitDraft(doubt, tab);
  expect(splitDraftFor(8, tab)).toEqual(doubt);
  saveSplitDraft({ ...doubt, paymentNo: "R1" }, tab);
  expect(splitDraftFor(8, tab).customerId).toBe(8);
});

test("what cannot be understood is forgotten", () => {
  const tab = store();
  for (const text of ["{", '"x"', "[]", '{"key":1}']) {
    tab.setItem("jichao.split", text);
    expect(splitDraftFor(3, tab).customerId).toBe(3);
  }
});

test("empty and unreadable parts get nothing, and the rest is said with its sign", () => {
  const draft = { amount: "100", amounts: { "1": "60", "2": "", "3": "0", "4": "50.5" } };
  expect(partsOf(draft)).toEqual([
    { meterId: 1, amount: "60" },
    { meterId: 4, amount: "50.5" },
  ]);
  expect(restOf(draft)).toEqual({ given: "110.50", rest: "-10.50" });
  expect(restOf({ ...draft, amount: "" })).toBeNull();
});
