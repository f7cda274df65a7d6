import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { requestKeyChanges } from "#flows/meter-keys.ts";
import { activateRootKey, builtInSecurity, prepareRootKey } from "#flows/root-keys.ts";
import { fromHex, toHex } from "#protocol/bytes.ts";
import { testDatabases } from "#store/test-databases.ts";
import { externalModule } from "#system/external-module.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import type { SecurityModule } from "#system/security-module.ts";
import { type RunningModule, serveModule } from "#system/security-server.ts";
import { fileModule } from "../src/cli/root-key-file.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

const SEALER = createSealer("5e".repeat(32));
const ANNA = { by: "anna", reason: "yearly" };
const BERT = { by: "bert", reason: "yearly" };
const TOKEN = "a token that nobody types";

async function rotate(w: World, security: SecurityModule = builtInSecurity(w.ctx, SEALER)): Promise<number> {
  const { version } = await prepareRootKey(w.ctx, SEALER, security, ANNA);
  await activateRootKey(w.ctx, security, version, BERT);
  await requestKeyChanges(w.ctx, BERT);
  return version;
}

const keys = (w: World) => w.db.read.selectFrom("meter_key").selectAll().orderBy("meter_id").execute();

async function allOn(w: World, version: number) {
  await until(`all meters are on ${version}`, async () =>
    (await keys(w)).every((row) => row.version === version && row.next_version === null),
  );
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return (error as AppError).code;
}

async function expectBooksAgree(w: World): Promise<void> {
  expect((await w.verify()).problems).toEqual([]);
}

describe.each(testDatabases)("keys on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("a rotation brings every meter to the next key, and recharges go on before, during and after", async () => {
    const w = await world({ database: name, metersPer: 4 });
    const meter = await w.meterAt(w.hero);
    const before = await w.recharge(meter.id, "10");
    const version = await rotate(w);
    const during = await w.recharge(meter.id, "20");
    await allOn(w, version);
    const after = await w.recharge(meter.id, "30");
    for (const orderNo of [before, during, after]) {
      await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    }
    expect(w.town.meter(meter.address)?.topUps.map((each) => each.count)).toEqual([1, 2, 3]);
    for (const each of w.plan.meters) expect(w.town.meter(each.address)?.keyVersion).toBe(version);
    const made = await w.db.read.selectFrom("command").select("key_version").where("kind", "=", "top_up").execute();
    expect(new Set(made.map((row) => row.key_version))).toEqual(new Set([1, version]));
    const audited = await w.db.read
      .selectFrom("audit")
      .select(["actor", "action"])
      .where("object", "like", "root_key%")
      .execute();
    expect(audited).toContainEqual({ actor: "anna", action: "root_key.prepare" });
    expect(audited).toContainEqual({ actor: "bert", action: "root_key.activate" });
    await expectBooksAgree(w);
  });

  on("a rotation takes two people, and a key that is only prepared reaches no meter", async () => {
    const w = await world({ database: name, metersPer: 2, collector: false });
    const security = builtInSecurity(w.ctx, SEALER);
    const { version, check } = await prepareRootKey(w.ctx, SEALER, security, ANNA);
    expect(await prepareRootKey(w.ctx, SEALER, security, BERT)).toEqual({ version, check });
    expect(await refusal(activateRootKey(w.ctx, security, version, ANNA))).toBe("root_key_same_person");
    expect(await refusal(activateRootKey(w.ctx, security, version + 1, BERT))).toBe("root_key_not_prepared");
    expect(await refusal(activateRootKey(w.ctx, security, version, { by: "bert", reason: "" }))).toBe(
      "reason_required",
    );
    expect(await requestKeyChanges(w.ctx, BERT)).toMatchObject({ version: 1, requested: 0 });
    await activateRootKey(w.ctx, security, version, BERT);
    await activateRootKey(w.ctx, security, version, BERT);
    expect(await requestKeyChanges(w.ctx, BERT)).toMatchObject({ version, requested: 2, underWay: 0 });
    expect(await requestKeyChanges(w.ctx, BERT)).toMatchObject({ version, requested: 0, underWay: 2 });
  });

  on(
    "a rotation over a bad line ends on one key with recharges in between, and nothing is lost or doubled",
    async () => {
      const w = await world({ database: name, metersPer: 3 });
      const meter = await w.meterAt(w.hero);
      w.town.setFaults({ everywhere: { loseAnswer: 0.3, loseRequest: 0.1, duplicate: 0.2 } });
      const orders: string[] = [];
      for (let i = 0; i < 2; i++) orders.push(await w.recharge(meter.id, "10"));
      const version = await rotate(w);
      for (let i = 0; i < 2; i++) orders.push(await w.recharge(meter.id, "10"));
      await until("some time has passed", async () => (await keys(w)).some((row) => row.version === version));
      w.town.setFaults({ everywhere: {} });
      await allOn(w, version);
      for (const orderNo of orders) {
        await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
      }
      expect(w.town.meter(meter.address)?.topUps.map((each) => each.count)).toEqual([1, 2, 3, 4]);
      await expectBooksAgree(w);
    },
  );

  on("books that are older than the meter are put right by asking it, before a top-up is made", async () => {
    const w = await world({ database: name, metersPer: 2 });
    const meter = await w.meterAt(w.hero);
    const version = await rotate(w);
    await allOn(w, version);
    await w.db.transact((tx) =>
      tx.updateTable("meter_key").set({ version: 1 }).where("meter_id", "=", meter.id).execute(),
    );
    const orderNo = await w.recharge(meter.id, "10");
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    expect((await keys(w)).find((row) => row.meter_id === meter.id)?.version).toBe(version);
    const events = await w.db.read
      .selectFrom("meter_event")
      .select("detail")
      .where("kind", "=", "key_changed")
      .execute();
    expect(events.map((row) => JSON.parse(row.detail).why)).toContain("found");
    expect(w.town.meter(meter.address)).toMatchObject({ purchaseCount: 1, badMacs: 0 });
  });

  on("a meter with a key that is none of ours gets no top-up, and not one wrong MAC", async () => {
    const w = await world({ database: name, metersPer: 2 });
    const meter = await w.meterAt(w.hero);
    w.town.setKey(meter.address, "00".repeat(16));
    const orderNo = await w.recharge(meter.id, "10");
    await until("it waits", async () => {
      const command = await w.db.read
        .selectFrom("command")
        .select("state_reason")
        .where("order_no", "=", orderNo)
        .executeTakeFirst();
      return command?.state_reason === "meter_key_unknown";
    });
    expect(await w.order(orderNo)).toMatchObject({ state: "booked", stateReason: "meter_key_unknown" });
    expect(w.town.meter(meter.address)).toMatchObject({ purchaseCount: 0, badMacs: 0 });
    await rotate(w);
    await until("its change of key is refused", async () =>
      (
        await w.db.read.selectFrom("meter_event").select("meter_id").where("kind", "=", "key_change_refused").execute()
      ).some((row) => row.meter_id === meter.id),
    );
    await expectBooksAgree(w);
  });
});

