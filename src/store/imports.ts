import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { insertRows, updatedRows } from "./portable.ts";
import type { ArchiveImportPartTable, ArchiveImportTable, ImportState } from "./schema-imports.ts";
import { nextNumbers } from "./sequences.ts";

/** Pieces that are written in one transaction: each is some ten kB. */
const PARTS_AT_ONCE = 20;

/** An import; undefined when there is none. */
export function importRow(tx: Tx, id: string): Promise<ArchiveImportTable | undefined> {
  return tx.selectFrom("archive_import").selectAll().where("id", "=", id).executeTakeFirst();
}

/** The newest imports; of one person when given. */
export function newestImports(tx: Tx, madeBy: number | null, limit: number): Promise<ArchiveImportTable[]> {
  return tx
    .selectFrom("archive_import")
    .selectAll()
    .$if(madeBy !== null, (query) => query.where("made_by_id", "=", madeBy ?? 0))
    .orderBy("made_at", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

/** Imports of a person whose rows are kept until he decides, the newest first. */
export function openImportsOf(tx: Tx, userId: number): Promise<ArchiveImportTable[]> {
  return tx
    .selectFrom("archive_import")
    .selectAll()
    .where("made_by_id", "=", userId)
    .where("state", "in", ["uploaded", "checked", "outdated", "stopped"])
    .orderBy("made_at", "desc")
    .orderBy("id", "desc")
    .execute();
}

/** Changes an import that is still as it was seen; false when somebody else was first. */
export async function changeImport(
  tx: Tx,
  seen: { id: string; version: number },
  change: Partial<Omit<ArchiveImportTable, "id" | "version">>,
): Promise<boolean> {
  const result = await tx
    .updateTable("archive_import")
    .set((eb) => ({ ...change, version: eb("version", "+", 1) }))
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** States in which a server has something to do. */
const AT_WORK: readonly ImportState[] = ["uploaded", "accepted", "running"];

/**
 * Takes the oldest import that waits for a server, unless one is being carried out: they follow each other. Who asks takes his turn at a
 * row, so two servers never take the same.
 */
export async function claimImport(
  tx: Tx,
  by: { token: string; now: Instant; until: Instant },
): Promise<ArchiveImportTable | null> {
  const waiting = await tx
    .selectFrom("archive_import")
    .select("id")
    .where("state", "in", [...AT_WORK])
    .limit(1)
    .executeTakeFirst();
  if (!waiting) return null;
  await nextNumbers(tx, "archive_import_turn");
  const rows = await tx
    .selectFrom("archive_import")
    .selectAll()
    .where("state", "in", [...AT_WORK])
    .orderBy("made_at")
    .orderBy("id")
    .execute();
  const held = rows.some((row) => row.state !== "uploaded" && row.lease_until > by.now);
  const free = rows.filter((row) => row.lease_until <= by.now && (row.state === "uploaded" || !held));
  // One that a server gave up on takes its turn behind the others, or one that never succeeds would hold up all.
  const fresh = free.find((row) => row.state === "running" && row.lease_until === 0);
  const next = fresh ?? free.toSorted((a, b) => a.lease_until - b.lease_until)[0];
  if (next === undefined) return null;
  const change = { lease_token: by.token, lease_until: by.until };
  if (!(await changeImport(tx, next, change))) return null;
  return { ...next, ...change, version: next.version + 1 };
}

/**
 * Whether an import is still held as it was claimed, told by the row that is written: its lease goes on until `until`. False when somebody
 * else has it, or it was given up.
 */
export async function holdImport(
  tx: Tx,
  claimed: { id: string; version: number; lease_token: string | null },
  until: Instant,
): Promise<boolean> {
  const result = await tx
    .updateTable("archive_import")
    .set({ lease_until: until })
    .where("id", "=", claimed.id)
    .where("version", "=", claimed.version)
    .where("lease_token", "=", claimed.lease_token)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Keeps the pieces of an import, some at a time in one transaction each. */
export async function* partGroups(parts: Iterable<ArchiveImportPartTable>): AsyncGenerator<ArchiveImportPartTable[]> {
  let group: ArchiveImportPartTable[] = [];
  for (const part of parts) {
    group.push(part);
    if (group.length < PARTS_AT_ONCE) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Writes pieces. */
export async function addParts(tx: Tx, parts: readonly ArchiveImportPartTable[]): Promise<void> {
  for (const part of parts) await insertRows(tx, "archive_import_part", [part]);
}

/** One piece after the other, in their order. */
export async function* partsOf(
  tx: Tx,
  importId: string,
  kind: ArchiveImportPartTable["kind"],
): AsyncGenerator<ArchiveImportPartTable> {
  for (let after = -1; ; ) {
    const part = await tx
      .selectFrom("archive_import_part")
      .selectAll()
      .where("import_id", "=", importId)
      .where("kind", "=", kind)
      .where("n", ">", after)
      .orderBy("n")
      .limit(1)
      .executeTakeFirst();
    if (part === undefined) return;
    yield part;
    after = part.n;
  }
}

/** Forgets pieces of an import. */
export async function dropParts(
  tx: Tx,
  importId: string,
  kinds: readonly ArchiveImportPartTable["kind"][],
): Promise<void> {
  await tx
    .deleteFrom("archive_import_part")
    .where("import_id", "=", importId)
    .where("kind", "in", [...kinds])
    .execute();
}

/** The first step that waits; undefined when all are done. */
export function nextStep(tx: Tx, importId: string): Promise<ArchiveImportPartTable | undefined> {
  return tx
    .selectFrom("archive_import_part")
    .selectAll()
    .where("import_id", "=", importId)
    .where("kind", "=", "step")
    .where("state", "=", "waiting")
    .orderBy("n")
    .limit(1)
    .executeTakeFirst();
}

/** Marks a step done; false when it was already: whoever does its work in this transaction must not do it again. */
export async function takeStep(tx: Tx, importId: string, n: number): Promise<boolean> {
  const result = await tx
    .updateTable("archive_import_part")
    .set({ state: "done" })
    .where("import_id", "=", importId)
    .where("kind", "=", "step")
    .where("n", "=", n)
    .where("state", "=", "waiting")
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Imports whose pieces nobody needs any more. */
export async function oldImports(tx: Tx, before: Instant, limit: number): Promise<string[]> {
  const rows = await tx
    .selectFrom("archive_import")
    .select("archive_import.id")
    .where("made_at", "<", before)
    .where("state", "not in", [...AT_WORK])
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("archive_import_part")
          .select("n")
          .whereRef("archive_import_part.import_id", "=", "archive_import.id"),
      ),
    )
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}
