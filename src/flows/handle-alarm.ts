import { AppError } from "#base/errors.ts";
import type { Acknowledged, AlarmRuleRequest } from "#contract/alarms.ts";
import { type AlarmFinding, PHOTO_BYTES_MAX, type PhotoType, photoTypeOf } from "#domain/alarm.ts";
import type { Actor } from "#domain/permission.ts";
import type { StaticRule } from "#domain/static-rule.ts";
import { alarmInScope, changeAlarm, lookAtProject, ruleKey, staticRuleSeen } from "#store/alarms.ts";
import { addAudit } from "#store/audit.ts";
import { projectExists } from "#store/collection.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { claimMeterState } from "#store/meters.ts";
import type { AlarmTable } from "#store/schema-alarms.ts";
import { replaceSetting } from "#store/settings.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

type Outcome = Acknowledged["items"][number];

/** Takes note of some alarms (确认): the boards of everybody show them no longer. Each is a decision of its own, and each result is told. */
export async function acknowledgeAlarms(
  ctx: FlowContext,
  actor: Actor,
  input: { alarmIds: readonly string[]; note: string; ip: string },
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const alarmId of new Set(input.alarmIds)) {
    const { note, ip } = input;
    outcomes.push({
      alarmId,
      ...(await decide(ctx.db, (tx) => acknowledgeOne(ctx, tx, actor, { alarmId, note, ip }))),
    });
  }
  return outcomes;
}

async function acknowledgeOne(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  { alarmId, note, ip }: { alarmId: string; note: string; ip: string },
): Promise<Omit<Outcome, "alarmId">> {
  const found = await claimedAlarm(tx, actor, alarmId);
  if (found === null) return { outcome: "not_found", by: null };
  const isRepeated = found.acknowledged_by === actor.login && found.acknowledge_note === note;
  if (found.acknowledged_at !== null)
    return { outcome: isRepeated ? "acknowledged" : "already", by: found.acknowledged_by };
  if (found.open_mark === null) return { outcome: "closed", by: found.visited_by };
  const at = ctx.clock();
  const change = { acknowledged_by: actor.login, acknowledged_at: at, acknowledge_note: note };
  await changeAlarm(tx, alarmId, "unacknowledged", change);
  const entry = { before: null, after: { meterId: found.meter_id, kind: found.kind, note } };
  await keepTold(ctx, tx, found, {
    actor,
    action: "alarm.acknowledge",
    ...entry,
    reason: note,
    ip,
    event: "alarm_acknowledged",
  });
  return { outcome: "acknowledged", by: actor.login };
}

/**
 * Keeps what somebody found where a meter was alarmed about (现场结果), and ends the alarm. One that ended by itself meanwhile takes what was
 * found as well: whoever went there did so for something. Only the first visit counts; the same one again does no harm.
 */
export async function recordVisit(
  ctx: FlowContext,
  actor: Actor,
  input: { alarmId: string; finding: AlarmFinding; note: string; photo: string | null; ip: string },
): Promise<void> {
  const photo = input.photo === null ? null : photoOf(input.photo);
  await decide(ctx.db, async (tx) => {
    const { alarmId, finding, note, ip } = input;
    const found = await claimedAlarm(tx, actor, alarmId);
    if (found === null) throw new AppError("alarm_not_found");
    if (found.kind === "safety_lock") throw new AppError("alarm_needs_release");
    // A second click, or an answer that was lost on the way.
    const isRepeated = found.visited_by === actor.login && found.finding === finding && found.visit_note === note;
    if (isRepeated) return;
    if (found.visited_at !== null) throw new AppError("alarm_visited", { by: found.visited_by ?? "" });
    const at = ctx.clock();
    const visit = { finding, visited_by: actor.login, visited_at: at, visit_note: note };
    const end = found.open_mark === null ? {} : { open_mark: null, closed_at: at, closed_how: "visit" as const };
    await changeAlarm(tx, alarmId, "unvisited", { ...visit, ...end });
    if (photo !== null)
      await tx
        .insertInto("alarm_photo")
        .values({ alarm_id: alarmId, ...photo })
        .execute();
    const before = { state: found.open_mark === null ? "closed" : "open" };
    const after = { meterId: found.meter_id, kind: found.kind, finding, photoBytes: photo?.bytes.length ?? 0 };
    await keepTold(ctx, tx, found, {
      actor,
      action: "alarm.visit",
      before,
      after,
      reason: note,
      ip,
      event: "alarm_closed",
    });
  });
}

/** An alarm in the actor's scope, with its meter's state taken: nobody else decides about it meanwhile. */
async function claimedAlarm(tx: Tx, actor: Actor, alarmId: string): Promise<AlarmTable | null> {
  const seen = await alarmInScope(tx, actor.scope, alarmId);
  if (seen === undefined) return null;
  await claimMeterState(tx, seen.meter_id);
  return (await alarmInScope(tx, actor.scope, alarmId)) ?? null;
}

function photoOf(base64: string): { type: PhotoType; bytes: Buffer } {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length > PHOTO_BYTES_MAX) throw new AppError("photo_too_large", { mb: PHOTO_BYTES_MAX / 1024 / 1024 });
  const type = photoTypeOf(bytes);
  if (type === null) throw new AppError("photo_unreadable");
  return { type, bytes };
}

type Told = {
  actor: Actor;
  action: "alarm.acknowledge" | "alarm.visit";
  before: object | null;
  after: { meterId: number; finding?: AlarmFinding; note?: string };
  reason: string;
  ip: string;
  event: "alarm_acknowledged" | "alarm_closed";
};

/** Into the audit, into the meter's history, and onto every board that shows it. */
async function keepTold(ctx: FlowContext, tx: Tx, alarm: AlarmTable, told: Told): Promise<void> {
  const at = ctx.clock();
  const { actor, action, before, after, reason, ip, event } = told;
  await addAudit(tx, {
    ...{ id: ctx.newId(at), at, actor: actor.login, action, object: `meter:${alarm.meter_id}` },
    ...{ before, after: { ...after, alarmId: alarm.id }, reason, ip },
  });
  await tx.updateTable("meter_state").set({ changed_at: at }).where("meter_id", "=", alarm.meter_id).execute();
  const detail = {
    alarm: alarm.kind,
    by: actor.login,
    ...(after.finding && { ended: "visit", finding: after.finding }),
  };
  const meterId = alarm.meter_id;
  await addEvents(tx, [{ id: ctx.newId(at), meterId, at, kind: event, severity: "info", detail }]);
}

/** Sets the static rule of a project: it is applied to all its meters at once, and audited with the reason. */
export async function saveAlarmRule(
  ctx: FlowContext,
  actor: Actor,
  input: AlarmRuleRequest & { ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const { projectId, version, reason, ip, enabled, periodHours, floorWh, readingsMin } = input;
    // What holds for a whole project is changed by somebody who sees all of it.
    if (!actor.scope.all || !(await projectExists(tx, projectId))) throw new AppError("not_found");
    const at = ctx.clock();
    const { rule: before } = await staticRuleSeen(tx, projectId);
    const after: StaticRule = { enabled, periodHours, floorWh, readingsMin };
    const change = { key: ruleKey(projectId), value: JSON.stringify(after), seenAt: version, by: actor.login, at };
    if (!(await replaceSetting(tx, change))) throw new AppError("archive_changed", { what: "静止报警规则" });
    await lookAtProject(tx, projectId);
    await addAudit(tx, {
      ...{ id: ctx.newId(at), at, actor: actor.login, action: "alarm.rule", object: `project:${projectId}` },
      ...{ before, after, reason, ip },
    });
  });
}
