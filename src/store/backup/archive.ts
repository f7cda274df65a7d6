import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type PathLike } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { AGE_MAGIC, AgeFailure, ageDecrypt, ageEncrypt } from "#system/age.ts";
import { CutShort } from "#system/byte-reader.ts";
import { NotTar, type TarEntry, tarEntries, tarOf } from "#system/tar.ts";
import { type BackupRow, type BackupTable, lineRow, rowLine } from "./columns.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * A backup is one file: age (when encrypted) of gzip of tar. In it are `jichao-backup.json` (what it is), `data/<table>/<n>.ndjson` (a row a
 * line, a JSON list of its values) and at last `manifest.json` (what must be there). Any system can open it without us.
 */
const HEAD = "jichao-backup.json";
const MANIFEST = "manifest.json";
const FORMAT = 1;
/** Text of one part: small enough to hold, big enough that its header weighs nothing. */
const PART_BYTES = 4 * 1024 * 1024;
/** Level 4 is three times as fast as the default, for a file a tenth bigger. */
const GZIP_LEVEL = 4;

const column = z.object({ name: z.string().regex(/^\w+$/), type: z.enum(["int", "text", "bytes"]) });
const table = z.object({ name: z.string().regex(/^\w+$/), columns: z.array(column).min(1) });
const head = z.object({
  product: z.literal("jichao"),
  format: z.number().int(),
  version: z.string(),
  engine: z.string(),
  takenAt: z.number().int(),
  migrations: z.array(z.string()),
  tables: z.array(table),
});
const part = z.object({
  name: z.string(),
  table: z.string(),
  rows: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const manifest = z.object({
  head: z.string(),
  parts: z.array(part),
  rows: z.record(z.string(), z.number().int().nonnegative()),
  /** Sum over all entries in 1/10000 yuan, as text: it must be 0, whatever it is. */
  ledger: z.object({ transfers: z.number().int(), entries: z.number().int(), sumE4: z.string() }),
  endedAt: z.number().int(),
});
/** What a backup says about itself before its rows: when, from what, and which tables. */
export type BackupHead = z.infer<typeof head>;
/** What must be in a backup: rows and SHA-256 of every part, rows of every table, and the sum of the ledger. */
export type BackupManifest = z.infer<typeof manifest>;

/** Told while rows are written or read. */
export type Progress = (told: { table: string; rows: number }) => void;

/** Writes a snapshot into a file that must not exist yet, and answers when it is on the disk. */
export async function writeArchive(
  snapshot: Snapshot,
  to: {
    file: string;
    passphrase: string | null;
    about: { version: string; takenAt: number };
    now(): number;
    progress: Progress;
  },
): Promise<{ head: BackupHead; manifest: BackupManifest }> {
  const { version, takenAt } = to.about;
  const { engine, migrations, tables } = snapshot;
  const first: BackupHead = {
    product: "jichao",
    format: FORMAT,
    version,
    engine,
    takenAt,
    migrations: [...migrations],
    tables: tables.map(({ name, columns }) => ({ name, columns: [...columns] })),
  };
  const books = ledgerCounter();
  const written: BackupManifest = {
    head: "",
    parts: [],
    rows: {},
    ledger: { transfers: 0, entries: 0, sumE4: "0" },
    endedAt: 0,
  };

  async function* entries(): AsyncGenerator<TarEntry> {
    const content = json(first);
    written.head = sha256(content);
    yield { name: HEAD, content };
    for (const each of tables) {
      for await (const { entry, rows } of partsOf(each)) {
        written.parts.push({ name: entry.name, table: each.name, rows, sha256: sha256(entry.content) });
        written.rows[each.name] = (written.rows[each.name] ?? 0) + rows;
        to.progress({ table: each.name, rows: written.rows[each.name] ?? 0 });
        yield entry;
      }
    }
    written.ledger = books.told();
    written.endedAt = to.now();
    yield { name: MANIFEST, content: json(written) };
  }

  async function* partsOf(each: BackupTable): AsyncGenerator<{ entry: TarEntry; rows: number }> {
    let [lines, bytes, count]: [string[], number, number] = [[], 0, 0];
    const cut = () => {
      const name = `data/${each.name}/${String(count++).padStart(6, "0")}.ndjson`;
      const made = { entry: { name, content: Buffer.from(`${lines.join("\n")}\n`) }, rows: lines.length };
      [lines, bytes] = [[], 0];
      return made;
    };
    for await (const rows of snapshot.rows(each)) {
      for (const row of rows) {
        books.count(each, row);
        const line = rowLine(row);
        lines.push(line);
        bytes += line.length;
      }
      if (bytes >= PART_BYTES) yield cut();
    }
    if (lines.length > 0) yield cut();
  }

  const gzip = createGzip({ level: GZIP_LEVEL });
  const source = Readable.from(tarOf(entries(), takenAt));
  // `flush`: what was written is on the disk when the stream has closed.
  const sink = createWriteStream(to.file, { flags: "wx", mode: 0o600, flush: true });
  const { passphrase } = to;
  if (passphrase === null) await pipeline(source, gzip, sink);
  else await pipeline(source, gzip, (bytes: AsyncIterable<Buffer>) => ageEncrypt(bytes, passphrase), sink);
  return { head: first, manifest: written };
}

/** What comes out of a backup, in this order: one head, rows, one manifest that all of it has been held against. */
export type Archived =
  | { kind: "head"; head: BackupHead }
  | { kind: "rows"; table: BackupTable; rows: readonly BackupRow[] }
  | { kind: "manifest"; manifest: BackupManifest };

/**
 * Reads a backup to its end and checks all of it: every part by its SHA-256 and its number of rows, and that none is missing or one too many.
 * Throws `backup_foreign`, `backup_key_missing`, `backup_wrong_key` or `backup_damaged`. What was yielded before counts only when it ended well.
 */
export async function* readArchive(file: string, passphrase: string | null): AsyncGenerator<Archived> {
  try {
    yield* checked(file, entriesOf(file, await sourceOf(file, passphrase)));
  } catch (error) {
    throw inWords(file, error);
  }
}

/** What a backup says about itself, without reading it to its end: nothing of it is proved by that. */
export async function backupHead(file: string, passphrase: string | null): Promise<BackupHead> {
  for await (const each of readArchive(file, passphrase)) if (each.kind === "head") return each.head;
  throw new AppError("backup_foreign", { file: basename(file) });
}

async function* checked(file: string, entries: AsyncIterable<TarEntry>): AsyncGenerator<Archived> {
  let about: BackupHead | null = null;
  let headHash = "";
  const found: { name: string; table: string; rows: number; sha256: string }[] = [];
  const books = ledgerCounter();
  let ended: BackupManifest | null = null;
  for await (const { name, content } of entries) {
    if (ended !== null) throw damaged(file, "something comes after its end");
    if (about === null) {
      if (name !== HEAD) throw new AppError("backup_foreign", { file: basename(file) });
      const read = head.safeParse(parsed(content));
      if (!read.success) throw damaged(file, "its head cannot be read");
      about = read.data;
      if (about.format > FORMAT) throw new AppError("backup_newer", { migration: `format ${about.format}` });
      headHash = sha256(content);
      yield { kind: "head", head: about };
    } else if (name === MANIFEST) {
      const read = manifest.safeParse(parsed(content));
      if (!read.success) throw damaged(file, "its manifest cannot be read");
      ended = read.data;
    } else {
      const [, tableName = ""] = /^data\/(\w+)\/\d+\.ndjson$/.exec(name) ?? [];
      const table = about.tables.find((each) => each.name === tableName);
      if (table === undefined) throw damaged(file, `${name} belongs to no table`);
      const rows: BackupRow[] = [];
      for (const line of content.toString("utf8").split("\n")) {
        if (line === "") continue;
        const row = lineRow(line, table);
        if (row === null) throw damaged(file, `a row of ${table.name} cannot be read`);
        books.count(table, row);
        rows.push(row);
      }
      found.push({ name, table: table.name, rows: rows.length, sha256: sha256(content) });
      yield { kind: "rows", table, rows };
    }
  }
  if (ended === null) throw damaged(file, "it has no end");
  if (ended.head !== headHash) throw damaged(file, "its head is another one");
  if (
    JSON.stringify(found) !==
    JSON.stringify(ended.parts.map(({ name, table, rows, sha256 }) => ({ name, table, rows, sha256 })))
  )
    throw damaged(file, firstDifference(found, ended.parts));
  if (JSON.stringify(books.told()) !== JSON.stringify(ended.ledger))
    throw damaged(file, "the sum of its ledger differs");
  yield { kind: "manifest", manifest: ended };
}

function firstDifference(
  found: readonly { name: string; sha256: string }[],
  listed: readonly { name: string; sha256: string }[],
) {
  const at = listed.findIndex(({ name, sha256 }, i) => found[i]?.name !== name || found[i]?.sha256 !== sha256);
  return at < 0 ? "it holds more than its manifest" : `${listed[at]?.name} is missing or not as it was written`;
}

/** The archive's bytes as they were before encryption. */
async function sourceOf(file: string, passphrase: string | null): Promise<AsyncIterable<Buffer>> {
  const start = await firstBytes(file, AGE_MAGIC.length);
  const bytes = createReadStream(file, { highWaterMark: 256 * 1024 });
  if (start.toString("latin1") === AGE_MAGIC) {
    if (passphrase === null) throw new AppError("backup_key_missing", { file: basename(file) });
    return ageDecrypt(bytes, passphrase);
  }
  if (start[0] !== 0x1f || start[1] !== 0x8b) throw new AppError("backup_foreign", { file: basename(file) });
  return bytes;
}

/** Unpacked entries; a failure of a stage before is told as what it is, not as the early end of the next. */
async function* entriesOf(file: string, source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const gunzip = createGunzip();
  let cause: unknown = null;
  const running = pipeline(source, gunzip).catch((error: unknown) => {
    cause = error;
  });
  try {
    yield* tarEntries(gunzip);
  } catch (error) {
    gunzip.destroy();
    await running;
    throw cause instanceof AgeFailure ? cause : error instanceof AppError ? error : (cause ?? error);
  } finally {
    gunzip.destroy();
    await running;
  }
  if (cause !== null) throw damaged(file, "it does not end as it should");
}

function inWords(file: string, error: unknown): unknown {
  if (error instanceof AgeFailure && error.why === "wrong_key") {
    return new AppError("backup_wrong_key", { file: basename(file) });
  }
  const isOurs = error instanceof AgeFailure || error instanceof CutShort || error instanceof NotTar;
  // What cannot be unpacked fails in zlib, or ends the stream that reads it before its time.
  const isCut = error instanceof Error && "code" in error && /^(Z_|ERR_STREAM_PREMATURE)/.test(String(error.code));
  return isOurs || isCut ? damaged(file, error.message) : error;
}

function damaged(file: string, what: string): AppError {
  return new AppError("backup_damaged", { file: basename(file), what });
}

async function firstBytes(file: PathLike, count: number): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Adds up the ledger's entries as they pass. */
function ledgerCounter() {
  let [transfers, entries, sum] = [0, 0, 0n];
  return {
    count(table: BackupTable, row: BackupRow): void {
      if (table.name === "ledger_transfer") transfers++;
      if (table.name !== "ledger_entry") return;
      entries++;
      const amount = row[table.columns.findIndex(({ name }) => name === "amount_e4")];
      sum += BigInt(typeof amount === "number" || typeof amount === "bigint" ? amount : 0);
    },
    told: () => ({ transfers, entries, sumE4: sum.toString() }),
  };
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 1)}\n`);
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function parsed(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    return null;
  }
}
