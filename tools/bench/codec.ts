import { pathToFileURL } from "node:url";
import { assert } from "#base/errors.ts";
import { type Bytes, toHex } from "#protocol/bytes.ts";
import { decodeAnswer, encodeReadReply } from "#protocol/dlt645/commands.ts";
import { decodeFrame645, encodeFrame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { type BenchLine, median } from "./line-format.ts";

const ROUNDS = 15;
const ROUND_MS = 60;
/** How many different replies go round, so that neither side works on one cached value. */
const REPLIES = 256;
const TARGET = 0.25;

type Transcode = (wire: Bytes) => Bytes;

/**
 * Total-energy replies decoded and encoded again per second through the table codec, against a straight-line codec
 * written by hand for this one frame. Both take the bytes of the wire, make an address and watt-hours of them, and make
 * new bytes of those. Rounds alternate, so a slow moment of the machine meets both.
 */
export async function bench(): Promise<BenchLine[]> {
  const wires = Array.from({ length: REPLIES }, (_, i) => replyOf(i));
  for (const wire of wires) {
    assert(toHex(throughTables(wire)) === toHex(wire), "the table codec changed a reply");
    assert(toHex(byHand(wire)) === toHex(wire), "the floor changed a reply");
  }
  const tables: number[] = [];
  const hand: number[] = [];
  perSecond(throughTables, wires);
  perSecond(byHand, wires);
  for (let round = 0; round < ROUNDS; round++) {
    hand.push(perSecond(byHand, wires));
    tables.push(perSecond(throughTables, wires));
  }
  const value = median(tables);
  const ratio = value / median(hand);
  return [
    {
      bench: "codec",
      case: "dlt645 total energy reply, decode and encode",
      value,
      unit: "frames/s",
      floor: "straight-line codec written for this one frame",
      ratio,
      target: TARGET,
      met: ratio >= TARGET,
    },
  ];
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

function pairOf(wireByte: number): number {
  const byte = (wireByte - 0x33) & 0xff;
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
    for (const wire of wires) sink += transcode(wire)[22]!;
    done += wires.length;
    took = performance.now() - start;
  }
  assert(sink > 0, "the work was optimised away");
  return (done * 1000) / took;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(JSON.stringify(await bench()));
