import { newConcentrator } from "./new-concentrator.ts";
import type { ConcentratorTable } from "./schema-archive.ts";

/** A concentrator of project 1 that dials in by its own link and has not come yet, with what a test says of it. */
export function concentratorRow(
  own: Pick<ConcentratorTable, "id" | "area_id" | "code" | "name"> & Partial<ConcentratorTable>,
): ConcentratorTable {
  const usual = { project_id: 1, key_sealed: "", link_kind: "jichao", direction: "dials_in", trust: "full" } as const;
  return newConcentrator({ ...usual, ...own });
}
