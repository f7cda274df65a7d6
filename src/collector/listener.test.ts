import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { instant, SECOND_MS } from "#base/time.ts";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import { encodeLink, linkAuthMac } from "#protocol/link/jichao.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { silentLog } from "#system/log.ts";
import { type CollectorConfig, collectorConfig } from "./config.ts";
import { type Listener, listen } from "./listener.ts";
import { createNonceMemory, type Registered } from "./registration.ts";
import { registered, sayHello, scripted } from "./test-concentrator.ts";

const KEY = fromHex("00112233445566778899aabbccddeeff") ?? new Uint8Array();
const WRONG = fromHex("ffffffffffffffffffffffffffffffff") ?? new Uint8Array();
const CODE = "JC000001";
let listeners: Listener[] = [];

afterEach(async () => {
  for (const each of listeners.splice(0)) await each.close();
  listeners = [];
});

async function openDoor(change: Partial<CollectorConfig> = {}) {
  const lines: { text: string; fields: object }[] = [];
  const log = { ...silentLog, info: (fields: object, text: string) => void lines.push({ fields, text }) };
  const config = { ...collectorConfig({}), linkHost: "127.0.0.1", linkPort: 0, ...change };
  const welcomed: { socket: Socket; code: string; early: number }[] = [];
  const listener = await listen<{ id: number }>({
    config,
    registrar: {
      linkKey: async (code) => (code === CODE ? KEY : null),
      claim: async () => ({ id: 7 }),
      nonces: createNonceMemory(),
      now: () => instant(1_790_000_000_000),
      log,
      timeoutMs: config.registrationMs,
    },
    sessions: () => welcomed.length,
    welcome(socket: Socket, { code, mac, seq, early }: Registered<{ id: number }>) {
      welcomed.push({ socket, code, early: early.length });
      socket.write(encodeLink({ seq, message: { type: "welcome", mac, heartbeatSeconds: 30 } }));
    },
    log,
  });
  listeners.push(listener);
  return { port: listener.port, lines, welcomed };
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
    ["a 645 frame", "\x68\xaa\xaa\xaa\xaa\xaa\xaa\x68\x13\x00\xdf\x16"],
    ["one byte of rubbish", "\x00"],
    ["a first byte that could be ours and a second that is not", "JSON"],
  ])("hangs up on %s without a byte and with one line in the log", async (_, text) => {
    const door = await openDoor();
    const stranger = await scripted(door.port);
    stranger.socket.write(Buffer.from(text, "latin1"));
    expect(await stranger.closed).toBe(0);
    expect(door.lines).toHaveLength(1);
    expect(door.lines[0]?.fields).toMatchObject({ source: "127.0.0.1", why: "not_jcp" });
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
