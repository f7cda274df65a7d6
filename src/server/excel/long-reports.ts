import type { z } from "zod";
import { AppError } from "#base/errors.ts";
import { addDays, type Day } from "#base/time.ts";
import { alarmFilter } from "#contract/alarms.ts";
import { auditFilter } from "#contract/audit.ts";
import { exchangeQuery } from "#contract/devices.ts";
import type { ExportReport } from "#contract/export-kinds.ts";
import { SLOT_DAYS_MAX } from "#contract/export-kinds.ts";
import { groupQuery } from "#contract/groups.ts";
import { lossQuery } from "#contract/losses.ts";
import { rechargeFilter } from "#contract/money.ts";
import { moveOutFilter } from "#contract/move-outs.ts";
import { rankingQuery } from "#contract/ranking.ts";
import { refundFilter } from "#contract/refunds.ts";
import { currentQuery, dayQuery, matrixQuery, periodQuery, slotsQuery } from "#contract/reports.ts";
import { runningOutQuery } from "#contract/running-out.ts";
import { batchFilter } from "#contract/switch-batches.ts";
import { trialFilter } from "#contract/trials.ts";
import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { alarmCounts } from "#store/alarm-pages.ts";
import { lossReport } from "#store/losses.ts";
import { rechargeTotals } from "#store/order-records.ts";
import { rankingReport } from "#store/ranking.ts";
import { slotsPerDay } from "#store/reading-steps.ts";
import { refundTotals } from "#store/refund-records.ts";
import { countReportMeters } from "#store/report-filter.ts";
import { periodReport } from "#store/report-periods.ts";
import { runningOutReport } from "#store/running-out.ts";
import { countBatches } from "#store/switch-batch-pages.ts";
import { countTrials } from "#store/trial-pages.ts";
import { dayAsked, dayOrPeriodAsked, monthAsked, periodAsked, rankingAsked } from "../asked-day.ts";
import { alarmsFile } from "./alarms-file.ts";
import type { ExportLanguage, NamedTable } from "./answer.ts";
import { auditFile, countAuditFile } from "./audit-file.ts";
import { batchesFile } from "./batches-file.ts";
import { exchangesFile } from "./exchanges-file.ts";
import { groupsFile } from "./groups-file.ts";
import { lossesFile } from "./losses-file.ts";
import { moveOutsFile } from "./move-outs-file.ts";
import { rankingFile } from "./ranking-file.ts";
import { rechargesFile } from "./recharges-file.ts";
import { refundsFile } from "./refunds-file.ts";
import { currentFile, dayFile, matrixFile, periodFile, slotsFile } from "./report-files.ts";
import { runningOutFile } from "./running-out-file.ts";
import { trialsFile } from "./trials-file.ts";
import { EXCEL_ROWS_MAX } from "./workbook.ts";

/** One long table, asked for with its filter: how many rows there are now, and the table. Both take the scope of the actor. */
export type AskedReport = {
  count(ctx: FlowContext, actor: Actor): Promise<number>;
  table(ctx: FlowContext, actor: Actor, language: ExportLanguage): Promise<NamedTable>;
};

/** A long report: of a filter that was read, or of the texts of an address. */
type LongReport<Q> = { of(query: Q): AskedReport; read(filter: unknown): AskedReport };

function report<Q>(of: {
  query: z.ZodType<Q>;
  count(ctx: FlowContext, actor: Actor, query: Q): Promise<number>;
  table(ctx: FlowContext, actor: Actor, query: Q & { language: ExportLanguage }): Promise<NamedTable> | NamedTable;
}): LongReport<Q> {
  const asked = (query: Q): AskedReport => ({
    count: (ctx, actor) => of.count(ctx, actor, query),
    table: async (ctx, actor, language) => of.table(ctx, actor, { ...query, language }),
  });
  return {
    of: asked,
    read(filter) {
      const read = of.query.safeParse(filter);
      if (!read.success) throw new AppError("invalid_input", { what: read.error.issues[0]?.path.join(".") ?? "" });
      return asked(read.data);
    },
  };
}

