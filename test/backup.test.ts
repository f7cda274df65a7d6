import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { createConnection } from "mysql2/promise";
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { type BackupContext, backUp, backupsIn, checkBackup, keepNewest, restore } from "#flows/back-up.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import { writeArchive } from "#store/backup/archive.ts";
import { openSnapshot } from "#store/backup/snapshot.ts";
import { openRestoreTarget } from "#store/backup/target.ts";
import { openDatabase } from "#store/db.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { type World, world } from "./world.ts";

type Name = (typeof testDatabases)[number]["name"];
const ctx: BackupContext = { clock: systemClock, newId, log: silentLog };
const KEY = "a passphrase that nobody guesses";
/** Text that every step on the way would like to change, and the ends of 64 bits. */
const NASTY = `'"\\\n\r\t\u0000\u2028 --;/* 表计 ⚡️ ${String.fromCodePoint(0x1f4a1)} %s ?`;
const BIGGEST = 9_223_372_036_854_775_807n;

const gone: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of gone.splice(0).reverse()) await remove();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "jichao-backup-test-"));
  gone.push(async () => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A place for a restore: no file, or a schema without a table. */
async function emptyPlace(name: Name): Promise<string> {
  if (name === "sqlite") return `sqlite:${join(folder(), "sub", "restored.db")}`;
  const server = process.env.JICHAO_TEST_MYSQL;
  const schema = `jichao_restore_${randomBytes(5).toString("hex")}`;
  const ask = async (sql: string) => {
    const connection = await createConnection(server ?? "");
    await connection.query(sql).finally(() => connection.end());
  };
  await ask(`create database ${schema} character set utf8mb4 collate utf8mb4_bin`);
  gone.push(() => ask(`drop database ${schema}`));
  return `${server}/${schema}`;
}

async function isEmptyPlace(url: string): Promise<boolean> {
  if (url.startsWith("sqlite:")) {
    const file = url.slice("sqlite:".length);
    return !existsSync(file) && !existsSync(`${file}.restoring`);
  }
  const connection = await createConnection(url);
  const [rows] = await connection.query("show tables").finally(() => connection.end());
  return (rows as unknown[]).length === 0;
}

async function filled(name: Name): Promise<World> {
  const w = await world({ database: name, collector: false });
  const meter = await w.meterAt(w.hero);
  await w.recharge(meter.id, "100");
  await w.db.transact(async (tx) => {
    await tx
      .insertInto("tally")
      .values({ name: "biggest", value: BIGGEST as unknown as number })
      .execute();
    await tx
      .insertInto("tally")
      .values({ name: "smallest", value: (-BIGGEST - 1n) as unknown as number })
      .execute();
    const data = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const day = { meter_id: meter.id, day: "2026-08-01", rev: 0, readings: 1, first_at: 1, last_at: 1, data };
    await tx.insertInto("reading_day").values(day).execute();
    await tx.insertInto("setting").values({ key: "nasty", value: NASTY, updated_by: "", updated_at: 0 }).execute();
    await tx
      .insertInto("session")
      .values({
        token_hash: "x",
        user_id: 1,
        created_at: 1,
        seen_at: 1,
        expires_at: 1,
        ip: "",
        proved_at: 1,
        agent: "",
      })
      .execute();
  });
  return w;
}

const quiet = { version: "test", sealer: null, progress: () => {} };

function take(url: string, to: string, passphrase: string | null = null) {
  return backUp(ctx, { ...quiet, url, folder: to, passphrase, depth: "restored" });
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`no refusal but ${String(error)}`, { cause: error });
  return error.code;
}

/** All rows of all tables, in an order of their own. */
async function content(url: string): Promise<Map<string, string[]>> {
  const snapshot = await openSnapshot(url);
  const tables = new Map<string, string[]>();
  for (const table of snapshot.tables) {
    const names = table.columns.map(({ name }) => name);
    const sorted = [...names].sort();
    const rows: string[] = [];
    for await (const batch of snapshot.rows(table)) {
      for (const row of batch) rows.push(JSON.stringify(sorted.map((name) => shown(row[names.indexOf(name)]))));
    }
    tables.set(table.name, rows.sort());
  }
  await snapshot.close();
  return tables;
}

function shown(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}

