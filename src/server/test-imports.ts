import type { Db } from "#store/db.ts";
import { upsert } from "#store/portable.ts";
import type { ArchiveImportTable } from "#store/schema-imports.ts";
import { bookFile } from "./excel/book.ts";

const PLAN = "a".repeat(64);

/** The import that belongs to a meter of these tests. */
export function importId(meter: number): string {
  return `import${String(meter).padStart(14, "0")}`;
}

/** A checked import for each street, uploaded by somebody else: who sees everything may look at it and accept it. */
export async function prepareImport(db: Db, path: string): Promise<void> {
  if (!path.startsWith("/api/imports")) return;
  const rows = [11, 21].map(
    (meter): ArchiveImportTable => ({
      ...{ id: importId(meter), project_id: 1, file_name: "a.xlsx", file_hash: PLAN, file_bytes: 1, language: "zh-CN" },
      ...{ state: "checked", facts: JSON.stringify({ facts: { sheets: [], ignored: [] }, counts: {} }) },
      ...{ plan_hash: PLAN, rows: 0, faults: 0, changes: 0, done: 0, stopped_by: null },
      ...{ made_by_id: 0, made_by: "nobody", made_at: 1, ip: "" },
      ...{ accepted_by_id: null, accepted_by: null, accepted_at: null, ended_at: null },
      ...{ lease_token: null, lease_until: 0, version: 0 },
    }),
  );
  await db.transact((tx) => upsert(tx, "archive_import", rows, ["id"], ["state"]));
}

/** The smallest file that is one. */
export async function smallImport(): Promise<Buffer> {
  const sheet = { name: "片区", columns: [{ width: 9 }], heads: [["片区"]], rows: [["1 号街"]] };
  const parts: Buffer[] = [];
  for await (const part of bookFile([sheet])) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** What each route of imports is asked by somebody who may, by its path. */
export function importBodies(file: Buffer): Record<string, object> {
  return { "/api/imports": file, "/api/imports/:id/accept": { planHash: PLAN, confirmed: true } };
}
