import { expect, test } from "vitest";
import { money } from "#base/units.ts";
import type { Permission } from "./permission.ts";
import { hasLimits, limitBeyond, limitsText, limitsTyped, NO_LIMITS, roomOf, type UserLimits } from "./user-limit.ts";

const yuan = (value: number) => money(value * 10_000);
const cashier = new Set<Permission>(["recharge.create", "refund.create"]);

test.each<[string, Partial<UserLimits>, Partial<UserLimits>, string | null]>([
  ["nobody is limited", {}, {}, null],
  ["who has none gives any", {}, { rechargeDay: yuan(5) }, null],
  ["no limit is more than any", { rechargeDay: yuan(500) }, {}, "rechargeDay"],
  ["more is more", { rechargeDay: yuan(500) }, { rechargeDay: yuan(501) }, "rechargeDay"],
  ["as much is not", { rechargeDay: yuan(500) }, { rechargeDay: yuan(500) }, null],
  ["each kind by itself", { refundDay: yuan(50) }, { rechargeDay: yuan(500) }, "refundDay"],
  ["what he cannot do is not limited", { batchMeters: 5 }, {}, null],
])("%s", (_, own, limits, kind) => {
  expect(limitBeyond({ ...NO_LIMITS, ...own }, { limits: { ...NO_LIMITS, ...limits }, permissions: cashier })).toBe(
    kind,
  );
});

test("what is left of a day is never less than nothing", () => {
  expect(roomOf(yuan(500), yuan(120))).toBe(yuan(380));
  expect(roomOf(yuan(500), yuan(500))).toBe(0);
  expect(roomOf(yuan(100), yuan(500))).toBe(0);
});

test("limits are read as they were written, and what is no amount is no limit", () => {
  const limits = { ...NO_LIMITS, rechargeDay: yuan(500), batchMeters: 20 };
  expect(limitsText(limits)).toEqual({ rechargeDay: "500.00", rechargeOne: null, refundDay: null, batchMeters: 20 });
  expect(limitsTyped(limitsText(limits))).toEqual(limits);
  expect(limitsTyped({ ...limitsText(NO_LIMITS), refundDay: "0" })).toEqual({ ...NO_LIMITS, refundDay: 0 });
  for (const typed of ["", "-1", "1.234", "1e3", "10000000.01", "一百"])
    expect(limitsTyped({ ...limitsText(NO_LIMITS), rechargeOne: typed })).toBeNull();
  expect([hasLimits(NO_LIMITS), hasLimits(limits)]).toEqual([false, true]);
});
