import type { Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type ConcentratorLink, USUAL_LINK } from "#domain/link.ts";
import { CONCENTRATOR_LEASE_MS, claimToDial, dialFailed, dialSucceeded } from "#flows/own-concentrators.ts";
import { fromHex } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink, linkAuthMac } from "#protocol/link/jichao.ts";
import { pause } from "#system/clock.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { silentLog } from "#system/log.ts";
import { freePort } from "../../test/free-port.ts";
import { listening, type ScriptedDevice } from "./test-device.ts";
import { openSite, type Site } from "./test-site.ts";

/** The devices here do not answer questions: their silence ends soon. */
const QUICK = { JICHAO_LINK_TIMEOUT_MS: "200" };
const WAIT = { interval: 20 };
let site: Site | undefined;
const servers: Server[] = [];
const devices: ScriptedDevice[] = [];

afterEach(async () => {
  await site?.close();
  site = undefined;
  for (const device of devices.splice(0)) device.hangUp();
  for (const server of servers.splice(0)) server.close();
});

const dtu = (port: number, change: Partial<ConcentratorLink> = {}): ConcentratorLink => ({
  kind: "transparent",
  direction: "listens",
  address: { host: "127.0.0.1", port },
  trust: "full",
  dtu: { registration: null, heartbeats: [] },
  ...change,
});

/** A site with one device that listens, and what has become of the connections to it. */
async function siteWith(code: string, link: ConcentratorLink) {
  const lines: { text: string; fields: object }[] = [];
  const note = (fields: object, text: string) => void lines.push({ fields, text });
  const log = { ...silentLog, info: note, warn: note, child: () => ({ ...silentLog, info: note, warn: note }) };
  const opened = await openSite({ metersPer: 1, links: [{ code, link }], log });
  site = opened;
  const row = () => opened.db.read.selectFrom("concentrator").selectAll().executeTakeFirstOrThrow();
  return { site: opened, row, lines };
}

async function deviceAt(port: number, accepted: (device: ScriptedDevice) => void = () => {}) {
  const server = await listening(port, (device) => {
    devices.push(device);
    accepted(device);
  });
  servers.push(server);
  return server;
}

const live = () => devices.filter((device) => !device.socket.destroyed);

describe("a collector that dials", () => {
  test("speaks to a device that listens, and gives it up when it stops", async () => {
    const port = await freePort();
    const { site, row } = await siteWith("DTU00001", dtu(port));
    await deviceAt(port);
    const collector = await site.collector(QUICK);
    await expect.poll(row, WAIT).toMatchObject({ online: 1, owner: "test" });
    await devices[0]!.heard((bytes) => bytes.includes(0x68)); // its meter is being read
    await collector.close();
    expect(await row()).toMatchObject({ online: 0, owner: null });
    await devices[0]!.closed;
  });

  test("of two collectors only one dials; the other takes over when the first has ended", async () => {
    const port = await freePort();
    const { site, row } = await siteWith("DTU00001", dtu(port));
    await deviceAt(port);
    const a = await site.collector({ ...QUICK, JICHAO_COLLECTOR_ID: "a" });
    const b = await site.collector({ ...QUICK, JICHAO_COLLECTOR_ID: "b" });
    await expect.poll(row, WAIT).toMatchObject({ online: 1 });
    const { owner } = await row();
    await pause(2_500); // the other one looks twice in this time
    expect(devices).toHaveLength(1);
    await (owner === "a" ? a : b).close();
    await expect.poll(row, WAIT).toMatchObject({ online: 1, owner: owner === "a" ? "b" : "a" });
    expect(live()).toHaveLength(1);
  });

  test("tries again with pauses until the device is there, and after it has hung up", async () => {
    const port = await freePort();
    const { site, row, lines } = await siteWith("DTU00001", dtu(port));
    await site.collector(QUICK);
    const failures = () => lines.filter(({ text }) => text.includes("was not reached"));
    await expect.poll(() => failures().length, WAIT).toBeGreaterThanOrEqual(2);
    expect(await row()).toMatchObject({ online: 0 });
    const [first, second] = failures().map(({ fields }) => (fields as { retryInMs: number }).retryInMs);
    expect(second).toBe(2 * first!);
    await deviceAt(port);
    await expect.poll(row, WAIT).toMatchObject({ online: 1 });
    devices[0]!.hangUp();
    await expect.poll(() => devices.length, WAIT).toBe(2);
    await expect.poll(row, WAIT).toMatchObject({ online: 1 });
  });

  test("a DTU that registers must be the one that was dialled", async () => {
    const port = await freePort();
    const packets = { registration: { text: "REG:(\\w{8})" }, heartbeats: [] };
    const { site, row, lines } = await siteWith("DTU00001", dtu(port, { dtu: packets }));
    let says = "REG:DTU00009";
    await deviceAt(port, (device) => void device.socket.write(says));
    await site.collector(QUICK);
    await expect
      .poll(() => lines.map(({ fields }) => fields), WAIT)
      .toContainEqual(expect.objectContaining({ why: "unknown", concentrator: "DTU00009" }));
    expect(await row()).toMatchObject({ online: 0 });
    says = "REG:DTU00001";
    await expect.poll(row, WAIT).toMatchObject({ online: 1 });
  });

  test("a terminal that listens needs no login", async () => {
    const port = await freePort();
    const { site, row } = await siteWith("510100003", dtu(port, { kind: "gw1376", dtu: null }));
    await deviceAt(port);
    await site.collector(QUICK);
    await expect.poll(row, WAIT).toMatchObject({ online: 1 });
    const asked = await devices[0]!.heard((bytes) => bytes.length > 20);
    expect(asked[0]).toBe(0x68);
    expect(asked[12]).toBe(0x10); // transparent forwarding
  });

  test.each([true, false])(
    "a JCP/1 concentrator that listens proves itself all the same (right key: %s)",
    async (right) => {
      const port = await freePort();
      const link: ConcentratorLink = { ...USUAL_LINK, direction: "listens", address: { host: "127.0.0.1", port } };
      const { site, row, lines } = await siteWith("JC000001", link);
      const key = right ? site.linkKey("JC000001") : fromHex("00".repeat(16))!;
      await deviceAt(port, (device) => prove(device, key));
      await site.collector(QUICK);
      if (right) await expect.poll(row, WAIT).toMatchObject({ online: 1 });
      else {
        await expect
          .poll(() => lines.map(({ fields }) => fields), WAIT)
          .toContainEqual(expect.objectContaining({ why: "wrong_key" }));
        expect(await row()).toMatchObject({ online: 0 });
      }
    },
  );

  test("a device that nobody has allowed is not dialled, nor one that dials in", async () => {
    const port = await freePort();
    const { site } = await siteWith("DTU00001", dtu(port, { trust: "none" }));
    await deviceAt(port);
    await site.collector(QUICK);
    const { id } = await site.db.read.selectFrom("concentrator").select("id").executeTakeFirstOrThrow();
    expect(await claimToDial(site.ctx, { id, collector: "x" })).toBeNull();
    await site.db.transact((tx) =>
      tx.updateTable("concentrator").set({ trust: "full", direction: "dials_in" }).execute(),
    );
    expect(await claimToDial(site.ctx, { id, collector: "x" })).toBeNull();
    expect(devices).toHaveLength(0);
  });
});