/** Every table that may be long. Each is read page by page behind a key that never changes (see docs/EXPORTS.md). */
export const longReports = {
  current: report({
    query: currentQuery,
    count: (ctx, actor, query) => countReportMeters(ctx.db.read, actor.scope, query),
    table: currentFile,
  }),
  day: report({
    query: dayQuery,
    count: (ctx, actor, query) => countReportMeters(ctx.db.read, actor.scope, query),
    table: (ctx, actor, query) => dayFile(ctx, actor, { ...query, day: dayAsked(query.day) }),
  }),
  matrix: report({
    query: matrixQuery,
    count: (ctx, actor, query) => countReportMeters(ctx.db.read, actor.scope, query),
    table: (ctx, actor, query) => matrixFile(ctx, actor, { ...query, month: monthAsked(query.month) }),
  }),
  period: report({
    query: periodQuery,
    count: async (ctx, actor, query) => (await period(ctx, actor, query)).children.length,
    table: async (ctx, actor, query) => periodFile(ctx, actor, await period(ctx, actor, query), query.language),
  }),
  losses: report({
    query: lossQuery,
    count: async (ctx, actor, query) => (await lossReport(ctx.db.read, actor.scope, lossAsked(query))).total,
    table: (ctx, actor, { language, ...query }) => lossesFile(ctx, actor, { ...lossAsked(query), language }),
  }),
  ranking: report({
    query: rankingQuery,
    count: async (ctx, actor, query) => (await rankingReport(ctx.db.read, actor.scope, rankingAsked(query))).total,
    table: (ctx, actor, { language, ...query }) => rankingFile(ctx, actor, { ...rankingAsked(query), language }),
  }),
  runningOut: report({
    query: runningOutQuery,
    count: async (ctx, actor, query) =>
      (await runningOutReport(ctx.db.read, actor.scope, { ...query, after: 0, limit: 0, now: ctx.clock() })).total,
    table: runningOutFile,
  }),
  readings: report({
    query: slotsQuery,
    count: async (ctx, actor, query) => {
      const meters = await countReportMeters(ctx.db.read, actor.scope, query);
      const count = meters * daysAsked(query).length * slotsPerDay(Number(query.minutes));
      if (count > EXCEL_ROWS_MAX) throw new AppError("too_many_rows", { count, max: EXCEL_ROWS_MAX });
      return count;
    },
    table: (ctx, actor, { language, kind, areaId, search, ...query }) =>
      slotsFile(ctx, actor, {
        ...{ language, kind, areaId, search },
        ...{ days: daysAsked(query), minutes: Number(query.minutes) },
      }),
  }),
  recharges: report({
    query: rechargeFilter,
    count: async (ctx, actor, query) => (await rechargeTotals(ctx.db.read, actor.scope, query)).count,
    table: rechargesFile,
  }),
  refunds: report({
    query: refundFilter,
    count: async (ctx, actor, query) => (await refundTotals(ctx.db.read, actor.scope, query)).count,
    table: refundsFile,
  }),
  alarms: report({
    query: alarmFilter,
    count: async (ctx, actor, query) => {
      const { open, closed } = await alarmCounts(ctx.db.read, actor.scope, query);
      return open + closed;
    },
    table: alarmsFile,
  }),
  batches: report({
    query: batchFilter,
    count: (ctx, actor, query) => countBatches(ctx.db.read, actor, query),
    table: batchesFile,
  }),
  trials: report({
    query: trialFilter,
    count: (ctx, actor, query) => countTrials(ctx.db.read, actor.scope, query),
    table: trialsFile,
  }),
  audit: report({ query: auditFilter, count: countAuditFile, table: auditFile }),
  exchanges: report({ query: exchangeQuery, count: counted(exchangesFile), table: exchangesFile }),
  groups: report({ query: groupQuery, count: counted(groupsFile), table: groupsFile }),
  moveOuts: report({ query: moveOutFilter, count: counted(moveOutsFile), table: moveOutsFile }),
} satisfies Record<ExportReport, Pick<LongReport<never>, "read">>;

/** A long table with the filter that its address holds; the refusal when that is none. */
export function longReport(name: ExportReport, filter: unknown): AskedReport {
  return longReports[name].read(filter);
}

function lossAsked(query: z.output<typeof lossQuery>) {
  return { ...query, period: dayOrPeriodAsked(query.period) };
}

function daysAsked({ from, to }: { from: string; to: string }): Day[] {
  const [first, last] = [dayAsked(from), dayAsked(to)];
  const days: Day[] = [];
  for (let day = first; day <= last && days.length <= SLOT_DAYS_MAX; day = addDays(day, 1)) days.push(day);
  if (days.length === 0 || days.length > SLOT_DAYS_MAX)
    throw new AppError("invalid_input", { what: `${from} – ${to}` });
  return days;
}

/** Lists without a count of their own are counted by going through them, up to what is downloaded at once. */
function counted<Q>(
  table: (ctx: FlowContext, actor: Actor, query: Q & { language: ExportLanguage }) => Promise<NamedTable> | NamedTable,
) {
  return async (ctx: FlowContext, actor: Actor, query: Q) =>
    (await table(ctx, actor, { ...query, language: "zh-CN" })).count();
}

async function period(ctx: FlowContext, actor: Actor, query: z.output<typeof periodQuery>) {
  const found = await periodReport(ctx.db.read, actor.scope, { ...query, period: periodAsked(query.period) });
  if (found === null) throw new AppError("area_not_found");
  return found;
}