describe("an external security module", () => {
  const folder = mkdtempSync(join(tmpdir(), "jichao-hsm-"));
  const address = { path: join(folder, "hsm.sock") };
  const file = join(folder, "keys.json");
  let running: RunningModule | null = null;
  afterEach(async () => {
    await running?.close();
    rmSync(file, { force: true });
  });

  async function start(rootKey: string): Promise<void> {
    const module = fileModule(file);
    module.importRootKey(1, fromHex(rootKey)!);
    running = await serveModule(module, { address, token: TOKEN, log: silentLog });
  }

  test("carries a recharge and a rotation, and no key of it is ever in the database", async () => {
    const w = await world({ database: "sqlite", metersPer: 2, collector: false });
    await start(w.plan.masterKey);
    await w.db.transact((tx) => tx.updateTable("root_key").set({ sealed: null }).execute());
    const security = externalModule({ address, token: TOKEN, log: silentLog });
    await w.startCollector({}, { security });
    const meter = await w.meterAt(w.hero);
    const first = await w.recharge(meter.id, "10");
    await until("confirmed", async () => (await w.order(first)).state === "confirmed");
    const version = await rotate(w, security);
    await allOn(w, version);
    const second = await w.recharge(meter.id, "10");
    await until("confirmed", async () => (await w.order(second)).state === "confirmed");
    const rows = await w.db.read.selectFrom("root_key").select(["version", "sealed"]).orderBy("version").execute();
    expect(rows).toEqual([
      { version: 1, sealed: null },
      { version, sealed: null },
    ]);
    security.close();
  });

  test("that is away lets a top-up wait with that reason, and it goes through when the module is back", async () => {
    const w = await world({ database: "sqlite", metersPer: 2, collector: false });
    const security = externalModule({ address, token: TOKEN, log: silentLog, answerMs: 300 });
    await w.startCollector({}, { security });
    const meter = await w.meterAt(w.hero);
    const orderNo = await w.recharge(meter.id, "10");
    const command = () =>
      w.db.read
        .selectFrom("command")
        .select(["id", "state_reason"])
        .where("order_no", "=", orderNo)
        .executeTakeFirstOrThrow();
    await until("it waits for the module", async () => (await command()).state_reason === "security_module");
    expect(await w.order(orderNo)).toMatchObject({ state: "booked", stateReason: "security_module" });
    expect(w.town.meter(meter.address)).toMatchObject({ purchaseCount: 0 });
    await start(w.plan.masterKey);
    w.letPass(60_000);
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    expect(w.town.meter(meter.address)).toMatchObject({ purchaseCount: 1, badMacs: 0 });
    security.close();
  });

  test("with another root key than the meters' gets no wrong MAC sent", async () => {
    const w = await world({ database: "sqlite", metersPer: 2, collector: false });
    await start(toHex(new Uint8Array(16)));
    const security = externalModule({ address, token: TOKEN, log: silentLog });
    await w.startCollector({}, { security });
    const meter = await w.meterAt(w.hero);
    const orderNo = await w.recharge(meter.id, "10");
    await until("it waits", async () => {
      const row = await w.db.read
        .selectFrom("command")
        .select("state_reason")
        .where("order_no", "=", orderNo)
        .executeTakeFirst();
      return row?.state_reason === "meter_key_unknown";
    });
    expect(w.town.meter(meter.address)).toMatchObject({ purchaseCount: 0, badMacs: 0 });
    security.close();
  });
});
