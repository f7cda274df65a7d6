import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testDatabases } from "#store/test-databases.ts";
import { world } from "./world.ts";

const program = fileURLToPath(new URL("../src/cli/jichao.ts", import.meta.url));
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jichao-doctor-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Told = { check: string; state: string; zh: { why: string; todo: string }; en: { why: string; todo: string } };

/** Runs the command as a person does, in a folder of its own. */
async function doctor(env: Record<string, string>, args: string[] = []) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; out: string }>();
  const given = {
    PATH: process.env.PATH ?? "",
    JICHAO_DATA: folder,
    JICHAO_HTTP_PORT: "0",
    JICHAO_LINK_PORT: "0",
    ...env,
  };
  execFile(process.execPath, [program, "doctor", "--json", ...args], { cwd: folder, env: given }, (error, stdout) =>
    resolve({ code: error === null ? 0 : Number(error.code), out: stdout }),
  );
  const { code, out } = await promise;
  const findings = JSON.parse(out) as Told[];
  return { code, findings, of: (check: string) => findings.find((each) => each.check === check) };
}

test("an installation that was never started has nothing wrong, and nothing is made by looking", async () => {
  const { findings } = await doctor({});
  expect(findings.filter(({ state }) => state === "fail")).toEqual([]);
  for (const { zh, en, state } of findings) {
    expect(zh.why).not.toBe("");
    expect(en.why).not.toBe("");
    expect((zh.todo === "") === (state === "ok")).toBe(true);
  }
  expect(existsSync(join(folder, "master.key"))).toBe(false);
  expect(existsSync(join(folder, "jichao.db"))).toBe(false);
});

test("what is wrong with the settings is told without their values", async () => {
  const { code, of, findings } = await doctor({ JICHAO_MASTER_KEY: "not-a-key-but-secret", JICHAO_HTTP_PORT: "many" });
  expect(code).toBe(1);
  expect(of("config")).toMatchObject({ state: "fail" });
  expect(of("config_server")?.zh.why).toContain("JICHAO_HTTP_PORT");
  expect(JSON.stringify(findings)).not.toContain("not-a-key-but-secret");
});

test("a key that others can read, and a database that is away, must be mended", async () => {
  writeFileSync(join(folder, "master.key"), "ab".repeat(32));
  chmodSync(join(folder, "master.key"), 0o644);
  const { code, of, findings } = await doctor({ JICHAO_DB: "mysql://somebody:hush-hush@127.0.0.1:1/nowhere" });
  expect(code).toBe(1);
  expect(of("master_key")).toMatchObject({ state: "fail" });
  expect(of("database")).toMatchObject({ state: "fail" });
  expect(of("database")?.en.why).toContain("ECONNREFUSED");
  expect(JSON.stringify(findings)).not.toMatch(/hush-hush|somebody|nowhere/);
});

describe.each(testDatabases)("on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on(
    "the state of the system is told, and the bundle holds no secret and nobody",
    async () => {
      const w = await world({ database: name, collector: false });
      const meter = await w.meterAt(w.hero);
      await w.recharge(meter.id, "100");
      const masterKey = "5e".repeat(32);
      const bundle = join(folder, "bundle.tar.gz");
      const env = {
        JICHAO_DB: w.db.url,
        JICHAO_MASTER_KEY: masterKey,
        JICHAO_ADMIN_PASSWORD: "the-password-of-the-boss",
        JICHAO_METRICS_TOKEN: "a-token-for-the-metrics",
      };
      const { of, findings } = await doctor(env, ["--bundle", bundle]);
      expect(of("database")?.state).toBe("ok");
      expect(of("migrations")?.state).toBe("ok");
      expect(of("ledger")).toMatchObject({ state: "ok" });
      expect(of("sealed")).toMatchObject({ state: "ok" });
      expect(of("backup")).toMatchObject({ state: "warn" });
      expect(of("durability")).toMatchObject({ state: "ok" });
      expect((await doctor({ ...env, JICHAO_MASTER_KEY: "77".repeat(32) })).of("sealed")).toMatchObject({
        state: "fail",
      });

      const text = gunzipSync(readFileSync(bundle)).toString("utf8");
      expect(text).toContain("database.json");
      expect(text).toContain('"recharge_order"');
      for (const { check } of findings) expect(text).toContain(`"${check}"`);
      const forbidden = new Set<string>([
        masterKey,
        "the-password-of-the-boss",
        "a-token-for-the-metrics",
        w.db.url,
        folder,
      ]);
      for (const each of w.plan.meters) {
        for (const word of [
          each.customerName,
          each.customerNumber,
          each.number,
          each.address,
          each.room,
          each.tenant,
        ]) {
          forbidden.add(String(word));
        }
      }
      for (const { id, key } of w.plan.concentrators) forbidden.add(id).add(key);
      for (const { phone, name: person } of await w.db.read.selectFrom("customer").selectAll().execute()) {
        forbidden.add(phone).add(person);
      }
      for (const { key_sealed } of await w.db.read.selectFrom("concentrator").selectAll().execute())
        forbidden.add(key_sealed);
      forbidden.add(w.plan.masterKey).delete("");
      const found = [...forbidden].filter((word) => word.length > 1 && text.includes(word));
      expect(forbidden.size).toBeGreaterThan(50);
      expect(found).toEqual([]);
    },
    60_000,
  );

  on(
    "books that do not balance are a failure",
    async () => {
      const w = await world({ database: name, collector: false });
      await w.recharge((await w.meterAt(w.hero)).id, "100");
      await w.db.transact((tx) =>
        tx
          .updateTable("ledger_entry")
          .set((eb) => ({ amount_e4: eb("amount_e4", "+", 1) }))
          .where("line", "=", 1)
          .where("amount_e4", ">", 0)
          .execute(),
      );
      const { code, of } = await doctor({ JICHAO_DB: w.db.url, JICHAO_MASTER_KEY: "5e".repeat(32) });
      expect(of("ledger")).toMatchObject({ state: "fail" });
      expect(code).toBe(1);
    },
    60_000,
  );
});
