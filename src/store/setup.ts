import type { LinkAlarmKind } from "#domain/link-alarm.ts";
import type { Scope } from "#domain/permission.ts";
import type { SetupStep } from "#domain/setup.ts";
import { setupSteps } from "#domain/setup.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, insertRows, updatedRows } from "./portable.ts";
import type { FaceReadingTable, SetupPriceTable, SetupSkipTable } from "./schema-setup.ts";
import { inScope } from "./scope.ts";
import { setting } from "./settings.ts";

/** The setting that says that the simulated town was enrolled from the pages. */
export const DEMO_SETTING = "setup.demo";

/** Whether nothing at all was entered yet: no project, no meter, no root key. Whoever decides by it has taken a number of a project. */
export async function isInstallationEmpty(tx: Tx): Promise<boolean> {
  const any = async (table: "project" | "meter" | "root_key") =>
    (await tx
      .selectFrom(table)
      .select((eb) => eb.lit(1).as("one"))
      .limit(1)
      .executeTakeFirst()) !== undefined;
  return !((await any("project")) || (await any("meter")) || (await any("root_key")));
}

/** Whether the simulated town was enrolled from the pages. */
export async function isDemo(tx: Tx): Promise<boolean> {
  return (await setting(tx, DEMO_SETTING)) !== null;
}

