import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { instant, SECOND_MS } from "#base/time.ts";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import { encodeFrame1376 } from "#protocol/gw1376/frame.ts";
import { encodeLinkTest, terminalFromName } from "#protocol/gw1376/messages.ts";
import { encodeLink, linkAuthMac } from "#protocol/link/jichao.ts";
import { compileTransparent } from "#protocol/link/transparent.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { silentLog } from "#system/log.ts";
import { noCapture } from "./capture/capture.ts";
import { type CollectorConfig, collectorConfig } from "./config.ts";
import { createNonceMemory } from "./jichao-proof.ts";
import { type Listener, listen } from "./listener.ts";
import type { KnownLink, Registered } from "./registrar.ts";
import { registered, sayHello, scripted } from "./test-concentrator.ts";

const KEY = fromHex("00112233445566778899aabbccddeeff") ?? new Uint8Array();
const WRONG = fromHex("ffffffffffffffffffffffffffffffff") ?? new Uint8Array();
const CODE = "JC000001";
const FRESH = "DTU00009";
const TLS_ONLY = "JC000002";
const ELSEWHERE = "JC000003";
const REG = JSON.stringify({ registration: { text: "REG:(\\w{3,12})\\r?\\n?" }, heartbeats: [{ text: "hb" }] });
const LONG = JSON.stringify({ registration: { text: "REG:(\\w{3,12}) v2" }, heartbeats: [] });
const ways = [REG, LONG].map((packets) => {
  const compiled = compileTransparent(JSON.parse(packets));
  if (!compiled.ok) throw new Error(compiled.reason);
  return { packets, config: compiled.config };
});
const plain = { channel: "plain", sources: null, lockedTo: null } as const;
const legacy = { ...plain, direction: "dials_in", trust: "limited", key: null, dtuPackets: null } as const;
/** The archive. */
const known: readonly KnownLink[] = [
  { ...plain, code: CODE, kind: "jichao", direction: "dials_in", trust: "full", key: KEY, dtuPackets: null },
  {
    ...plain,
    code: TLS_ONLY,
    kind: "jichao",
    direction: "dials_in",
    trust: "full",
    channel: "tls",
    key: KEY,
    dtuPackets: null,
  },
  {
    ...plain,
    code: ELSEWHERE,
    kind: "jichao",
    direction: "dials_in",
    trust: "full",
    sources: ["10.8.0.0/16"],
    key: KEY,
    dtuPackets: null,
  },
  { ...legacy, code: "DTU00005", kind: "transparent", dtuPackets: REG, channel: "tls" },
  { ...legacy, code: "DTU00006", kind: "transparent", dtuPackets: REG, sources: ["10.8.0.0/16", "192.0.2.0/24"] },
  { ...legacy, code: "DTU00007", kind: "transparent", dtuPackets: REG, lockedTo: "127.0.0.2" },
  {
    ...legacy,
    code: "DTU00008",
    kind: "transparent",
    dtuPackets: REG,
    sources: ["127.0.0.0/8"],
    lockedTo: "127.0.0.1",
  },
  { ...legacy, code: "DTU00001", kind: "transparent", dtuPackets: REG },
  { ...legacy, code: "DTU00002", kind: "transparent", dtuPackets: LONG },
  { ...legacy, code: "DTU00003", kind: "transparent", dtuPackets: REG, trust: "none" },
  { ...legacy, code: "DTU00004", kind: "transparent", dtuPackets: REG, direction: "listens" },
  { ...legacy, code: FRESH, kind: "transparent", dtuPackets: REG },
  { ...legacy, code: "510100003", kind: "gw1376" },
  { ...legacy, code: "510100004", kind: "gw1376", trust: "none" },
];
let listeners: Listener[] = [];

afterEach(async () => {
  for (const each of listeners.splice(0)) await each.close();
  listeners = [];
});

