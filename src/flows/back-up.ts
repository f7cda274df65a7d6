import { statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, assert } from "#base/errors.ts";
import type { Clock, Instant } from "#base/time.ts";
import {
  type BackupHead,
  type BackupManifest,
  type Progress,
  readArchive,
  writeArchive,
} from "#store/backup/archive.ts";
import { openSnapshot } from "#store/backup/snapshot.ts";
import { openRestoreTarget, syncFile } from "#store/backup/target.ts";
import { migrationNames } from "#store/migrate.ts";
import type { NewId } from "#system/ids.ts";
import type { Log } from "#system/log.ts";
import type { Sealer } from "#system/seal.ts";
import { beginQuarantine } from "./begin-quarantine.ts";
import { type LedgerReport, verifyLedger } from "./verify-ledger.ts";

/** What backups are made with: no open database, because they read it in their own way. */
export type BackupContext = { readonly clock: Clock; readonly newId: NewId; readonly log: Log };

/** A backup that lies on the disk and has been looked at. */
export type Backup = {
  file: string;
  bytes: number;
  rows: number;
  head: BackupHead;
  manifest: BackupManifest;
  checked: "read" | "restored";
  ledger: LedgerReport | null;
};

type Told = { stage: "write" | "read" | "restore"; table: string; rows: number };

/** How a backup is looked at: by its hashes, or by restoring it for trial and verifying the ledger in it. */
export type CheckDepth = "read" | "restored";

const NAME = /^jichao-\d{8}T\d{6}Z-[0-9a-z]{4}\.tar\.gz(\.age)?$/;

/**
 * Takes a backup (备份) of a database while everything runs: a snapshot of one moment, written under another name, checked, put onto the disk, and only then
 * given its name. When anything goes wrong nothing is left behind.
 */
export async function backUp(
  ctx: BackupContext,
  input: {
    url: string;
    folder: string;
    passphrase: string | null;
    version: string;
    depth: CheckDepth;
    sealer: Sealer | null;
    progress(told: Told): void;
  },
): Promise<Backup> {
  await mkdir(input.folder, { recursive: true, mode: 0o700 });
  const takenAt = ctx.clock();
  const name = nameOf(takenAt, ctx.newId(takenAt), input.passphrase !== null);
  const [file, writing] = [join(input.folder, name), join(input.folder, `${name}.part`)];
  let { depth } = input;
  try {
    const snapshot = await openSnapshot(input.url);
    try {
      const unknown = snapshot.migrations.filter((name) => !migrationNames.includes(name));
      // A newer version has been here, and this one gets along with it: its tables cannot be made here for a trial.
      if (unknown.length > 0) {
        ctx.log.warn({ migrations: unknown }, "a backup of a newer database is checked by its hashes only");
        depth = "read";
      }
      await writeArchive(snapshot, {
        file: writing,
        passphrase: input.passphrase,
        about: { version: input.version, takenAt },
        now: ctx.clock,
        progress: (told) => input.progress({ stage: "write", ...told }),
      });
    } finally {
      await snapshot.close();
    }
    const found = await checkBackup(ctx, { ...input, depth, file: writing }).catch((error) => {
      throw new AppError("backup_not_itself", { what: whatOf(error) }, { cause: error });
    });
    await rename(writing, file);
    await syncFile(input.folder);
    return { ...found, file };
  } catch (error) {
    await rm(writing, { force: true });
    throw error;
  }
}

