import fc from "fast-check";
import { expect, test } from "vitest";
import { approvalOf, changesOf } from "./audit-diff.ts";

test("what changed comes first, what stayed the same last", () => {
  expect(changesOf({ name: "a", ratio: 1 }, { name: "a", ratio: 30 })).toEqual([
    { field: "ratio", before: 1, after: 30, kind: "changed" },
    { field: "name", before: "a", after: "a", kind: "same" },
  ]);
});

test("one side alone is all new, or all gone; null is a value", () => {
  expect(changesOf(null, { box: null })).toEqual([{ field: "box", before: undefined, after: null, kind: "added" }]);
  expect(changesOf({ on: false }, null)).toEqual([{ field: "on", before: false, after: undefined, kind: "removed" }]);
  expect(changesOf(null, null)).toEqual([]);
});

test("what is nested is named by its path, lists are compared as a whole", () => {
  expect(changesOf({ rule: { on: true, limit: "200" }, meters: [1, 2] }, { rule: { on: true, limit: "50" } })).toEqual([
    { field: "rule.limit", before: "200", after: "50", kind: "changed" },
    { field: "meters", before: [1, 2], after: undefined, kind: "removed" },
    { field: "rule.on", before: true, after: true, kind: "same" },
  ]);
});

test("nothing that was written down is left out or makes it fail", () => {
  const figures = fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: null });
  fc.assert(
    fc.property(figures, figures, (before, after) => {
      const changes = changesOf(before, after);
      for (const name of Object.keys(after ?? {}))
        expect(changes.some(({ field }) => field === name || field.startsWith(`${name}.`))).toBe(true);
      for (const same of changesOf(before, before)) expect(same.kind).toBe("same");
    }),
  );
});

test("an approval is found on either side", () => {
  expect(approvalOf({ before: null, after: { approval: "x1" } })).toBe("x1");
  expect(approvalOf({ before: { approval: "x2" }, after: { state: "done" } })).toBe("x2");
  expect(approvalOf({ before: null, after: { approval: 7 } })).toBeNull();
});
