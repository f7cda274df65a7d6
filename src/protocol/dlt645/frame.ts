import { assert } from "#base/errors.ts";
import { addressAt, putAddress } from "../address.ts";
import { type Bytes, sumOf } from "../bytes.ts";
import { createDeframer, type Deframer, type Found } from "../deframer.ts";

/**
 * One DL/T 645 frame. The frame of the 2007 and the 1997 edition is the same; only functions and identifiers differ.
 * Clause numbers are those of DL/T 645-2007.
 */
export type Frame645 = {
  /** 12 digits, high first (§5.2.2); A stands for a wildcard digit. */
  address: string;
  /** Control code (§5.2.3): D7 from the meter, D6 abnormal, D5 more follows, D4–D0 function. */
  control: number;
  /** DATA without the +33H of the wire. */
  data: Bytes;
};

/** Why bytes are not a frame. */
export type BadFrame = "no_start" | "second_start_missing" | "truncated" | "end_missing" | "checksum";

/** `detail` says it with offsets and bytes; `preamble` counts the FEH bytes, `length` everything used. */
export type Decoded645 =
  | { ok: true; frame: Frame645; preamble: number; length: number }
  | { ok: false; reason: BadFrame; detail: string };

/** The stream side; see {@link Deframer}. The gap that ends a frame is that of §5.3.2. */
export type Deframer645 = Deframer<Frame645>;

const START = 0x68;
const END = 0x16;
const WAKE_UP = 0xfe;
const DATA_OFFSET = 0x33;
/** 68 A0–A5 68 C L and CS 16 around DATA. */
const OVERHEAD = 12;
/** The longest frame that L can announce, hence the most a deframer ever holds back. */
export const FRAME_645_MAX = OVERHEAD + 0xff;

const HEX_UPPER = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0").toUpperCase());

/** The frame on the wire, led in by wake-up bytes (four by default, §5.3.1) that the checksum does not cover. */
export function encodeFrame645(frame: Frame645, preamble = 4): Bytes {
  const { address, data } = frame;
  const length = data.length;
  assert(length <= 0xff, "DATA does not fit L");
  const wire = new Uint8Array(preamble + OVERHEAD + length);
  let at = 0;
  while (at < preamble) wire[at++] = WAKE_UP;
  let sum = START + START + frame.control + length;
  wire[at] = START;
  sum += putAddress(wire, at + 1, address, 6);
  wire[at + 7] = START;
  wire[at + 8] = frame.control;
  wire[at + 9] = length;
  at += 10;
  for (let i = 0; i < length; i++) {
    const byte = (data[i]! + DATA_OFFSET) & 0xff;
    sum += byte;
    wire[at++] = byte;
  }
  wire[at++] = sum;
  wire[at] = END;
  return wire;
}

/** Reads one frame at the beginning of the bytes, behind any number of wake-up bytes. What follows it is left alone. */
export function decodeFrame645(bytes: Bytes): Decoded645 {
  let start = 0;
  while (bytes[start] === WAKE_UP) start++;
  const fault = faultAt(bytes, start);
  if (fault !== null) return { ok: false, reason: fault, detail: faultText(fault, bytes, start) };
  const frame = frameAt(bytes, start);
  return { ok: true, frame, preamble: start, length: start + OVERHEAD + frame.data.length };
}

/**
 * Finds frames in a stream by L, never by the next 16H: addresses and data may hold 68H and 16H. After a false start it
 * goes on one byte later, not one frame later. The frames do not depend on how the stream was cut.
 */
export function createDeframer645(): Deframer645 {
  return createDeframer(scan, FRAME_645_MAX);
}

/** Every frame in a closed piece of bytes, such as the content of one forwarded answer. */
export function framesIn645(bytes: Bytes): Frame645[] {
  const deframer = createDeframer645();
  return [...deframer.push(bytes), ...deframer.flush()];
}

function scan(bytes: Bytes, from: number, before: number, nothingFollows: boolean, found: Found<Frame645>): number {
  const { frames } = found;
  let dropped = 0;
  let at = from;
  while (at < before) {
    const byte = bytes[at]!;
    if (byte === START) {
      const fault = faultAt(bytes, at);
      if (fault === null) {
        frames.push(frameAt(bytes, at));
        at += OVERHEAD + bytes[at + 9]!;
        continue;
      }
      if (fault === "truncated" && !nothingFollows) break;
      dropped++;
    } else if (byte !== WAKE_UP) {
      dropped++;
    }
    at++;
  }
  found.dropped += dropped;
  return at;
}

/** What is wrong with a frame that should start at `at`; null when nothing is. `truncated` only if more bytes could help. */
function faultAt(bytes: Bytes, at: number): BadFrame | null {
  const have = bytes.length - at;
  if (have === 0) return "truncated";
  if (bytes[at] !== START) return "no_start";
  if (have > 7 && bytes[at + 7] !== START) return "second_start_missing";
  if (have < OVERHEAD) return "truncated";
  const end = at + OVERHEAD - 1 + bytes[at + 9]!;
  if (end >= bytes.length) return "truncated";
  if (bytes[end] !== END) return "end_missing";
  // CS (§5.2.6): the sum of all bytes from the first 68H, modulo 256.
  return sumOf(bytes, at, end - 1) === bytes[end - 1] ? null : "checksum";
}

/** The frame at `at`, which has been found faultless. */
function frameAt(bytes: Bytes, at: number): Frame645 {
  const first = at + 10;
  const length = bytes[at + 9]!;
  const data = new Uint8Array(length);
  for (let i = 0; i < length; i++) data[i] = bytes[first + i]! - DATA_OFFSET;
  return { address: addressAt(bytes, at + 1, 6), control: bytes[at + 8]!, data };
}

/** The fault in words, for people who look at hex; offsets count from the first 68H. */
function faultText(fault: BadFrame, bytes: Bytes, at: number): string {
  const have = bytes.length - at;
  const byte = (offset: number) => `${HEX_UPPER[bytes[at + offset]!]}H`;
  switch (fault) {
    case "no_start":
      return `start 68H missing: found ${byte(0)}`;
    case "second_start_missing":
      return "second 68H missing at offset 7";
    case "truncated":
      return have < 10
        ? `truncated: a frame needs at least ${OVERHEAD} bytes, have ${have}`
        : `truncated: L=${byte(9)} needs ${OVERHEAD + bytes[at + 9]!} bytes, have ${have}`;
    case "end_missing": {
      const offset = OVERHEAD - 1 + bytes[at + 9]!;
      return `end 16H missing at offset ${offset}: found ${byte(offset)}`;
    }
    case "checksum": {
      const offset = OVERHEAD - 2 + bytes[at + 9]!;
      return `checksum: frame carries ${byte(offset)}, computed ${HEX_UPPER[sumOf(bytes, at, at + offset)]}H`;
    }
  }
}
