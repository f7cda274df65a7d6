import { expect, test } from "vitest";
import type { RoleView } from "#contract/people.ts";
import { permissions } from "#domain/permission.ts";
import { changesOf, isTicked, matrixOf, rowOrder, ticked } from "./matrix-draft.ts";

const role = (roleId: number, granted: RoleView["permissions"], version = 0): RoleView => ({
  ...{ roleId, version, code: `role${roleId}`, name: `${roleId}`, permissions: granted, users: 0, fixed: false },
});

test("every permission has a row", () => {
  expect(rowOrder.toSorted()).toEqual([...permissions].sort());
});

test("ticking and unticking again is no change", () => {
  const cashier = role(2, ["board.view"]);
  const cell = { role: cashier, permission: "meter.view" as const };
  const draft = ticked(new Map(), [cell], true);
  expect(isTicked(cashier, "meter.view", draft)).toBe(true);
  expect(changesOf([cashier], draft)).toMatchObject([{ added: ["meter.view"], removed: [] }]);
  expect(changesOf([cashier], ticked(draft, [cell], false))).toEqual([]);
});

test("what somebody else saved meanwhile stays, and carries his version", () => {
  const draft = ticked(new Map(), [{ role: role(2, ["board.view"]), permission: "meter.view" }], true);
  const later = role(2, ["board.view", "report.view"], 1);
  expect(matrixOf(changesOf([later], draft))).toEqual([
    { roleId: 2, version: 1, permissions: ["board.view", "meter.view", "report.view"] },
  ]);
  expect(changesOf([role(2, ["board.view", "meter.view"], 2)], draft)).toEqual([]);
});
