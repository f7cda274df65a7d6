import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assert } from "#base/errors.ts";
import { type Bytes, concat, toHex } from "#protocol/bytes.ts";
import { decodeAnswer188, encodeReadReply188 } from "#protocol/cjt188/commands.ts";
import { decodeFrame188, encodeFrame188 } from "#protocol/cjt188/frame.ts";
import { decodeAnswer, encodeReadReply } from "#protocol/dlt645/commands.ts";
import { createDeframer645, decodeFrame645, encodeFrame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { decodeAnswer97, encodeReadReply97 } from "#protocol/dlt645v1997/commands.ts";
import { decodeFrame97, encodeFrame97 } from "#protocol/dlt645v1997/frame.ts";
import { items97 } from "#protocol/dlt645v1997/items.ts";
import { decodeFrame1376, encodeFrame1376 } from "#protocol/gw1376/frame.ts";
import { encodeForward, encodeForwarded, readMessage } from "#protocol/gw1376/messages.ts";
import { floor97, floor188, floor645, floor1376, framesBare } from "./floors.ts";
import { type BenchLine, median } from "./line-format.ts";

const ROUNDS = 15;
const ROUND_MS = 60;
/** How many different replies go round, so that neither side works on one cached value. */
const REPLIES = 256;
const TARGET = 0.25;
const STREAM_TARGET = 0.3;
/** What a socket hands over at once is rarely more; frames lie across the cuts. */
const CHUNK_BYTES = 1_400;
/** Few enough that no collection falls between the two readings of the heap. */
const MEMORY_FRAMES = 128;

type Transcode = (wire: Bytes) => Bytes;

/** A case: what is measured and what it is compared with, over the same frames in the same run. */
type Case = { name: string; ours: Transcode; byHand: Transcode; wires: readonly Bytes[] };

/** What was decoded last. Whoever reads a meter keeps the result for a while: neither side may get away without one. */
let kept: unknown;

function keep<T>(decoded: T): T {
  kept = decoded;
  return decoded;
}

/**
 * Frames decoded and encoded again per second through the table codecs, against straight-line codecs written by hand for
 * one kind of frame each; frames found in a stream per second, against a bare loop over lengths and checksums; and the
 * memory that one frame takes on its way. Rounds alternate, so a slow moment of the machine meets both sides.
 */
export async function bench(): Promise<BenchLine[]> {
  const wires = Array.from({ length: REPLIES }, (_, i) => replyOf(i));
  // Each pair of functions has its own place in the source: shared ones would be called, not inlined, on both sides.
  const cases: Case[] = [
    {
      name: "dlt645 total energy reply, decode and encode",
      wires: wires,
      ours: (wire) => encode645(keep(decode645(wire))),
      byHand: (wire) => floor645.encode(keep(floor645.decode(wire))),
    },
    {
      name: "dlt645-1997 total energy reply, decode and encode",
      wires: wires.map(reply97Of),
      ours: (wire) => encode97(keep(decode97(wire))),
      byHand: (wire) => floor97.encode(keep(floor97.decode(wire))),
    },
    {
      name: "cjt188 volume reply, decode and encode",
      wires: wires.map(reply188Of),
      ours: (wire) => encode188(keep(decode188(wire))),
      byHand: (wire) => floor188.encode(keep(floor188.decode(wire))),
    },
    {
      name: "qgdw1376.1 forwarded reply, decode and encode",
      wires: wires.map(reply1376Of),
      ours: (wire) => encode1376(keep(decode1376(wire))),
      byHand: (wire) => floor1376.encode(keep(floor1376.decode(wire))),
    },
  ];
  const lines = cases.map(codecLine);
  return [...lines, streamLine(wires), ...cases.map(memoryLine)];
}

function codecLine({ name, ours, byHand, wires }: Case): BenchLine {
  for (const wire of wires) {
    assert(toHex(ours(wire)) === toHex(wire), `the codec changed a frame: ${name}`);
    assert(toHex(byHand(wire)) === toHex(wire), `the floor changed a frame: ${name}`);
  }
  const { value, ratio } = compared(
    () => perSecond(ours, wires),
    () => perSecond(byHand, wires),
  );
  return {
    bench: "codec",
    case: name,
    value,
    unit: "frames/s",
    floor: "straight-line codec written for this one frame",
    ratio,
    target: TARGET,
    met: ratio >= TARGET,
  };
}

/**
 * The stream side: what a socket brings, in pieces that do not respect frames. The floor makes nothing at all, and so is
 * hard to come near: of some 65 ns for a frame of 24 bytes the engine takes 24 to make one Uint8Array for its DATA, which
 * is more than the floor needs for the whole frame (16). Handing out views of the socket's buffer would cost the same and
 * tie every frame to 64 KB of it.
 */
function streamLine(wires: readonly Bytes[]): BenchLine {
  const stream = concat(...wires);
  const chunks: Bytes[] = [];
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) chunks.push(stream.subarray(at, at + CHUNK_BYTES));
  const deframed = () => {
    const deframer = createDeframer645();
    let found = 0;
    for (const chunk of chunks) found += deframer.push(chunk).length;
    return found;
  };
  assert(deframed() === wires.length && framesBare(stream) === wires.length, "the stream lost a frame");
  const { value, ratio } = compared(
    () => runsPerSecond(deframed),
    () => runsPerSecond(() => framesBare(stream)),
  );
  return {
    bench: "codec",
    case: `dlt645 deframing from a stream in chunks of ${CHUNK_BYTES} bytes`,
    value: value * wires.length,
    unit: "frames/s",
    floor: "lengths and checksums of the same bytes in one bare loop, no frame made",
    ratio,
    target: STREAM_TARGET,
    met: ratio >= STREAM_TARGET,
  };
}

