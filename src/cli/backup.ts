import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { AppError } from "#base/errors.ts";
import { formatInstant, instant } from "#base/time.ts";
import { type Backup, backUp, backupsIn, checkBackup, keepNewest, restore } from "#flows/back-up.ts";
import { noteBackup } from "#store/backup/runs.ts";
import { embeddedDatabase, openDatabase } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { type Environment, installationConfig } from "#system/environment.ts";
import { newId } from "#system/ids.ts";
import { createLog } from "#system/log.ts";
import { createSealer, loadMasterKey, loadOldMasterKey, masterKeyFile, type Sealer } from "#system/seal.ts";
import { packageVersion } from "#system/version.ts";
import { terminalProgress } from "./terminal-progress.ts";

const USAGE = `用法 usage:
  jichao backup [--to 目录DIR] [--key-file 文件FILE] [--keep N] [--quick]   立即备份 take a backup now (verified by a trial restore; --quick: by its hashes)
  jichao backup list [--to 目录DIR]                                        列出备份 list the backups
  jichao backup verify 文件FILE [--key-file …] [--quick] [--record]        校验一份备份(恢复演练) check a backup by restoring it for trial
  jichao restore 文件FILE --by 姓名NAME [--to 数据库URL] [--key-file …]     恢复到空库 restore into an empty database

  主密钥不在备份里:请另行保管 master.key(或 JICHAO_MASTER_KEY)和备份的密钥文件。
  The master key is NOT in the backup: keep master.key (or JICHAO_MASTER_KEY) and the backup's key file apart from it.`;

/** Shorter ones could be guessed; a key file made by `openssl rand -base64 32` has 44. */
const PASSPHRASE_CHARS_MIN = 16;

const options = {
  to: { type: "string" },
  "key-file": { type: "string" },
  keep: { type: "string" },
  quick: { type: "boolean", default: false },
  record: { type: "boolean", default: false },
  by: { type: "string", default: "" },
} as const;

/** `jichao backup`: takes one, lists them, or checks one. Exit code 1 when the ledger in a backup does not hold. */
export async function backupCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [verb = "take", file] = positionals;
  const keep = values.keep === undefined ? null : Number(values.keep);
  const isKnown = verb === "take" || verb === "list" || (verb === "verify" && file !== undefined);
  if (!isKnown || positionals.length > 2 || (keep !== null && !(Number.isSafeInteger(keep) && keep >= 1))) {
    console.error(USAGE);
    return 2;
  }
  const { dataDir, databaseUrl, backupDir, backupKeyFile } = installationConfig(env);
  const folder = values.to ?? backupDir ?? join(dataDir, "backups");
  if (verb === "list") return list(folder);
  const passphrase = passphraseIn(values["key-file"] ?? backupKeyFile);
  const url = databaseUrl ?? embeddedDatabase(dataDir);
  const shared = { passphrase, depth: values.quick ? "read" : "restored", sealer: knownSealer(env) } as const;
  const startedAt = systemClock();
  const progress = terminalProgress(process.stderr);
  const ctx = { clock: systemClock, newId, log: createLog({ program: "backup", level: "warn" }) };
  try {
    if (verb === "verify" && file !== undefined) {
      const found = await checkBackup(ctx, { ...shared, file, progress: progress.told });
      progress.end();
      if (values.record) await note(url, { kind: "drill", startedAt, found });
      return tell(found, {});
    }
    const made = await backUp(ctx, { ...shared, url, folder, version: packageVersion(), progress: progress.told });
    progress.end();
    await note(url, { kind: "backup", startedAt, found: made });
    const removed = keep === null ? [] : await keepNewest(folder, keep);
    return tell(made, removed.length > 0 ? { removed } : {});
  } catch (error) {
    progress.end();
    if (verb === "take") await noteFailure(url, startedAt, error);
    throw error;
  }
}