async function openDoor(change: Partial<CollectorConfig> = {}) {
  const lines: { text: string; fields: object }[] = [];
  const log = { ...silentLog, info: (fields: object, text: string) => void lines.push({ fields, text }) };
  const config = { ...collectorConfig({}), linkHost: "127.0.0.1", linkPort: 0, ...change };
  const alarms: string[] = [];
  const welcomed: { socket: Socket; kind: string; code: string; early: number }[] = [];
  const listener = await listen<{ id: number }>({
    config,
    registrar: {
      known: async (code) => known.find((each) => each.code === code) ?? null,
      dtuWays: async () => ways,
      mayTakeOver: (code) => code !== FRESH,
      claim: async () => ({ id: 7 }),
      alarm: (code, kind) => void alarms.push(`${code} ${kind}`),
      collided: (code) => void alarms.push(`${code} collided`),
      nonces: createNonceMemory(),
      capture: noCapture,
      refused: () => {},
      now: () => instant(1_790_000_000_000),
      log,
      timeoutMs: config.registrationMs,
    },
    tls: null,
    sessions: () => welcomed.length,
    welcome(socket: Socket, registered: Registered<{ id: number }>) {
      const { kind, code, early } = registered;
      welcomed.push({ socket, kind, code, early: early.length });
      if (registered.kind !== "jichao") return;
      const { seq, mac } = registered;
      socket.write(encodeLink({ seq, message: { type: "welcome", mac, heartbeatSeconds: 30 } }));
    },
    log,
  });
  listeners.push(listener);
  return { port: listener.port, lines, welcomed, alarms };
}

describe("the port for concentrators", () => {
  test("lets a concentrator in that proves its key, and proves its own", async () => {
    const door = await openDoor();
    const concentrator = await registered(door.port, CODE, KEY);
    expect(door.welcomed.map((each) => each.code)).toEqual([CODE]);
    concentrator.hangUp();
  });

  test("proves that it knows the key over both nonces", async () => {
    const door = await openDoor();
    const concentrator = await scripted(door.port);
    const nonce = new Uint8Array(16).fill(9);
    concentrator.send({ type: "hello", id: CODE, firmware: "", nonce, protocols: 1, tableVersion: 0 });
    const { message } = await concentrator.expect("challenge");
    concentrator.send({ type: "auth", mac: linkAuthMac(nodeCiphers, KEY, "C", CODE, message.nonce, nonce) });
    const welcome = await concentrator.expect("welcome");
    const proof = linkAuthMac(nodeCiphers, KEY, "S", CODE, message.nonce, nonce);
    expect(toHex(welcome.message.mac)).toBe(toHex(proof));
    concentrator.hangUp();
  });

  test.each([
    ["an HTTP scanner", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["one byte of rubbish", "\x00"],
    ["a first byte that could be ours and a second that is not", "JSON"],
  ])("hangs up on %s without a byte and with one line in the log", async (_, text) => {
    const door = await openDoor();
    const stranger = await scripted(door.port);
    stranger.socket.write(Buffer.from(text, "latin1"));
    expect(await stranger.closed).toBe(0);
    expect(door.lines).toHaveLength(1);
    expect(door.lines[0]?.fields).toMatchObject({ source: "127.0.0.1", why: "unknown_caller" });
  });

  test("cuts off who has not registered in time, at whatever step", async () => {
    const door = await openDoor({ registrationMs: 150 });
    const silent = await scripted(door.port);
    const slow = await scripted(door.port);
    slow.send({ type: "hello", id: CODE, firmware: "", nonce: new Uint8Array(16), protocols: 1, tableVersion: 0 });
    await slow.expect("challenge");
    await Promise.all([silent.closed, slow.closed]);
    expect(door.lines.map((line) => line.fields)).toMatchObject([{ why: "timeout" }, { why: "timeout" }]);
  });

  test("cuts off who says more than a registration needs", async () => {
    const door = await openDoor();
    const talker = await scripted(door.port);
    const ping = encodeLink({ seq: 1, message: { type: "ping", rssi: -70, queue: 0, clockMs: 0 } });
    // A frame that announces more than it brings keeps the deframer waiting while the bytes add up.
    talker.socket.write(Buffer.concat([ping.subarray(0, 6), Buffer.from([0x0f, 0xff]), Buffer.alloc(600)]));
    expect(await talker.closed).toBe(0);
    expect(door.lines[0]?.fields).toMatchObject({ why: "too_many_bytes" });
  });

  test("answers an unknown code and a wrong key alike", async () => {
    const door = await openDoor();
    const heard: number[][] = [];
    for (const [code, key] of [
      ["JC999999", KEY],
      [CODE, WRONG],
    ] as const) {
      const stranger = await scripted(door.port);
      await sayHello(stranger, code, key);
      const bye = await stranger.expect("bye");
      heard.push([bye.seq, bye.message.reason, await stranger.closed]);
    }
    expect(heard[0]).toEqual(heard[1]);
    expect(door.welcomed).toEqual([]);
  });

  test("answers the right key that comes by the wrong way like a wrong key, and tells people", async () => {
    const door = await openDoor();
    const heard: number[][] = [];
    for (const [code, key] of [
      [CODE, WRONG],
      [TLS_ONLY, KEY],
      [ELSEWHERE, KEY],
    ] as const) {
      const stranger = await scripted(door.port);
      await sayHello(stranger, code, key);
      const bye = await stranger.expect("bye");
      heard.push([bye.seq, bye.message.reason, await stranger.closed]);
    }
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[2]).toEqual(heard[0]);
    expect(door.welcomed).toEqual([]);
    expect(door.alarms).toEqual([`${CODE} wrong_key`, `${TLS_ONLY} plain_refused`, `${ELSEWHERE} source_refused`]);
  });

  test("refuses a HELLO whose nonce this concentrator has used before", async () => {
    const door = await openDoor();
    const nonce = new Uint8Array(16).fill(3);
    const first = await scripted(door.port);
    await sayHello(first, CODE, KEY, nonce);
    await first.expect("welcome");
    const second = await scripted(door.port);
    await sayHello(second, CODE, KEY, nonce);
    await second.expect("bye");
    expect(door.welcomed).toHaveLength(1);
    first.hangUp();
  });

  test("a wrong key does not use up the nonce of the right concentrator", async () => {
    const door = await openDoor();
    const nonce = new Uint8Array(16).fill(4);
    const thief = await scripted(door.port);
    await sayHello(thief, CODE, WRONG, nonce);
    await thief.expect("bye");
    const real = await scripted(door.port);
    await sayHello(real, CODE, KEY, nonce);
    await real.expect("welcome");
    real.hangUp();
  });

  test("an AUTH without a HELLO gets nothing", async () => {
    const door = await openDoor();
    const stranger = await scripted(door.port);
    stranger.send({ type: "auth", mac: new Uint8Array(16) });
    expect(await stranger.closed).toBe(0);
  });

  test("keeps no more strangers from one source than allowed, and takes others when they have gone", async () => {
    const door = await openDoor({ strangersPerSourceMax: 2, registrationMs: 5 * SECOND_MS });
    const [first, second] = [await scripted(door.port), await scripted(door.port)];
    const third = await scripted(door.port);
    expect(await third.closed).toBe(0);
    first.hangUp();
    await first.closed;
    const concentrator = await retried(() => registered(door.port, CODE, KEY));
    expect(door.welcomed).toHaveLength(1);
    second.hangUp();
    concentrator.hangUp();
  });

  test("keeps no more strangers altogether than allowed", async () => {
    const door = await openDoor({ strangersMax: 1 });
    const first = await scripted(door.port);
    const second = await scripted(door.port);
    expect(await second.closed).toBe(0);
    first.hangUp();
  });

  test("takes a registration that arrives byte by byte", async () => {
    const door = await openDoor();
    const concentrator = await scripted(door.port);
    const nonce = new Uint8Array(16).fill(1);
    const hello = { type: "hello", id: CODE, firmware: "x", nonce, protocols: 1, tableVersion: 0 } as const;
    trickle(concentrator.socket, encodeLink({ seq: 1, message: hello }));
    const { message } = await concentrator.expect("challenge");
    const mac = linkAuthMac(nodeCiphers, KEY, "C", CODE, message.nonce, nonce);
    trickle(concentrator.socket, encodeLink({ seq: 2, message: { type: "auth", mac } }));
    await concentrator.expect("welcome");
    concentrator.hangUp();
  });
});

