import { AppError } from "#base/errors.ts";
import { formatMoney, money, parseMoney } from "#base/units.ts";
import type { SetupAreasAnswer } from "#contract/setup.ts";
import { AREA_LINES_MAX, readAreaLines } from "#domain/area-lines.ts";
import type { Actor } from "#domain/permission.ts";
import { type SetupStep, skippableSteps } from "#domain/setup.ts";
import { areaInScope } from "#store/archive.ts";
import { areaRow, areasAbove } from "#store/area-moves.ts";
import type { Tx } from "#store/db.ts";
import { countMeters } from "#store/meters.ts";
import type { SetupPriceTable } from "#store/schema-setup.ts";
import { nextNumbers } from "#store/sequences.ts";
import { addProject, renameProject, saveSetupPrice, setSkipped, setupPrice, setupProject } from "#store/setup.ts";
import { addArea } from "./add-area.ts";
import { auditArchive } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Yuan for a unit; whatever costs more is a typing mistake. */
const PRICE_YUAN_MAX = 9_999;
/** Levels from the top of a project down, as when areas are moved. */
const LEVELS_MAX = 8;

type ProjectAsked = { name: string; electricityPrice: string; waterPrice: string; version: number; ip: string };

/**
 * Makes the first project (项目) with the area at its top, or changes its name and what a unit usually costs there. The name stays once there
 * are meters. Sent again, as it stands, nothing is done; over what somebody else has changed meanwhile nothing is written.
 */
export async function saveProject(ctx: FlowContext, actor: Actor, input: ProjectAsked): Promise<void> {
  if (!actor.scope.all) throw new AppError("setup_all_needed");
  const prices = { electricity_e4: priceTyped(input.electricityPrice), water_e4: null as number | null };
  if (input.waterPrice !== "") prices.water_e4 = priceTyped(input.waterPrice);
  await decide(ctx.db, async (tx) => {
    const next = await nextNumbers(tx, "project"); // two who make the first one take turns
    const there = await setupProject(tx, actor.scope);
    const before = there === null ? undefined : await setupPrice(tx, there.id);
    if (there?.name === input.name && isSame(before, prices)) return;
    if ((before?.version ?? 0) !== input.version) throw new AppError("setup_changed");
    // Whoever saw no project must not rename the one that somebody else has made meanwhile.
    if (there !== null && there.name !== input.name && input.version === 0) throw new AppError("setup_changed");
    const at = ctx.clock();
    const project = there ?? { id: next, name: input.name };
    if (there === null) {
      await addProject(tx, project);
      await addArea(tx, { projectId: project.id, parent: null, name: project.name, sort: 0 });
    } else if (there.name !== input.name) {
      if ((await countMeters(tx, actor.scope)) > 0) throw new AppError("setup_name_fixed");
      await renameProject(tx, there, input.name);
    }
    const row = { project_id: project.id, ...prices, updated_by: actor.login, updated_at: at };
    if (!(await saveSetupPrice(tx, row, input.version))) throw new AppError("setup_changed");
    await auditArchive(ctx, tx, {
      ...{ actor: actor.login, action: "setup.project", object: `project:${project.id}`, at, ip: input.ip, reason: "" },
      before: there === null ? null : { name: there.name, ...shown(before) },
      after: { name: input.name, ...shown(prices) },
    });
  });
}

type Prices = Pick<SetupPriceTable, "electricity_e4" | "water_e4">;

const isSame = (before: Prices | undefined, after: Prices): boolean =>
  before !== undefined && before.electricity_e4 === after.electricity_e4 && before.water_e4 === after.water_e4;

function shown(prices: Prices | undefined) {
  const text = (e4: number | null | undefined) => (e4 == null ? null : formatMoney(money(e4)));
  return { electricityPrice: text(prices?.electricity_e4), waterPrice: text(prices?.water_e4) };
}

function priceTyped(text: string): number {
  const found = parseMoney(text, 4);
  if (found === null || found <= 0 || found > PRICE_YUAN_MAX * 10_000)
    throw new AppError("setup_price_invalid", { max: PRICE_YUAN_MAX });
  return found;
}

/**
 * Makes the areas (片区) that lines tell of, below one that the actor sees whole. What is there already stays, so the same lines again, or two
 * people at once, make nothing twice; one line that cannot be understood, and nothing is made.
 */
export async function addAreas(
  ctx: FlowContext,
  actor: Actor,
  input: { topId: number; text: string; ip: string },
): Promise<SetupAreasAnswer> {
  const { areas, lines, faults } = readAreaLines(input.text);
  const [fault] = faults;
  if (fault !== undefined) throw new AppError("setup_lines_wrong", { line: fault.line, text: fault.text.slice(0, 60) });
  if (lines === 0) throw new AppError("setup_lines_none");
  if (lines > AREA_LINES_MAX) throw new AppError("setup_lines_many", { max: AREA_LINES_MAX });
  return decide(ctx.db, async (tx) => {
    const top = await areaRow(tx, input.topId);
    if (top === undefined || !(await areaInScope(tx, actor.scope, top.id))) throw new AppError("area_not_found");
    const projectId = top.project_id;
    await nextNumbers(tx, `areas:${projectId}`); // two that make the same area take turns
    const depth = (await areasAbove(tx, top.id)).length;
    if (areas.some((levels) => depth + levels.length > LEVELS_MAX))
      throw new AppError("area_too_deep", { max: LEVELS_MAX });
    const ids = new Map<string, number>();
    let added = 0;
    for (const levels of areas) {
      const parent = levels.length === 1 ? top.id : (ids.get(JSON.stringify(levels.slice(0, -1))) ?? top.id);
      const name = levels.at(-1) ?? "";
      const known = await childOf(tx, parent, name);
      if (known === null) added++;
      const id = known ?? (await make(ctx, tx, actor, { projectId, parent, name, levels, ip: input.ip }));
      ids.set(JSON.stringify(levels), id);
    }
    return { added, there: areas.length - added };
  });
}

async function childOf(tx: Tx, parentId: number, name: string): Promise<number | null> {
  const row = await tx
    .selectFrom("area")
    .select("id")
    .where("parent_id", "=", parentId)
    .where("name", "=", name)
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

async function make(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  area: { projectId: number; parent: number; name: string; levels: readonly string[]; ip: string },
): Promise<number> {
  const { projectId, parent, name, levels, ip } = area;
  const sort = 1_000 + (await nextNumbers(tx, `area_sort:${projectId}`));
  const id = await addArea(tx, { projectId, parent, name, sort });
  await auditArchive(ctx, tx, {
    ...{ actor: actor.login, action: "area.add", object: `area:${id}`, at: ctx.clock(), ip, reason: "" },
    before: null,
    after: { path: levels.join("/") },
  });
  return id;
}

/** Skips a step that may be skipped, or takes it up again. A second click does no harm. */
export async function skipStep(
  ctx: FlowContext,
  actor: Actor,
  input: { step: SetupStep; skipped: boolean; ip: string },
): Promise<void> {
  const { step, skipped, ip } = input;
  if (!skippableSteps.some((each) => each === step)) throw new AppError("setup_step_fixed");
  await decide(ctx.db, async (tx) => {
    const at = ctx.clock();
    const row = { step, made_by: actor.login, made_name: actor.name, made_at: at };
    if (!(await setSkipped(tx, row, skipped))) return;
    await auditArchive(ctx, tx, {
      ...{ actor: actor.login, action: skipped ? "setup.skip" : "setup.resume", object: `setup:${step}`, at, ip },
      ...{ before: null, after: null, reason: "" },
    });
  });
}
