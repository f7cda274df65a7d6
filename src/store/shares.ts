import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { HvacInputTable, ShareLineTable, SharePartTable, ShareRuleTable, ShareRunTable } from "./schema-shares.ts";
import { inScope } from "./scope.ts";
import { Stale } from "./stale.ts";

/** The rule that holds for a source meter on a day; null when none does yet. Of several for one day the newest. */
export async function ruleOn(tx: Tx, sourceMeterId: number, day: string): Promise<ShareRuleTable | null> {
  const row = await tx
    .selectFrom("share_rule")
    .selectAll()
    .where("source_meter_id", "=", sourceMeterId)
    .where("effective_day", "<=", day)
    .orderBy("effective_day", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** A version of a rule by its id. */
export async function ruleById(tx: Tx, id: string): Promise<ShareRuleTable> {
  return tx.selectFrom("share_rule").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
}

/** The members of a version of a rule, in their order. */
export async function partsOf(tx: Tx, ruleId: string): Promise<SharePartTable[]> {
  return tx.selectFrom("share_part").selectAll().where("rule_id", "=", ruleId).orderBy("line").execute();
}

/** The last run of a source meter for a period; null when it was never shared. */
export async function lastRun(tx: Tx, sourceMeterId: number, period: string): Promise<ShareRunTable | null> {
  const row = await tx
    .selectFrom("share_run")
    .selectAll()
    .where("source_meter_id", "=", sourceMeterId)
    .where("period", "=", period)
    .where("latest", "=", 1)
    .executeTakeFirst();
  return row ?? null;
}

/** The last period that a source meter was shared for. */
export async function lastPeriodShared(tx: Tx, sourceMeterId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("share_run")
    .where("source_meter_id", "=", sourceMeterId)
    .select((eb) => eb.fn.max("period").as("period"))
    .executeTakeFirst();
  return row?.period ?? null;
}

/** The lines of a run, in their order. */
export async function linesOf(tx: Tx, runId: string): Promise<ShareLineTable[]> {
  return tx.selectFrom("share_line").selectAll().where("run_id", "=", runId).orderBy("line").execute();
}

/** Adds a run in the place of the one that was seen; {@link Stale} when somebody shared the period meanwhile. */
export async function addRun(
  tx: Tx,
  run: ShareRunTable,
  lines: readonly ShareLineTable[],
  seen: ShareRunTable | null,
): Promise<void> {
  if (seen !== null) {
    const cleared = await tx
      .updateTable("share_run")
      .set({ latest: 0 })
      .where("id", "=", seen.id)
      .where("latest", "=", 1)
      .executeTakeFirst();
    if (updatedRows(cleared) === 0) throw new Stale(`run ${seen.id}`);
  }
  const fresh = await insertIgnore(tx, "share_run", [run], ["source_meter_id", "period", "rev"]);
  if (fresh === 0) throw new Stale(`sharing of ${run.source_meter_id} for ${run.period}`);
  await tx
    .insertInto("share_line")
    .values([...lines])
    .execute();
}

/** Source meters that have a rule. */
export async function sharedSources(tx: Tx): Promise<number[]> {
  const rows = await tx
    .selectFrom("share_rule")
    .select("source_meter_id")
    .distinct()
    .orderBy("source_meter_id")
    .execute();
  return rows.map((row) => row.source_meter_id);
}

/** A meter with what sharing needs to know of it; undefined outside the scope. */
export async function meterToShare(tx: Tx, scope: Scope, meterId: number) {
  return tx
    .selectFrom("meter")
    .leftJoin("account", "account.id", "meter.account_id")
    .where("meter.id", "=", meterId)
    .where((eb) => inScope(eb, scope))
    .select([
      "meter.id",
      "meter.project_id",
      "meter.area_id",
      "meter.label",
      "meter.number",
      "meter.kind",
      "meter.mode",
      "meter.box_id",
      "meter.price_e4",
      "meter.account_id",
      "account.customer_id",
      "account.credit_at",
    ])
    .executeTakeFirst();
}
/** One of {@link meterToShare}. */
export type MeterToShare = NonNullable<Awaited<ReturnType<typeof meterToShare>>>;

/** An indoor unit with its account, as sharing needs it. */
export async function unitToShare(tx: Tx, unitId: number) {
  return tx
    .selectFrom("hvac_unit")
    .leftJoin("account", "account.id", "hvac_unit.account_id")
    .where("hvac_unit.id", "=", unitId)
    .selectAll("hvac_unit")
    .select(["account.customer_id", "account.credit_at"])
    .executeTakeFirstOrThrow();
}

/** The run times of an indoor unit on a day as they were last entered; null when nobody has. */
export async function lastInput(tx: Tx, unitId: number, day: string): Promise<HvacInputTable | null> {
  const row = await tx
    .selectFrom("hvac_input")
    .selectAll()
    .where("unit_id", "=", unitId)
    .where("day", "=", day)
    .orderBy("rev", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/**
 * The periods of a source meter that may have to be shared: those that a rule covers and that were closed but not shared, and those
 * of which a reading or a run time is newer than the sharing. In the order of time.
 */
export async function periodsToShare(
  tx: Tx,
  input: { sourceMeterId: number; sinceDay: string; sinceMonth: string },
): Promise<string[]> {
  const rules = await tx
    .selectFrom("share_rule")
    .select(["id", "effective_day", "period"])
    .where("source_meter_id", "=", input.sourceMeterId)
    .orderBy("effective_day")
    .orderBy("id")
    .execute();
  const runs = await tx
    .selectFrom("share_run")
    .select(["period", "made_at"])
    .where("source_meter_id", "=", input.sourceMeterId)
    .where("latest", "=", 1)
    .where("period", ">=", input.sinceMonth)
    .execute();
  const sharedAt = new Map(runs.map((run) => [run.period, run.made_at]));
  const changedAt = await changesByDay(tx, input);
  const periods = new Map<string, number>();
  for (const [day, at] of changedAt) {
    const rule = rules.findLast((each) => each.effective_day <= day);
    if (rule === undefined) continue;
    const period = rule.period === "day" ? day : day.slice(0, 7);
    periods.set(period, Math.max(periods.get(period) ?? 0, at));
  }
  return [...periods]
    .filter(([period, at]) => (sharedAt.get(period) ?? 0) <= at)
    .map(([period]) => period)
    .sort();
}

/** When something that the sharing of each day rests on was last written: the source's and the members' days, run times. */
async function changesByDay(tx: Tx, input: { sourceMeterId: number; sinceDay: string }): Promise<Map<string, number>> {
  const parts = await tx
    .selectFrom("share_part")
    .innerJoin("share_rule", "share_rule.id", "share_part.rule_id")
    .where("share_rule.source_meter_id", "=", input.sourceMeterId)
    .select(["share_part.meter_id", "share_part.own_meter_id", "share_part.unit_id", "share_rule.method"])
    .execute();
  const source = await tx
    .selectFrom("meter_day")
    .select(["day", "made_at"])
    .where("meter_id", "=", input.sourceMeterId)
    .where("day", ">=", input.sinceDay)
    .where("latest", "=", 1)
    .execute();
  const changed = new Map<string, number>();
  for (const row of source) changed.set(row.day, Math.max(changed.get(row.day) ?? 0, row.made_at));
  const note = (rows: readonly { day: string; made_at: number }[]) => {
    for (const row of rows) {
      const known = changed.get(row.day);
      if (known !== undefined) changed.set(row.day, Math.max(known, row.made_at));
    }
  };
  const metered = parts.flatMap((part) => {
    if (part.method === "usage" && part.meter_id !== null) return [part.meter_id];
    return part.method === "meter" && part.own_meter_id !== null ? [part.own_meter_id] : [];
  });
  if (metered.length > 0) {
    note(
      await tx
        .selectFrom("meter_day")
        .select(["day", "made_at"])
        .where("meter_id", "in", [...new Set(metered)])
        .where("day", ">=", input.sinceDay)
        .where("latest", "=", 1)
        .execute(),
    );
  }
  const units = parts.flatMap((part) => (part.unit_id === null ? [] : [part.unit_id]));
  if (units.length > 0) {
    note(
      await tx
        .selectFrom("hvac_input")
        .select(["day", "made_at"])
        .where("unit_id", "in", [...new Set(units)])
        .where("day", ">=", input.sinceDay)
        .execute(),
    );
  }
  return changed;
}
