import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AppError } from "#base/errors.ts";
import { townPlan } from "#simulator/plan.ts";
import { embeddedDatabase, openDatabase } from "#store/db.ts";
import { externalModule } from "#system/external-module.ts";
import { silentLog } from "#system/log.ts";
import { moduleAddress } from "#system/security-wire.ts";
import { demoCommand } from "./demo-command.ts";
import { hsmCommand, runHsm } from "./hsm.ts";
import { keysCommand } from "./keys.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) await close();
});

/** What a command prints, as the object that it is. */
async function printed(run: () => Promise<number>): Promise<{ code: number; told: Record<string, unknown> }> {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((text: string) => void lines.push(text));
  vi.spyOn(console, "error").mockImplementation(() => {});
  const code = await run();
  vi.restoreAllMocks();
  const text = lines.join("\n");
  return { code, told: text.startsWith("{") ? JSON.parse(text) : {} };
}

async function installation() {
  const env = { JICHAO_DATA: mkdtempSync(join(tmpdir(), "jichao-keys-")), JICHAO_LOG: "silent" };
  await printed(() => demoCommand(env));
  const keys = (...args: string[]) => printed(() => keysCommand(args, env));
  return { env, keys };
}

const ANNA = ["--by", "anna", "--reason", "yearly"];
const BERT = ["--by", "bert", "--reason", "yearly"];

describe("jichao keys", () => {
  test("rotates in two steps, by two people, and tells how far it is", async () => {
    const { keys } = await installation();
    const first = (await keys("status")).told;
    expect(first).toMatchObject({ securityModule: "built_in", changesOpen: {}, sealedByOldMasterKey: 0 });
    expect(first.rootKeys).toMatchObject([{ version: 1, state: "active", kept: "sealed in the database" }]);
    const { told } = await keys("prepare", ...ANNA);
    expect(told).toMatchObject({ version: 2 });
    await expect(keys("activate", "--version", "2", ...ANNA)).rejects.toBeInstanceOf(AppError);
    const activated = (await keys("activate", "--version", "2", ...BERT)).told;
    expect(activated).toMatchObject({ version: 2, underWay: 0 });
    expect(activated.requested).toBeGreaterThan(10);
    expect((await keys("rotate", ...BERT)).told).toMatchObject({ requested: 0, underWay: activated.requested });
    const after = (await keys("status")).told;
    expect(after.changesOpen).toEqual({ waiting: activated.requested });
    expect(after.rootKeys).toMatchObject([
      { version: 1, state: "superseded", meters: activated.requested },
      { version: 2, state: "active", meters: 0 },
    ]);
  });

  test("gives a prepared key up, and never uses its version again", async () => {
    const { keys } = await installation();
    await keys("prepare", ...ANNA);
    expect((await keys("abandon", "--version", "2", ...ANNA)).told).toEqual({ abandoned: 2 });
    expect((await keys("prepare", ...ANNA)).told).toMatchObject({ version: 3 });
  });

  test("replaces the master key in its file; after it everything opens with the new one alone", async () => {
    const { env, keys } = await installation();
    const { code, told } = await keys("reseal", "--new-master-key", ...ANNA);
    expect([code, told.left]).toEqual([0, 0]);
    expect(told.resealed).toBeGreaterThan(2);
    const files = readdirSync(env.JICHAO_DATA).filter((file) => file.startsWith("master.key"));
    expect(files).toEqual(["master.key", expect.stringMatching(/^master\.key\.retired-\d+$/)]);
    expect((await keys("status")).told).toMatchObject({ sealedByOldMasterKey: 0 });
    expect((await keys("reseal", ...ANNA)).told).toMatchObject({
      resealed: 0,
      alreadyCurrent: told.resealed,
      left: 0,
    });
    await keys("prepare", ...ANNA);
    expect((await keys("activate", "--version", "2", ...BERT)).told).toMatchObject({ version: 2 });
  });

  test("with the key in the environment needs the old one beside it, and says so", async () => {
    const { env } = await installation();
    const given = { ...env, JICHAO_MASTER_KEY: "ab".repeat(32) };
    const old = await keysOf(env.JICHAO_DATA);
    await expect(printed(() => keysCommand(["reseal", ...ANNA], given))).rejects.toThrow("JICHAO_MASTER_KEY");
    expect((await printed(() => keysCommand(["reseal", "--new-master-key", ...ANNA], given))).code).toBe(2);
    const both = { ...given, JICHAO_MASTER_KEY_OLD: old };
    expect((await printed(() => keysCommand(["reseal", ...ANNA], both))).told).toMatchObject({ left: 0 });
    expect((await printed(() => keysCommand(["status"], given))).told).toMatchObject({ sealedByOldMasterKey: 0 });
  });

  test.each([[["what"]], [["prepare"]], [["activate", ...ANNA]], [["reseal", "--by", "anna"]]])(
    "%j is no way to call it: exit code 2",
    async (args) => {
      expect((await printed(() => keysCommand(args, {}))).code).toBe(2);
    },
  );
});

