import { afterEach, describe, expect, test } from "vitest";
import type { ConcentratorLink } from "#domain/link.ts";
import { encodeFrame1376 } from "#protocol/gw1376/frame.ts";
import { encodeLinkTest, terminalFromName } from "#protocol/gw1376/messages.ts";
import { pause } from "#system/clock.ts";
import { silentLog } from "#system/log.ts";
import { TAKE_OVER_MS_MIN } from "./live-concentrators.ts";
import { dialIn, type ScriptedDevice } from "./test-device.ts";
import { openSite, type Site } from "./test-site.ts";

const WAIT = { interval: 20 };
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const legacy: ConcentratorLink = {
  kind: "transparent",
  direction: "dials_in",
  address: null,
  trust: "limited",
  dtu: { registration: { text: "REG:(\\w{8})\\r\\n" }, heartbeats: [{ text: "hb" }] },
};
const KINDS = [
  { code: "DTU00001", link: legacy, registration: bytesOf("REG:DTU00001\r\n"), heartbeat: bytesOf("hb") },
  {
    code: "510100003",
    link: { ...legacy, kind: "gw1376" as const, dtu: null },
    registration: encodeFrame1376(encodeLinkTest(terminalFromName("510100003")!, "login", 1)),
    heartbeat: encodeFrame1376(encodeLinkTest(terminalFromName("510100003")!, "heartbeat", 2)),
  },
];
let site: Site | undefined;
const devices: ScriptedDevice[] = [];

afterEach(async () => {
  for (const device of devices.splice(0)) device.hangUp();
  await site?.close();
  site = undefined;
});

describe.each(KINDS)("a concentrator without proof: $code", ({ code, link, registration, heartbeat }) => {
  async function open() {
    const lines: { text: string; fields: Record<string, unknown> }[] = [];
    const note = (fields: object, text: string) => void lines.push({ fields: { ...fields }, text });
    const log = { ...silentLog, info: note, warn: note, child: () => ({ ...silentLog, info: note, warn: note }) };
    const opened = await openSite({ metersPer: 1, links: [{ code, link }], log });
    site = opened;
    const collector = await opened.collector({ JICHAO_LINK_TIMEOUT_MS: "200" });
    const row = () => opened.db.read.selectFrom("concentrator").selectAll().executeTakeFirstOrThrow();
    const call = async (from?: string) => {
      const device = await dialIn(collector.linkPort, from);
      devices.push(device);
      device.send(registration);
      return device;
    };
    return { collector, row, call, lines };
  }

  test("a second one while the first is fresh is refused, and the first stays", async () => {
    const { call, row, lines } = await open();
    const first = await call();
    await expect.poll(row, WAIT).toMatchObject({ online: 1, epoch: 1 });
    const second = await call("127.0.0.2");
    await second.closed;
    expect(lines.map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ why: "too_soon", source: "127.0.0.2", todo: expect.stringContaining("second device") }),
    );
    expect(first.socket.destroyed).toBe(false);
    expect(await row()).toMatchObject({ online: 1, epoch: 1 });
  });

  test("a later one takes over from a half-open session, which is told in the log, and the older one is out", async () => {
    const { call, row, lines } = await open();
    const first = await call();
    await expect.poll(row, WAIT).toMatchObject({ online: 1, epoch: 1 });
    await pause(TAKE_OVER_MS_MIN + 200); // before that a later one is refused
    await call("127.0.0.2");
    await expect.poll(row, WAIT).toMatchObject({ online: 1, epoch: 2 });
    await first.closed;
    expect(lines.map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ source: "127.0.0.2", lastHeardMs: expect.any(Number) }),
    );
    await expect.poll(async () => (await row()).online, WAIT).toBe(1);
  });

  test("comes back from another address at once when its line has ended, and an old question is not answered there", async () => {
    const { call, row } = await open();
    const first = await call();
    await first.heard((bytes) => bytes.includes(0x68)); // it is being asked
    first.hangUp();
    await expect.poll(row, WAIT).toMatchObject({ online: 0 });
    const again = await call("127.0.0.3");
    await expect.poll(row, WAIT).toMatchObject({ online: 1, epoch: 2 });
    await again.heard((bytes) => bytes.includes(0x68));
  });

  test("is not disturbed by scanners at the same door", async () => {
    const { collector, call, row } = await open();
    const device = await call();
    await expect.poll(row, WAIT).toMatchObject({ online: 1 });
    const noise = [
      "GET / HTTP/1.0\r\n\r\n",
      "\x16\x03\x01\x00\xff",
      "REG:NOBODY00\r\n",
      "\x68\x68\x68\x68",
      "\x00",
      "",
    ];
    const scanners = await Promise.all(
      Array.from({ length: 48 }, async (_, i) => {
        const scanner = await dialIn(collector.linkPort, "127.0.0.9");
        const text = noise[i % noise.length]!;
        if (text === "") scanner.hangUp();
        else scanner.send(bytesOf(text));
        return scanner;
      }),
    );
    device.send(heartbeat);
    const answered = await Promise.all(
      scanners.filter((_, i) => noise[i % noise.length] !== "\x68\x68\x68\x68").map((scanner) => scanner.closed),
    );
    expect(answered.every((bytes) => bytes === 0)).toBe(true);
    for (const scanner of scanners) scanner.hangUp();
    expect(await row()).toMatchObject({ online: 1, epoch: 1 });
    expect(device.socket.destroyed).toBe(false);
    expect(collector.state().sessions).toBe(1);
  });
});