/** What a restore changes on purpose: it must not believe what was so at the moment of the backup. */
const CHANGED = new Set([
  "audit",
  "audit_unsealed",
  "command",
  "concentrator",
  "meter_state",
  "quarantine_meter",
  "restore_run",
  "sequence",
]);

const pairs = testDatabases.flatMap((from) => testDatabases.map((to) => ({ from, to })));

describe.each(pairs)("a backup of $from.name restored on $to.name", ({ from, to }) => {
  test.skipIf(!from.available || !to.available)(
    "holds every row to the last digit, and only asks meters until they have shown where they stand",
    async () => {
      const w = await filled(from.name);
      const made = await take(w.db.url, folder(), KEY);
      expect(made).toMatchObject({ checked: "restored", ledger: { ok: true, sumE4: 0 } });
      expect(made.manifest.ledger.entries).toBeGreaterThan(0);
      const url = await emptyPlace(to.name);
      const done = await restore(ctx, { ...quiet, file: made.file, passphrase: KEY, url, by: "me" });
      expect(done.ledger).toMatchObject({ ok: true, transfers: made.manifest.ledger.transfers });
      expect(done.meters).toBe(w.plan.meters.length);

      const [before, after] = [await content(w.db.url), await content(url)];
      expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
      for (const [table, rows] of before) if (!CHANGED.has(table)) expect(after.get(table), table).toEqual(rows);
      expect(after.get("tally")?.join()).toContain(BIGGEST.toString());
      expect(after.get("command")).toHaveLength(before.get("command")?.length ?? -1);
      expect(after.get("quarantine_meter")).toHaveLength(done.meters);
      const db = await openDatabase(url);
      expect(await db.migrate()).toEqual([]);
      expect(await db.read.selectFrom("session").selectAll().execute()).toEqual([]);
      expect((await verifyLedger({ ...ctx, db })).problems).toEqual([]);
      await db.close();
    },
    60_000,
  );
});

/** The bytes with a bit turned round at a place, or behind it where that bit means nothing: between two blocks of gzip some fill up a byte. */
function flippedAt(whole: Buffer, place: number): Buffer {
  for (let at = place; ; at++) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 0x10;
    if (!unpacksTo(flipped, whole)) return flipped;
  }
}

function unpacksTo(bytes: Buffer, whole: Buffer): boolean {
  try {
    return gunzipSync(bytes).equals(gunzipSync(whole));
  } catch {
    return false;
  }
}

