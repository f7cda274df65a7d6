import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { type TestCertificate, testCertificate } from "#collector/test-certificate.ts";
import { claimCommands } from "#flows/claim-commands.ts";
import { setLinkPolicy } from "#flows/link-policy.ts";
import { claimConcentrator } from "#flows/own-concentrators.ts";
import { markSent } from "#flows/settle-command.ts";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import { linkTlsPsk } from "#protocol/link/jichao.ts";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import { type TownPlan, townPlan } from "#simulator/plan.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

const TLS_ON = { linkTls: { port: 0, certFile: null, keyFile: null } };
const CODE = "JC000001";

const plainPlan = (concentrators = 1) => townPlan({ seed: 1, concentrators, metersPer: 2, waterPer: 0 });
/** The same town, whose concentrators come by TLS. */
function tlsPlan(concentrators = 1): TownPlan {
  const plan = plainPlan(concentrators);
  return { ...plan, concentrators: plan.concentrators.map((each) => ({ ...each, tls: true as const })) };
}

const sockets: TLSSocket[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

function concentrator(w: World, code = CODE) {
  return w.db.read.selectFrom("concentrator").selectAll().where("code", "=", code).executeTakeFirstOrThrow();
}

function alarms(w: World) {
  return w.db.read.selectFrom("concentrator_alarm").select(["kind", "times", "detail"]).orderBy("kind").execute();
}

const pskOf = (plan: TownPlan, code = CODE): Bytes =>
  linkTlsPsk(
    nodeCiphers,
    fromHex(plan.concentrators.find(({ id }) => id === code)?.key ?? "") ?? new Uint8Array(),
    code,
  );

/** A caller whose handshake the test decides; resolves with why it failed, or "in". */
async function call(
  port: number,
  as: { psk: Bytes; identity: string } | TestCertificate,
  max: "TLSv1.2" | "TLSv1.3" = "TLSv1.3",
): Promise<{ socket: TLSSocket; how: string }> {
  const how =
    "psk" in as
      ? { ciphers: "TLS_AES_128_GCM_SHA256:PSK", pskCallback: () => as }
      : { cert: as.cert, key: as.key, rejectUnauthorized: false };
  const socket = connect({ host: "127.0.0.1", port, maxVersion: max, checkServerIdentity: () => undefined, ...how });
  sockets.push(socket);
  const failed = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "failed"));
    socket.on("close", () => resolve("closed"));
  });
  return { socket, how: await Promise.race([failed, once(socket, "secureConnect").then(() => "in")]) };
}

describe.each(testDatabases)("the door in TLS on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("lets a concentrator in by its own key, and reads, recharges and switches through it", async () => {
    const w = await world({ database: name, plan: tlsPlan(), collector: false });
    const collector = await w.startCollector(TLS_ON);
    const room = w.plan.meters[1]?.room ?? "";
    await until("a meter is read", async () => (await w.meterAt(room)).last_answer_at > 0);
    const { id } = await w.meterAt(room);
    const order = await w.recharge(id, "50");
    await until("the recharge has arrived", async () => (await w.order(order)).state === "confirmed");
    const close = await w.command(id, "close");
    await until("closed", async () => (await w.commandNow(close)).state === "confirmed");
    expect(await concentrator(w)).toMatchObject({ online: 1, first_source: "127.0.0.1", channel: "tls" });
    expect(collector.linkTlsPort).not.toBe(collector.linkPort);
  });

  on("keeps a concentrator that has to come by TLS out of the plain port, and tells people", async () => {
    const w = await world({ database: name, plan: plainPlan(2), collector: false, awaitTown: false });
    await w.db.transact((tx) =>
      tx.updateTable("concentrator").set({ channel: "tls" }).where("code", "=", CODE).execute(),
    );
    await w.startCollector(TLS_ON);
    await until("the other one is in", async () => (await concentrator(w, "JC000002")).online === 1);
    await until("people are told", async () => (await alarms(w)).length > 0);
    expect(await alarms(w)).toMatchObject([{ kind: "plain_refused", detail: JSON.stringify({ source: "127.0.0.1" }) }]);
    expect(await concentrator(w)).toMatchObject({ online: 0, epoch: 0 });
  });

  on("hangs up on a session by plain TCP when the archive says TLS from now on", async () => {
    const w = await world({ database: name, plan: plainPlan(), collector: false });
    await w.startCollector(TLS_ON);
    const { epoch } = await concentrator(w);
    await w.db.transact((tx) => tx.updateTable("concentrator").set({ channel: "tls" }).execute());
    await until("it is out, and not in again", async () =>
      (await alarms(w)).some(({ kind }) => kind === "plain_refused"),
    );
    expect((await concentrator(w)).epoch).toBe(epoch);
  });
});