/** The project that is set up: the first one of which the scope holds something; null while there is none. */
export async function setupProject(tx: Tx, scope: Scope): Promise<{ id: number; name: string } | null> {
  const row = await tx
    .selectFrom("project")
    .select(["id", "name"])
    .$if(!scope.all, (query) =>
      query.where(
        "id",
        "in",
        tx
          .selectFrom("area")
          .innerJoin("area_ancestor", "area_ancestor.area_id", "area.id")
          .select("area.project_id")
          .where("area_ancestor.ancestor_id", "in", areasOf(scope)),
      ),
    )
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** An empty list is no SQL; no area has the number 0. */
const areasOf = (scope: Scope): readonly number[] => (scope.all || scope.areaIds.length === 0 ? [0] : scope.areaIds);

/** Areas of a project that the scope holds whole, those that lie at its top or at the top of the scope first; and how many lie below. */
export async function setupAreas(tx: Tx, scope: Scope, projectId: number) {
  const rows = await tx
    .selectFrom("area")
    .select(["id", "parent_id", "name"])
    .where("project_id", "=", projectId)
    .$if(!scope.all, (query) =>
      query.where(
        "id",
        "in",
        tx.selectFrom("area_ancestor").select("area_id").where("ancestor_id", "in", areasOf(scope)),
      ),
    )
    .orderBy("sort")
    .orderBy("id")
    .execute();
  const seen = new Set(rows.map((row) => row.id));
  const tops = rows.filter((row) => row.parent_id === null || !seen.has(row.parent_id));
  return { tops: tops.map(({ id, name }) => ({ areaId: id, name })), below: rows.length - tops.length };
}

/** The usual prices of a project; undefined while nobody has said them. */
export function setupPrice(tx: Tx, projectId: number): Promise<SetupPriceTable | undefined> {
  return tx.selectFrom("setup_price").selectAll().where("project_id", "=", projectId).executeTakeFirst();
}

/** Saves them over the version that was seen (0: none); false when somebody else was first. */
export async function saveSetupPrice(tx: Tx, row: Omit<SetupPriceTable, "version">, seen: number): Promise<boolean> {
  if (seen === 0) return (await insertIgnore(tx, "setup_price", [{ ...row, version: 1 }], ["project_id"])) === 1;
  const { project_id, ...change } = row;
  const result = await tx
    .updateTable("setup_price")
    .set({ ...change, version: seen + 1 })
    .where("project_id", "=", project_id)
    .where("version", "=", seen)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Steps that were skipped. */
export async function skippedSteps(tx: Tx): Promise<Map<SetupStep, SetupSkipTable>> {
  const rows = await tx.selectFrom("setup_skip").selectAll().execute();
  const found = new Map<SetupStep, SetupSkipTable>();
  for (const row of rows) {
    const step = setupSteps.find((each) => each === row.step);
    if (step !== undefined) found.set(step, row);
  }
  return found;
}

/** Skips a step, or takes it up again; false when it was so already. */
export async function setSkipped(tx: Tx, row: SetupSkipTable, skipped: boolean): Promise<boolean> {
  if (skipped) return (await insertIgnore(tx, "setup_skip", [row], ["step"])) === 1;
  const result = await tx.deleteFrom("setup_skip").where("step", "=", row.step).executeTakeFirst();
  return Number(result.numDeletedRows) > 0;
}

/** Keeps a comparison, and answers the one that there is of this reading: this one, or the one of whoever was first. */
export async function keepFace(tx: Tx, row: FaceReadingTable): Promise<FaceReadingTable> {
  await insertIgnore(tx, "face_reading", [row], ["command_id"]);
  return tx.selectFrom("face_reading").selectAll().where("command_id", "=", row.command_id).executeTakeFirstOrThrow();
}

/** The last comparison of each meter of the scope that has one. */
export async function lastFaces(tx: Tx, scope: Scope): Promise<Map<number, FaceReadingTable>> {
  const rows = await tx
    .selectFrom("face_reading")
    .innerJoin("meter", "meter.id", "face_reading.meter_id")
    .selectAll("face_reading")
    .where("meter.retired_at", "is", null)
    .where((eb) => inScope(eb, scope))
    .orderBy("face_reading.typed_at", "desc")
    .orderBy("face_reading.id", "desc")
    .limit(FACES_MAX)
    .execute();
  const last = new Map<number, FaceReadingTable>();
  for (const row of rows) if (!last.has(row.meter_id)) last.set(row.meter_id, row);
  return last;
}

/** Every comparison of the scope's meters in the order of time, the newest ones when there are very many. */
export async function everyFace(tx: Tx, scope: Scope) {
  const rows = await tx
    .selectFrom("face_reading")
    .innerJoin("meter", "meter.id", "face_reading.meter_id")
    .selectAll("face_reading")
    .select(["meter.label", "meter.number", "meter.address", "meter.kind"])
    .where((eb) => inScope(eb, scope))
    .orderBy("face_reading.typed_at", "desc")
    .orderBy("face_reading.id", "desc")
    .limit(FACES_MAX)
    .execute();
  return rows.reverse();
}
export type EveryFace = Awaited<ReturnType<typeof everyFace>>[number];

/** Comparisons that are looked at: far more than anybody types while a site is set up. */
const FACES_MAX = 1_000;

/** Meters in use of the scope, some by their ids and as many others as are asked for, in the order of ids. */
export async function metersToCompare(tx: Tx, scope: Scope, first: readonly number[], limit: number) {
  const rows = () =>
    tx
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .select(["meter.id", "meter.number", "meter.label", "meter.address", "meter.kind", "meter.ratio"])
      .select("meter_state.index_at")
      .where("meter.retired_at", "is", null)
      .where((eb) => inScope(eb, scope))
      .orderBy("meter.id")
      .limit(limit);
  const compared =
    first.length === 0
      ? []
      : await rows()
          .where("meter.id", "in", [...first])
          .execute();
  const others = await rows()
    .$if(first.length > 0, (query) => query.where("meter.id", "not in", [...first]))
    .execute();
  return [...compared, ...others].slice(0, limit);
}

/** Meters in use of the scope that have answered at least once. */
export async function metersHeard(tx: Tx, scope: Scope): Promise<number> {
  const { n } = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("meter_state.last_answer_at", ">", 0)
    .where("meter.retired_at", "is", null)
    .where((eb) => inScope(eb, scope))
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Concentrators in use that lie in the scope or have a meter of it, with the meters of the scope behind each; those never heard first. */
export async function setupConcentrators(tx: Tx, scope: Scope) {
  const counts = await tx
    .selectFrom("meter")
    .select("meter.concentrator_id")
    .select((eb) => eb.fn.countAll<number>().as("n"))
    .where("meter.retired_at", "is", null)
    .where((eb) => inScope(eb, scope))
    .groupBy("meter.concentrator_id")
    .execute();
  const meters = new Map(counts.map((row) => [row.concentrator_id, Number(row.n)]));
  const rows = await tx
    .selectFrom("concentrator")
    .leftJoin("area_ancestor", (join) =>
      join
        .onRef("area_ancestor.area_id", "=", "concentrator.area_id")
        .on("area_ancestor.ancestor_id", "in", [...areasOf(scope)]),
    )
    .select(["concentrator.id", "code", "name", "link_kind", "online", "online_changed_at", "last_seen_at"])
    .select("area_ancestor.ancestor_id as inside")
    .where("retired_at", "is", null)
    .orderBy("concentrator.id")
    .execute();
  const found = new Map<number, (typeof rows)[number] & { meters: number }>();
  for (const row of rows)
    if (scope.all || row.inside !== null || meters.has(row.id))
      found.set(row.id, { ...row, meters: meters.get(row.id) ?? 0 });
  return [...found.values()].sort((a, b) => Number(a.last_seen_at > 0) - Number(b.last_seen_at > 0) || a.id - b.id);
}

/** The newest refusal at the door under each of these concentrators' codes since a time. */
export async function refusalsAtDoor(tx: Tx, ids: readonly number[], since: number) {
  if (ids.length === 0) return new Map<number, { kind: LinkAlarmKind; at: number }>();
  const rows = await tx
    .selectFrom("concentrator_alarm")
    .select(["concentrator_id", "kind", "last_at"])
    .where("concentrator_id", "in", [...ids])
    .where("kind", "in", ["wrong_key", "plain_refused", "source_refused", "other_identity"])
    .where("last_at", ">=", since)
    .orderBy("last_at", "desc")
    .limit(REFUSALS_MAX)
    .execute();
  const newest = new Map<number, { kind: LinkAlarmKind; at: number }>();
  for (const row of rows)
    if (!newest.has(row.concentrator_id)) newest.set(row.concentrator_id, { kind: row.kind, at: row.last_at });
  return newest;
}

const REFUSALS_MAX = 500;

/** Renames a project and the area at its top that is called after it. */
export async function renameProject(tx: Tx, project: { id: number; name: string }, name: string): Promise<void> {
  await tx.updateTable("project").set({ name }).where("id", "=", project.id).execute();
  await tx
    .updateTable("area")
    .set({ name })
    .where("project_id", "=", project.id)
    .where("parent_id", "is", null)
    .where("name", "=", project.name)
    .execute();
}

/** Makes a project. */
export async function addProject(tx: Tx, project: { id: number; name: string }): Promise<void> {
  await insertRows(tx, "project", [project]);
}
