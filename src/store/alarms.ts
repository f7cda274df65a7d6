import { type ExpressionBuilder, sql } from "kysely";
import { type Instant, instant } from "#base/time.ts";
import type { AlarmFinding, AlarmKind } from "#domain/alarm.ts";
import type { MeterMode } from "#domain/meter-mode.ts";
import type { Scope } from "#domain/permission.ts";
import { STATIC_RULE, type StaticRule } from "#domain/static-rule.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { Schema } from "./schema.ts";
import type { AlarmTable } from "./schema-alarms.ts";
import type { MeterStateTable } from "./schema-readings.ts";
import { inScope } from "./scope.ts";
import { setting, settingSeen } from "./settings.ts";

/** The setting that holds the static rule of a project. */
export const ruleKey = (projectId: number): string => `alarm.static.${projectId}`;

/** The static rule of every project. */
export async function staticRules(tx: Tx): Promise<Map<number, StaticRule>> {
  const projects = await tx.selectFrom("project").select("id").execute();
  const rules = new Map<number, StaticRule>();
  for (const { id } of projects) rules.set(id, parseRule(await setting(tx, ruleKey(id))));
  return rules;
}

/** The static rule of a project with who set it last; `version` is 0 when nobody did. */
export async function staticRuleSeen(tx: Tx, projectId: number) {
  const seen = await settingSeen(tx, ruleKey(projectId));
  return {
    rule: parseRule(seen?.value ?? null),
    updatedBy: seen?.updatedBy ?? "",
    version: seen?.updatedAt ?? 0,
  };
}

function parseRule(text: string | null): StaticRule {
  return text === null ? STATIC_RULE : { ...STATIC_RULE, ...(JSON.parse(text) as Partial<StaticRule>) };
}

/** Sees to it that every meter in use is watched; new ones at once. */
export async function watchNewMeters(tx: Tx, limit: number): Promise<number> {
  const rows = await tx
    .selectFrom("meter")
    .leftJoin("static_watch", "static_watch.meter_id", "meter.id")
    .where("static_watch.meter_id", "is", null)
    .where("meter.retired_at", "is", null)
    .select("meter.id")
    .orderBy("meter.id")
    .limit(limit)
    .execute();
  const fresh = rows.map(({ id }) => ({ meter_id: id, due_at: 0 }));
  return insertIgnore(tx, "static_watch", fresh, ["meter_id"]);
}

/** Meters at which it is worth looking now, the longest due first; by an index on the time alone. */
export function dueWatches(tx: Tx, now: Instant, limit: number): Promise<{ meter_id: number; due_at: number }[]> {
  return tx
    .selectFrom("static_watch")
    .selectAll()
    .where("due_at", "<=", now)
    .orderBy("due_at")
    .orderBy("meter_id")
    .limit(limit)
    .execute();
}

/** Says when to look again, unless somebody said something else meanwhile (another server, a changed rule). */
export async function lookAgain(
  tx: Tx,
  rows: readonly { meterId: number; seen: number; againAt: Instant }[],
): Promise<void> {
  for (const { meterId, seen, againAt } of rows)
    await tx
      .updateTable("static_watch")
      .set({ due_at: againAt })
      .where("meter_id", "=", meterId)
      .where("due_at", "=", seen)
      .execute();
}

/** A changed rule is applied to every meter of its project at once. */
export async function lookAtProject(tx: Tx, projectId: number): Promise<void> {
  await tx
    .updateTable("static_watch")
    .set({ due_at: 0 })
    .where("meter_id", "in", (eb) => eb.selectFrom("meter").select("meter.id").where("project_id", "=", projectId))
    .execute();
}

/** What is known of some meters besides their readings that decides about standing still. */
export async function stillRows(tx: Tx, meterIds: readonly number[]) {
  if (meterIds.length === 0) return [];
  return tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("move_out_meter", "move_out_meter.open_meter_id", "meter.id")
    .where("meter.id", "in", [...meterIds])
    .select([
      "meter.id",
      "meter.project_id",
      "meter.account_id",
      "meter.mode",
      "meter.master_of",
      "meter.retired_at",
      "concentrator.online",
      "meter_state.relay",
      "meter_state.silent_rounds",
      "meter_state.suspect_wh",
      "meter_state.rejected_wh",
      "meter_state.index_wh",
      "meter_state.index_at",
      "move_out_meter.move_out_no",
    ])
    .execute();
}

