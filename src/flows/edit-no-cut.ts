import { AppError } from "#base/errors.ts";
import type { NoCutRequest } from "#contract/supply.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { addNoCut, changeNoCut, coversWindow, noCutRow, removeNoCut } from "#store/no-cut.ts";
import type { NoCutWindowTable } from "#store/schema-tariff.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Adds or changes times in which nobody is cut off. What they are for must lie in the actor's scope as a whole, before and after. */
export async function saveNoCutWindow(
  ctx: FlowContext,
  actor: Actor,
  input: NoCutRequest & { ip: string },
): Promise<string> {
  const isClear = input.days.length > 0 && input.fromMinute !== input.toMinute;
  if (!isClear) throw new AppError("no_cut_window_invalid");
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const { scope, refId: ref_id, name, fromMinute: from_minute, toMinute: to_minute } = input;
    await checkPlace(tx, actor, { scope, ref_id });
    const before = input.id === undefined ? null : await seen(tx, actor, input.id);
    const id = before?.id ?? ctx.newId(now);
    const days = [...new Set(input.days)].join(",");
    const row = { id, scope, ref_id, name, days, from_minute, to_minute, updated_by: actor.login, updated_at: now };
    if (before === null) await addNoCut(tx, { ...row, rev: 0 });
    else if (!(await changeNoCut(tx, { ...row, seenRev: input.rev ?? -1 })))
      throw new AppError("no_cut_window_changed");
    await audit(ctx, tx, actor, { action: "no_cut.save", id, before, after: row, ip: input.ip });
    return id;
  });
}

/** Takes such times away. */
export async function removeNoCutWindow(
  ctx: FlowContext,
  actor: Actor,
  input: { id: string; rev: number; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const before = await seen(tx, actor, input.id);
    if (!(await removeNoCut(tx, { id: input.id, seenRev: input.rev }))) throw new AppError("no_cut_window_changed");
    await audit(ctx, tx, actor, { action: "no_cut.remove", id: input.id, before, after: null, ip: input.ip });
  });
}

async function seen(tx: Tx, actor: Actor, id: string): Promise<NoCutWindowTable> {
  const row = await noCutRow(tx, id);
  if (row === null || !(await coversWindow(tx, actor.scope, row))) throw new AppError("no_cut_window_not_found");
  return row;
}

async function checkPlace(tx: Tx, actor: Actor, place: Pick<NoCutWindowTable, "scope" | "ref_id">): Promise<void> {
  const exists = await tx.selectFrom(place.scope).select("id").where("id", "=", place.ref_id).executeTakeFirst();
  if (exists !== undefined && (await coversWindow(tx, actor.scope, place))) return;
  throw new AppError(place.scope === "meter" ? "meter_not_found" : "area_not_found");
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  input: { action: AuditAction; id: string; before: object | null; after: object | null; ip: string },
): Promise<void> {
  const now = ctx.clock();
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: input.action,
    object: `no_cut:${input.id}`,
    before: input.before,
    after: input.after,
    reason: "",
    ip: input.ip,
  });
}
