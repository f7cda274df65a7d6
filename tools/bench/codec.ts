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
type Case = {
  name: string;
  ours: Transcode;
  byHand: Transcode;
  wires: readonly Bytes[];
  floor: string;
  target: number;
};

/**
 * Frames decoded and encoded again per second through the table codecs, against straight-line codecs written by hand for
 * one kind of frame each; frames found in a stream per second, against a bare loop over lengths and checksums; and the
 * memory that one frame takes on its way. Rounds alternate, so a slow moment of the machine meets both sides.
 */
export async function bench(): Promise<BenchLine[]> {
  const wires = Array.from({ length: REPLIES }, (_, i) => replyOf(i));
  const cases: Case[] = [
    {
      name: "dlt645 total energy reply, decode and encode",
      ours: throughTables,
      byHand,
      wires,
      floor: "straight-line codec written for this one frame",
      target: TARGET,
    },
    {
      name: "dlt645-1997 total energy reply, decode and encode",
      ours: through97,
      byHand: hand97,
      wires: wires.map(reply97Of),
      floor: "straight-line codec written for this one frame",
      target: TARGET,
    },
    {
      name: "cjt188 volume reply, decode and encode",
      ours: through188,
      byHand: hand188,
      wires: wires.map(reply188Of),
      floor: "straight-line codec written for this one frame",
      target: TARGET,
    },
    {
      name: "qgdw1376.1 forwarded reply, decode and encode",
      ours: through1376,
      byHand: hand1376,
      wires: wires.map(reply1376Of),
      floor: "straight-line codec written for this one frame",
      target: TARGET,
    },
  ];
  const lines = cases.map(codecLine);
  return [...lines, streamLine(wires), ...cases.map(memoryLine)];
}

function codecLine({ name, ours, byHand: hand, wires, floor, target }: Case): BenchLine {
  for (const wire of wires) {
    assert(toHex(ours(wire)) === toHex(wire), `the codec changed a frame: ${name}`);
    assert(toHex(hand(wire)) === toHex(wire), `the floor changed a frame: ${name}`);
  }
  const { value, ratio } = compared(
    () => perSecond(ours, wires),
    () => perSecond(hand, wires),
  );
  return { bench: "codec", case: name, value, unit: "frames/s", floor, ratio, target, met: ratio >= target };
}

/** The stream side: what a socket brings, in pieces that do not respect frames. */
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
  assert(deframed() === wires.length && checkedByHand(stream) === wires.length, "the stream lost a frame");
  const { value, ratio } = compared(
    () => runsPerSecond(deframed),
    () => runsPerSecond(() => checkedByHand(stream)),
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
  const start = performance.now();
  let done = 0;
  let took = 0;
  while (took < ROUND_MS) {
    sink += run();
    done++;
    took = performance.now() - start;
  }
  return (done * 1000) / took;
}

/** The floor of deframing: walks from frame to frame by L and adds the bytes up; copies and names nothing. */
function checkedByHand(stream: Bytes): number {
  let found = 0;
  for (let at = 0; at < stream.length; ) {
    while (stream[at] === 0xfe) at++;
    const end = at + 10 + stream[at + 9]!;
    let sum = 0;
    for (let i = at; i < end; i++) sum += stream[i]!;
    if ((sum & 0xff) === stream[end] && stream[end + 1] === 0x16) found++;
    at = end + 2;
  }
  return found;
}

function replyOf(i: number): Bytes {
  const address = String(161 + i * 7_919_001_003)
    .padStart(12, "0")
    .slice(-12);
  return encodeFrame645(encodeReadReply(address, { item: "energyTotal", wh: i * 3_906_250 }, di.energyTotal));
}

