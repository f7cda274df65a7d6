import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm, stat, truncate } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { silentLog } from "#system/log.ts";
import { type Capture, createCapture } from "./capture.ts";
import { readCapture } from "./read-capture.ts";
import { type CaptureRecord, payloadOf, recordsIn, SEGMENT_HEAD, writeRecord } from "./record.ts";
import { segments } from "./ring.ts";

let folder: string;
let own: string;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jichao-capture-"));
  own = join(folder, "one");
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await rm(folder, { recursive: true });
});

function start(change: Partial<Parameters<typeof createCapture>[0]> = {}): Capture & { lines: string[] } {
  const lines: string[] = [];
  const log = {
    ...silentLog,
    error: (_: object, text: string) => void lines.push(text),
    info: (_: object, text: string) => void lines.push(text),
  };
  const sizes = { bytesMax: 1 << 20, segmentBytes: 1 << 16, reserveBytes: 0 };
  const capture = createCapture({ folder: own, ...sizes, clock: () => instant(1_790_000_000_000), log, ...change });
  return { ...capture, lines };
}

/** Two ends of a connection: the collector's, and the other. */
async function pair(): Promise<{ socket: Socket; peer: Socket }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const peer = connect(typeof address === "object" && address ? address.port : 0, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [Socket];
  ends.push(
    () => peer.destroy(),
    () => socket.destroy(),
    () => server.close(),
  );
  return { socket, peer };
}

type Flat = CaptureRecord & { who: string | null; from: string };

async function all(): Promise<Flat[]> {
  const lines: Flat[] = [];
  for await (const { record, code, source } of readCapture(folder)) lines.push({ ...record, who: code, from: source });
  return lines;
}

async function say(peer: Socket, socket: Socket, bytes: Uint8Array): Promise<void> {
  const before = socket.bytesRead;
  peer.write(bytes);
  await expect.poll(() => socket.bytesRead).toBe(before + bytes.length);
}