/** Reads a backup to its end, and, when asked, restores it into a scratch database and verifies the ledger in it. */
export async function checkBackup(
  ctx: BackupContext,
  input: {
    file: string;
    passphrase: string | null;
    depth: CheckDepth;
    sealer: Sealer | null;
    progress(told: Told): void;
  },
): Promise<Backup> {
  const { head, manifest, rows } = await readThrough(input, (told) => input.progress({ stage: "read", ...told }));
  const bytes = statSync(input.file).size;
  const found = { file: input.file, bytes, rows, head, manifest };
  if (input.depth === "read") return { ...found, checked: "read", ledger: null };
  refuseNewer(head);
  // Beside the backup: there is room for it, which a folder for temporary files need not have.
  const scratch = await mkdtemp(join(dirname(input.file), ".restore-trial-"));
  try {
    const url = `sqlite:${join(scratch, "trial.db")}`;
    const ledger = await fill(ctx, { ...input, url, manifest }, (db) => verifyLedger({ ...ctx, db }, input.sealer));
    return { ...found, checked: "restored", ledger };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Restores (恢复) a backup into an empty database of either engine, which is then in quarantine. The backup is read to its end before anything is touched,
 * and whatever goes wrong afterwards leaves the target empty.
 */
export async function restore(
  ctx: BackupContext,
  input: {
    file: string;
    passphrase: string | null;
    url: string;
    by: string;
    sealer: Sealer | null;
    progress(told: Told): void;
  },
): Promise<{ head: BackupHead; rows: number; meters: number; ledger: LedgerReport }> {
  const { head, manifest, rows } = await readThrough(input, (told) => input.progress({ stage: "read", ...told }));
  refuseNewer(head);
  const done = await fill(ctx, { ...input, manifest }, async (db) => {
    const on = { ...ctx, db };
    const ledger = await verifyLedger(on, input.sealer);
    const file = basename(input.file);
    const { meters } = await beginQuarantine(on, { file, snapshotAt: head.takenAt, by: input.by });
    return { ledger, meters };
  });
  return { head, rows, ...done };
}

/** Deletes the oldest backups of a folder until `keep` are left; answers their names. Files of other names are not ours. */
export async function keepNewest(folder: string, keep: number): Promise<string[]> {
  assert(keep >= 1, "the newest backup is always kept");
  const ours = (await backupsIn(folder)).slice(keep);
  for (const name of ours) await rm(join(folder, name));
  // What a backup that was killed has left: nobody is writing it any more when a newer one is complete.
  const [newest = ""] = await backupsIn(folder);
  for (const name of await readdir(folder)) {
    if (name.endsWith(".part") && NAME.test(name.slice(0, -5)) && name < newest) await rm(join(folder, name));
  }
  return ours;
}

/** The backups of a folder, the newest first. */
export async function backupsIn(folder: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => NAME.test(name))
    .sort()
    .reverse();
}

async function readThrough(
  input: { file: string; passphrase: string | null },
  progress: Progress,
): Promise<{ head: BackupHead; manifest: BackupManifest; rows: number }> {
  let head: BackupHead | null = null;
  let manifest: BackupManifest | null = null;
  let rows = 0;
  for await (const each of readArchive(input.file, input.passphrase)) {
    if (each.kind === "head") head = each.head;
    else if (each.kind === "manifest") manifest = each.manifest;
    else {
      rows += each.rows.length;
      progress({ table: each.table.name, rows });
    }
  }
  assert(head !== null && manifest !== null, "a backup that was read has a head and a manifest");
  return { head, manifest, rows };
}

function refuseNewer(head: BackupHead): void {
  const unknown = head.migrations.find((name) => !migrationNames.includes(name));
  if (unknown !== undefined) throw new AppError("backup_newer", { migration: unknown });
}

type Db = Parameters<Parameters<Awaited<ReturnType<typeof openRestoreTarget>>["publish"]>[0]>[0];

async function fill<T>(
  ctx: BackupContext,
  input: {
    file: string;
    passphrase: string | null;
    url: string;
    manifest: BackupManifest;
    progress(told: Told): void;
  },
  finish: (db: Db) => Promise<T>,
): Promise<T> {
  const target = await openRestoreTarget(input.url, ctx.log);
  try {
    let rows = 0;
    for await (const each of readArchive(input.file, input.passphrase)) {
      if (each.kind === "head") await target.prepare({ file: basename(input.file), ...each.head });
      else if (each.kind === "rows") {
        await target.load(each.table, each.rows);
        rows += each.rows.length;
        input.progress({ stage: "restore", table: each.table.name, rows });
      } else if (JSON.stringify(each.manifest) !== JSON.stringify(input.manifest)) {
        throw new AppError("backup_damaged", { file: basename(input.file), what: "it changed while it was read" });
      }
    }
    return await target.publish(finish);
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

function nameOf(at: Instant, id: string, isEncrypted: boolean): string {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
  return `jichao-${time}-${id.slice(-4).toLowerCase()}.tar.gz${isEncrypted ? ".age" : ""}`;
}

function whatOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
