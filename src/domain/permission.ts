/** What a user may do (功能权限). Routes, menus and buttons name these; roles are sets of them. */
export const permissions = [
  "board.view",
  "meter.view",
  "meter.read",
  "meter.trip",
  "meter.close",
  "guard.stop",
  "guard.release",
  "alarm.view",
  "alarm.handle",
  "recharge.create",
  "recharge.view",
  "recharge.withdraw",
  "recharge.recheck",
  "shift.view",
  "shift.close_other",
  "refund.create",
  "refund.approve",
  "credit.clear",
  "moveout.create",
  "customer.view",
  "contact.full",
  "account.merge",
  "meter.mode",
  "meter.exchange",
  "meter.manage",
  "loadguard.set",
  "loadguard.release",
  "concentrator.manage",
  "archive.import",
  "price.see",
  "price.view",
  "price.manage",
  "price.approve",
  "calendar.manage",
  "report.view",
  "reading.correct",
  "share.view",
  "share.manage",
  "reconcile.view",
  "reconcile.correct",
  "audit.view",
  "user.manage",
  "settings.manage",
] as const;

export type Permission = (typeof permissions)[number];

/** Roles that a new installation starts with; an administrator may change them. */
export const seedRoles: readonly { code: string; name: string; permissions: readonly Permission[] }[] = [
  { code: "admin", name: "系统管理员", permissions },
  {
    code: "cashier",
    name: "充值管理员",
    permissions: [
      "board.view",
      "meter.view",
      "meter.read",
      "recharge.create",
      "recharge.view",
      "recharge.withdraw",
      "shift.view",
      "refund.create",
      "moveout.create",
      "customer.view",
      "contact.full",
      "price.see",
      "report.view",
    ],
  },
  {
    code: "finance",
    name: "财务",
    permissions: [
      "board.view",
      "meter.view",
      "recharge.view",
      "shift.view",
      "shift.close_other",
      "refund.approve",
      "credit.clear",
      "customer.view",
      "contact.full",
      "price.see",
      "account.merge",
      "price.view",
      "price.manage",
      "price.approve",
      "calendar.manage",
      "report.view",
      "reading.correct",
      "share.view",
      "share.manage",
      "reconcile.view",
      "reconcile.correct",
      "audit.view",
    ],
  },
  {
    code: "maintenance",
    name: "维保员",
    permissions: [
      "board.view",
      "meter.view",
      "meter.read",
      "meter.trip",
      "meter.close",
      "guard.stop",
      "guard.release",
      "alarm.view",
      "alarm.handle",
      "meter.exchange",
      "meter.manage",
      "concentrator.manage",
      "archive.import",
      "recharge.recheck",
      "report.view",
    ],
  },
  {
    code: "area_manager",
    name: "片区经理",
    permissions: [
      "board.view",
      "meter.view",
      "guard.stop",
      "alarm.view",
      "alarm.handle",
      "recharge.view",
      "customer.view",
      "contact.full",
      "price.see",
      "calendar.manage",
      "report.view",
      "share.view",
    ],
  },
  {
    code: "auditor",
    name: "审计员",
    permissions: [
      "board.view",
      "meter.view",
      "alarm.view",
      "recharge.view",
      "shift.view",
      "customer.view",
      "price.see",
      "price.view",
      "report.view",
      "share.view",
      "reconcile.view",
      "audit.view",
    ],
  },
];

/** The role that holds every permission for ever: without it a permission that nobody has could be given back by nobody. */
export const ADMIN_ROLE = "admin";

/**
 * Which meters a user may see (辖区): everything, or the meters below some area nodes plus some single meters.
 * Every store query that returns meters, people or money takes one.
 */
export type Scope = { all: true } | { all: false; areaIds: readonly number[]; meterIds: readonly number[] };

export const SCOPE_ALL: Scope = { all: true };
export const SCOPE_NONE: Scope = { all: false, areaIds: [], meterIds: [] };

/** Someone who asks: who, what they may do, and over which meters. */
export type Actor = {
  userId: number;
  login: string;
  name: string;
  permissions: ReadonlySet<Permission>;
  scope: Scope;
  /** Set while he logs in with a password that somebody else chose: until he has one of his own he may do nothing else. */
  readonly mustChangePassword?: true;
  /** Set while an administrator looks through this user's eyes (预览): he sees what the user sees, and may change nothing. */
  readonly previewedBy?: { readonly userId: number; readonly login: string; readonly name: string };
};
