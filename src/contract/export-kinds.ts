import type { Permission } from "#domain/permission.ts";

// What the pages need of exports at run time. No schema may come here: the policy of the pages refuses what zod does.

/**
 * Tables that may be long: they can be made in the background (后台导出). Where each is downloaded while it is short, and who may have it.
 */
export const exportReports = {
  current: { path: "/api/reports/current/export", permission: "report.view" },
  day: { path: "/api/reports/day/export", permission: "report.view" },
  matrix: { path: "/api/reports/matrix/export", permission: "report.view" },
  period: { path: "/api/reports/period/export", permission: "report.view" },
  losses: { path: "/api/reports/losses/export", permission: "report.view" },
  ranking: { path: "/api/reports/ranking/export", permission: "report.view" },
  readings: { path: "/api/reports/readings/export", permission: "report.view" },
  recharges: { path: "/api/recharges/file", permission: "recharge.view" },
  refunds: { path: "/api/refunds/file", permission: "recharge.view" },
  exchanges: { path: "/api/exchanges/export", permission: "meter.view" },
  groups: { path: "/api/groups/file", permission: "customer.view" },
  runningOut: { path: "/api/reports/running-out/export", permission: "customer.view" },
  alarms: { path: "/api/alarms/file", permission: "alarm.view" },
  batches: { path: "/api/switch-batches/file", permission: "meter.view" },
  trials: { path: "/api/trials/file", permission: "meter.view" },
  audit: { path: "/api/audit/file", permission: "audit.view" },
  moveOuts: { path: "/api/move-outs/export", permission: "moveout.create" },
} as const satisfies Record<string, { path: `/api/${string}`; permission: Permission }>;

export type ExportReport = keyof typeof exportReports;

/** Whoever may export anything that may be long. */
export const exportPermissions: readonly Permission[] = [
  ...new Set(Object.values(exportReports).map(({ permission }) => permission)),
];

/** From so many rows on a table is not downloaded at once but made in the background. */
export const EXPORT_DIRECT_ROWS = 20_000;

/** Lengths of a slot in minutes that divide an hour, and the hour. */
export const slotMinutes = ["5", "10", "15", "30", "60"] as const;
/** Days of slots in one file. */
export const SLOT_DAYS_MAX = 31;
