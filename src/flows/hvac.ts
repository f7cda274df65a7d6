import { AppError } from "#base/errors.ts";
import { dayOf, parseDay } from "#base/time.ts";
import type { HvacInputRequest, HvacUnitRequest } from "#contract/shares.ts";
import type { Actor } from "#domain/permission.ts";
import { minutesFault } from "#domain/share.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { insertIgnore, updatedRows } from "#store/portable.ts";
import type { HvacUnitTable } from "#store/schema-shares.ts";
import { nextNumbers } from "#store/sequences.ts";
import { lastInput, meterToShare } from "#store/shares.ts";
import { Stale } from "#store/stale.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Makes or changes an indoor unit (内机档案). What was shared keeps what the unit was then; a new rule takes what it is now. */
export async function saveHvacUnit(
  ctx: FlowContext,
  actor: Actor,
  input: HvacUnitRequest & { ip: string },
): Promise<number> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const outdoor = await meterToShare(tx, actor.scope, input.outdoorMeterId);
    if (!outdoor) throw new AppError("meter_not_found");
    const payer = input.payerMeterId === null ? null : await meterToShare(tx, actor.scope, input.payerMeterId);
    if (payer === undefined) throw new AppError("meter_not_found");
    if (input.ownMeterId !== null && !(await meterToShare(tx, actor.scope, input.ownMeterId))) {
      throw new AppError("meter_not_found");
    }
    const before = await unitSeen(tx, input);
    const unit: HvacUnitTable = {
      id: before?.id ?? (await nextNumbers(tx, "hvac_unit")),
      project_id: outdoor.project_id,
      area_id: payer?.area_id ?? outdoor.area_id,
      outdoor_meter_id: outdoor.id,
      account_id: payer?.account_id ?? null,
      number: input.number,
      label: input.label,
      rated_w: input.ratedW,
      area_cm: input.areaCm,
      own_meter_id: input.ownMeterId,
      disabled: input.disabled ? 1 : 0,
      version: (before?.version ?? 0) + 1,
    };
    if (before === null) {
      if ((await insertIgnore(tx, "hvac_unit", [unit], ["number"])) === 0) {
        throw new AppError("hvac_number_taken", { number: input.number });
      }
    } else await changeUnit(tx, before, unit);
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "share.manage",
      object: `hvac:${unit.id}`,
      before,
      after: unit,
      reason: input.reason,
      ip: input.ip,
    });
    return unit.id;
  });
}

async function unitSeen(tx: Tx, input: HvacUnitRequest): Promise<HvacUnitTable | null> {
  if (input.unitId === null) return null;
  const unit = await tx.selectFrom("hvac_unit").selectAll().where("id", "=", input.unitId).executeTakeFirst();
  if (!unit) throw new AppError("hvac_unit_not_found");
  if (unit.version !== input.version) throw new AppError("hvac_unit_changed");
  return unit;
}

async function changeUnit(tx: Tx, before: HvacUnitTable, { id, ...unit }: HvacUnitTable): Promise<void> {
  const taken = await tx
    .selectFrom("hvac_unit")
    .select("id")
    .where("number", "=", unit.number)
    .where("id", "<>", id)
    .executeTakeFirst();
  if (taken) throw new AppError("hvac_number_taken", { number: unit.number });
  const changed = await tx
    .updateTable("hvac_unit")
    .set(unit)
    .where("id", "=", id)
    .where("version", "=", before.version)
    .executeTakeFirst();
  if (updatedRows(changed) === 0) throw new AppError("hvac_unit_changed");
}

/**
 * Enters run times of indoor units for a day that is over (运行时间录入). Each is a new row; what is the same as before changes nothing, and
 * correcting one asks for a reason. Sharing follows by itself. Says how many changed.
 */
export async function enterRunTimes(
  ctx: FlowContext,
  actor: Actor,
  input: HvacInputRequest & { ip: string },
): Promise<number> {
  const day = parseDay(input.day);
  if (day === null) throw new AppError("invalid_input", { what: input.day });
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    if (day >= dayOf(now)) throw new AppError("day_not_over", { day });
    let changed = 0;
    for (const { unitId, minutes } of input.units) {
      const unit = await tx.selectFrom("hvac_unit").selectAll().where("id", "=", unitId).executeTakeFirst();
      if (!unit || !(await meterToShare(tx, actor.scope, unit.outdoor_meter_id))) {
        throw new AppError("hvac_unit_not_found");
      }
      if (minutesFault(minutes) !== null) throw new AppError("hvac_minutes_invalid", { label: unit.label });
      const last = await lastInput(tx, unitId, day);
      const isSame =
        last?.low_minutes === minutes.low &&
        last.middle_minutes === minutes.middle &&
        last.high_minutes === minutes.high;
      if (isSame) continue;
      if (last !== null && input.reason === "") throw new AppError("hvac_reason_required", { label: unit.label });
      const row = {
        unit_id: unitId,
        day,
        rev: (last?.rev ?? -1) + 1,
        low_minutes: minutes.low,
        middle_minutes: minutes.middle,
        high_minutes: minutes.high,
        source: input.source,
        reason: input.reason,
        made_by: actor.login,
        made_at: now,
      };
      if ((await insertIgnore(tx, "hvac_input", [row], ["unit_id", "day", "rev"])) === 0) {
        throw new Stale(`run time of unit ${unitId}`);
      }
      changed++;
      await addAudit(tx, {
        id: ctx.newId(now),
        at: now,
        actor: actor.login,
        action: "share.manage",
        object: `hvac:${unitId}`,
        before: last,
        after: { day, ...minutes },
        reason: input.reason,
        ip: input.ip,
      });
    }
    return changed;
  });
}
