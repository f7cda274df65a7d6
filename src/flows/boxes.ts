import { AppError } from "#base/errors.ts";
import type { BoxRequest } from "#contract/shares.ts";
import type { Actor } from "#domain/permission.ts";
import { areasInScope } from "#store/areas.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { nextNumbers } from "#store/sequences.ts";
import { meterToShare } from "#store/shares.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/**
 * Makes a box (配电箱), or gives one another name and other meters. Rules that are there keep their members: what is shared changes by a
 * new rule only. A box with meters outside the caller's area is not his to change.
 */
export async function saveBox(ctx: FlowContext, actor: Actor, input: BoxRequest & { ip: string }): Promise<number> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const area = (await areasInScope(tx, actor.scope)).find((each) => each.areaId === input.areaId);
    if (!area) throw new AppError("area_not_found");
    const before = input.boxId === null ? null : await boxSeen(tx, actor, input.boxId);
    const boxId = before?.id ?? (await nextNumbers(tx, "box"));
    if (before === null) {
      await addBox(tx, { id: boxId, areaId: input.areaId, name: input.name });
    } else {
      await tx.updateTable("box").set({ area_id: input.areaId, name: input.name }).where("id", "=", boxId).execute();
    }
    for (const meterId of new Set([...(before?.meters ?? []), ...input.meterIds])) {
      if (!(await meterToShare(tx, actor.scope, meterId))) throw new AppError("meter_not_found");
      await putInBox(tx, meterId, input.meterIds.includes(meterId) ? boxId : null);
    }
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "share.manage",
      object: `box:${boxId}`,
      before,
      after: { name: input.name, areaId: input.areaId, meters: input.meterIds },
      reason: input.reason,
      ip: input.ip,
    });
    return boxId;
  });
}

/** A box without meters. */
export async function addBox(tx: Tx, box: { id: number; areaId: number; name: string }): Promise<void> {
  await tx.insertInto("box").values({ id: box.id, area_id: box.areaId, name: box.name }).execute();
}

/**
 * Puts a meter into a box, or out of every one: rules that share what a box uses keep their members. The master meter of a box does not become
 * that of another by being moved.
 */
export async function putInBox(tx: Tx, meterId: number, boxId: number | null): Promise<void> {
  await tx
    .updateTable("meter")
    .set({ master_of: null })
    .where("id", "=", meterId)
    .where("master_of", "=", "box")
    .where((eb) => eb.or([eb("box_id", "is", null), eb("box_id", "<>", boxId ?? 0)]))
    .execute();
  await tx.updateTable("meter").set({ box_id: boxId }).where("id", "=", meterId).execute();
}

async function boxSeen(tx: Tx, actor: Actor, boxId: number) {
  const box = await tx.selectFrom("box").selectAll().where("id", "=", boxId).executeTakeFirst();
  const areas = await areasInScope(tx, actor.scope);
  if (!box || !areas.some((area) => area.areaId === box.area_id)) throw new AppError("box_not_found");
  const rows = await tx.selectFrom("meter").select("id").where("box_id", "=", boxId).execute();
  const meters: number[] = [];
  for (const row of rows) {
    // A box with meters of somebody else's area is not his alone to change.
    if (!(await meterToShare(tx, actor.scope, row.id))) throw new AppError("box_not_found");
    meters.push(row.id);
  }
  return { ...box, meters };
}
