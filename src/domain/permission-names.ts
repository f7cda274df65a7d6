import type { Permission } from "./permission.ts";

/** What people call something: Chinese first, English second. */
export type Name = readonly [zh: string, en: string];

/** What each permission (功能权限) allows, in a few words: for the matrix of roles and for refusals. */
export const permissionNames: Readonly<Record<Permission, Name>> = {
  "board.view": ["查看状态墙", "See the board"],
  "meter.view": ["查看表计", "See meters and concentrators"],
  "meter.read": ["补抄", "Read on demand"],
  "meter.trip": ["拉闸", "Trip"],
  "meter.close": ["合闸", "Close"],
  "guard.stop": ["停止全部拉闸", "Stop all trips"],
  "guard.release": ["解除拉闸保护", "Release the guard over trips"],
  "alarm.view": ["查看报警", "See alarms"],
  "alarm.handle": ["处理报警", "Handle alarms"],
  "recharge.view": ["查看充值记录", "See recharges"],
  "recharge.create": ["充值", "Recharge"],
  "recharge.withdraw": ["撤回充值", "Withdraw a recharge"],
  "recharge.recheck": ["重新核对充值", "Check a recharge again"],
  "refund.create": ["办理退费", "Refund"],
  "refund.approve": ["审批退费", "Approve refunds"],
  "credit.clear": ["清零", "Clear and write off"],
  "shift.view": ["查看交班", "See shifts"],
  "shift.close_other": ["代他人交班", "Close a shift of somebody else"],
  "customer.view": ["查看客户", "See customers"],
  "contact.full": ["查看完整电话", "See whole phone numbers"],
  "moveout.create": ["办理退租", "Move-outs and move-ins"],
  "account.merge": ["合并主分表", "Merge accounts"],
  "price.see": ["查看单价与费用", "See prices and costs of meters"],
  "price.view": ["查看价格", "See prices"],
  "price.manage": ["修改价格", "Change prices"],
  "price.approve": ["审批价格", "Approve prices"],
  "calendar.manage": ["修改日历与停电时段", "Calendar and no-cut hours"],
  "report.view": ["查看报表", "See reports and readings"],
  "reading.correct": ["更正读数", "Correct readings"],
  "share.view": ["查看公摊", "See public shares"],
  "share.manage": ["管理公摊", "Manage public shares"],
  "meter.manage": ["管理表计档案", "Manage meters"],
  "meter.mode": ["切换表计模式", "Change the mode of a meter"],
  "meter.exchange": ["换表", "Exchange meters"],
  "loadguard.set": ["设置安全用电", "Set load guards"],
  "loadguard.release": ["解除安全锁定", "Release locked load guards"],
  "concentrator.manage": ["管理集中器", "Manage concentrators"],
  "archive.import": ["导入档案", "Import archives"],
  "reconcile.view": ["查看对账", "See the reconciliation"],
  "reconcile.correct": ["处理对账差异", "Settle differences"],
  "audit.view": ["查看审计日志", "See the audit"],
  "user.manage": ["管理用户", "Manage users and roles"],
  "settings.manage": ["修改设置", "Change settings"],
};

/** The permissions in the order and under the headings in which people look for them; each stands in exactly one group. */
export const permissionGroups: readonly { code: string; name: Name; permissions: readonly Permission[] }[] = [
  {
    code: "now",
    name: ["实时与控制", "Now and control"],
    permissions: [
      "board.view",
      "meter.view",
      "meter.read",
      "meter.trip",
      "meter.close",
      "loadguard.release",
      "guard.stop",
      "guard.release",
      "alarm.view",
      "alarm.handle",
    ],
  },
  {
    code: "money",
    name: ["充值与退费", "Recharges and refunds"],
    permissions: [
      "recharge.view",
      "recharge.create",
      "recharge.withdraw",
      "recharge.recheck",
      "refund.create",
      "refund.approve",
      "credit.clear",
      "shift.view",
      "shift.close_other",
    ],
  },
  {
    code: "customer",
    name: ["客户与账户", "Customers and accounts"],
    permissions: ["customer.view", "contact.full", "moveout.create", "account.merge"],
  },
  {
    code: "price",
    name: ["价格与停电", "Prices and cuts"],
    permissions: ["price.see", "price.view", "price.manage", "price.approve", "calendar.manage"],
  },
  {
    code: "data",
    name: ["抄表数据", "Readings"],
    permissions: ["report.view", "reading.correct", "share.view", "share.manage"],
  },
  {
    code: "device",
    name: ["设备与档案", "Devices and archives"],
    permissions: [
      "meter.manage",
      "meter.mode",
      "meter.exchange",
      "loadguard.set",
      "concentrator.manage",
      "archive.import",
    ],
  },
  {
    code: "system",
    name: ["对账与系统", "Books and system"],
    permissions: ["reconcile.view", "reconcile.correct", "audit.view", "user.manage", "settings.manage"],
  },
];

/** What the roles of a new installation are called in English; their Chinese names stand in the database, where people may change them. */
export const seedRoleNames: Readonly<Record<string, string>> = {
  admin: "System administrator",
  cashier: "Cashier",
  finance: "Finance",
  maintenance: "Maintenance",
  area_manager: "Area manager",
  auditor: "Auditor",
};
