import { beforeEach, describe, expect, test } from "vitest";
import {
  type DraftStore,
  draftForAddress,
  forgetFinishedDraft,
  isInDoubt,
  loadDraft,
  newDraft,
  saveDraft,
} from "./draft.ts";

let kept: Map<string, string>;
let store: DraftStore;

beforeEach(() => {
  kept = new Map();
  store = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  };
});

describe("a payment at the desk", () => {
  test("has a key of its own that the server takes", () => {
    const [a, b] = [newDraft(1, null), newDraft(1, null)];
    expect(a.key).not.toBe(b.key);
    expect(a.key).toMatch(/^[\w-]{8,64}$/);
  });

  test("survives a reload with its key", () => {
    const draft = { ...newDraft(7, null), amount: "100" };
    saveDraft(draft, store);
    expect(loadDraft(store)).toEqual(draft);
  });

  test.each(["", "{", "[]", '"x"', '{"key":1}', '{"key":"a","meterId":"7"}'])("is none when %j is stored", (text) => {
    kept.set("jichao.recharge", text);
    expect(loadDraft(store)).toBeNull();
  });

  test("in doubt is neither forgotten nor replaced by another meter's", () => {
    const draft = { ...newDraft(7, null), submittedAt: 1 };
    expect(isInDoubt(draft)).toBe(true);
    saveDraft(draft, store);
    forgetFinishedDraft(store);
    expect(loadDraft(store)).toEqual(draft);
    expect(draftForAddress(draft, { meterId: 8, replaces: null })).toBe(draft);
    expect(draftForAddress(draft, { meterId: null, replaces: null })).toBe(draft);
  });

  test("that is booked is shown again by reload and back, and makes room for another meter", () => {
    const draft = { ...newDraft(7, null), submittedAt: 1, orderNo: "R1" };
    expect(isInDoubt(draft)).toBe(false);
    expect(draftForAddress(draft, { meterId: 7, replaces: null })).toBe(draft);
    expect(draftForAddress(draft, { meterId: null, replaces: null })).toBe(draft);
    const other = draftForAddress(draft, { meterId: 8, replaces: null });
    expect(other).toMatchObject({ meterId: 8, orderNo: null });
    expect(other?.key).not.toBe(draft.key);
  });

  test("that is booked is forgotten when the next one is asked for", () => {
    saveDraft({ ...newDraft(7, null), submittedAt: 1, orderNo: "R1" }, store);
    forgetFinishedDraft(store);
    expect(loadDraft(store)).toBeNull();
  });

  test("that makes good a refund is never one that was there before, nor is a later one taken for it", () => {
    const booked = { ...newDraft(7, null), submittedAt: 1, orderNo: "R1" };
    expect(draftForAddress(booked, { meterId: 7, replaces: "F1" })).toMatchObject({ orderNo: null, replaces: "F1" });
    expect(draftForAddress(booked, { meterId: null, replaces: "F1" })).toBeNull();
    const open = newDraft(7, "F1");
    expect(draftForAddress(open, { meterId: 7, replaces: "F1" })).toBe(open);
    expect(draftForAddress(open, { meterId: 7, replaces: null })).toMatchObject({ replaces: null });
    const done = { ...open, submittedAt: 1, orderNo: "R2" };
    expect(draftForAddress(done, { meterId: 7, replaces: null })).toBe(done);
    expect(draftForAddress(done, { meterId: 7, replaces: "F2" })).toMatchObject({ orderNo: null, replaces: "F2" });
  });

  test("needs a meter", () => {
    expect(draftForAddress(null, { meterId: null, replaces: null })).toBeNull();
    expect(draftForAddress(null, { meterId: 3, replaces: null })).toMatchObject({ meterId: 3 });
  });
});