describe("the capture of raw frames", () => {
  test("tells who said what, in order, and to whom", async () => {
    const capture = start();
    const { socket, peer } = await pair();
    capture.tap(socket, { source: "10.0.0.1", channel: "plain" });
    capture.tap(socket, { source: "10.0.0.1", channel: "plain" });
    await say(peer, socket, Uint8Array.of(1, 2));
    capture.name(socket, { code: "JC1", kind: "jichao" });
    capture.sent(socket, Uint8Array.of(3));
    await say(peer, socket, Uint8Array.of(4));
    peer.destroy();
    await once(socket, "close");
    await capture.close();
    const told = (await all()).map(({ at: _, connection: __, ...rest }) => rest);
    const from = "10.0.0.1";
    expect(told).toEqual([
      { type: "begun", who: null, from: "" },
      { type: "opened", who: null, from, source: from, channel: "plain" },
      { type: "heard", bytes: Uint8Array.of(1, 2), who: null, from },
      { type: "named", code: "JC1", kind: "jichao", source: from, who: "JC1", from },
      { type: "sent", bytes: Uint8Array.of(3), who: "JC1", from },
      { type: "heard", bytes: Uint8Array.of(4), who: "JC1", from },
      { type: "closed", who: "JC1", from },
    ]);
    expect((await stat(own)).mode & 0o077).toBe(0);
  });

  test("keeps 512 bytes of a stranger and no more", async () => {
    const capture = start();
    const { socket, peer } = await pair();
    capture.tap(socket, { source: "10.0.0.1", channel: "plain" });
    await say(peer, socket, new Uint8Array(400));
    await say(peer, socket, new Uint8Array(400));
    await say(peer, socket, new Uint8Array(400));
    await capture.close();
    const heard = (await all()).flatMap((line) => (line.type === "heard" ? [line.bytes.length] : []));
    expect(heard.reduce((sum, each) => sum + each, 0)).toBe(512);
  });

  test("never takes more room than it may, and every segment tells whose bytes they are", async () => {
    const capture = start({ bytesMax: 1 << 18 });
    const { socket } = await pair();
    capture.tap(socket, { source: "10.0.0.1", channel: "plain" });
    capture.name(socket, { code: "JC1", kind: "jichao" });
    for (let i = 0; i < 200; i++) {
      capture.sent(socket, new Uint8Array(4_000));
      if (i % 10 === 9) await expect.poll(() => capture.state().writtenBytes).toBeGreaterThan(i * 4_000);
    }
    await capture.close();
    const names = await segments(own);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(own, name))).size));
    expect(names.length).toBeGreaterThan(2);
    expect(names[0]).not.toBe("0000000001.cap");
    expect(sizes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(1 << 18);
    const sent = (await all()).filter(({ type }) => type === "sent");
    // What was gathered before a segment was begun is told by the segment before.
    expect(sent.slice(-20).every(({ who }) => who === "JC1")).toBe(true);
  });

  test("a torn end is skipped, and a new run begins a new segment", async () => {
    const first = start();
    const { socket } = await pair();
    first.tap(socket, { source: "10.0.0.1", channel: "plain" });
    first.sent(socket, Uint8Array.of(1, 2, 3));
    first.sent(socket, Uint8Array.of(4, 5, 6));
    await first.close();
    const [name = ""] = await segments(own);
    const path = join(own, name);
    const whole = await stat(path);
    await truncate(path, whole.size - 2);
    const second = start();
    const other = await pair();
    second.tap(other.socket, { source: "10.0.0.2", channel: "plain" });
    second.sent(other.socket, Uint8Array.of(7));
    await second.close();
    expect(await segments(own)).toHaveLength(2);
    const sent = (await all()).flatMap((line) => (line.type === "sent" ? [[line.from, line.bytes[0]]] : []));
    expect(sent).toEqual([
      ["10.0.0.1", 1],
      ["10.0.0.2", 7],
    ]);
  });

  test("garbage in a segment ends it there and throws nothing", async () => {
    const one = Buffer.alloc(200);
    const payload = payloadOf({ type: "heard", bytes: Uint8Array.of(9) });
    const end = writeRecord(one, 0, { at: 1, connection: 1, type: "heard", payload });
    const record = one.subarray(0, end);
    for (let at = 0; at < record.length; at++) {
      const bad = Buffer.from(record);
      bad[at]! ^= 0x40;
      expect([...recordsIn(Buffer.concat([SEGMENT_HEAD, bad, record]))]).toEqual([]);
    }
    expect([...recordsIn(Buffer.concat([SEGMENT_HEAD, record, record]))]).toHaveLength(2);
    expect([...recordsIn(Buffer.from("not a segment"))]).toEqual([]);
  });

  test("a disk without room stops it with one line, and nothing else", async () => {
    const capture = start({ reserveBytes: Number.MAX_SAFE_INTEGER });
    const { socket } = await pair();
    capture.tap(socket, { source: "10.0.0.1", channel: "plain" });
    capture.sent(socket, Uint8Array.of(1));
    await expect.poll(() => capture.state().stopped).toBe(true);
    capture.sent(socket, Uint8Array.of(2));
    await capture.close();
    expect(capture.lines).toHaveLength(1);
    expect(await all()).toEqual([]);
  });

  test("a flood is not kept whole, which it says", async () => {
    const capture = start({ bytesMax: 1 << 23, segmentBytes: 1 << 22 });
    const { socket } = await pair();
    capture.tap(socket, { source: "10.0.0.1", channel: "plain" });
    for (let i = 0; i < 40; i++) capture.sent(socket, new Uint8Array(60_000));
    expect(capture.state().lostRecords).toBeGreaterThan(0);
    await expect.poll(() => capture.state().writtenBytes).toBeGreaterThan(0);
    capture.sent(socket, Uint8Array.of(1));
    await capture.close();
    const lost = (await all()).flatMap((line) => (line.type === "lost" ? [line.records] : []));
    expect(lost.reduce((sum, each) => sum + each, 0)).toBe(capture.state().lostRecords);
  });

  test("a file that is no segment is left alone", async () => {
    await start().close();
    await appendFile(join(own, "notes.txt"), "keep");
    await start().close();
    expect(await readFile(join(own, "notes.txt"), "utf8")).toBe("keep");
  });
});
