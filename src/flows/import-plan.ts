import {
  FAULTS_MAX,
  type ImportCount,
  type ImportFacts,
  type ImportFault,
  type ImportRow,
} from "#domain/import-fault.ts";
import { areaLevels, areaPath, type ImportSheet, importSheets } from "#domain/import-sheets.ts";
import { linkFault, METERS_PER_CONCENTRATOR_MAX, USUAL_LINK } from "#domain/link.ts";
import type { Actor, Permission } from "#domain/permission.ts";
import { planMeters } from "./import-meters.ts";
import {
  areaId,
  areaOf,
  each,
  type ImportChange,
  type ImportPlan,
  isFirst,
  type LinkName,
  type Planning,
} from "./import-planning.ts";
import { planPrices } from "./import-prices.ts";
import type { ArchiveSeen } from "./import-seen.ts";

/**
 * Compares the rows of a file with the archive: what would be made and changed, and everything that is wrong. Decides nothing for good; whoever
 * carries it out asks the same flows as the pages.
 */
export async function planImport(input: {
  rows: readonly ImportRow[];
  cellFaults: readonly ImportFault[];
  facts: ImportFacts;
  seen: ArchiveSeen;
  actor: Actor;
  today: string;
  isKeyOf: Planning["isKeyOf"];
}): Promise<ImportPlan> {
  const { rows, seen, facts, actor } = input;
  const counts: Partial<Record<ImportSheet, ImportCount>> = {};
  const faults = [...input.cellFaults];
  const wrongRows = new Set(faults.map((fault) => `${fault.sheet}/${fault.row}`));
  const columns = new Map(facts.sheets.map((each) => [each.sheet, each.columns]));
  const planning: Planning = {
    seen,
    facts,
    actor,
    changes: [],
    faults,
    wrong: wrongRows,
    isKeyOf: input.isKeyOf,
    made: { areas: new Set(), rooms: new Set(), boxes: new Set() },
    concentrators: new Map(),
    count(sheet, what) {
      const own = counts[sheet] ?? { add: 0, change: 0, same: 0, wrong: 0 };
      own[what]++;
      counts[sheet] = own;
      return true;
    },
    fault(row, key, code, details = {}) {
      const column = columns.get(row.sheet)?.[key] ?? "";
      // Secrets are shown to nobody, not even where they are wrong.
      const value = key === "linkKey" ? "" : (row.values[key] ?? "");
      faults.push({ sheet: row.sheet, row: row.row, column, key, value, code, details });
      return false;
    },
  };
  for (const { sheet } of facts.sheets) counts[sheet] = { add: 0, change: 0, same: 0, wrong: 0 };
  const bySheet = new Map<ImportSheet, ImportRow[]>(importSheets.map((sheet) => [sheet, []]));
  for (const row of rows) bySheet.get(row.sheet)?.push(row);
  const of = (sheet: ImportSheet) => bySheet.get(sheet) ?? [];
  await each(planning, of("areas"), planArea);
  await each(planning, of("rooms"), (to, row) => planPlace(to, row, "room"));
  await each(planning, of("boxes"), (to, row) => planPlace(to, row, "box"));
  await each(planning, of("concentrators"), planConcentrator);
  const prices = planPrices(planning, of("prices"));
  await planMeters(planning, { rows: of("meters"), customers: of("customers"), prices, today: input.today });
  demandPermissions(planning);
  for (const fault of faults) if (fault.row > 0) wrongRows.add(`${fault.sheet}/${fault.row}`);
  for (const key of wrongRows) {
    const sheet = key.slice(0, key.indexOf("/")) as ImportSheet;
    if (!key.endsWith("/0")) planning.count(sheet, "wrong");
  }
  faults.sort((a, b) => importSheets.indexOf(a.sheet) - importSheets.indexOf(b.sheet) || a.row - b.row);
  const [last] = faults.splice(FAULTS_MAX);
  if (last !== undefined || input.cellFaults.length >= FAULTS_MAX) {
    const { sheet } = last ?? faults.at(-1) ?? { sheet: "meters" };
    const details = { max: FAULTS_MAX };
    faults.push({ sheet, row: 0, column: "", key: "", value: "", code: "import_faults_many", details });
  }
  return { changes: planning.changes, faults, counts };
}