describe("the right to dial", () => {
  test("belongs to one collector until it is given up or its lease ends; the former holder cannot go online", async () => {
    const { site, row } = await siteWith("DTU00001", dtu(1));
    const { id } = await row();
    const claims = await Promise.all(["a", "b", "c"].map((collector) => claimToDial(site.ctx, { id, collector })));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
    const { owner } = await row();
    const first = claims.find((claim) => claim !== null)!;
    // The holder itself may dial again, after a restart.
    const again = await claimToDial(site.ctx, { id, collector: owner! });
    expect(again).toMatchObject({ epoch: first.epoch + 1 });
    expect(await dialSucceeded(site.ctx, { ...first, collector: owner! })).toBe(false);
    await dialFailed(site.ctx, { ...first, collector: owner! }); // of an older epoch: changes nothing
    expect(await claimToDial(site.ctx, { id, collector: "d" })).toBeNull();
    await dialFailed(site.ctx, { ...again!, collector: owner! });
    expect(await claimToDial(site.ctx, { id, collector: "d" })).toMatchObject({ epoch: first.epoch + 2 });
    const late = { ...site.ctx, clock: () => (site.ctx.clock() + CONCENTRATOR_LEASE_MS + 1) as never };
    const taken = await claimToDial(late, { id, collector: "e" });
    expect(taken).toMatchObject({ epoch: first.epoch + 3 });
    expect(await dialSucceeded(late, { ...taken!, collector: "e" })).toBe(true);
    expect(await row()).toMatchObject({ owner: "e", online: 1 });
  });
});

/** What a concentrator of JCP/1 says when it has been dialled. */
function prove(device: ScriptedDevice, key: Uint8Array): void {
  const nonce = new Uint8Array(16).map(() => Math.floor(Math.random() * 256));
  const deframer = createLinkDeframer();
  const id = "JC000001";
  const say = (message: Parameters<typeof encodeLink>[0]["message"]) => device.send(encodeLink({ seq: 1, message }));
  device.socket.on("data", (chunk) => {
    for (const { message } of deframer.push(Uint8Array.from(chunk))) {
      if (message.type !== "challenge") continue;
      say({ type: "auth", mac: linkAuthMac(nodeCiphers, key, "C", id, message.nonce, nonce) });
    }
  });
  say({ type: "hello", id, firmware: "test", nonce, protocols: 1, tableVersion: 0 });
}
