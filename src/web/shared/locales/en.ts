import { alarmsEn } from "./alarms.en.ts";
import { approvalsEn } from "./approvals.en.ts";
import { areasEn } from "./areas.en.ts";
import { auditEn } from "./audit.en.ts";
import { boardEn } from "./board.en.ts";
import { collectionEn } from "./collection.en.ts";
import { commandsEn } from "./commands.en.ts";
import { completenessEn } from "./completeness.en.ts";
import { deskEn } from "./desk.en.ts";
import { devicesEn } from "./devices.en.ts";
import { eventsEn } from "./events.en.ts";
import { exportsEn } from "./exports.en.ts";
import { groupsEn } from "./groups.en.ts";
import { importsEn } from "./imports.en.ts";
import { limitsEn } from "./limits.en.ts";
import { linksEn } from "./links.en.ts";
import { loadGuardEn } from "./load-guard.en.ts";
import { lossesEn } from "./losses.en.ts";
import { meterEn } from "./meter.en.ts";
import { moveOutsEn } from "./move-outs.en.ts";
import { offGuardEn } from "./off-guard.en.ts";
import { peopleEn } from "./people.en.ts";
import { pricesEn } from "./prices.en.ts";
import { rankingEn } from "./ranking.en.ts";
import { rechargeEn } from "./recharge.en.ts";
import { reconcileEn } from "./reconcile.en.ts";
import { recordsEn } from "./records.en.ts";
import { refundsEn } from "./refunds.en.ts";
import { reliabilityEn } from "./reliability.en.ts";
import { reportsEn } from "./reports.en.ts";
import { runningOutEn } from "./running-out.en.ts";
import { safetyEn } from "./safety.en.ts";
import { shellEn } from "./shell.en.ts";
import { slotsEn } from "./slots.en.ts";
import { supplyEn } from "./supply.en.ts";
import { trialsEn } from "./trials.en.ts";
import type { Messages } from "./zh-CN.ts";

/** Every sentence of the web pages in English; the type refuses a missing or surplus key. */
export const en: Messages = {
  ...alarmsEn,
  ...approvalsEn,
  ...areasEn,
  ...auditEn,
  ...boardEn,
  ...collectionEn,
  ...commandsEn,
  ...completenessEn,
  ...deskEn,
  ...devicesEn,
  ...eventsEn,
  ...exportsEn,
  ...groupsEn,
  ...importsEn,
  ...limitsEn,
  ...linksEn,
  ...meterEn,
  ...loadGuardEn,
  ...lossesEn,
  ...rankingEn,
  ...runningOutEn,
  ...moveOutsEn,
  ...offGuardEn,
  ...peopleEn,
  ...pricesEn,
  ...rechargeEn,
  ...reconcileEn,
  ...recordsEn,
  ...refundsEn,
  ...reliabilityEn,
  ...reportsEn,
  ...safetyEn,
  ...shellEn,
  ...slotsEn,
  ...supplyEn,
  ...trialsEn,
};
