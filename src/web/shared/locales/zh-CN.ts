import { alarmsZh } from "./alarms.zh-CN.ts";
import { approvalsZh } from "./approvals.zh-CN.ts";
import { areasZh } from "./areas.zh-CN.ts";
import { auditZh } from "./audit.zh-CN.ts";
import { boardZh } from "./board.zh-CN.ts";
import { collectionZh } from "./collection.zh-CN.ts";
import { commandsZh } from "./commands.zh-CN.ts";
import { completenessZh } from "./completeness.zh-CN.ts";
import { deskZh } from "./desk.zh-CN.ts";
import { devicesZh } from "./devices.zh-CN.ts";
import { eventsZh } from "./events.zh-CN.ts";
import { exportsZh } from "./exports.zh-CN.ts";
import { groupsZh } from "./groups.zh-CN.ts";
import { importsZh } from "./imports.zh-CN.ts";
import { limitsZh } from "./limits.zh-CN.ts";
import { linksZh } from "./links.zh-CN.ts";
import { loadGuardZh } from "./load-guard.zh-CN.ts";
import { lossesZh } from "./losses.zh-CN.ts";
import { meterZh } from "./meter.zh-CN.ts";
import { moveOutsZh } from "./move-outs.zh-CN.ts";
import { offGuardZh } from "./off-guard.zh-CN.ts";
import { peopleZh } from "./people.zh-CN.ts";
import { pricesZh } from "./prices.zh-CN.ts";
import { rankingZh } from "./ranking.zh-CN.ts";
import { rechargeZh } from "./recharge.zh-CN.ts";
import { reconcileZh } from "./reconcile.zh-CN.ts";
import { recordsZh } from "./records.zh-CN.ts";
import { refundsZh } from "./refunds.zh-CN.ts";
import { reliabilityZh } from "./reliability.zh-CN.ts";
import { reportsZh } from "./reports.zh-CN.ts";
import { runningOutZh } from "./running-out.zh-CN.ts";
import { safetyZh } from "./safety.zh-CN.ts";
import { shellZh } from "./shell.zh-CN.ts";
import { slotsZh } from "./slots.zh-CN.ts";
import { supplyZh } from "./supply.zh-CN.ts";
import { trialsZh } from "./trials.zh-CN.ts";

/** Every sentence of the web pages in Chinese: the language that is always complete. Keys are grouped by place. */
export const zhCN = {
  ...alarmsZh,
  ...approvalsZh,
  ...areasZh,
  ...auditZh,
  ...boardZh,
  ...collectionZh,
  ...commandsZh,
  ...completenessZh,
  ...deskZh,
  ...devicesZh,
  ...eventsZh,
  ...exportsZh,
  ...groupsZh,
  ...importsZh,
  ...limitsZh,
  ...linksZh,
  ...meterZh,
  ...loadGuardZh,
  ...lossesZh,
  ...rankingZh,
  ...runningOutZh,
  ...moveOutsZh,
  ...offGuardZh,
  ...peopleZh,
  ...pricesZh,
  ...rechargeZh,
  ...reconcileZh,
  ...recordsZh,
  ...refundsZh,
  ...reliabilityZh,
  ...reportsZh,
  ...safetyZh,
  ...shellZh,
  ...slotsZh,
  ...supplyZh,
  ...trialsZh,
};

/** The shape that every other language must fill completely. */
export type Messages = typeof zhCN;
