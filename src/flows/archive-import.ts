import { AppError } from "#base/errors.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { ImportFacts, ImportFault, ImportRow } from "#domain/import-fault.ts";
import type { Actor } from "#domain/permission.ts";
import type { Tx } from "#store/db.ts";
import { areasByPath } from "#store/import-snapshot.ts";
import { addParts, changeImport, dropParts, importRow, openImportsOf, partGroups } from "#store/imports.ts";
import { insertRows } from "#store/portable.ts";
import type { ArchiveImportPartTable, ArchiveImportTable } from "#store/schema-imports.ts";
import { auditArchive } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { SealingContext } from "./edit-concentrator.ts";
import { IMPORT_KEY_PURPOSE } from "./import-apply.ts";

/** Rows in one piece: some ten kB. */
const ROWS_PER_PART = 200;
/** Imports of one person whose rows are kept: with the next one his oldest goes, or his files would fill the disk. */
export const OPEN_IMPORTS_MAX = 10;

/** A file as it was read, before it is compared with anything. */
export type UploadedFile = {
  projectId: number;
  fileName: string;
  /** SHA-256 of the file. */
  hash: string;
  bytes: number;
  facts: ImportFacts;
  rows: readonly ImportRow[];
  cellFaults: readonly ImportFault[];
  language: string;
  ip: string;
};

/** Keeps the rows of a file, to be compared with the archive at once by whichever server is free. Nothing of the archive is written. */
export async function uploadImport(ctx: SealingContext, actor: Actor, file: UploadedFile): Promise<string> {
  await demandProject(ctx.db.read, actor, file.projectId);
  const at = ctx.clock();
  const id = ctx.newId(at);
  const row: ArchiveImportTable = {
    id,
    project_id: file.projectId,
    file_name: file.fileName.slice(0, 200),
    file_hash: file.hash,
    file_bytes: file.bytes,
    language: file.language,
    // Nobody touches it before all of it is there.
    state: "cancelled",
    facts: JSON.stringify({ facts: file.facts, counts: {} }),
    plan_hash: null,
    rows: file.rows.length,
    faults: 0,
    changes: 0,
    done: 0,
    stopped_by: null,
    made_by_id: actor.userId,
    made_by: actor.login,
    made_at: at,
    ip: file.ip,
    accepted_by_id: null,
    accepted_by: null,
    accepted_at: null,
    ended_at: null,
    lease_token: null,
    lease_until: 0,
    version: 0,
  };
  await ctx.db.transact((tx) => insertNew(tx, row));
  const rows = file.rows.map((each) => sealedRow(ctx, each));
  for (const [kind, list] of [
    ["rows", rows],
    ["cells", file.cellFaults],
  ] as const) {
    for await (const group of partGroups(pieces(id, kind, list))) {
      await ctx.db.transact(async (tx) => {
        const written = await tx
          .selectFrom("archive_import_part")
          .select("n")
          .where("import_id", "=", id)
          .where("kind", "=", kind)
          .where("n", "=", group[0]?.n ?? 0)
          .executeTakeFirst();
        if (!written) await addParts(tx, group); // the answer of an earlier commit may have been lost
      });
    }
  }
  await ctx.db.transact(async (tx) => {
    if (!(await changeImport(tx, row, { state: "uploaded" }))) return;
    const after = { file: row.file_name, hash: file.hash, bytes: file.bytes, rows: file.rows.length };
    await auditImport(ctx, tx, { row, actor: actor.login, action: "archive.import.upload", after, ip: file.ip });
    for (const old of (await openImportsOf(tx, actor.userId)).slice(OPEN_IMPORTS_MAX)) {
      if (old.state === "stopped") await forgetRows(tx, old.id);
      else await giveUp(ctx, tx, { row: old, actor, ip: file.ip });
    }
  });
  ctx.log.info({ import: id, rows: file.rows.length, user: actor.login }, "archive file uploaded");
  return id;
}

async function insertNew(tx: Tx, row: ArchiveImportTable): Promise<void> {
  if (!(await importRow(tx, row.id))) await insertRows(tx, "archive_import", [row]);
}

async function demandProject(tx: Tx, actor: Actor, projectId: number): Promise<void> {
  const project = await tx.selectFrom("project").select("id").where("id", "=", projectId).executeTakeFirst();
  const isSeen = project && (actor.scope.all || (await areasByPath(tx, actor.scope, projectId)).size > 0);
  if (!isSeen) throw new AppError("import_project_needed");
}

function sealedRow(ctx: SealingContext, row: ImportRow): ImportRow {
  const { linkKey } = row.values;
  if (linkKey === undefined) return row;
  return { ...row, values: { ...row.values, linkKey: ctx.sealer.seal(Buffer.from(linkKey), IMPORT_KEY_PURPOSE) } };
}

/** A list in pieces that fit a row. */
export function* pieces(
  importId: string,
  kind: ArchiveImportPartTable["kind"],
  list: readonly unknown[],
  perPart = ROWS_PER_PART,
): Generator<ArchiveImportPartTable> {
  for (let at = 0; at < list.length; at += perPart) {
    const content = JSON.stringify(list.slice(at, at + perPart));
    yield { import_id: importId, kind, n: at / perPart, state: "waiting", content };
  }
}

