import { assert } from "#base/errors.ts";
import { type Bytes, concat } from "../bytes.ts";

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

/** The stream side: takes bytes in any cuts, gives the frames in them. */
export type Deframer645 = {
  push(chunk: Bytes): Frame645[];
  /**
   * Gives up an unfinished frame, because the line has been silent for longer than a gap between bytes may last
   * (§5.3.2), and returns the frames that stood behind its false start.
   */
  flush(): Frame645[];
  /** Bytes held back because a frame may not be complete yet; never more than one frame. */
  pending(): number;
  /** Bytes that belonged to no frame so far; wake-up bytes are not counted. */
  dropped(): number;
  reset(): void;
};

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
  assert(address.length === 12, "an address has 12 digits");
  const wire = new Uint8Array(preamble + OVERHEAD + length);
  let at = 0;
  while (at < preamble) wire[at++] = WAKE_UP;
  let sum = START + START + frame.control + length;
  wire[at++] = START;
  for (let digit = 10; digit >= 0; digit -= 2) {
    const byte = (nibble(address.charCodeAt(digit)) << 4) | nibble(address.charCodeAt(digit + 1));
    assert(byte <= 0xff, "an address is digits or A");
    sum += byte;
    wire[at++] = byte;
  }
  wire[at++] = START;
  wire[at++] = frame.control;
  wire[at++] = length;
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
  let held: Bytes = new Uint8Array(0);
  let dropped = 0;

  function scan(bytes: Bytes, nothingFollows: boolean): Frame645[] {
    const frames: Frame645[] = [];
    let at = 0;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      if (byte !== START) {
        if (byte !== WAKE_UP) dropped++;
        at++;
        continue;
      }
      const fault = faultAt(bytes, at);
      if (fault === null) {
        const frame = frameAt(bytes, at);
        frames.push(frame);
        at += OVERHEAD + frame.data.length;
        continue;
      }
      if (fault === "truncated" && !nothingFollows) break;
      dropped++;
      at++;
    }
    held = bytes.slice(at);
    return frames;
  }

  return {
    push: (chunk) => scan(held.length === 0 ? chunk : concat(held, chunk), false),
    flush: () => scan(held, true),
    pending: () => held.length,
    dropped: () => dropped,
    reset() {
      held = new Uint8Array(0);
    },
  };
}

/** Every frame in a closed piece of bytes, such as the content of one forwarded answer. */
export function framesIn645(bytes: Bytes): Frame645[] {
  const deframer = createDeframer645();
  return [...deframer.push(bytes), ...deframer.flush()];
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
  return checksum(bytes, at, end - 1) === bytes[end - 1] ? null : "checksum";
}

/** CS (§5.2.6): the sum of all bytes from the first 68H, modulo 256. */
function checksum(bytes: Bytes, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += bytes[i]!;
  return sum & 0xff;
}

/** The frame at `at`, which has been found faultless. */
function frameAt(bytes: Bytes, at: number): Frame645 {
  const first = at + 10;
  const data = new Uint8Array(bytes[at + 9]!);
  for (let i = 0; i < data.length; i++) data[i] = bytes[first + i]! - DATA_OFFSET;
  return { address: addressAt(bytes, at), control: bytes[at + 8]!, data };
}

/** A5 … A0 as digits. One call with twelve codes is three times as fast as joining six pairs. */
function addressAt(bytes: Bytes, at: number): string {
  const a0 = bytes[at + 1]!;
  const a1 = bytes[at + 2]!;
  const a2 = bytes[at + 3]!;
  const a3 = bytes[at + 4]!;
  const a4 = bytes[at + 5]!;
  const a5 = bytes[at + 6]!;
  return String.fromCharCode(
    digit(a5 >> 4),
    digit(a5),
    digit(a4 >> 4),
    digit(a4),
    digit(a3 >> 4),
    digit(a3),
    digit(a2 >> 4),
    digit(a2),
    digit(a1 >> 4),
    digit(a1),
    digit(a0 >> 4),
    digit(a0),
  );
}

/** The character code of the lower four bits in upper-case hex. */
function digit(byte: number): number {
  const value = byte & 0x0f;
  return value < 10 ? 48 + value : 55 + value;
}

function nibble(charCode: number): number {
  if (charCode >= 48 && charCode <= 57) return charCode - 48;
  if (charCode >= 65 && charCode <= 70) return charCode - 55;
  return 0x100;
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
      return `checksum: frame carries ${byte(offset)}, computed ${HEX_UPPER[checksum(bytes, at, at + offset)]}H`;
    }
  }
}
