import { assert } from "#base/errors.ts";
import { type Bytes, concat, ownHex, toHexReversed } from "../bytes.ts";

/**
 * One Q/GDW 1376.1 frame (also Q/GDW 376.1-2009) between master station (主站) and terminal (终端, the concentrator).
 * Whether PW, EC and Tp are there follows from `control`, `afn` and `seq`: see {@link auxiliary}.
 */
export type Frame1376 = {
  /** D1–D0 of L: 2 is this protocol. */
  protocolId: number;
  /** C: D7 from the terminal, D6 from the side that asks, D5 ACD (up) or FCB (down), D4 FCV, D3–D0 link function. */
  control: number;
  /** Region (行政区划码), 4 digits, high first. */
  a1: string;
  /** Terminal address 1 … 65535; with the group bit of A3 a group, FFFFH all. */
  a2: number;
  /** D0 group address, D7–D1 number of the master that asks (MSA). */
  a3: number;
  /** Application function (AFN). */
  afn: number;
  /** SEQ: D7 TpV, D6 FIR, D5 FIN, D4 CON, D3–D0 the number that an answer echoes. */
  seq: number;
  /** Data unit identifier, low byte + 256 × high byte. */
  da: number;
  dt: number;
  /** What stands behind the identifier; further data units, if any, are in it too. */
  data: Bytes;
  /** Message authentication (16 bytes) of a downward frame that changes something. */
  pw: Bytes | null;
  /** Event counters of an upward frame with ACD: important, normal. */
  ec: Bytes | null;
  /** Time tag: frame counter, ss mm hh DD in BCD, allowed delay in minutes. */
  tp: Bytes | null;
};

/** Why bytes are not a frame. */
export type BadFrame1376 =
  | "no_start"
  | "lengths_differ"
  | "second_start_missing"
  | "length"
  | "truncated"
  | "end_missing"
  | "checksum";

/** `detail` says it with offsets and bytes; `preamble` counts FEH bytes, `length` everything used. */
export type Decoded1376 =
  | { ok: true; frame: Frame1376; preamble: number; length: number }
  | { ok: false; reason: BadFrame1376; detail: string };

/** The stream side: takes bytes in any cuts, gives the frames in them. */
export type Deframer1376 = {
  push(chunk: Bytes): Frame1376[];
  /** Gives up an unfinished frame because the line has been silent, and returns the frames behind its false start. */
  flush(): Frame1376[];
  /** Bytes held back because a frame may not be complete yet; never more than one frame. */
  pending(): number;
  /** Bytes that belonged to no frame so far. */
  dropped(): number;
  reset(): void;
};

/** Bits of C. */
export const CONTROL_1376 = { fromTerminal: 0x80, prm: 0x40, acd: 0x20, function: 0x0f } as const;
/** Bits of SEQ. */
export const SEQ_1376 = { tpv: 0x80, fir: 0x40, fin: 0x20, con: 0x10, number: 0x0f } as const;
/** D1–D0 of L in this protocol. */
export const PROTOCOL_ID = 2;
export const PW_LENGTH = 16;
export const EC_LENGTH = 2;
export const TP_LENGTH = 6;

const START = 0x68;
const END = 0x16;
const WAKE_UP = 0xfe;
/** 68 L L 68 before and CS 16 behind the user data. */
const HEAD = 6;
const OVERHEAD = 8;
/** C, A1–A3, AFN, SEQ and one data unit identifier: the least user data. */
const USER_MIN = 12;
/** The most user data that the 14 bits of L can announce. */
const USER_MAX = 0x3fff;
/** The longest frame, hence the most a deframer ever holds back. */
export const FRAME_1376_MAX = OVERHEAD + USER_MAX;
/** Functions that change something or spend airtime: reset, parameters, control, authentication, file, forwarding. */
const AFN_WITH_PW: readonly number[] = [0x01, 0x04, 0x05, 0x06, 0x0f, 0x10];

/** Which fields stand behind the data: PW only downward, EC only upward, Tp both ways when SEQ says so. */
export function auxiliary(control: number, afn: number, seq: number): { pw: boolean; ec: boolean; tp: boolean } {
  const up = (control & CONTROL_1376.fromTerminal) !== 0;
  return {
    pw: !up && AFN_WITH_PW.includes(afn),
    ec: up && (control & CONTROL_1376.acd) !== 0,
    tp: (seq & SEQ_1376.tpv) !== 0,
  };
}

