import { assert } from "#base/errors.ts";
import { putAddress } from "../address.ts";
import { type Bytes, copyOf, printedAt, putBytes, sumOf } from "../bytes.ts";
import { createDeframer, type Deframer, type Found } from "../deframer.ts";

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

/** The stream side; see {@link Deframer}. */
export type Deframer1376 = Deframer<Frame1376>;

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
/**
 * AFN that change something or spend airtime carry PW: reset 01, parameters 04, control 05, authentication 06, file 0F,
 * forwarding 10. One bit each.
 */
const WITH_PW = (1 << 0x01) | (1 << 0x04) | (1 << 0x05) | (1 << 0x06) | (1 << 0x0f) | (1 << 0x10);
const AFN_WITH_PW_MAX = 0x10;

/** Which fields stand behind the data: PW only downward, EC only upward, Tp both ways when SEQ says so. */
export function auxiliary(control: number, afn: number, seq: number): { pw: boolean; ec: boolean; tp: boolean } {
  const up = (control & CONTROL_1376.fromTerminal) !== 0;
  return {
    pw: !up && afn <= AFN_WITH_PW_MAX && ((WITH_PW >> afn) & 1) !== 0,
    ec: up && (control & CONTROL_1376.acd) !== 0,
    tp: (seq & SEQ_1376.tpv) !== 0,
  };
}

/** The frame on the wire. Real terminals send no wake-up bytes; `preamble` is for lines that need them. */
export function encodeFrame1376(frame: Frame1376, preamble = 0): Bytes {
  const { pw, ec, tp, data, da, dt } = frame;
  const has = auxiliary(frame.control, frame.afn, frame.seq);
  assert(fits(pw, has.pw, PW_LENGTH) && fits(ec, has.ec, EC_LENGTH) && fits(tp, has.tp, TP_LENGTH), "PW, EC, Tp");
  const user = USER_MIN + data.length + (pw?.length ?? 0) + (ec?.length ?? 0) + (tp?.length ?? 0);
  assert(user <= USER_MAX, `user data of ${user} bytes`);
  const l = (user << 2) | (frame.protocolId & 3);
  const wire = new Uint8Array(preamble + OVERHEAD + user);
  for (let i = 0; i < preamble; i++) wire[i] = WAKE_UP;
  let at = preamble;
  wire[at] = wire[at + 5] = START;
  wire[at + 1] = wire[at + 3] = l;
  wire[at + 2] = wire[at + 4] = l >> 8;
  at += HEAD;
  wire[at] = frame.control;
  putAddress(wire, at + 1, frame.a1, 2);
  wire[at + 3] = frame.a2;
  wire[at + 4] = frame.a2 >> 8;
  wire[at + 5] = frame.a3;
  wire[at + 6] = frame.afn;
  wire[at + 7] = frame.seq;
  wire[at + 8] = da;
  wire[at + 9] = da >> 8;
  wire[at + 10] = dt;
  wire[at + 11] = dt >> 8;
  at += USER_MIN;
  at = putBytes(wire, at, data);
  if (pw !== null) at = putBytes(wire, at, pw);
  if (ec !== null) at = putBytes(wire, at, ec);
  if (tp !== null) at = putBytes(wire, at, tp);
  wire[at] = sumOf(wire, preamble + HEAD, at);
  wire[at + 1] = END;
  return wire;
}

/** Reads one frame at the beginning of the bytes, behind any number of wake-up bytes. What follows it is left alone. */
export function decodeFrame1376(bytes: Bytes): Decoded1376 {
  let start = 0;
  while (bytes[start] === WAKE_UP) start++;
  const fault = faultAt(bytes, start, sumOf);
  if (fault !== null) return { ok: false, reason: fault, detail: faultText(fault, bytes, start) };
  const length = OVERHEAD + userLength(bytes, start);
  return { ok: true, frame: frameAt(bytes, start), preamble: start, length: start + length };
}

