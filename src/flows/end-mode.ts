import { AppError, assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import { cancelUnsent, reopenStopped } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { modeChangeRow, moveModeChange, openModeChangeOf } from "#store/devices.ts";
import { changeMeterState, claimMeterState, meterToAct } from "#store/meters.ts";
import type { ModeChangeTable } from "#store/schema-devices.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

type Asking = { meterId: number; reason: string; ip: string };

/**
 * Looks at a stopped change of mode again, after somebody has been at the meter: its count and what it shows decide. Until then nothing that
 * changes its credit is sent to it.
 */
export async function recheckMode(ctx: FlowContext, actor: Actor, input: Asking): Promise<string> {
  return decide(ctx.db, async (tx) => {
    const row = await openChange(tx, actor, input);
    if (row.state !== "stopped" || row.command_id === null) throw new AppError("mode_step");
    const now = ctx.clock();
    const state = await claimMeterState(tx, row.meter_id);
    if (!(await reopenStopped(tx, { commandId: row.command_id, at: now }))) throw new AppError("mode_step");
    const change = { top_ups_stopped: 0 as const, changed_at: now };
    await changeMeterState(tx, { meterId: row.meter_id, version: state.version, change });
    await moveModeChange(tx, row, { to: "telling", reason: "recheck", at: now });
    await audit(ctx, tx, row, { ...input, by: actor.login, action: "meter.mode.recheck", at: now });
    return row.change_no;
  });
}

/** Takes a change of mode back that was never sent to its meter. */
export async function withdrawMode(ctx: FlowContext, actor: Actor, input: Asking): Promise<string> {
  return decide(ctx.db, async (tx) => {
    const row = await openChange(tx, actor, input);
    if (row.state !== "telling" || row.command_id === null) throw new AppError("mode_step");
    const now = ctx.clock();
    await claimMeterState(tx, row.meter_id);
    const isTaken = await cancelUnsent(tx, { commandId: row.command_id, why: "withdrawn", at: now });
    if (!isTaken) throw new AppError("mode_irreversible");
    await moveModeChange(tx, row, { to: "cancelled", reason: "withdrawn", at: now });
    await audit(ctx, tx, row, { ...input, by: actor.login, action: "meter.mode.withdraw", at: now });
    return row.change_no;
  });
}

async function openChange(tx: Tx, actor: Actor, { meterId, reason }: Asking): Promise<ModeChangeTable> {
  if (reason === "") throw new AppError("reason_required");
  if (!(await meterToAct(tx, actor.scope, meterId))) throw new AppError("meter_not_found");
  const changeNo = await openModeChangeOf(tx, meterId);
  if (changeNo === null) throw new AppError("mode_step");
  const row = await modeChangeRow(tx, changeNo);
  assert(row !== undefined, `${changeNo} exists`);
  return row;
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  row: ModeChangeTable,
  input: Asking & { by: string; action: AuditAction; at: Instant },
): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(input.at),
    at: input.at,
    actor: input.by,
    action: input.action,
    object: `meter:${row.meter_id}`,
    before: { change: row.change_no, state: row.state },
    after: null,
    reason: input.reason,
    ip: input.ip,
  });
}