function throughTables(wire: Bytes): Bytes {
  const decoded = decodeFrame645(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const answer = decodeAnswer(decoded.frame);
  assert(answer.kind === "reading", "the bench made no reading");
  return encodeFrame645(encodeReadReply(decoded.frame.address, answer.reading, answer.di));
}

const ITEM_97 = "9010";

function reply97Of(wire: Bytes): Bytes {
  const { address, wh } = readingIn(wire);
  return encodeFrame97(encodeReadReply97(address, ITEM_97, { item: "energyTotal", wh }, items97));
}

function through97(wire: Bytes): Bytes {
  const decoded = decodeFrame97(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const answer = decodeAnswer97(decoded.frame, items97);
  assert(answer.kind === "reading", "the bench made no reading");
  return encodeFrame97(encodeReadReply97(decoded.frame.address, answer.di, answer.reading, items97));
}

function hand97(w: Bytes): Bytes {
  if (w.length !== 22 || w[4] !== 0x68 || w[11] !== 0x68 || w[12] !== 0x81 || w[13] !== 6) throw new Error("frame");
  if (w[14] !== 0x43 || w[15] !== 0xc3 || w[21] !== 0x16) throw new Error("frame");
  let sum = 0;
  for (let i = 4; i < 20; i++) sum += w[i]!;
  if ((sum & 0xff) !== w[20]) throw new Error("checksum");
  const address = PAIRS[w[10]!]! + PAIRS[w[9]!]! + PAIRS[w[8]!]! + PAIRS[w[7]!]! + PAIRS[w[6]!]! + PAIRS[w[5]!]!;
  const wh = (pairOf(w[19]!) * 1_000_000 + pairOf(w[18]!) * 10_000 + pairOf(w[17]!) * 100 + pairOf(w[16]!)) * 10;
  const out = new Uint8Array(22);
  out[0] = out[1] = out[2] = out[3] = 0xfe;
  out[4] = out[11] = 0x68;
  let check = 0x68 + 0x68 + 0x81 + 6 + 0x43 + 0xc3;
  for (let i = 0; i < 6; i++) check += out[5 + i] = pairAt(address, 10 - 2 * i);
  out[12] = 0x81;
  out[13] = 6;
  out[14] = 0x43;
  out[15] = 0xc3;
  let rest = (wh / 10) | 0;
  for (let i = 16; i < 20; i++) {
    check += out[i] = bcdOf(rest % 100) + 0x33;
    rest = (rest / 100) | 0;
  }
  out[20] = check;
  out[21] = 0x16;
  return out;
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

function through188(wire: Bytes): Bytes {
  const decoded = decodeFrame188(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const { meterType, address } = decoded.frame;
  const answer = decodeAnswer188(decoded.frame);
  assert(answer.kind === "reading", "the bench made no reading");
  const { ser, order, reading } = answer;
  return encodeFrame188(encodeReadReply188({ meterType, address, ser, order }, answer.di, reading));
}

function hand188(w: Bytes): Bytes {
  const end = w.length - 2;
  if (w.length !== 38 || w[3] !== 0x68 || w[12] !== 0x81 || w[13] !== 22 || w[37] !== 0x16) throw new Error("frame");
  if (w[14] !== 0x90 || w[15] !== 0x1f || w[21] !== 0x2c || w[26] !== 0x2c) throw new Error("item");
  let sum = 0;
  for (let i = 3; i < end; i++) sum += w[i]!;
  if ((sum & 0xff) !== w[end]) throw new Error("checksum");
  let address = "";
  for (let i = 11; i > 4; i--) address += PAIRS[w[i]!]!;
  const volume = plainAt(w, 17) * 10;
  const settlement = plainAt(w, 22) * 10;
  const clock = [w[27]!, w[28]!, w[29]!, w[30]!, w[31]!, w[32]!, w[33]!].map(plainPair);
  const out = new Uint8Array(38);
  out[0] = out[1] = out[2] = 0xfe;
  out[3] = 0x68;
  out[4] = w[4]!;
  for (let i = 0; i < 7; i++) out[5 + i] = pairAt(address, 12 - 2 * i);
  out[12] = 0x81;
  out[13] = 22;
  out[14] = 0x90;
  out[15] = 0x1f;
  out[16] = w[16]!;
  putPlain(out, 17, volume / 10);
  putPlain(out, 22, settlement / 10);
  out[21] = out[26] = 0x2c;
  for (let i = 0; i < 7; i++) out[27 + i] = bcdOf(clock[i]!);
  out[34] = w[34]!;
  out[35] = w[35]!;
  let check = 0;
  for (let i = 3; i < end; i++) check += out[i]!;
  out[36] = check;
  out[37] = 0x16;
  return out;
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

function through1376(wire: Bytes): Bytes {
  const decoded = decodeFrame1376(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const message = readMessage(decoded.frame);
  assert(message.type === "forwarded", "the bench forwarded nothing");
  return encodeFrame1376(encodeForwarded(decoded.frame, { port: message.port, content: message.content }));
}

function hand1376(w: Bytes): Bytes {
  const length = w.length - 8;
  if (w[0] !== 0x68 || w[5] !== 0x68 || w[w.length - 1] !== 0x16) throw new Error("frame");
  if (w[1] !== w[3] || w[2] !== w[4] || (w[1]! | (w[2]! << 8)) >> 2 !== length) throw new Error("length");
  let sum = 0;
  for (let i = 6; i < 6 + length; i++) sum += w[i]!;
  if ((sum & 0xff) !== w[6 + length]) throw new Error("checksum");
  const a1 = PAIRS[w[8]!]! + PAIRS[w[7]!]!;
  const a2 = w[9]! | (w[10]! << 8);
  const content = w.slice(21, 21 + (w[19]! | (w[20]! << 8)));
  const out = new Uint8Array(w.length);
  out[0] = out[5] = 0x68;
  out[1] = out[3] = w[1]!;
  out[2] = out[4] = w[2]!;
  out[6] = w[6]!;
  out[7] = pairAt(a1, 2);
  out[8] = pairAt(a1, 0);
  out[9] = a2;
  out[10] = a2 >> 8;
  for (let i = 11; i < 19; i++) out[i] = w[i]!;
  out[19] = content.length;
  out[20] = content.length >> 8;
  out.set(content, 21);
  let check = 0;
  for (let i = 6; i < 6 + length; i++) check += out[i]!;
  out[6 + length] = check;
  out[7 + length] = 0x16;
  return out;
}

function readingIn(wire: Bytes): { address: string; wh: number } {
  const decoded = decodeFrame645(wire);
  assert(decoded.ok, "the bench made a bad frame");
  const answer = decodeAnswer(decoded.frame);
  assert(answer.kind === "reading" && answer.reading.item === "energyTotal", "the bench made no reading");
  return { address: decoded.frame.address, wh: answer.reading.wh };
}

/** The floor: every offset, length and digit of this one frame written out; no table, no loop over items. */
function byHand(w: Bytes): Bytes {
  if (w.length !== 24 || w[0] !== 0xfe || w[1] !== 0xfe || w[2] !== 0xfe || w[3] !== 0xfe) throw new Error("frame");
  if (w[4] !== 0x68 || w[11] !== 0x68 || w[12] !== 0x91 || w[13] !== 8 || w[23] !== 0x16) throw new Error("frame");
  if (w[14] !== 0x33 || w[15] !== 0x33 || w[16] !== 0x34 || w[17] !== 0x33) throw new Error("identifier");
  let sum = 0;
  for (let i = 4; i < 22; i++) sum += w[i]!;
  if ((sum & 0xff) !== w[22]) throw new Error("checksum");
  const address = PAIRS[w[10]!]! + PAIRS[w[9]!]! + PAIRS[w[8]!]! + PAIRS[w[7]!]! + PAIRS[w[6]!]! + PAIRS[w[5]!]!;
  const wh = (pairOf(w[21]!) * 1_000_000 + pairOf(w[20]!) * 10_000 + pairOf(w[19]!) * 100 + pairOf(w[18]!)) * 10;
  return handEncoded(address, wh);
}

function handEncoded(address: string, wh: number): Bytes {
  const out = new Uint8Array(24);
  out[0] = out[1] = out[2] = out[3] = 0xfe;
  out[4] = out[11] = 0x68;
  let sum = 0x68 + 0x68 + 0x91 + 8 + 0x33 + 0x33 + 0x34 + 0x33;
  sum += out[5] = ((address.charCodeAt(10) - 48) << 4) | (address.charCodeAt(11) - 48);
  sum += out[6] = ((address.charCodeAt(8) - 48) << 4) | (address.charCodeAt(9) - 48);
  sum += out[7] = ((address.charCodeAt(6) - 48) << 4) | (address.charCodeAt(7) - 48);
  sum += out[8] = ((address.charCodeAt(4) - 48) << 4) | (address.charCodeAt(5) - 48);
  sum += out[9] = ((address.charCodeAt(2) - 48) << 4) | (address.charCodeAt(3) - 48);
  sum += out[10] = ((address.charCodeAt(0) - 48) << 4) | (address.charCodeAt(1) - 48);
  out[12] = 0x91;
  out[13] = 8;
  out[14] = out[15] = out[17] = 0x33;
  out[16] = 0x34;
  const hundredths = (wh / 10) | 0;
  sum += out[18] = bcdOf(hundredths % 100) + 0x33;
  sum += out[19] = bcdOf(((hundredths / 100) | 0) % 100) + 0x33;
  sum += out[20] = bcdOf(((hundredths / 10_000) | 0) % 100) + 0x33;
  sum += out[21] = bcdOf((hundredths / 1_000_000) | 0) + 0x33;
  out[22] = sum;
  out[23] = 0x16;
  return out;
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0").toUpperCase());

/** Two digits of a text at `at` as a byte. */
function pairAt(text: string, at: number): number {
  return ((text.charCodeAt(at) - 48) << 4) | (text.charCodeAt(at + 1) - 48);
}

/** Four bytes of BCD without the offset of DL/T 645. */
function plainAt(w: Bytes, at: number): number {
  return plainPair(w[at + 3]!) * 1e6 + plainPair(w[at + 2]!) * 1e4 + plainPair(w[at + 1]!) * 100 + plainPair(w[at]!);
}

function putPlain(out: Bytes, at: number, value: number): void {
  let rest = value;
  for (let i = at; i < at + 4; i++) {
    out[i] = bcdOf(rest % 100);
    rest = (rest / 100) | 0;
  }
}

function pairOf(wireByte: number): number {
  return plainPair((wireByte - 0x33) & 0xff);
}

function plainPair(byte: number): number {
  if (byte > 0x99 || (byte & 0x0f) > 9) throw new Error("digit");
  return (byte >> 4) * 10 + (byte & 0x0f);
}

function bcdOf(pair: number): number {
  return (((pair / 10) | 0) << 4) | (pair % 10);
}

let sink = 0;

function perSecond(transcode: Transcode, wires: readonly Bytes[]): number {
  const start = performance.now();
  let done = 0;
  let took = 0;
  while (took < ROUND_MS) {
    for (const wire of wires) sink += transcode(wire)[20]!;
    done += wires.length;
    took = performance.now() - start;
  }
  assert(sink > 0, "the work was optimised away");
  return (done * 1000) / took;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(JSON.stringify(await bench()));