/** A row of {@link stillRows}. */
export type StillRow = {
  id: number;
  project_id: number;
  account_id: number | null;
  mode: MeterMode;
  master_of: string | null;
  retired_at: number | null;
  online: number;
  move_out_no: string | null;
} & Pick<MeterStateTable, "relay" | "silent_rounds" | "suspect_wh" | "rejected_wh" | "index_wh" | "index_at">;

/** When supply came back or a tenant moved in last, since an instant; 0 when it did not. */
export async function beganAgainAt(tx: Tx, meterId: number, since: Instant): Promise<number> {
  const row = await tx
    .selectFrom("meter_event")
    .where("meter_id", "=", meterId)
    .where("at", ">=", since)
    .where("kind", "in", ["closed", "moved_in"])
    .select((eb) => eb.fn.max("at").as("at"))
    .executeTakeFirst();
  return Number(row?.at ?? 0);
}

/** The last visit to a meter because of such an alarm; null when nobody went there. */
export async function lastVisit(
  tx: Tx,
  meterId: number,
  kind: AlarmKind,
): Promise<{ finding: AlarmFinding; at: Instant } | null> {
  const row = await tx
    .selectFrom("alarm")
    .where("meter_id", "=", meterId)
    .where("kind", "=", kind)
    .where("visited_at", "is not", null)
    .select(["finding", "visited_at"])
    .orderBy("visited_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.finding ? { finding: row.finding, at: instant(row.visited_at ?? 0) } : null;
}

/** Opens an alarm; false when one of this kind is open at the meter already. */
export async function openAlarm(tx: Tx, row: AlarmTable): Promise<boolean> {
  return (await insertIgnore(tx, "alarm", [row], ["meter_id", "kind", "open_mark"])) === 1;
}

/** An alarm of a kind that is open at a meter. */
export function openAlarmOf(tx: Tx, meterId: number, kind: AlarmKind): Promise<AlarmTable | undefined> {
  return tx
    .selectFrom("alarm")
    .selectAll()
    .where("meter_id", "=", meterId)
    .where("kind", "=", kind)
    .where("open_mark", "=", 1)
    .executeTakeFirst();
}

/** Meters with an open static alarm whose index is another than the one that was looked at, or where nobody lives any more. */
export async function openToReconsider(tx: Tx, after: number, limit: number): Promise<number[]> {
  const rows = await tx
    .selectFrom("alarm")
    .innerJoin("meter", "meter.id", "alarm.meter_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("alarm.open_mark", "=", 1)
    .where("alarm.kind", "=", "static")
    .where("alarm.meter_id", ">", after)
    .where((eb) =>
      eb.or([
        eb("meter_state.index_wh", "<>", eb.ref("alarm.index_wh")),
        eb("meter.account_id", "is", null),
        eb("meter.retired_at", "is not", null),
      ]),
    )
    .select("alarm.meter_id")
    .orderBy("alarm.meter_id")
    .limit(limit)
    .execute();
  return rows.map((row) => row.meter_id);
}

/** One alarm, if its meter lies in the scope. */
export function alarmInScope(tx: Tx, scope: Scope, id: string): Promise<AlarmTable | undefined> {
  return tx
    .selectFrom("alarm")
    .innerJoin("meter", "meter.id", "alarm.meter_id")
    .where((eb) => inScope(eb as unknown as ExpressionBuilder<Schema, "meter">, scope))
    .where("alarm.id", "=", id)
    .selectAll("alarm")
    .executeTakeFirst();
}

/** Changes an alarm; false when it is not (or not any more) as it has to be for that. */
export async function changeAlarm(
  tx: Tx,
  id: string,
  must: "open" | "unacknowledged" | "unvisited",
  change: Partial<Omit<AlarmTable, "id" | "meter_id" | "kind">>,
): Promise<boolean> {
  const result = await tx
    .updateTable("alarm")
    .set(change)
    .where("id", "=", id)
    .$if(must !== "unvisited", (query) => query.where("open_mark", "=", 1))
    .$if(must === "unacknowledged", (query) => query.where("acknowledged_at", "is", null))
    .$if(must === "unvisited", (query) => query.where("visited_at", "is", null))
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Whether a meter has an open alarm of a kind that nobody has acknowledged: 1 or null. For queries over `meter`. */
export function waits(eb: ExpressionBuilder<Schema, "meter">, kind: AlarmKind) {
  return eb
    .selectFrom("alarm")
    .select(sql<number>`1`.as("waits"))
    .whereRef("alarm.meter_id", "=", "meter.id")
    .where("alarm.kind", "=", kind)
    .where("alarm.open_mark", "=", 1)
    .where("alarm.acknowledged_at", "is", null)
    .as(`${kind}_waits`);
}
