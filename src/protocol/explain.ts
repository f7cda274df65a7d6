import { type Bytes, toHex } from "./bytes.ts";
import { type Description188, describe188 } from "./cjt188/describe.ts";
import { decodeFrame188, isMeterType } from "./cjt188/frame.ts";
import type { NotDescribed } from "./description.ts";
import { type Description645, describe645 } from "./dlt645/describe.ts";
import { decodeFrame645, type Frame645 } from "./dlt645/frame.ts";
import { type Description97, describeFrame97 } from "./dlt645v1997/describe.ts";
import { type Description1376, describe1376 } from "./gw1376/describe.ts";
import { decodeFrame1376 } from "./gw1376/frame.ts";
import { decodeLink } from "./link/jichao.ts";
import type { LinkMessage } from "./link/messages.ts";
import { serialText } from "./link/serial.ts";

/** A JCP/1 frame in plain data; `frames` are the meter frames inside a forward or its answer. */
export type DescriptionLink = {
  ok: true;
  protocol: "jcp1";
  seq: number;
  type: LinkMessage["type"];
  fields: Record<string, string | number>;
  frames?: FrameDescription[];
};

/** One frame in plain data, or why the bytes are none. */
export type FrameDescription =
  | Description645
  | Description97
  | Description188
  | Description1376
  | DescriptionLink
  | NotDescribed;

/** The protocols by the names that descriptions carry. */
export const PROTOCOLS = ["jcp1", "qgdw1376.1", "dlt645-2007", "dlt645-1997", "cjt188"] as const;

/** A protocol by name. */
export type ProtocolName = (typeof PROTOCOLS)[number];

const LINK_START = 0x4a;
const START = 0x68;
/** Functions that only the 1997 edition has. */
const ONLY_1997: ReadonlySet<number> = new Set([0x01, 0x02, 0x04, 0x0a, 0x0c, 0x0f, 0x10]);
const WAKE_UP = 0xfe;

/**
 * Describes the frame at the beginning of the bytes: JCP/1, Q/GDW 1376.1, DL/T 645 or CJ/T 188, whichever it is, or the
 * one that is named. Never throws.
 */
export function describeFrame(bytes: Bytes, protocol?: ProtocolName): FrameDescription {
  return described(bytes, protocol).description;
}

/** Describes every frame in the bytes; a stretch that is no frame is described once, with its reason and its hex. */
export function describeFrames(bytes: Bytes, protocol?: ProtocolName): FrameDescription[] {
  return framesIn(bytes, protocol).map(({ description }) => description);
}

/** The same with the bytes of each frame or stretch, wake-up bytes included. */
export function framesIn(bytes: Bytes, protocol?: ProtocolName): { description: FrameDescription; bytes: Bytes }[] {
  const found: { description: FrameDescription; bytes: Bytes }[] = [];
  let at = 0;
  let bad = 0;
  const closeBad = () => {
    const stretch = bytes.subarray(bad, at);
    if (stretch.some((byte) => byte !== WAKE_UP))
      found.push({ description: badStretch(stretch, protocol), bytes: stretch });
  };
  while (at < bytes.length) {
    const { description, length } = described(bytes.subarray(at), protocol);
    if (description.ok) {
      closeBad();
      found.push({ description, bytes: bytes.subarray(at, at + length) });
    }
    at += description.ok ? length : 1;
    if (description.ok) bad = at;
  }
  closeBad();
  return found;
}

/** The frame at the beginning and the bytes it took (0 for none). */
function described(bytes: Bytes, forced?: ProtocolName): { description: FrameDescription; length: number } {
  const none = (reason: string) => ({ description: { ok: false, reason } as const, length: 0 });
  if (forced === "jcp1" || (forced === undefined && bytes[0] === LINK_START)) {
    const link = decodeLink(bytes);
    if (!link.ok) return none(link.detail);
    return { description: describeLink(link.frame.seq, link.frame.message), length: link.length };
  }
  if (forced === undefined || forced === "qgdw1376.1") {
    const terminal = decodeFrame1376(bytes);
    if (terminal.ok) return taken(describe1376(bytes.subarray(0, terminal.length)), terminal.length);
    if (forced !== undefined || looksLike1376(bytes)) return none(terminal.detail);
  }
  if (forced !== "cjt188") {
    const meter = decodeFrame645(bytes);
    if (meter.ok) return { description: description645(meter.frame, meter.preamble, forced), length: meter.length };
    if (forced !== undefined) return none(meter.detail);
  }
  const water = decodeFrame188(bytes);
  if (water.ok) return taken(describe188(bytes.subarray(0, water.length)), water.length);
  if (forced !== undefined || looksLike188(bytes)) return none(water.detail);
  const meter = decodeFrame645(bytes);
  return none(meter.ok ? "start 68H missing" : meter.detail);
}