/** The frame on the wire. Real terminals send no wake-up bytes; `preamble` is for lines that need them. */
export function encodeFrame1376(frame: Frame1376, preamble = 0): Bytes {
  const { pw, ec, tp } = frame;
  const has = auxiliary(frame.control, frame.afn, frame.seq);
  assert(fits(pw, has.pw, PW_LENGTH) && fits(ec, has.ec, EC_LENGTH) && fits(tp, has.tp, TP_LENGTH), "PW, EC, Tp");
  const none = new Uint8Array(0);
  const head = Uint8Array.of(frame.control, ...ownHex(frame.a1, 2).reverse(), frame.a2, frame.a2 >> 8, frame.a3);
  const what = Uint8Array.of(frame.afn, frame.seq, frame.da, frame.da >> 8, frame.dt, frame.dt >> 8);
  const user = concat(head, what, frame.data, pw ?? none, ec ?? none, tp ?? none);
  assert(user.length <= USER_MAX, `user data of ${user.length} bytes`);
  const l = (user.length << 2) | (frame.protocolId & 3);
  const wire = new Uint8Array(preamble + OVERHEAD + user.length).fill(WAKE_UP, 0, preamble);
  wire.set([START, l, l >> 8, l, l >> 8, START], preamble);
  wire.set(user, preamble + HEAD);
  wire.set([user.reduce((sum, byte) => (sum + byte) & 0xff, 0), END], preamble + HEAD + user.length);
  return wire;
}

/** Reads one frame at the beginning of the bytes, behind any number of wake-up bytes. What follows it is left alone. */
export function decodeFrame1376(bytes: Bytes): Decoded1376 {
  let start = 0;
  while (bytes[start] === WAKE_UP) start++;
  const sums = runningSums(bytes);
  const fault = faultAt(bytes, start, sums);
  if (fault !== null) return { ok: false, reason: fault, detail: faultText(fault, bytes, start, sums) };
  const length = OVERHEAD + userLength(bytes, start);
  return { ok: true, frame: frameAt(bytes, start), preamble: start, length: start + length };
}

/**
 * Finds frames in a stream by L. After a false start it goes on one byte later. `userMax` is the most user data that is
 * waited for: a link that never carries files may set it lower. The frames do not depend on how the stream was cut.
 */
