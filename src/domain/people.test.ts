import { expect, test } from "vitest";
import { isLoginName, loginName } from "./login-name.ts";
import { passwordFault } from "./password-rule.ts";
import { beyond, isFullAdministrator, permissionDiff } from "./people.ts";
import { ADMIN_ROLE, permissions, seedRoles } from "./permission.ts";
import { permissionGroups, permissionNames, seedRoleNames } from "./permission-names.ts";
import { NO_LIMITS } from "./user-limit.ts";

test.each([
  ["Wang.Jie", "wang.jie"],
  ["  wang.jie ", "wang.jie"],
  ["ＷＡＮＧ．ｊｉｅ", "wang.jie"],
  ["　王姐　", "王姐"],
])("%s and %s are one login name", (typed, kept) => {
  expect(loginName(typed)).toBe(kept);
  expect(loginName(kept)).toBe(kept);
});

test.each([
  ["wang.jie", true],
  ["王姐", true],
  ["user@site-2", true],
  ["w", false],
  ["", false],
  ["wang jie", false],
  ["wang\u200bjie", false],
  ["-wang", false],
  ["Wang", false],
  ["ｗａｎｇ", false],
  ["<script>", false],
  ["a".repeat(33), false],
])("a new user may be called %j: %s", (name, may) => {
  expect(isLoginName(name)).toBe(may);
});

test.each([
  ["Kf7m-wPq2x", null],
  ["充值管理员2026a", null],
  ["short-A1", "short"],
  ["aaaaaaaaaaaa", "plain"],
  ["abcdefgh1234", "plain"],
  ["Cashier-2026", "login"],
] as const)("of the password %s is said %s", (password, fault) => {
  expect(passwordFault(password, "cashier")).toBe(fault);
});

test("what somebody has not got himself is found, in the order of the list", () => {
  expect(beyond(new Set(["board.view"]), ["user.manage", "board.view", "meter.trip"])).toEqual([
    "meter.trip",
    "user.manage",
  ]);
  expect(permissionDiff(["board.view", "meter.view"], ["meter.view", "meter.trip"])).toEqual({
    added: ["meter.trip"],
    removed: ["board.view"],
  });
});

test("only who has everything over all meters, and no limit, is a full administrator", () => {
  const all = new Set(permissions);
  const limits = NO_LIMITS;
  expect(isFullAdministrator({ allMeters: true, permissions: all, limits })).toBe(true);
  expect(isFullAdministrator({ allMeters: false, permissions: all, limits })).toBe(false);
  expect(isFullAdministrator({ allMeters: true, permissions: all, limits: { ...limits, batchMeters: 9 } })).toBe(false);
  for (const one of permissions) {
    const rest = new Set(permissions.filter((each) => each !== one));
    expect(isFullAdministrator({ allMeters: true, permissions: rest, limits })).toBe(false);
  }
});

test("every permission stands in exactly one group and has two names", () => {
  const grouped = permissionGroups.flatMap((group) => group.permissions);
  expect(grouped.toSorted()).toEqual([...permissions].sort());
  for (const [zh, en] of Object.values(permissionNames))
    expect([zh !== "", /\p{Script=Han}/u.test(en)]).toEqual([true, false]);
});

test("roles of a new installation: codes are unique and named, the administrator's has everything, the auditor's only looks", () => {
  expect(new Set(seedRoles.map(({ code }) => code))).toEqual(new Set(Object.keys(seedRoleNames)));
  expect(seedRoles.find(({ code }) => code === ADMIN_ROLE)?.permissions).toEqual(permissions);
  const auditor = seedRoles.find(({ code }) => code === "auditor")?.permissions ?? [];
  expect(auditor).toContain("audit.view");
  expect(auditor.filter((each) => !/\.(view|see)$/.test(each))).toEqual([]);
});