/**
 * Finds frames in a stream by L. After a false start it goes on one byte later. `userMax` is the most user data that is
 * waited for: a link that never carries files may set it lower. The frames do not depend on how the stream was cut.
 */
export function createDeframer1376(userMax = USER_MAX): Deframer1376 {
  return createDeframer(
    (bytes, from, before, nothingFollows, found) => scan(userMax, bytes, from, before, nothingFollows, found),
    OVERHEAD + userMax,
  );
}

function scan(
  userMax: number,
  bytes: Bytes,
  from: number,
  before: number,
  nothingFollows: boolean,
  found: Found<Frame1376>,
): number {
  let sums: Sums = sumOf;
  let at = from;
  while (at < before) {
    const fault = faultAt(bytes, at, sums, userMax);
    if (fault === null) {
      found.frames.push(frameAt(bytes, at));
      at += OVERHEAD + userLength(bytes, at);
      continue;
    }
    if (fault === "truncated" && !nothingFollows) break;
    if (fault === "checksum" && sums === sumOf) sums = runningSums(bytes);
    if (bytes[at] !== WAKE_UP) found.dropped++;
    at++;
  }
  return at;
}

/** The sum modulo 256 of a stretch of bytes. */
type Sums = (bytes: Bytes, from: number, to: number) => number;

/**
 * The sum of any stretch in constant time after one pass over the bytes. Without it a stream made of false starts, each
 * announcing 16 KB, would be summed up again and again; so one wrong checksum is reason enough for it.
 */
function runningSums(bytes: Bytes): Sums {
  const sums = new Uint8Array(bytes.length + 1);
  for (let i = 0; i < bytes.length; i++) sums[i + 1] = sums[i]! + bytes[i]!;
  return (_, from, to) => (sums[to]! - sums[from]!) & 0xff;
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
  if (sums(bytes, at + HEAD, end - 1) !== bytes[end - 1]) return "checksum";
  return userLength(bytes, at) < userNeeded(bytes, at) ? "length" : null;
}

/** The frame at `at`, which has been found faultless. */
function frameAt(bytes: Bytes, at: number): Frame1376 {
  const control = bytes[at + 6]!;
  const afn = bytes[at + 12]!;
  const seq = bytes[at + 13]!;
  const has = auxiliary(control, afn, seq);
  let end = at + HEAD + userLength(bytes, at);
  const tp = has.tp ? copyOf(bytes, end - TP_LENGTH, end) : null;
  if (has.tp) end -= TP_LENGTH;
  const ec = has.ec ? copyOf(bytes, end - EC_LENGTH, end) : null;
  if (has.ec) end -= EC_LENGTH;
  const pw = has.pw ? copyOf(bytes, end - PW_LENGTH, end) : null;
  if (has.pw) end -= PW_LENGTH;
  return {
    protocolId: bytes[at + 1]! & 3,
    control,
    a1: printedAt(bytes, at + 7, 2),
    a2: wordAt(bytes, at + 9),
    a3: bytes[at + 11]!,
    afn,
    seq,
    da: wordAt(bytes, at + 14),
    dt: wordAt(bytes, at + 16),
    data: copyOf(bytes, at + HEAD + USER_MIN, end),
    pw,
    ec,
    tp,
  };
}

function fits(field: Bytes | null, wanted: boolean, length: number): boolean {
  return wanted ? field?.length === length : field === null;
}

/** The fault in words, for people who look at hex; offsets count from the first 68H. */
function faultText(fault: BadFrame1376, bytes: Bytes, at: number): string {
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
      const computed = hexByte(sumOf(bytes, at + HEAD, at + HEAD + user));
      return `checksum: frame carries ${byte(HEAD + user)}, computed ${computed}`;
    }
  }
}

function hexByte(byte: number): string {
  return `${byte.toString(16).padStart(2, "0").toUpperCase()}H`;
}
