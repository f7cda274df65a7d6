import type { ErrorCode, ErrorDetails } from "#base/errors.ts";
import type { ImportCount, ImportCounts, ImportFacts, ImportFault, ImportRow } from "#domain/import-fault.ts";
import { areaLevels, areaPath, type ImportSheet } from "#domain/import-sheets.ts";
import type { MasterPlace } from "#domain/loss.ts";
import type { Actor } from "#domain/permission.ts";
import { pause } from "#system/clock.ts";
import type { ArchiveSeen } from "./import-seen.ts";

/** One thing that an import does; `row` is where it came from. Areas are named by path: they may not be there yet. */
export type ImportChange = { readonly sheet: ImportSheet; readonly row: number } & (
  | { do: "area"; path: string }
  | { do: "room" | "box"; area: string; name: string }
  | { do: "concentrator"; area: string; code: string; name: string; link: LinkName; linkKey: string }
  | { do: "concentrator_name"; id: number; version: number; name: string }
  | { do: "meter"; wish: MeterWish }
  | { do: "meter_label"; id: number; version: number; label: string }
  | { do: "meter_box"; id: number; version: number; area: string; box: string }
  | { do: "meter_master"; id: number; version: number; label: string; masterOf: MasterPlace | null }
);
/** What a concentrator may speak. */
export type LinkName = "jichao" | "transparent" | "gw1376";

/** A new meter as its row says, everything that was left out filled in. */
export type MeterWish = {
  number: string;
  address: string;
  area: string;
  room: string;
  label: string;
  profile: string;
  concentrator: string;
  bus: number;
  gateway: string | null;
  mode: "prepaid" | "postpaid" | "public";
  switchKind: "relay" | "breaker" | "valve" | "none";
  closesBy: "direct" | "button";
  kind: "electricity" | "water";
  price: string;
  ratio: number;
  openIndex: string;
  powerMaxW: number | null;
  lowCreditWh: number | null;
  box: string | null;
  /** What it is the master meter of; plans that were made before there was such a thing do not say. */
  masterOf?: MasterPlace | null;
  tenant: { number: string; name: string; phone: string; from: string | null } | null;
};

/** What an import would do, and everything that is wrong. */
export type ImportPlan = { changes: ImportChange[]; faults: ImportFault[]; counts: ImportCounts };

/** Rows after which others get their turn. */
const ROWS_AT_ONCE = 500;

/** A plan that grows: what was planned so far is there for the rows that follow. */
export type Planning = {
  readonly seen: ArchiveSeen;
  readonly facts: ImportFacts;
  readonly actor: Actor;
  readonly changes: ImportChange[];
  readonly faults: ImportFault[];
  /** Rows that were wrong before they were compared with anything. */
  readonly wrong: ReadonlySet<string>;
  /** Whether a link key of the file, sealed as it is kept, is that of a concentrator. */
  isKeyOf(concentrator: { code: string; key_sealed: string }, sealed: string): boolean;
  /** Areas, boxes … that the file makes itself, by the same names as in {@link ArchiveSeen}. */
  readonly made: { areas: Set<string>; rooms: Set<string>; boxes: Set<string> };
  readonly concentrators: Map<string, PlannedConcentrator>;
  count(sheet: ImportSheet, what: keyof ImportCount): true;
  fault(row: ImportRow, key: string, code: ErrorCode, details?: ErrorDetails): false;
};
/** A concentrator as meters see it: there already, or made by the file. */
export type PlannedConcentrator = { id: number | null; link: LinkName; left: number };

/** Plans row by row; of two that mean the same thing the second is wrong. */
export async function each(
  to: Planning,
  rows: readonly ImportRow[],
  plan: (to: Planning, row: ImportRow) => unknown,
): Promise<void> {
  for (const [i, row] of rows.entries()) {
    if (!to.wrong.has(`${row.sheet}/${row.row}`)) plan(to, row);
    if (i % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await pause(0);
  }
}

const seenRows = new WeakMap<Planning, Map<string, number>>();

/** Refuses what a row before has said already. */
export function isFirst(to: Planning, row: ImportRow, key: string, name: string): boolean {
  const rows = seenRows.get(to) ?? new Map<string, number>();
  seenRows.set(to, rows);
  const at = rows.get(`${row.sheet}/${name}`);
  if (at !== undefined) return to.fault(row, key, "import_twice", { row: at });
  rows.set(`${row.sheet}/${name}`, row.row);
  return true;
}

/** The path of an area that is there, or that the file makes; null and a fault otherwise. */
export function areaOf(to: Planning, row: ImportRow): string | null {
  const levels = areaLevels(row.values.area ?? "");
  if (levels === null) {
    to.fault(row, "area", "import_cell_format", { value: row.values.area ?? "", column: "area", format: "area" });
    return null;
  }
  const path = areaPath(levels);
  const ids = to.seen.areas.get(path) ?? [];
  if (ids.length > 1) to.fault(row, "area", "import_area_ambiguous", { area: path });
  else if (ids.length === 0 && !to.made.areas.has(path)) to.fault(row, "area", "import_area_unknown", { area: path });
  else return path;
  return null;
}

/** The id of an area by its path; null for one that is not there yet. */
export function areaId(to: Planning, path: string): number | null {
  return to.seen.areas.get(path)?.[0] ?? null;
}