async function keysOf(dataDir: string): Promise<string> {
  const { loadMasterKey } = await import("#system/seal.ts");
  return loadMasterKey(undefined, dataDir);
}

describe("jichao hsm", () => {
  test("holds imported and made root keys over a restart, and serves a whole rotation", async () => {
    const { env } = await installation();
    const folder = env.JICHAO_DATA;
    const [file, keyFile] = [join(folder, "hsm.json"), join(folder, "root.hex")];
    writeFileSync(keyFile, townPlan({ seed: 1 }).masterKey, { mode: 0o600 });
    const listen = `unix:${join(folder, "hsm.sock")}`;
    const hsm = { ...env, JICHAO_HSM: listen, JICHAO_HSM_TOKEN: "a token that nobody types" };
    const never = new AbortController().signal;
    const brought = await printed(() =>
      hsmCommand(["--keys", file, "--import", "1", "--key-file", keyFile], hsm, never),
    );
    expect(brought).toMatchObject({ code: 0, told: { version: 1, isNew: true } });
    const running = await runHsm({ keys: file, listen }, hsm);
    const keys = (...args: string[]) => printed(() => keysCommand(args, hsm));
    expect((await keys("prepare", ...ANNA)).told).toMatchObject({ version: 2 });
    await running.close();
    const again = await runHsm({ keys: file, listen }, hsm);
    closing.push(() => again.close());
    expect((await keys("activate", "--version", "2", ...BERT)).told).toMatchObject({ version: 2 });
    expect((await keys("status")).told.rootKeys).toMatchObject([{ version: 1 }, { version: 2, kept: "external" }]);
    const asked = externalModule({ address: moduleAddress(listen)!, token: hsm.JICHAO_HSM_TOKEN, log: silentLog });
    closing.push(() => asked.close());
    expect(await asked.rootCheck(1)).toBe(brought.told.check);
  });

  test("refuses a file that others can read, and one that is none", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jichao-hsm-"));
    const file = join(folder, "keys.json");
    writeFileSync(file, "{}", { mode: 0o644 });
    const env = { JICHAO_HSM_TOKEN: "a token that nobody types", JICHAO_LOG: "silent" };
    await expect(runHsm({ keys: file, listen: "tcp:127.0.0.1:0" }, env)).rejects.toThrow("can be read by others");
    const other = join(folder, "other.json");
    writeFileSync(other, "{}", { mode: 0o600 });
    await expect(runHsm({ keys: other, listen: "tcp:127.0.0.1:0" }, env)).rejects.toThrow("not a file of root keys");
    await expect(runHsm({ keys: join(folder, "new"), listen: "tcp:127.0.0.1:0" }, {})).rejects.toThrow("TOKEN");
  });
});

test("a database from before there were versions keeps its one root key, as version 1 of every meter of ours", async () => {
  const { env, keys } = await installation();
  const db = await openDatabase(embeddedDatabase(env.JICHAO_DATA));
  await db.transact(async (tx) => {
    const { sealed } = await tx.selectFrom("root_key").select("sealed").executeTakeFirstOrThrow();
    const row = { key: "meter_master_key", value: sealed ?? "", updated_by: "system", updated_at: 7 };
    await tx.insertInto("setting").values(row).execute();
    await tx.schema.dropTable("root_key").execute();
    await tx.schema.dropTable("meter_key").execute();
    await sql`delete from migration where name = '0004_keys'`.execute(tx);
  });
  expect(await db.migrate()).toEqual(["0004_keys"]);
  const meters = await db.read.selectFrom("meter").select("id").where("profile", "=", "jc1").execute();
  const versions = await db.read.selectFrom("meter_key").select("version").execute();
  expect(versions).toEqual(meters.map(() => ({ version: 1 })));
  await db.close();
  expect((await keys("prepare", ...ANNA)).told).toMatchObject({ version: 2 });
  expect((await keys("activate", "--version", "2", ...BERT)).told.requested).toBe(meters.length);
});
