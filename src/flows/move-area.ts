import { AppError } from "#base/errors.ts";
import type { AreaMovePreview, AreaMoveRequest } from "#contract/areas.ts";
import type { Actor, Scope } from "#domain/permission.ts";
import { areaInScope } from "#store/archive.ts";
import {
  areaRow,
  areasAbove,
  areasBelow,
  hangBelow,
  isNameTaken,
  levelsBelow,
  moveEffects,
} from "#store/area-moves.ts";
import type { Tx } from "#store/db.ts";
import { claimPeople } from "#store/people.ts";
import type { AreaTable } from "#store/schema-archive.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import { actorOf } from "#store/users.ts";
import { auditArchive } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Levels from the top of a project down; more than any site has. */
const LEVELS_MAX = 8;

/**
 * Hangs an area (片区) with all below it below another one of its project (移动片区). The mover must see the area, the one above it and the
 * new one above it, each whole: so nothing leaves or enters his scope. One at a time with everything that gives rights or makes areas, decided
 * by what he may do at that moment. Asked again where it lies already, nothing is done.
 */
export async function moveArea(
  ctx: FlowContext,
  actor: Actor,
  input: AreaMoveRequest & { areaId: number; ip: string },
): Promise<void> {
  const seen = await areaRow(ctx.db.read, input.areaId);
  if (seen === undefined) throw new AppError("area_not_found");
  await decide(ctx.db, async (tx) => {
    await claimPeople(tx);
    await nextNumbers(tx, `areas:${seen.project_id}`);
    const asker = await actorOf(tx, actor.userId);
    if (asker === null) throw new AppError("unauthenticated");
    if (!asker.permissions.has("meter.manage")) throw new AppError("forbidden", { permission: "meter.manage" });
    const { area, from, to } = await placesOf(tx, asker.scope, input);
    if (from.id === to.id) return;
    if (from.id !== input.seenParentId) throw new AppError("archive_changed", { what: area.name });
    await demandPlaceFor(tx, area, to);
    if (!(await hangBelow(tx, { id: area.id, seenParentId: from.id }, to.id))) throw new Stale(`area ${area.id}`);
    const at = ctx.clock();
    await auditArchive(ctx, tx, {
      ...{ actor: actor.login, action: "area.move", object: `area:${area.id}`, at, ip: input.ip },
      before: { parentId: from.id, parent: from.name },
      after: { parentId: to.id, parent: to.name, name: area.name },
      reason: input.reason,
    });
  });
}

/** What moving an area there would change; the refusal when it may not be moved there. */
export async function previewAreaMove(
  tx: Tx,
  actor: Actor,
  input: { areaId: number; parentId: number },
): Promise<AreaMovePreview> {
  const { area, from, to } = await placesOf(tx, actor.scope, input);
  if (from.id !== to.id) await demandPlaceFor(tx, area, to);
  return moveEffects(tx, area.id, to.id);
}

async function placesOf(tx: Tx, scope: Scope, input: { areaId: number; parentId: number }) {
  const [area, to] = [await areaSeen(tx, scope, input.areaId), await areaSeen(tx, scope, input.parentId)];
  const parentId = area.parent_id;
  if (parentId === null || !(await areaInScope(tx, scope, parentId))) throw new AppError("area_is_top");
  const from = await areaSeen(tx, scope, parentId);
  if (to.project_id !== area.project_id) throw new AppError("area_not_found");
  return { area, from, to };
}

async function areaSeen(tx: Tx, scope: Scope, areaId: number): Promise<AreaTable> {
  const row = await areaRow(tx, areaId);
  if (row === undefined || !(await areaInScope(tx, scope, areaId))) throw new AppError("area_not_found");
  return row;
}

async function demandPlaceFor(tx: Tx, area: AreaTable, to: AreaTable): Promise<void> {
  const below = await areasBelow(tx, area.id);
  if (below.includes(to.id)) throw new AppError("area_in_itself", { name: area.name });
  if (await isNameTaken(tx, to.id, area.name))
    throw new AppError("area_name_taken", { name: area.name, parent: to.name });
  const above = (await areasAbove(tx, area.id)).length - 1;
  const levels = (await areasAbove(tx, to.id)).length + (await levelsBelow(tx, below, above));
  if (levels > LEVELS_MAX) throw new AppError("area_too_deep", { max: LEVELS_MAX });
}
