import { AppError } from "#base/errors.ts";
import type { ClockRequest, DefaultsRequest, ItemSetRequest } from "#contract/collection.ts";
import type { Actor } from "#domain/permission.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import { CLOCK_SETTING, concentratorsOfProject, itemSetRow, itemSetUses, projectExists } from "#store/collection.ts";
import type { Tx } from "#store/db.ts";
import { insertIgnore, updatedRows } from "#store/portable.ts";
import { nextNumbers } from "#store/sequences.ts";
import { replaceSetting, settingSeen } from "#store/settings.ts";
import { auditArchive } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Sets how a project is read where nothing nearer says otherwise. It holds from the next second on, in every collector. */
export async function saveDefaults(
  ctx: FlowContext,
  actor: Actor,
  input: DefaultsRequest & { ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    demandAll(actor);
    if (!(await projectExists(tx, input.projectId))) throw new AppError("not_found");
    await demandItemSet(tx, input.itemSetId, input.projectId);
    const at = ctx.clock();
    const blank = { read_interval_s: null, item_set_id: null, version: 0, updated_by: "system", updated_at: 0 };
    await insertIgnore(tx, "collection_default", [{ project_id: input.projectId, ...blank }], ["project_id"]);
    const before = await tx
      .selectFrom("collection_default")
      .selectAll()
      .where("project_id", "=", input.projectId)
      .executeTakeFirstOrThrow();
    const after = { read_interval_s: input.readIntervalS, item_set_id: input.itemSetId };
    const result = await tx
      .updateTable("collection_default")
      .set((eb) => ({ ...after, version: eb("version", "+", 1), updated_by: actor.login, updated_at: at }))
      .where("project_id", "=", input.projectId)
      .where("version", "=", input.version)
      .executeTakeFirst();
    if (updatedRows(result) === 0) throw new AppError("archive_changed", { what: "采集设置" });
    await archiveChanged(tx, await concentratorsOfProject(tx, input.projectId));
    const object = `project:${input.projectId}`;
    const shared = { actor: actor.login, object, reason: "", ip: input.ip, at };
    await auditArchive(ctx, tx, { ...shared, action: "collection.defaults", before, after });
  });
}

/** Lets the system set clocks of meters (校时), or forbids it: for the whole installation, audited with the reason. */
export async function setClockMode(
  ctx: FlowContext,
  actor: Actor,
  input: ClockRequest & { ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    demandAll(actor);
    const at = ctx.clock();
    const before = await settingSeen(tx, CLOCK_SETTING);
    const change = { key: CLOCK_SETTING, value: input.mode, seenAt: input.version, by: actor.login, at };
    if (!(await replaceSetting(tx, change))) throw new AppError("archive_changed", { what: "自动校时" });
    const entry = { actor: actor.login, action: "collection.clock" as const, object: `setting:${CLOCK_SETTING}` };
    const told = { before: { mode: before?.value ?? "off" }, after: { mode: input.mode } };
    await auditArchive(ctx, tx, { ...entry, ...told, reason: input.reason, ip: input.ip, at });
  });
}

/** Adds an item set (抄表方案), or changes one wherever it is used. Answers its id. */
export async function saveItemSet(
  ctx: FlowContext,
  actor: Actor,
  input: ItemSetRequest & { ip: string },
): Promise<number> {
  return decide(ctx.db, async (tx) => {
    demandAll(actor);
    if (!(await projectExists(tx, input.projectId))) throw new AppError("not_found");
    const at = ctx.clock();
    const namesake = await tx
      .selectFrom("item_set")
      .select("id")
      .where("project_id", "=", input.projectId)
      .where("name", "=", input.name)
      .executeTakeFirst();
    if (namesake && namesake.id !== input.id) throw new AppError("item_set_name_taken", { name: input.name });
    const after = { name: input.name, items: JSON.stringify(input.items) };
    const shared = { actor: actor.login, action: "item_set.save" as const, reason: "", ip: input.ip, at, after };
    if (input.id === null) {
      const id = await nextNumbers(tx, "item_set");
      const row = { id, project_id: input.projectId, ...after, version: 0, updated_by: actor.login, updated_at: at };
      if ((await insertIgnore(tx, "item_set", [row], ["project_id", "name"])) === 0) {
        throw new AppError("item_set_name_taken", { name: input.name });
      }
      await auditArchive(ctx, tx, { ...shared, object: `item_set:${id}`, before: null });
      return id;
    }
    const before = await itemSetRow(tx, input.id);
    if (!before || before.project_id !== input.projectId) throw new AppError("item_set_not_found");
    const result = await tx
      .updateTable("item_set")
      .set((eb) => ({ ...after, version: eb("version", "+", 1), updated_by: actor.login, updated_at: at }))
      .where("id", "=", input.id)
      .where("version", "=", input.version)
      .executeTakeFirst();
    if (updatedRows(result) === 0) throw new AppError("archive_changed", { what: before.name });
    await archiveChanged(tx, await concentratorsOfProject(tx, input.projectId));
    await auditArchive(ctx, tx, { ...shared, object: `item_set:${input.id}`, before });
    return input.id;
  });
}

/** Takes an item set away that nothing uses. */
export async function removeItemSet(
  ctx: FlowContext,
  actor: Actor,
  input: { id: number; version: number; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    demandAll(actor);
    const before = await itemSetRow(tx, input.id);
    if (!before) throw new AppError("item_set_not_found");
    const removed = await tx
      .deleteFrom("item_set")
      .where("id", "=", input.id)
      .where("version", "=", input.version)
      .executeTakeFirst();
    if (removed.numDeletedRows === 0n) throw new AppError("archive_changed", { what: before.name });
    const uses = await itemSetUses(tx, input.id);
    if (uses > 0) throw new AppError("item_set_in_use", { uses });
    const at = ctx.clock();
    const entry = {
      actor: actor.login,
      action: "item_set.remove" as const,
      object: `item_set:${input.id}`,
      before,
      after: null,
    };
    await auditArchive(ctx, tx, { ...entry, reason: "", ip: input.ip, at });
  });
}

/** Refuses an item set that is not of this project. Writing its row keeps it from being removed meanwhile. */
export async function demandItemSet(tx: Tx, id: number | null, projectId: number): Promise<void> {
  if (id === null) return;
  const result = await tx
    .updateTable("item_set")
    .set((eb) => ({ updated_at: eb.ref("updated_at") }))
    .where("id", "=", id)
    .where("project_id", "=", projectId)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new AppError("item_set_not_found");
}

/** What holds for a whole project is changed by somebody who sees all of it. */
function demandAll(actor: Actor): void {
  if (!actor.scope.all) throw new AppError("not_found");
}
