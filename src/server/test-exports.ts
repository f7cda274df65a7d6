import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Db } from "#store/db.ts";
import type { ExportJobTable } from "#store/schema-exports.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { createShelf, type Shelf } from "./exports/shelf.ts";

/** A shelf in a folder of the test's own; `clear` removes it. */
export function testShelf(bytesMax = 100_000_000): Shelf & { folder: string; clear(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), "jichao-exports-"));
  return { ...createShelf({ folder, bytesMax }), folder, clear: () => rm(folder, { recursive: true, force: true }) };
}

/** An export of a user as if it had been made, for routes that need one: its id. */
export async function exportFor(
  db: Db,
  shelf: Shelf,
  userId: number,
  over: Partial<ExportJobTable> = {},
): Promise<string> {
  const id = newId(systemClock());
  const file = shelf.newName();
  await shelf.keep(file, Readable.from([Buffer.from("PK")]));
  const row: ExportJobTable = {
    ...{ id, user_id: userId, request_key: `made-${id}`, report: "day", filter: '[["day","2026-03-01"]]' },
    ...{ language: "zh-CN", title: "日报表", filter_text: "筛选: 全部", state: "done", rows_done: 1, rows_of: 1 },
    ...{ file, file_name: "日报表", bytes: 2, scope: "all", problem: null, run: 0, attempts: 1, due_at: 1 },
    ...{ lease_until: 0, asked_at: 1, started_at: 1, ended_at: 1, expires_at: systemClock() + 3_600_000 },
    ...over,
  };
  await db.transact((tx) => tx.insertInto("export_job").values(row).execute());
  return id;
}
