import { addDays, DAY_MS, type Day, endOfDay, type Instant } from "#base/time.ts";
import type { CompletenessReport, DayHeld, MissingReport } from "#contract/completeness.ts";
import { whyMissing } from "#domain/completeness.ts";
import type { Scope } from "#domain/permission.ts";
import { profiles } from "#protocol/profiles.ts";
import {
  countMissing,
  expectedByConcentrator,
  heldByConcentrator,
  heldByMeter,
  METER_DAYS,
  missingFreezes,
} from "#store/completeness.ts";
import type { ReportFilter } from "#store/report-filter.ts";
import type { FlowContext } from "./context.ts";

/** Days beside each other. */
const DAYS = 7;

/** How many midnights each model remembers; those that freeze none are left out. */
const KEPT = new Map(
  [...profiles.values()].flatMap(({ name, memory }) => (memory.daily === null ? [] : [[name, memory.daily.kept]])),
) as ReadonlyMap<string, number>;
const MODELS = [...KEPT.keys()];

/** How complete the daily freezes are (抄通率): a day's freeze is the one at its end. What a model cannot give is not expected of it. */
export async function completenessOf(
  ctx: FlowContext,
  scope: Scope,
  asked: ReportFilter & { day: Day },
): Promise<CompletenessReport> {
  const days = Array.from({ length: DAYS }, (_, i) => addDays(asked.day, -i));
  const now = ctx.clock();
  const midnights = days.map(endOfDay);
  const query = { ...asked, profiles: MODELS, midnights };
  const rows = await expectedByConcentrator(ctx.db.read, scope, query);
  const held = await heldByConcentrator(ctx.db.read, scope, query);
  const items = rows.map(({ expected, ...row }) => ({
    ...row,
    days: midnights.map((midnight, i): DayHeld => {
      const own = held.get(`${row.concentratorId}:${midnight}`);
      // Nothing is missing of a day that has not ended.
      return { expected: midnight > now ? 0 : (expected[i] ?? 0), held: own?.held ?? 0, drifted: own?.drifted ?? 0 };
    }),
  }));
  return { asOf: now, days, items, sum: midnights.map((_, i) => sumOf(items.map((row) => row.days[i]))) };
}

function sumOf(days: readonly (DayHeld | undefined)[]): DayHeld {
  const add = (of: keyof DayHeld) => days.reduce((sum, day) => sum + (day?.[of] ?? 0), 0);
  return { expected: add("expected"), held: add("held"), drifted: add("drifted") };
}

/** The meters whose freeze of a day is not there, and why. */
export async function missingOf(
  ctx: FlowContext,
  scope: Scope,
  asked: ReportFilter & { day: Day; concentratorId?: number | undefined; after: number; limit: number },
): Promise<MissingReport> {
  const now = ctx.clock();
  const midnight = endOfDay(asked.day);
  if (midnight > now) return { asOf: now, items: [], next: null, total: 0 };
  const query = { ...asked, profiles: MODELS, midnight };
  const rows = await missingFreezes(ctx.db.read, scope, { ...query, limit: asked.limit + 1 });
  const shown = rows.slice(0, asked.limit);
  const held = await heldByMeter(
    ctx.db.read,
    shown.map((row) => row.id),
    midnight,
  );
  return {
    asOf: now,
    items: shown.map((row) => ({
      meterId: row.id,
      label: row.label,
      number: row.number,
      areaName: row.area_name,
      customer: row.customer_name,
      concentrator: row.code,
      why: whyMissing({
        midnight,
        now,
        keptMs: (KEPT.get(row.profile) ?? 0) * DAY_MS,
        toldNone: row.told_at !== null,
        since: row.since_at,
        online: row.online === 1,
        silentRounds: row.silent_rounds,
        lastAnswerAt: row.last_answer_at,
        trouble: row.trouble,
      }),
      lastAnswerAt: row.last_answer_at,
      nextAt: row.next_at ?? 0,
      expected: expectedOf(row.created_at, midnight),
      held: held.get(row.id) ?? 0,
    })),
    next: rows.length > asked.limit ? (shown.at(-1)?.id ?? null) : null,
    total: await countMissing(ctx.db.read, scope, query),
  };
}

function expectedOf(createdAt: number, midnight: Instant): number {
  return Math.min(METER_DAYS, Math.ceil((midnight - createdAt) / DAY_MS));
}
