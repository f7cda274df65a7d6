import { AppError } from "#base/errors.ts";
import { dayOf } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { areaLevels } from "#domain/import-sheets.ts";
import type { Actor } from "#domain/permission.ts";
import { areaInScope, changeMeterArchive } from "#store/archive.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import type { Tx } from "#store/db.ts";
import { meterWithNumber } from "#store/device-pages.ts";
import { nextNumbers } from "#store/sequences.ts";
import { addArea } from "./add-area.ts";
import { creditHome, enterMeter } from "./add-meter.ts";
import { auditArchive } from "./archive-step.ts";
import { addBox, putInBox } from "./boxes.ts";
import { enterConcentrator, renameConcentrator, type SealingContext } from "./edit-concentrator.ts";
import { renameMeter, takeMeter, tell } from "./edit-meter.ts";
import { roomIn } from "./enroll-people.ts";
import type { ImportChange, MeterWish } from "./import-planning.ts";
import { beginTenancy } from "./move-in.ts";
import { turnSupplyGuard } from "./supply-care.ts";

/** What an import's link keys are sealed for while they wait. */
export const IMPORT_KEY_PURPOSE = "import link key";

/** Which import, of which project, for whom. */
export type Carrying = { importId: string; projectId: number; actor: Actor; ip: string };

/**
 * Carries out one change by the flow that the pages use, inside the transaction of a step: whatever that flow refuses is refused here. Keys of
 * what is made come from the import and the row, so a step that runs again finds what it made.
 */
export async function carryOut(ctx: SealingContext, tx: Tx, change: ImportChange, of: Carrying): Promise<void> {
  const { actor, ip } = of;
  switch (change.do) {
    case "area":
      return makeArea(ctx, tx, change.path, of);
    case "room":
      await roomIn(tx, { areaId: await areaAt(tx, change.area, of), name: change.name });
      return;
    case "box":
      return makeBox(ctx, tx, change, of);
    case "concentrator": {
      const { code, name, link: linkKind, linkKey: sealed } = change;
      const linkKey = sealed === "" ? null : Buffer.from(ctx.sealer.unseal(sealed, IMPORT_KEY_PURPOSE)).toString();
      const areaId = await areaAt(tx, change.area, of);
      const key = `import:${of.importId}:concentrator:${change.row}`;
      await enterConcentrator(ctx, tx, actor, { key, areaId, code, name, linkKind, linkKey, ip });
      return;
    }
    case "concentrator_name":
      return renameConcentrator(ctx, tx, actor, { id: change.id, version: change.version, name: change.name, ip });
    case "meter":
      return makeMeter(ctx, tx, change.wish, of);
    case "meter_label":
      return renameMeter(ctx, tx, actor, { meterId: change.id, version: change.version, label: change.label, ip });
    case "meter_box":
      return moveToBox(ctx, tx, change, of);
    case "meter_master": {
      const { id, label, masterOf } = change;
      // Name and box may have been changed in the steps before: only the row as it stands now is asked for.
      const seen = await tx.selectFrom("meter").select("version").where("id", "=", id).executeTakeFirst();
      const version = seen?.version ?? change.version;
      return renameMeter(ctx, tx, actor, { meterId: id, version, label, masterOf, ip });
    }
  }
}

async function makeMeter(ctx: SealingContext, tx: Tx, wish: MeterWish, of: Carrying): Promise<void> {
  const { actor, ip } = of;
  const concentrator = await tx
    .selectFrom("concentrator")
    .select("id")
    .where("code", "=", wish.concentrator)
    .executeTakeFirst();
  if (!concentrator) throw new AppError("concentrator_not_found");
  const gatewayId = wish.gateway === null ? null : await meterWithNumber(tx, wish.gateway);
  if (wish.gateway !== null && gatewayId === null) throw new AppError("gateway_not_found");
  const areaId = await areaAt(tx, wish.area, of);
  const {
    area: _,
    box,
    masterOf = null,
    tenant,
    concentrator: __,
    gateway: ___,
    powerMaxW,
    lowCreditWh,
    ...plain
  } = wish;
  const meterId = await enterMeter(ctx, tx, actor, {
    ...plain,
    key: `import:${of.importId}:${wish.number}`,
    concentratorId: concentrator.id,
    gatewayId,
    areaId,
    ...(powerMaxW !== null && { powerMaxW }),
    ...(lowCreditWh !== null && { lowCreditWh }),
    ip,
  });
  if (box !== null) await putInBox(tx, meterId, await boxAt(tx, areaId, box));
  if (masterOf !== null) {
    await renameMeter(ctx, tx, actor, { meterId, version: 0, label: wish.label, masterOf, ip });
  }
  if (tenant === null) return;
  const { number, name, phone } = tenant;
  const from = tenant.from ?? dayOf(ctx.clock());
  await beginTenancy(ctx, tx, actor, {
    ...{ key: `import:${of.importId}:tenant:${wish.number}`, meterIds: [meterId] },
    ...{ number, name, phone, from, ip },
  });
  // He lived there before, and what he had with the system of before is not known here: nothing on his account is no debt yet.
  const isCutByUs = wish.mode === "prepaid" && wish.switchKind !== "none" && creditHome(wish) === "server";
  if (isCutByUs) await turnSupplyGuard(ctx, tx, actor, { meterId, on: true, reason: `import ${of.importId}`, ip });
}