function trickle(socket: Socket, bytes: Bytes): void {
  for (const byte of bytes) socket.write(Uint8Array.of(byte));
}

/** The place of one who hung up is free when our side has noticed. */
async function retried<T>(act: () => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await act();
    } catch (error) {
      if (i > 20) throw error;
    }
  }
}

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const login = (name: string, what: "login" | "heartbeat" | "logout" = "login") =>
  encodeFrame1376(encodeLinkTest(terminalFromName(name) ?? { a1: name.slice(0, 4), a2: 0 }, what, 1));

describe("the port for DTUs and terminals", () => {
  test.each<[string, string, Bytes]>([
    ["DTU00001", "transparent", bytesOf("REG:DTU00001\r\n")],
    ["DTU00001", "transparent", bytesOf("REG:DTU00001")],
    ["DTU00002", "transparent", bytesOf("REG:DTU00002 v2")],
    ["DTU00008", "transparent", bytesOf("REG:DTU00008\r\n")],
    ["510100003", "gw1376", login("510100003")],
    ["510100003", "gw1376", login("510100003", "heartbeat")],
  ])("lets %s in (%s), byte by byte and without an answer of its own", async (code, kind, registration) => {
    const door = await openDoor();
    const device = await scripted(door.port);
    for (const byte of registration) device.socket.write(Uint8Array.of(byte));
    await expect.poll(() => door.welcomed).toMatchObject([{ code, kind }]);
    expect(device.socket.bytesRead).toBe(0);
    device.hangUp();
  });

  test("hands over what came behind a registration", async () => {
    const door = await openDoor();
    const device = await scripted(door.port);
    device.socket.write(Buffer.concat([bytesOf("REG:DTU00001\r\nhb"), new Uint8Array(5)]));
    await expect.poll(() => door.welcomed).toMatchObject([{ code: "DTU00001", early: 21 }]);
    device.hangUp();
  });

  test.each<[string, string, Bytes]>([
    ["unknown", "a DTU that the archive does not have", bytesOf("REG:DTU77777\r\n")],
    ["unknown", "a terminal that the archive does not have", login("510100099")],
    ["not_allowed", "a DTU that nobody has allowed", bytesOf("REG:DTU00003\r\n")],
    ["not_allowed", "a terminal that nobody has allowed", login("510100004")],
    ["collector_dials", "a DTU that we dial", bytesOf("REG:DTU00004\r\n")],
    ["other_packets", "a DTU that registers in the way of another model", bytesOf("REG:DTU00001 v2")],
    ["other_kind", "a DTU with the code of a concentrator that has a key", bytesOf("REG:JC000001\r\n")],
    ["other_kind", "a DTU with the code of a terminal", bytesOf("REG:510100003\r\n")],
    ["needs_tls", "a DTU that has to come by TLS", bytesOf("REG:DTU00005\r\n")],
    ["source_not_allowed", "a DTU from a network that its archive does not name", bytesOf("REG:DTU00006\r\n")],
    ["other_source", "a DTU that is locked to another address", bytesOf("REG:DTU00007\r\n")],
    ["too_soon", "a second one while the first is fresh", bytesOf(`REG:${FRESH}\r\n`)],
    ["dtu_without_registration", "a raw meter frame", bytesOf("\x68\xaa\xaa\xaa\xaa\xaa\xaa\x68\x13\x00\xdf\x16")],
  ])("says in the log what to do (%s) about %s", async (why, _, bytes) => {
    const door = await openDoor();
    const device = await scripted(door.port);
    device.socket.write(bytes);
    expect(await device.closed).toBe(0);
    expect(door.lines.map((line) => line.fields)).toMatchObject([{ why, todo: expect.any(String) }]);
    expect(door.welcomed).toEqual([]);
  });

  test.each<[string, string, Bytes]>([
    ["half a registration", "timeout", bytesOf("REG:DT")],
    ["half a login", "timeout", login("510100003").slice(0, 13)],
    ["a logout first", "timeout", login("510100003", "logout")],
    ["a login with a wrong checksum", "timeout", login("510100003").map((byte, i) => (i === 18 ? byte ^ 1 : byte))],
    ["a terminal number that there is not", "no_terminal_address", login("510100000")],
    ["a registration with a wrong letter", "unknown_caller", bytesOf("REG;DTU00001\r\n")],
    ["garbage before a registration", "unknown_caller", bytesOf("\x00\xffREG:DTU00001\r\n")],
    ["a registration that does not end", "unknown", bytesOf("REG:DTU0000000000000001\r\n")],
    ["a login and then too much", "too_many_bytes", new Uint8Array(600).fill(0xfe)],
  ])("closes the door on %s", async (_, why, bytes) => {
    const door = await openDoor({ registrationMs: 200 });
    const device = await scripted(door.port);
    device.socket.write(bytes);
    expect(await device.closed).toBe(0);
    expect(door.lines.map((line) => line.fields)).toMatchObject([{ why }]);
  });

  test("a hang-up in the middle of a registration leaves nothing behind", async () => {
    const door = await openDoor({ strangersPerSourceMax: 1 });
    const device = await scripted(door.port);
    device.socket.write("REG:DTU0");
    await expect.poll(() => device.socket.bytesWritten).toBe(8);
    device.hangUp();
    const next = await retried(async () => {
      const another = await scripted(door.port);
      another.socket.write("REG:DTU00001\r\n");
      await expect.poll(() => door.welcomed.length, { timeout: 3_000 }).toBe(1);
      return another;
    });
    next.hangUp();
  });
});