describe("how a concentrator must come", () => {
  test("is set with a reason, goes into the audit, and hangs up on who does not come like that", async () => {
    const w = await world({ database: "sqlite", plan: plainPlan(), collector: false });
    await w.startCollector();
    const policy = { code: CODE, channel: "plain" as const, lockSource: false, forgetSource: false, fingerprint: null };
    const set = (sources: string[] | null, reason = "VPN") =>
      setLinkPolicy(w.ctx, boss, { ...policy, sources, reason, ip: "" });
    await expect(set(["10.8.0.0/16"], "")).rejects.toMatchObject({ code: "reason_required" });
    await expect(
      setLinkPolicy(w.ctx, boss, { ...policy, code: "JC7", sources: null, reason: "x", ip: "" }),
    ).rejects.toMatchObject({ code: "not_found" });
    await set(["10.8.0.0/16"]);
    // It is hung up on, though it was in before, and comes again.
    await until("people are told", async () => (await alarms(w)).some(({ kind }) => kind === "source_refused"));
    expect((await concentrator(w)).online).toBe(0);
    await set(["127.0.0.0/8"]);
    await until("it is in", async () => (await concentrator(w)).online === 1);
    const audit = await w.db.read.selectFrom("audit").selectAll().where("action", "=", "link.policy").execute();
    expect(audit).toHaveLength(2);
    expect(JSON.parse(audit[1]?.before ?? "")).toMatchObject({ sources: ["10.8.0.0/16"] });
  });
});

describe("a command that was claimed before the policy changed", () => {
  test("does not leave over the session that came by the old one, and one certificate stands for one device", async () => {
    const w = await world({ database: "sqlite", plan: plainPlan(2), collector: false, awaitTown: false });
    const own = await claimConcentrator(w.ctx, { code: CODE, kind: "jichao", collector: "a" });
    const [meter] = w.plan.meters.filter(({ concentrator: code, closesBy }) => code === CODE && closesBy === "direct");
    const trip = await w.command((await w.meterAt(meter?.room ?? "")).id, "trip");
    const [claimed] = await claimCommands(w.ctx, { collector: "a", concentrators: own ? [own] : [], limit: 1 });
    expect(claimed?.id).toBe(trip);
    const policy = { channel: "tls" as const, sources: null, lockSource: false, forgetSource: false, ip: "" };
    const set = (code: string) =>
      setLinkPolicy(w.ctx, boss, { ...policy, code, fingerprint: "ab".repeat(32), reason: "TLS" });
    await set(CODE);
    expect(await markSent(w.ctx, claimed!, () => "bytes")).toMatchObject({ ok: false, why: "concentrator_offline" });
    await set(CODE);
    await expect(set("JC000002")).rejects.toMatchObject({ code: "link_fingerprint_taken" });
  });
});