function taken(description: FrameDescription, length: number): { description: FrameDescription; length: number } {
  return { description, length: description.ok ? length : 0 };
}

function description645(frame: Frame645, preamble: number, forced?: ProtocolName): FrameDescription {
  const edition = forced === undefined ? edition645(frame) : forced;
  return edition === "dlt645-1997" ? describeFrame97(frame, preamble) : describe645(frame, preamble);
}

/**
 * Which edition of DL/T 645 a frame is of. Both share the frame; the 1997 functions 01, 02, 04, 0A, 0C, 0F, 10 do not
 * exist in 2007. 03 does: there the identifier has four bytes that end in 07 (2007) or two (1997). Setting the clock (08)
 * is the same in both and taken for 2007, as is every function that neither has.
 */
export function edition645({ control, data }: Frame645): "dlt645-2007" | "dlt645-1997" {
  const fn = control & 0x1f;
  if (ONLY_1997.has(fn)) return "dlt645-1997";
  if (control === 0x11 && data.length === 2) return "dlt645-1997"; // a 2007 read with an identifier of 1997
  if (fn !== 0x03) return "dlt645-2007";
  if ((control & 0x40) !== 0) return "dlt645-2007";
  return data.length >= 4 && data[3] === 0x07 ? "dlt645-2007" : "dlt645-1997";
}

/** L twice and 68H around it: the head of Q/GDW 1376.1. */
function looksLike1376(bytes: Bytes): boolean {
  const at = startOf(bytes);
  const head = bytes.subarray(at, at + 6);
  if (head.length < 6 || head[0] !== START || head[5] !== START) return false;
  return head[1] === head[3] && head[2] === head[4];
}

/**
 * A piece that is CJ/T 188 rather than a broken DL/T 645: it ends where a frame of its length would, without a second
 * 68H, or asks any type of meter (AAH) of a certain address, which no DL/T 645 wildcard does (AAH fills from above).
 */
function looksLike188(bytes: Bytes): boolean {
  const at = startOf(bytes);
  const length = bytes[at + 10];
  if (bytes[at] === START && bytes[at + 1] === 0xaa && bytes[at + 7] !== START && bytes[at + 2] !== 0xaa) return true;
  if (length === undefined || bytes[at] !== START || bytes[at + 7] === START || !isMeterType(bytes[at + 1]!))
    return false;
  return bytes[at + 12 + length] === 0x16;
}

function startOf(bytes: Bytes): number {
  let at = 0;
  while (bytes[at] === WAKE_UP) at++;
  return at;
}

/** The reason of a stretch is taken from the first place in it that looks like a start. */
function badStretch(stretch: Bytes, protocol?: ProtocolName): FrameDescription {
  const start = stretch.findIndex((byte) => byte === START || byte === LINK_START);
  const description = describeFrame(stretch.subarray(Math.max(0, start)), protocol);
  const reason = description.ok ? "start 68H missing" : description.reason;
  return { ok: false, reason, hex: toHex(stretch) };
}

function describeLink(seq: number, message: LinkMessage): DescriptionLink {
  const fields: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(message)) {
    if (name !== "type") fields[name] = value instanceof Uint8Array ? toHex(value) : value;
  }
  const isForward = message.type === "forward" || message.type === "forward_via";
  if (isForward) fields.serial = serialText(message.serial);
  const description: DescriptionLink = { ok: true, protocol: "jcp1", seq, type: message.type, fields };
  if (!isForward && message.type !== "forwarded") return description;
  return { ...description, frames: describeFrames(message.content) };
}