export function createDeframer1376(userMax = USER_MAX): Deframer1376 {
  let held: Bytes = new Uint8Array(0);
  let dropped = 0;

  function scan(bytes: Bytes, nothingFollows: boolean): Frame1376[] {
    const sums = runningSums(bytes);
    const frames: Frame1376[] = [];
    let at = 0;
    while (at < bytes.length) {
      const fault = faultAt(bytes, at, sums, userMax);
      if (fault === null) {
        frames.push(frameAt(bytes, at));
        at += OVERHEAD + userLength(bytes, at);
        continue;
      }
      if (fault === "truncated" && !nothingFollows) break;
      if (bytes[at] !== WAKE_UP) dropped++;
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

type Sums = (from: number, to: number) => number;

/**
 * The sum modulo 256 of any stretch, in constant time after one pass over the bytes. Without it a stream made of false
 * starts, each announcing 16 KB, would be summed up again and again.
 */
function runningSums(bytes: Bytes): Sums {
  let sums: Uint8Array | null = null;
  return (from, to) => {
    if (sums === null) {
      sums = new Uint8Array(bytes.length + 1);
      for (let i = 0; i < bytes.length; i++) sums[i + 1] = sums[i]! + bytes[i]!;
    }
    return (sums[to]! - sums[from]!) & 0xff;
  };
}

function wordAt(bytes: Bytes, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** L is in bytes times four (§4.3.2.2). */
function userLength(bytes: Bytes, at: number): number {
  return wordAt(bytes, at + 1) >> 2;
}

/** The least user data of the frame that begins at `at`, whose first 14 bytes are there. */
function userNeeded(bytes: Bytes, at: number): number {
  const has = auxiliary(bytes[at + 6]!, bytes[at + 12]!, bytes[at + 13]!);
  return USER_MIN + (has.pw ? PW_LENGTH : 0) + (has.ec ? EC_LENGTH : 0) + (has.tp ? TP_LENGTH : 0);
}

/** What is wrong with a frame that should start at `at`; null when nothing is. `truncated` only if more bytes could help. */
function faultAt(bytes: Bytes, at: number, sums: Sums, userMax = USER_MAX): BadFrame1376 | null {
  const have = bytes.length - at;
  if (have === 0) return "truncated";
  if (bytes[at] !== START) return "no_start";
  if (have > 3 && bytes[at + 3] !== bytes[at + 1]) return "lengths_differ";
  if (have > 4 && bytes[at + 4] !== bytes[at + 2]) return "lengths_differ";
  if (have > 5 && bytes[at + 5] !== START) return "second_start_missing";
  if (have > 2 && (userLength(bytes, at) < USER_MIN || userLength(bytes, at) > userMax)) return "length";
  if (have < OVERHEAD + USER_MIN) return "truncated";
  const end = at + OVERHEAD - 1 + userLength(bytes, at);
  if (end >= bytes.length) return "truncated";
  if (bytes[end] !== END) return "end_missing";
  if (sums(at + HEAD, end - 1) !== bytes[end - 1]) return "checksum";
  return userLength(bytes, at) < userNeeded(bytes, at) ? "length" : null;
}

/** The frame at `at`, which has been found faultless. */
function frameAt(bytes: Bytes, at: number): Frame1376 {
  const control = bytes[at + 6]!;
  const afn = bytes[at + 12]!;
  const seq = bytes[at + 13]!;
  const has = auxiliary(control, afn, seq);
  let end = at + HEAD + userLength(bytes, at);
  const fromEnd = (there: boolean, length: number): Bytes | null => {
    if (!there) return null;
    end -= length;
    return bytes.slice(end, end + length);
  };
  const tp = fromEnd(has.tp, TP_LENGTH);
  const ec = fromEnd(has.ec, EC_LENGTH);
  const pw = fromEnd(has.pw, PW_LENGTH);
  return {
    protocolId: bytes[at + 1]! & 3,
    control,
    a1: toHexReversed(bytes.subarray(at + 7, at + 9)).toUpperCase(),
    a2: wordAt(bytes, at + 9),
    a3: bytes[at + 11]!,
    afn,
    seq,
    da: wordAt(bytes, at + 14),
    dt: wordAt(bytes, at + 16),
    data: bytes.slice(at + HEAD + USER_MIN, end),
    pw,
    ec,
    tp,
  };
}

function fits(field: Bytes | null, wanted: boolean, length: number): boolean {
  return wanted ? field?.length === length : field === null;
}

/** The fault in words, for people who look at hex; offsets count from the first 68H. */
function faultText(fault: BadFrame1376, bytes: Bytes, at: number, sums: Sums): string {
  const have = bytes.length - at;
  const byte = (offset: number) => hexByte(bytes[at + offset]!);
  const user = have > 2 ? userLength(bytes, at) : 0;
  switch (fault) {
    case "no_start":
      return `start 68H missing: found ${byte(0)}`;
    case "lengths_differ":
      return "the two lengths differ";
    case "second_start_missing":
      return "second 68H missing at offset 5";
    case "length":
      return `length: L announces ${user} bytes, needed are ${user < USER_MIN ? USER_MIN : userNeeded(bytes, at)}`;
    case "truncated":
      return have < 3
        ? `truncated: a frame needs at least ${OVERHEAD + USER_MIN} bytes, have ${have}`
        : `truncated: L announces ${user} bytes, ${OVERHEAD + user} in all, have ${have}`;
    case "end_missing":
      return `end 16H missing at offset ${OVERHEAD - 1 + user}: found ${byte(OVERHEAD - 1 + user)}`;
    case "checksum": {
      const computed = hexByte(sums(at + HEAD, at + HEAD + user));
      return `checksum: frame carries ${byte(HEAD + user)}, computed ${computed}`;
    }
  }
}

function hexByte(byte: number): string {
  return `${byte.toString(16).padStart(2, "0").toUpperCase()}H`;
}