/** `jichao restore`: fills an empty database from a backup; the system that starts on it is in quarantine. */
export async function restoreCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1 || values.by === "") {
    console.error(USAGE);
    return 2;
  }
  const { dataDir, databaseUrl, backupKeyFile } = installationConfig(env);
  const url = values.to ?? databaseUrl ?? embeddedDatabase(dataDir);
  const sealer = knownSealer(env);
  const progress = terminalProgress(process.stderr);
  const ctx = { clock: systemClock, newId, log: createLog({ program: "restore", level: "warn" }) };
  const done = await restore(ctx, {
    file,
    url,
    by: values.by,
    sealer,
    passphrase: passphraseIn(values["key-file"] ?? backupKeyFile),
    progress: progress.told,
  }).finally(() => progress.end());
  const { ok, sumE4, transfers, problems } = done.ledger;
  console.log(
    JSON.stringify({
      restored: basename(file),
      snapshot: formatInstant(instant(done.head.takenAt)),
      from: done.head.engine,
      rows: done.rows,
      ledger: { ok, sumE4, transfers, problems },
      quarantine: { meters: done.meters },
    }),
  );
  if (sealer === null) {
    console.error(
      `注意:没有找到主密钥(${masterKeyFile(dataDir)})。请先放回原来的主密钥再启动,否则程序会生成一把新的,打不开表计密钥。\n` +
        "Mind: there is no master key here. Put the old one back before anything is started, or a new one is made that does not open the keys of the meters.",
    );
  }
  console.error(
    "系统已进入隔离模式:在读回并核对每只表的购电次数之前不下发任何指令。进度:jichao quarantine,或网页“隔离”。\n" +
      "The system is in quarantine: no command leaves until every meter's purchase count has been read back. Progress: jichao quarantine, or the page.",
  );
  return ok ? 0 : 1;
}

async function list(folder: string): Promise<number> {
  const names = existsSync(folder) ? await backupsIn(folder) : [];
  for (const name of names) console.log(`${name}  ${statSync(join(folder, name)).size}`);
  if (names.length === 0) console.error(`没有备份 no backups: ${folder}`);
  return 0;
}

function tell(found: Backup, more: object): number {
  const { head, manifest, ledger } = found;
  const told = {
    file: found.file,
    bytes: found.bytes,
    rows: found.rows,
    snapshot: formatInstant(instant(head.takenAt)),
    engine: head.engine,
    checked: found.checked,
    ledger:
      ledger === null
        ? manifest.ledger
        : { ok: ledger.ok, sumE4: ledger.sumE4, transfers: ledger.transfers, problems: ledger.problems },
    ...more,
  };
  console.log(JSON.stringify(told));
  return ledger === null || ledger.ok ? 0 : 1;
}

/** The passphrase in a key file; null without a file, which means not encrypted. */
export function passphraseIn(file: string | undefined): string | null {
  if (file === undefined) return null;
  const text = readFileSync(file, "utf8").trim();
  if (text.length < PASSPHRASE_CHARS_MIN) throw new AppError("backup_key_weak", { file });
  return text;
}

/** A sealer when the master key is here; it is never made by these commands. */
function knownSealer(env: Environment): Sealer | null {
  const { dataDir, masterKey, oldMasterKey } = installationConfig(env);
  if (masterKey === undefined && !existsSync(masterKeyFile(dataDir))) return null;
  const old = loadOldMasterKey(oldMasterKey, dataDir);
  return createSealer(loadMasterKey(masterKey, dataDir), ...(old === null ? [] : [old]));
}

async function note(url: string, run: { kind: "backup" | "drill"; startedAt: number; found: Backup }): Promise<void> {
  const { found, kind, startedAt } = run;
  const problem = found.ledger?.ok === false ? (found.ledger.problems[0] ?? "the ledger does not hold") : "";
  await noted(url, {
    kind,
    file: basename(found.file),
    started_at: startedAt,
    snapshot_at: found.head.takenAt,
    bytes: found.bytes,
    row_count: found.rows,
    encrypted: found.file.endsWith(".age") ? 1 : 0,
    checked: found.checked,
    ok: problem === "" ? 1 : 0,
    problem,
  });
}

/** The page must show that backups fail; when the database is the reason, the exit code and the timer tell it. */
async function noteFailure(url: string, startedAt: number, error: unknown): Promise<void> {
  const problem = error instanceof Error ? error.message : String(error);
  await noted(url, {
    kind: "backup",
    file: "",
    started_at: startedAt,
    snapshot_at: startedAt,
    bytes: 0,
    row_count: 0,
    encrypted: 0,
    checked: "none",
    ok: 0,
    problem,
  }).catch(() => {});
}

async function noted(url: string, row: Omit<Parameters<typeof noteBackup>[1], "id" | "ended_at">): Promise<void> {
  const db = await openDatabase(url);
  try {
    await db.migrate();
    const now = systemClock();
    await db.transact((tx) => noteBackup(tx, { ...row, id: newId(now), ended_at: now }));
  } finally {
    await db.close();
  }
}