describe.each(testDatabases)("restoring on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on(
    "touches nothing that is there, and nothing when the backup is not good",
    async () => {
      const w = await filled("sqlite");
      const place = folder();
      const plain = await take(w.db.url, place);
      const secret = await take(w.db.url, place, KEY);
      const url = await emptyPlace(name);
      const tryIt = (file: string, passphrase: string | null = null) =>
        refusal(restore(ctx, { ...quiet, file, passphrase, url, by: "me" }));
      const broken = join(place, "broken");
      const write = (bytes: Uint8Array) => {
        writeFileSync(broken, bytes);
        return broken;
      };

      expect(await tryIt(secret.file)).toBe("backup_key_missing");
      expect(await tryIt(secret.file, "another passphrase altogether")).toBe("backup_wrong_key");
      expect(await tryIt(write(new Uint8Array()))).toBe("backup_foreign");
      expect(await tryIt(write(Buffer.from("集抄")))).toBe("backup_foreign");
      expect(await tryIt(write(gzipSync("not a tar")))).toBe("backup_damaged");
      expect(await tryIt(write(gzipSync(Buffer.alloc(1_024))))).toBe("backup_damaged");
      for (const { file } of [plain, secret]) {
        const whole = readFileSync(file);
        for (const part of [0.001, 0.1, 0.5, 0.9, 0.9999]) {
          const length = Math.max(40, Math.floor(whole.length * part));
          const code = await tryIt(write(whole.subarray(0, length)), KEY);
          expect(code, `cut at ${length} of ${whole.length}`).toBe("backup_damaged");
          const flipped = flippedAt(whole, length);
          const told = await tryIt(write(flipped), KEY);
          // A changed stanza of the header may look like another passphrase; nothing else may.
          // One in the name of the first part makes it the beginning of something else.
          const early = length < 4_000 ? /^backup_(damaged|foreign)$/ : /^backup_damaged$/;
          expect(told, `byte ${length}`).toMatch(length < 200 ? /^backup_(damaged|wrong_key|foreign)$/ : early);
        }
      }
      const snapshot = await openSnapshot(w.db.url);
      const newer = { ...snapshot, migrations: [...snapshot.migrations, "9999_of_tomorrow"] };
      const file = join(place, "newer");
      const about = { version: "99", takenAt: systemClock() };
      await writeArchive(newer, { file, passphrase: null, about, now: systemClock, progress: () => {} });
      await snapshot.close();
      expect(await tryIt(file)).toBe("backup_newer");
      expect(await isEmptyPlace(url)).toBe(true);

      const other = await filled(name);
      const were = await content(other.db.url);
      expect(
        await refusal(restore(ctx, { ...quiet, file: plain.file, passphrase: null, url: other.db.url, by: "me" })),
      ).toBe("restore_target_not_empty");
      expect(await content(other.db.url)).toEqual(were);
      expect(readdirSync(place).filter((each) => each.startsWith("."))).toEqual([]);
    },
    120_000,
  );

  on(
    "that was killed half-way starts no program, and is begun anew",
    async () => {
      const w = await filled("sqlite");
      const { file } = await take(w.db.url, folder());
      const url = await emptyPlace(name);
      const target = await openRestoreTarget(url, silentLog);
      const snapshot = await openSnapshot(w.db.url);
      await target.prepare({ file, migrations: snapshot.migrations, tables: snapshot.tables });
      const [area] = snapshot.tables.filter(({ name }) => name === "area");
      if (area) for await (const rows of snapshot.rows(area)) await target.load(area, rows);
      await snapshot.close();

      // What a kill -9 leaves behind is what is there now. No program takes it for a system.
      if (name === "sqlite") expect(existsSync(url.slice("sqlite:".length))).toBe(false);
      else {
        const db = await openDatabase(url);
        expect(await refusal(db.migrate())).toBe("restore_unfinished");
        await db.close();
      }
      const done = await restore(ctx, { ...quiet, file, passphrase: null, url, by: "me" });
      expect(done.ledger.ok).toBe(true);
      const db = await openDatabase(url);
      expect(await db.migrate()).toEqual([]);
      await db.close();
    },
    60_000,
  );
});

test("old backups go when newer ones are there, and nothing that is not a backup", async () => {
  const w = await filled("sqlite");
  const place = folder();
  const made: string[] = [];
  for (let i = 0; i < 4; i++) {
    const at = systemClock() + i * 60_000;
    const later: BackupContext = { ...ctx, clock: (() => at) as BackupContext["clock"] };
    made.push((await backUp(later, { ...quiet, url: w.db.url, folder: place, passphrase: null, depth: "read" })).file);
  }
  writeFileSync(join(place, "jichao.db"), "not ours to delete");
  writeFileSync(`${made[0]}.part`, "left by one that was killed");
  expect(await keepNewest(place, 2)).toHaveLength(2);
  const left = made.slice(2).map((file) => file.slice(place.length + 1));
  expect(await backupsIn(place)).toEqual(left.reverse());
  expect(readdirSync(place).sort()).toEqual([...left, "jichao.db"].sort());
});

test("a backup that is not what was written is told and not kept", async () => {
  const w = await filled("sqlite");
  const place = folder();
  let spoiled = false;
  const spoil = backUp(ctx, {
    ...quiet,
    url: w.db.url,
    folder: place,
    passphrase: null,
    depth: "restored",
    progress({ stage }) {
      if (stage !== "read" || spoiled) return; // the disk loses the end of the file while it is being checked
      spoiled = true;
      const [name = ""] = readdirSync(place);
      truncateSync(join(place, name), statSync(join(place, name)).size - 100);
    },
  });
  expect(await refusal(spoil)).toBe("backup_not_itself");
  expect(spoiled).toBe(true);
  expect(readdirSync(place)).toEqual([]);
});

test("a backup can be looked at without restoring it", async () => {
  const w = await filled("sqlite");
  const { file, rows } = await take(w.db.url, folder(), KEY);
  const found = await checkBackup(ctx, { ...quiet, file, passphrase: KEY, depth: "read" });
  expect(found).toMatchObject({ rows, checked: "read", ledger: null });
});