describe("the door in TLS", () => {
  test("the key in TLS is the one that the document shows", () => {
    const key = fromHex("00112233445566778899aabbccddeeff") ?? new Uint8Array();
    expect(toHex(linkTlsPsk(nodeCiphers, key, CODE))).toBe(
      "8da9db42af9f468efd73a45d464a11f7b8cf281f38ef9ccc927e1e310cc8b92b",
    );
  });

  test("takes nobody with a wrong key, an unknown name, another's name, or an older version of TLS", async () => {
    const w = await world({ database: "sqlite", plan: tlsPlan(2), collector: false });
    const { linkTlsPort } = await w.startCollector(TLS_ON);
    const port = linkTlsPort ?? 0;
    const psk = pskOf(w.plan);
    const linkKey = fromHex(w.plan.concentrators[0]?.key ?? "") ?? new Uint8Array();
    expect((await call(port, { psk, identity: CODE })).how).toBe("in");
    for (const wrong of [
      { psk: new Uint8Array(32).fill(7), identity: CODE },
      { psk: linkKey, identity: CODE },
      { psk, identity: "JC999999" },
      { psk, identity: "JC000002" },
      { psk, identity: "" },
    ]) {
      expect((await call(port, wrong)).how).not.toBe("in");
    }
    expect((await call(port, { psk, identity: CODE }, "TLSv1.2")).how).not.toBe("in");
    expect((await call(port, testCertificate(CODE, systemClock()))).how).not.toBe("in");
  });

  test("who proved to be one cannot say that it is another", async () => {
    const w = await world({ database: "sqlite", plan: tlsPlan(2), collector: false });
    const plan = w.plan;
    const { linkTlsPort } = await w.startCollector(TLS_ON);
    const epoch = (await concentrator(w)).epoch;
    const { socket, how } = await call(linkTlsPort ?? 0, { psk: pskOf(plan, "JC000002"), identity: "JC000002" });
    expect(how).toBe("in");
    await sayHelloAs(socket, CODE, plan);
    await once(socket, "close");
    await until("people are told", async () => (await alarms(w)).some(({ kind }) => kind === "other_identity"));
    expect((await concentrator(w)).epoch).toBe(epoch);
  });

  test("knows a device by the fingerprint of its certificate, and no other certificate", async () => {
    const w = await world({ database: "sqlite", plan: plainPlan(), collector: false, awaitTown: false });
    const [own, device, other] = ["collector", CODE, CODE].map((each) => testCertificate(each, systemClock()));
    const folder = await mkdtemp(join(tmpdir(), "jichao-tls-"));
    folders.push(folder);
    const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
    await writeFile(files.certFile, own?.cert ?? "");
    await writeFile(files.keyFile, own?.key ?? "");
    await w.db.transact((tx) =>
      tx
        .updateTable("concentrator")
        .set({ channel: "tls", tls_fingerprint: device?.fingerprint ?? "" })
        .execute(),
    );
    const { linkTlsPort } = await w.startCollector({ linkTls: { port: 0, ...files } });
    const right = await call(linkTlsPort ?? 0, device!);
    expect(right.how).toBe("in");
    await sayHelloAs(right.socket, CODE, w.plan);
    await until("it is in", async () => (await concentrator(w)).online === 1);
    const wrong = await call(linkTlsPort ?? 0, other!);
    await once(wrong.socket, "close");
    const byKey = await call(linkTlsPort ?? 0, { psk: pskOf(w.plan), identity: CODE });
    expect(byKey.how).toBe("in");
    // Another device has taken its place: the old one is a stranger at once, whatever is still remembered of it.
    await w.db.transact((tx) => tx.updateTable("concentrator").set({ tls_fingerprint: null }).execute());
    const old = await call(linkTlsPort ?? 0, device!);
    const heard = sayHelloAs(old.socket, CODE, w.plan).then(() => "challenged");
    expect(await Promise.race([heard, once(old.socket, "close").then(() => "closed")])).toBe("closed");
  });

  test("a DTU inside TLS has proved itself: nobody has to take a risk for it", async () => {
    const mixed = mixedTownPlan({ seed: 1, concentrators: 1, metersPer: 1 });
    const key = mixed.concentrators[0]?.key ?? "";
    const concentrators = mixed.concentrators.map((each) =>
      each.id === "DTU00902" ? { ...each, key, tls: true as const } : each,
    );
    const w = await world({ database: "sqlite", plan: { ...mixed, concentrators }, collector: false });
    await w.db.transact((tx) => tx.deleteFrom("setting").where("key", "like", "link_risk:%").execute());
    await w.startCollector(TLS_ON);
    const own = w.plan.meters.filter((each) => each.concentrator === "DTU00902" && each.closesBy === "direct");
    const meter = await w.meterAt(own.find((each) => each.creditAt === "meter")?.room ?? "");
    const trip = await w.command(meter.id, "trip");
    await until("tripped", async () => (await w.commandNow(trip)).state === "confirmed");
  });
});

/** HELLO and AUTH of JCP/1 with the key of that code. */
async function sayHelloAs(socket: TLSSocket, code: string, plan: TownPlan): Promise<void> {
  const { createLinkDeframer, encodeLink, linkAuthMac } = await import("#protocol/link/jichao.ts");
  const key = fromHex(plan.concentrators.find(({ id }) => id === code)?.key ?? "") ?? new Uint8Array();
  const nonce = new Uint8Array(16).fill(5);
  const deframer = createLinkDeframer();
  const challenged = new Promise<Bytes>((resolve) => {
    socket.on("data", (chunk: Bytes) => {
      for (const { message } of deframer.push(chunk)) if (message.type === "challenge") resolve(message.nonce);
    });
  });
  const hello = { type: "hello", id: code, firmware: "test", nonce, protocols: 1, tableVersion: 0 } as const;
  socket.write(encodeLink({ seq: 1, message: hello }));
  const mac = linkAuthMac(nodeCiphers, key, "C", code, await challenged, nonce);
  socket.write(encodeLink({ seq: 2, message: { type: "auth", mac } }));
}