/** Heap that one frame takes on its way, decoded and encoded: what stands on the heap after some, less what stood before. */
function memoryLine({ name, ours, wires }: Case): BenchLine {
  const few = wires.slice(0, MEMORY_FRAMES);
  const samples = Array.from({ length: 15 }, () => {
    collect();
    const before = used();
    for (const wire of few) sink += ours(wire).length;
    return (used() - before) / few.length;
  });
  const value = median(samples);
  const compared = { floor: null, ratio: null, target: null, met: null };
  return { bench: "codec", case: `${name}: memory`, value, unit: "bytes/frame", ...compared };
}

/** A whole collection, so that the next readings begin from a clean heap. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function used(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** How long this thread has computed: what other programs take from the machine meanwhile is nobody's frames. */
function workedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function compared(ours: () => number, floor: () => number): { value: number; ratio: number } {
  const [measured, floors]: [number[], number[]] = [[], []];
  ours();
  floor();
  for (let round = 0; round < ROUNDS; round++) {
    floors.push(floor());
    measured.push(ours());
  }
  const value = median(measured);
  return { value, ratio: value / median(floors) };
}

function runsPerSecond(run: () => number): number {
  const start = workedMs();
  let done = 0;
  let took = 0;
  while (took < ROUND_MS) {
    sink += run();
    done++;
    took = workedMs() - start;
  }
  return (done * 1000) / took;
}

function replyOf(i: number): Bytes {
  const address = String(161 + i * 7_919_001_003)
    .padStart(12, "0")
    .slice(-12);
  return encodeFrame645(encodeReadReply(address, { item: "energyTotal", wh: i * 3_906_250 }, di.energyTotal));
}

function decode645(wire: Bytes) {
  const decoded = decodeFrame645(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const answer = decodeAnswer(decoded.frame);
  assert(answer.kind === "reading", "the bench made no reading");
  return { frame: decoded.frame, answer };
}

function encode645({ frame, answer }: ReturnType<typeof decode645>): Bytes {
  return encodeFrame645(encodeReadReply(frame.address, answer.reading, answer.di));
}

const ITEM_97 = "9010";

function reply97Of(wire: Bytes): Bytes {
  const { address, wh } = readingIn(wire);
  return encodeFrame97(encodeReadReply97(address, ITEM_97, { item: "energyTotal", wh }, items97));
}

function decode97(wire: Bytes) {
  const decoded = decodeFrame97(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const answer = decodeAnswer97(decoded.frame, items97);
  assert(answer.kind === "reading", "the bench made no reading");
  return { frame: decoded.frame, answer };
}

function encode97({ frame, answer }: ReturnType<typeof decode97>): Bytes {
  return encodeFrame97(encodeReadReply97(frame.address, answer.di, answer.reading, items97));
}

const SER = 7;

function reply188Of(wire: Bytes, i: number): Bytes {
  const call = { meterType: 0x10, address: `00${readingIn(wire).address}`, ser: SER, order: "high-first" as const };
  const clock = { year: 2026, month: 8, day: 1, hour: 12, minute: i % 60, second: 0 };
  const status = { valve: "open", batteryLow: false, word: 0 } as const;
  return encodeFrame188(
    encodeReadReply188(call, "901F", {
      item: "volume",
      litres: i * 10_010,
      settlementLitres: i * 10_000,
      clock,
      status,
    }),
  );
}

function decode188(wire: Bytes) {
  const decoded = decodeFrame188(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const answer = decodeAnswer188(decoded.frame);
  assert(answer.kind === "reading", "the bench made no reading");
  return { frame: decoded.frame, answer };
}

function encode188({ frame, answer }: ReturnType<typeof decode188>): Bytes {
  const { ser, order, di, reading } = answer;
  return encodeFrame188(
    encodeReadReply188({ meterType: frame.meterType, address: frame.address, ser, order }, di, reading),
  );
}

const TERMINAL = { a1: "3402", a2: 4660 };

function reply1376Of(wire: Bytes): Bytes {
  const asked = encodeForward(
    TERMINAL,
    { port: 31, serial: 0x6b, timeoutMs: 60_000, gapMs: 100, content: wire },
    { number: 3 },
  );
  return encodeFrame1376(encodeForwarded(asked, { port: 31, content: wire }));
}

function decode1376(wire: Bytes) {
  const decoded = decodeFrame1376(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const message = readMessage(decoded.frame);
  assert(message.type === "forwarded", "the bench forwarded nothing");
  return { frame: decoded.frame, message };
}

function encode1376({ frame, message }: ReturnType<typeof decode1376>): Bytes {
  return encodeFrame1376(encodeForwarded(frame, message));
}

function readingIn(wire: Bytes): { address: string; wh: number } {
  const decoded = decodeFrame645(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const answer = decodeAnswer(decoded.frame);
  assert(answer.kind === "reading" && answer.reading.item === "energyTotal", "the bench made no reading");
  return { address: decoded.frame.address, wh: answer.reading.wh };
}

let sink = 0;

function perSecond(transcode: Transcode, wires: readonly Bytes[]): number {
  const start = workedMs();
  let done = 0;
  let took = 0;
  while (took < ROUND_MS) {
    for (const wire of wires) sink += transcode(wire)[20]!;
    done += wires.length;
    took = workedMs() - start;
  }
  assert(sink > 0 && kept !== undefined, "the work was optimised away");
  return (done * 1000) / took;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(JSON.stringify(await bench()));