/** Whether somebody may look at an import, and accept it: who made it, and whoever sees everything. */
export function maySeeImport(actor: Actor, row: { made_by_id: number }): boolean {
  return actor.scope.all || row.made_by_id === actor.userId;
}

/** An import that the actor may see, as it stands. */
export async function importSeen(tx: Tx, actor: Actor, id: string): Promise<ArchiveImportTable> {
  const row = await importRow(tx, id);
  if (!row || !maySeeImport(actor, row)) throw new AppError("import_not_found");
  return row;
}

/**
 * Says yes to what the check has told. Whoever says it second, also by a double click, changes nothing and sees how far it is. `planHash` names
 * what was on the page: what somebody has not seen is not carried out.
 */
export async function acceptImport(
  ctx: FlowContext,
  actor: Actor,
  input: { id: string; planHash: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const row = await importSeen(tx, actor, input.id);
    if (["accepted", "running", "done"].includes(row.state) && row.plan_hash === input.planHash) return;
    if (row.state !== "checked") throw new AppError("import_state");
    if (row.faults > 0) throw new AppError("import_has_faults", { faults: row.faults });
    if (row.plan_hash !== input.planHash) throw new AppError("import_outdated");
    const at = ctx.clock();
    const accepted = { accepted_by_id: actor.userId, accepted_by: actor.login, accepted_at: at };
    const isFirst = await changeImport(tx, row, { state: "accepted", ...accepted, lease_until: 0, done: 0 });
    if (!isFirst) throw new AppError("import_state");
    const after = { file: row.file_name, hash: row.file_hash, plan: row.plan_hash, changes: row.changes };
    await auditImport(ctx, tx, { row, actor: actor.login, action: "archive.import.accept", after, ip: input.ip });
  });
}

/** Compares the rows that were uploaded with the archive once more. */
export async function recheckImport(ctx: FlowContext, actor: Actor, input: { id: string; ip: string }): Promise<void> {
  const { id, ip } = input;
  await decide(ctx.db, async (tx) => {
    const row = await importSeen(tx, actor, id);
    if (row.state === "uploaded") return;
    if (!["checked", "outdated", "stopped"].includes(row.state)) throw new AppError("import_state");
    if (row.rows > 0 && !(await hasRows(tx, id))) throw new AppError("import_not_found");
    const change = { state: "uploaded", ended_at: null, stopped_by: null, lease_until: 0, lease_token: null } as const;
    if (!(await changeImport(tx, row, change))) throw new AppError("import_state");
    await auditImport(ctx, tx, { row, actor: actor.login, action: "archive.import.recheck", after: {}, ip });
  });
}

/** Gives up an import that has not begun to write. Its rows, with names, telephones and sealed keys, are forgotten at once. */
export async function cancelImport(ctx: FlowContext, actor: Actor, input: { id: string; ip: string }): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const row = await importSeen(tx, actor, input.id);
    if (row.state === "cancelled") return;
    if (!["uploaded", "checked", "outdated"].includes(row.state)) throw new AppError("import_state");
    await giveUp(ctx, tx, { row, actor, ip: input.ip });
  });
}

async function giveUp(
  ctx: FlowContext,
  tx: Tx,
  { row, actor, ip }: { row: ArchiveImportTable; actor: Actor; ip: string },
): Promise<void> {
  const change = { state: "cancelled", ended_at: ctx.clock(), stopped_by: null, lease_until: 0 } as const;
  if (!(await changeImport(tx, row, { ...change, lease_token: null }))) throw new AppError("import_state");
  await forgetRows(tx, row.id);
  await auditImport(ctx, tx, { row, actor: actor.login, action: "archive.import.cancel", after: {}, ip });
}

function forgetRows(tx: Tx, id: string): Promise<void> {
  return dropParts(tx, id, ["rows", "cells", "faults", "step"]);
}

/** Notes that somebody took the archive of a project out: names and telephones of all who live there, as far as he sees them. */
export async function noteArchiveTaken(
  ctx: FlowContext,
  actor: Actor,
  { projectId, ip }: { projectId: number; ip: string },
): Promise<void> {
  const of = { actor: actor.login, action: "archive.export" as const, object: `project:${projectId}`, reason: "" };
  await ctx.db.transact((tx) => auditArchive(ctx, tx, { ...of, before: null, after: null, ip, at: ctx.clock() }));
}

async function hasRows(tx: Tx, id: string): Promise<boolean> {
  const row = await tx
    .selectFrom("archive_import_part")
    .select("n")
    .where("import_id", "=", id)
    .where("kind", "in", ["rows", "cells"])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** A line in the audit about an import. */
export async function auditImport(
  ctx: FlowContext,
  tx: Tx,
  of: { row: ArchiveImportTable; actor: string; action: AuditAction; after: object; ip: string },
): Promise<void> {
  const { row, actor, action, after, ip } = of;
  const entry = { actor, action, object: `import:${row.id}`, before: null, after, reason: "", ip, at: ctx.clock() };
  await auditArchive(ctx, tx, entry);
}