function planArea(to: Planning, row: ImportRow): boolean {
  const levels = areaLevels(row.values.area ?? "");
  if (levels === null) {
    return to.fault(row, "area", "import_cell_format", {
      value: row.values.area ?? "",
      column: "area",
      format: "area",
    });
  }
  const path = areaPath(levels);
  if (!isFirst(to, row, "area", path)) return false;
  const known = to.seen.areas.get(path) ?? [];
  if (known.length > 1) return to.fault(row, "area", "import_area_ambiguous", { area: path });
  if (known.length === 1) return to.count("areas", "same");
  const above = areaPath(levels.slice(0, -1));
  const isTop = levels.length === 1;
  // Whoever sees a part of the project makes areas below what he sees.
  const may = isTop ? to.actor.scope.all : to.seen.areas.has(above) || to.made.areas.has(above);
  if (!may) return to.fault(row, "area", "import_area_parent", { area: isTop ? path : above });
  to.made.areas.add(path);
  to.changes.push({ sheet: "areas", row: row.row, do: "area", path });
  return to.count("areas", "add");
}

function planPlace(to: Planning, row: ImportRow, what: "room" | "box"): boolean {
  const path = areaOf(to, row);
  const name = row.values.name ?? "";
  if (path === null || !isFirst(to, row, "name", `${path}\n${name}`)) return false;
  const id = areaId(to, path);
  const known = what === "room" ? to.seen.rooms : to.seen.boxes;
  if (id !== null && known.has(`${id}/${name}`)) return to.count(row.sheet, "same");
  (what === "room" ? to.made.rooms : to.made.boxes).add(`${path}\n${name}`);
  to.changes.push({ sheet: row.sheet, row: row.row, do: what, area: path, name });
  return to.count(row.sheet, "add");
}

function planConcentrator(to: Planning, row: ImportRow): boolean {
  const { code = "", name = "", link: said, linkKey = "" } = row.values;
  if (!isFirst(to, row, "code", code)) return false;
  const path = areaOf(to, row);
  const known = to.seen.concentrators.get(code);
  if (known !== undefined) {
    const at = to.seen.paths.get(known.area_id);
    if (at === undefined) return to.fault(row, "code", "concentrator_code_taken", { code });
    if (known.retired_at !== null) return to.fault(row, "code", "concentrator_retired");
    const differs = (key: string, now: string) =>
      to.fault(row, key, "import_concentrator_differs", { column: key, now });
    if (path !== null && path !== at) return differs("area", at);
    if (said !== undefined && said !== known.link_kind) return differs("link", known.link_kind);
    if (linkKey !== "" && !to.isKeyOf(known, linkKey)) return differs("linkKey", "***");
    if (known.name === name) return to.count("concentrators", "same");
    const { id, version } = known;
    to.changes.push({ sheet: "concentrators", row: row.row, do: "concentrator_name", id, version, name });
    return to.count("concentrators", "change");
  }
  const link = (said ?? "jichao") as LinkName;
  const kind = link === "jichao" ? USUAL_LINK : { ...USUAL_LINK, kind: link, trust: "limited" as const };
  if (linkFault(code, kind) !== null) return to.fault(row, "code", "concentrator_code_invalid", { code });
  if (link === "jichao" && linkKey === "") return to.fault(row, "linkKey", "import_key_needed");
  if (path === null) return false;
  to.concentrators.set(code, { id: null, link, left: METERS_PER_CONCENTRATOR_MAX });
  const place = { area: path, code, name, link, linkKey };
  to.changes.push({ sheet: "concentrators", row: row.row, do: "concentrator", ...place });
  return to.count("concentrators", "add");
}

/** What a change needs besides the permission to import: the same as on its page. */
export function permissionsFor(change: ImportChange): Permission[] {
  switch (change.do) {
    case "area":
    case "room":
      return [];
    case "box":
    case "meter_box":
      return ["share.manage"];
    case "concentrator":
    case "concentrator_name":
      return ["concentrator.manage"];
    case "meter_label":
    case "meter_master":
      return ["meter.manage"];
    case "meter": {
      const { box, tenant } = change.wish;
      return [
        "meter.manage",
        ...(box === null ? [] : (["share.manage"] as const)),
        ...(tenant === null ? [] : (["moveout.create"] as const)),
      ];
    }
  }
}

function demandPermissions(to: Planning): void {
  const needed = new Map<Permission, ImportSheet>();
  for (const change of to.changes)
    for (const each of permissionsFor(change)) needed.set(each, each === "moveout.create" ? "customers" : change.sheet);
  for (const [permission, sheet] of needed) {
    if (to.actor.permissions.has(permission)) continue;
    to.fault({ sheet, row: 0, values: {} }, "", "import_permission", { permission });
  }
}
