import { expect, test } from "vitest";
import { money } from "#base/units.ts";
import { type Asked, approvalKinds, defaultRule, needsApproval, whyNotDecide } from "./approval.ts";

test("what is above the limit needs a second person, what is at it does not; limit 0 means everything", () => {
  const rule = defaultRule("refund");
  expect(needsApproval(rule, money(2_000_000))).toBe(false);
  expect(needsApproval(rule, money(2_000_001))).toBe(true);
  expect(needsApproval({ ...rule, on: false }, money(9_000_000))).toBe(false);
  expect(needsApproval(defaultRule("clear"), money(0))).toBe(true);
});

const asked: Asked = { kind: "refund", state: "requested", requestedBy: "wang", expiresAt: 1000 };
const li = { login: "li", permissions: new Set([approvalKinds.refund.decidedBy]) };

test("the one who asked never decides, whatever he is permitted", () => {
  expect(whyNotDecide(asked, li, 10)).toBeNull();
  expect(whyNotDecide(asked, { ...li, login: "wang" }, 10)).toBe("same_person");
});

test("nobody decides without the permission, twice, or too late", () => {
  expect(whyNotDecide(asked, { login: "li", permissions: new Set() }, 10)).toBe("not_permitted");
  expect(whyNotDecide({ ...asked, kind: "price" }, li, 10)).toBe("not_permitted");
  expect(whyNotDecide(asked, li, 1000)).toBe("expired");
  for (const state of ["approved", "rejected", "withdrawn", "expired"] as const)
    expect(whyNotDecide({ ...asked, state }, li, 10)).toBe("not_open");
});