async function makeArea(ctx: SealingContext, tx: Tx, path: string, of: Carrying): Promise<void> {
  await nextNumbers(tx, `areas:${of.projectId}`); // two that make the same area take turns
  const levels = areaLevels(path) ?? [];
  const parent = levels.length > 1 ? await areaWith(tx, levels.slice(0, -1), of) : null;
  if (parent === null && (levels.length > 1 || !of.actor.scope.all)) throw new AppError("area_not_found");
  if (parent !== null && !(await areaInScope(tx, of.actor.scope, parent))) throw new AppError("area_not_found");
  if ((await areaWith(tx, levels, of)) !== null) throw new AppError("archive_changed", { what: path });
  const name = levels.at(-1) ?? "";
  const sort = await nextNumbers(tx, `area_sort:${of.projectId}`);
  const id = await addArea(tx, { projectId: of.projectId, parent, name, sort: 1_000 + sort });
  await audit(ctx, tx, of, { action: "area.add", object: `area:${id}`, after: { path } });
}

async function makeBox(
  ctx: SealingContext,
  tx: Tx,
  { area, name }: { area: string; name: string },
  of: Carrying,
): Promise<void> {
  const areaId = await areaAt(tx, area, of);
  await nextNumbers(tx, `areas:${of.projectId}`);
  const known = await tx
    .selectFrom("box")
    .select("id")
    .where("area_id", "=", areaId)
    .where("name", "=", name)
    .executeTakeFirst();
  if (known) throw new AppError("archive_changed", { what: name });
  const id = await nextNumbers(tx, "box");
  await addBox(tx, { id, areaId, name });
  await audit(ctx, tx, of, { action: "share.manage", object: `box:${id}`, after: { name, areaId, meters: [] } });
}

async function moveToBox(
  ctx: SealingContext,
  tx: Tx,
  change: { id: number; version: number; area: string; box: string },
  of: Carrying,
): Promise<void> {
  // The name may have been changed in the step before: only the row as it stands now is asked for.
  const seen = await tx.selectFrom("meter").select("version").where("id", "=", change.id).executeTakeFirst();
  const { meter } = await takeMeter(tx, of.actor, { meterId: change.id, version: seen?.version ?? change.version });
  const boxId = await boxAt(tx, await areaAt(tx, change.area, of), change.box);
  if (!(await changeMeterArchive(tx, meter, {}))) throw new AppError("archive_changed", { what: meter.label });
  await putInBox(tx, meter.id, boxId);
  await archiveChanged(tx, [meter.concentrator_id]);
  await tell(ctx, tx, of.actor, meter, { action: "meter.box", after: { boxId }, reason: "", ip: of.ip });
}

async function boxAt(tx: Tx, areaId: number, name: string): Promise<number> {
  const row = await tx
    .selectFrom("box")
    .select("id")
    .where("area_id", "=", areaId)
    .where("name", "=", name)
    .executeTakeFirst();
  if (!row) throw new AppError("box_not_found");
  return row.id;
}

/** The area of a path, in the actor's scope. */
async function areaAt(tx: Tx, path: string, of: Carrying): Promise<number> {
  const id = await areaWith(tx, areaLevels(path) ?? [], of);
  if (id === null || !(await areaInScope(tx, of.actor.scope, id))) throw new AppError("area_not_found");
  return id;
}

async function areaWith(tx: Tx, levels: readonly string[], of: Carrying): Promise<number | null> {
  let parent: number | null = null;
  for (const name of levels) {
    const above: number | null = parent;
    const rows: { id: number }[] = await tx
      .selectFrom("area")
      .select("id")
      .where("project_id", "=", of.projectId)
      .where("name", "=", name)
      .where("parent_id", above === null ? "is" : "=", above)
      .limit(2)
      .execute();
    if (rows.length !== 1 || rows[0] === undefined) return null;
    parent = rows[0].id;
  }
  return parent;
}

async function audit(
  ctx: SealingContext,
  tx: Tx,
  { actor, ip, importId }: Carrying,
  of: { action: AuditAction; object: string; after: object },
): Promise<void> {
  const entry = { ...of, actor: actor.login, before: null, reason: `import ${importId}`, ip, at: ctx.clock() };
  await auditArchive(ctx, tx, entry);
}
