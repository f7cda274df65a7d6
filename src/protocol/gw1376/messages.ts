import { assert } from "#base/errors.ts";
import { type Bytes, bcdToNumber, concat, copyOf, numberToBcd, putBytes } from "../bytes.ts";
import { auxiliary, CONTROL_1376, type Frame1376, PROTOCOL_ID, PW_LENGTH, SEQ_1376 } from "./frame.ts";
import { AFN } from "./names.ts";
import { DA_TERMINAL, dtOf } from "./points.ts";

/** A terminal: region of 4 digits and number in it. */
export type Terminal = { a1: string; a2: number };

/** A question to a meter behind a port of the terminal (AFN 10H F1 down). */
export type Forward = {
  port: number;
  /** How the port shall talk: the control byte of `link/serial.ts`. */
  serial: number;
  /** How long the terminal waits for the first byte; up to 1.27 s in steps of 10 ms, above of 1 s, at most 127 s. */
  timeoutMs: number;
  /** How long a gap ends the answer; steps of 10 ms, at most 2.55 s. */
  gapMs: number;
  content: Bytes;
};

/** What the meter answered (AFN 10H F1 up); empty when it did not. */
export type Forwarded = { port: number; content: Bytes };

/** Whether one data unit of a request was carried out; `error` 0 is yes. */
export type UnitResult = { da: number; dt: number; error: number };

/** What a frame says, as far as the system acts on it. */
export type Message1376 =
  | { type: "confirmed" | "denied" }
  | { type: "results"; afn: number; results: UnitResult[] }
  | { type: "login" | "logout" | "heartbeat" }
  | ({ type: "forward" } & Forward)
  | ({ type: "forwarded" } & Forwarded)
  /** Anything else, and contents that do not fit their frame. */
  | { type: "other" };

/** A time tag: number of the frame that began the exchange, its time in the month, and how late it may be. */
export type TimeTag = {
  counter: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  delayMinutes: number;
};

/** What a master adds to a request: the number to be echoed (0–15), its own number, password and time tag. */
export type RequestOptions = { number: number; msa?: number; pw?: Bytes; tp?: Bytes };

const F1 = dtOf(1);
const F2 = dtOf(2);
const F3 = dtOf(3);
const LINK_FUNCTIONS = { login: F1, logout: F2, heartbeat: F3 } as const;
const SINGLE_FRAME = SEQ_1376.fir | SEQ_1376.fin;
/** C of a request that wants data (link function 11) and of a terminal that tests the link (9). */
const C_REQUEST = CONTROL_1376.prm | 0x0b;
const C_LINK_TEST = CONTROL_1376.fromTerminal | CONTROL_1376.prm | 0x09;
/** C of answers: the master's confirmation as captured, the terminal's, and the terminal's data (8). */
const C_MASTER_CONFIRM = 0x0b;
const C_TERMINAL_CONFIRM = CONTROL_1376.fromTerminal;
const C_DATA = CONTROL_1376.fromTerminal | 0x08;
/** D7 of the waiting time: seconds instead of 10 ms. */
const SECONDS = 0x80;
const TICK_MS = 10;
const FORWARD_HEAD = 6;
const FORWARDED_HEAD = 3;
const RESULT_LENGTH = 5;
const OTHER: Message1376 = { type: "other" };

/** The address as operators write it: region and number in one, 9 digits (`017102082`). */
export function terminalName({ a1, a2 }: Terminal): string {
  return a1 + String(a2).padStart(5, "0");
}

/** The terminal of a name of 9 digits; null when it is none or its number is not 1 … 65535. */
export function terminalFromName(name: string): Terminal | null {
  if (!/^\d{9}$/.test(name)) return null;
  const a2 = Number(name.slice(4));
  return a2 >= 1 && a2 <= 0xffff ? { a1: name.slice(0, 4), a2 } : null;
}

/** What a terminal sends on connecting, on leaving and to stay connected; it wants a confirmation (CON). */
export function encodeLinkTest(
  terminal: Terminal,
  what: keyof typeof LINK_FUNCTIONS,
  number: number,
  data: Bytes = new Uint8Array(0),
): Frame1376 {
  const seq = SINGLE_FRAME | SEQ_1376.con | numbered(number);
  return unit(terminal, { control: C_LINK_TEST, afn: AFN.link, seq, dt: LINK_FUNCTIONS[what], data });
}

/** The confirmation (AFN 00H F1) or denial (F2) of a whole request; it echoes number, master and time tag. */
export function encodeConfirm(request: Frame1376, accepted: boolean): Frame1376 {
  const fromTerminal = (request.control & CONTROL_1376.fromTerminal) !== 0;
  const control = fromTerminal ? C_MASTER_CONFIRM : C_TERMINAL_CONFIRM;
  return answer(request, control, AFN.confirm, accepted ? F1 : F2, new Uint8Array(0));
}

/** A confirmation of each data unit (AFN 00H F3). */
export function encodeResults(request: Frame1376, results: readonly UnitResult[]): Frame1376 {
  const control = (request.control & CONTROL_1376.fromTerminal) !== 0 ? C_MASTER_CONFIRM : C_TERMINAL_CONFIRM;
  const each = results.map(({ da, dt, error }) => Uint8Array.of(da, da >> 8, dt, dt >> 8, error));
  return answer(request, control, AFN.confirm, F3, concat(Uint8Array.of(request.afn), ...each));
}

/** A request of the master to the terminal itself or, with `da`, to its measuring points. PW is zeros unless given. */
export function encodeRequest1376(
  terminal: Terminal,
  what: { afn: number; dt: number; da?: number; data?: Bytes },
  { number, msa = 1, pw, tp }: RequestOptions,
): Frame1376 {
  const seq = SINGLE_FRAME | numbered(number) | (tp === undefined ? 0 : SEQ_1376.tpv);
  const frame = unit(terminal, { control: C_REQUEST, seq, data: new Uint8Array(0), ...what });
  return { ...frame, a3: (msa & 0x7f) << 1, pw: withPw(frame, pw), tp: tp ?? null };
}

/** A question to a meter through the terminal. */
export function encodeForward(terminal: Terminal, forward: Forward, options: RequestOptions): Frame1376 {
  const { port, serial, timeoutMs, gapMs, content } = forward;
  const length = content.length;
  const data = new Uint8Array(FORWARD_HEAD + length);
  data[0] = port;
  data[1] = serial;
  data[2] = waitingTime(timeoutMs);
  data[3] = ticks(gapMs, 0xff);
  data[4] = length;
  data[5] = length >> 8;
  putBytes(data, FORWARD_HEAD, content);
  return encodeRequest1376(terminal, { afn: AFN.forward, dt: F1, data }, options);
}

/** The terminal's answer to {@link encodeForward}; `ec` only if important events wait to be fetched (ACD). */
export function encodeForwarded(request: Frame1376, { port, content }: Forwarded, ec: Bytes | null = null): Frame1376 {
  const data = new Uint8Array(FORWARDED_HEAD + content.length);
  data[0] = port;
  data[1] = content.length;
  data[2] = content.length >> 8;
  putBytes(data, FORWARDED_HEAD, content);
  const control = ec === null ? C_DATA : C_DATA | CONTROL_1376.acd;
  return answer(request, control, AFN.forward, F1, data, ec);
}

/** What a good frame says. */
export function readMessage(frame: Frame1376): Message1376 {
  const up = (frame.control & CONTROL_1376.fromTerminal) !== 0;
  switch (frame.afn) {
    case AFN.confirm:
      if (frame.dt === F1) return { type: "confirmed" };
      if (frame.dt === F2) return { type: "denied" };
      return frame.dt === F3 ? (readResults(frame.data) ?? OTHER) : OTHER;
    case AFN.link:
      if (!up) return OTHER;
      if (frame.dt === F1) return { type: "login" };
      if (frame.dt === F2) return { type: "logout" };
      return frame.dt === F3 ? { type: "heartbeat" } : OTHER;
    case AFN.forward:
      if (frame.dt !== F1) return OTHER;
      return (up ? readForwarded(frame.data) : readForward(frame.data)) ?? OTHER;
    default:
      return OTHER;
  }
}

/** Whether a frame of a terminal may be the answer to this request: the guard against late answers. */
export function answers(request: Frame1376, frame: Frame1376): boolean {
  const direction = (request.control ^ frame.control) & CONTROL_1376.fromTerminal;
  const isAnswer = direction !== 0 && (frame.control & CONTROL_1376.prm) === 0;
  if (!isAnswer || frame.a1 !== request.a1 || frame.a2 !== request.a2) return false;
  if (((frame.seq ^ request.seq) & SEQ_1376.number) !== 0) return false;
  return frame.afn === AFN.confirm || (frame.afn === request.afn && frame.da === request.da && frame.dt === request.dt);
}

/** The time tag as bytes. */
export function encodeTimeTag({ counter, day, hour, minute, second, delayMinutes }: TimeTag): Bytes {
  const bcd = [second, minute, hour, day].map((value) => numberToBcd(value, 1));
  return concat(Uint8Array.of(counter), ...bcd, Uint8Array.of(delayMinutes));
}

/** The time tag of a frame; null when it is not there or no time. */
export function decodeTimeTag(tp: Bytes | null): TimeTag | null {
  if (tp === null) return null;
  const [second, minute, hour, day] = [1, 2, 3, 4].map((at) => bcdToNumber(tp.subarray(at, at + 1)));
  if (second == null || minute == null || hour == null || day == null) return null;
  if (second > 59 || minute > 59 || hour > 23 || day < 1 || day > 31) return null;
  return { counter: tp[0]!, day, hour, minute, second, delayMinutes: tp[5]! };
}

function unit(
  terminal: Terminal,
  what: Pick<Frame1376, "control" | "afn" | "seq" | "dt" | "data"> & { da?: number },
): Frame1376 {
  return { protocolId: PROTOCOL_ID, ...terminal, a3: 0, da: DA_TERMINAL, pw: null, ec: null, tp: null, ...what };
}

/** Written out, not spread from {@link unit}: every forwarded answer of a town passes here. */
function answer(
  request: Frame1376,
  control: number,
  afn: number,
  dt: number,
  data: Bytes,
  ec: Bytes | null = null,
): Frame1376 {
  return {
    protocolId: PROTOCOL_ID,
    control,
    a1: request.a1,
    a2: request.a2,
    a3: request.a3,
    afn,
    seq: SINGLE_FRAME | (request.seq & (SEQ_1376.number | SEQ_1376.tpv)),
    da: DA_TERMINAL,
    dt,
    data,
    pw: null,
    ec,
    tp: request.tp,
  };
}

function withPw(frame: Frame1376, pw: Bytes | undefined): Bytes | null {
  const needed = auxiliary(frame.control, frame.afn, frame.seq).pw;
  assert(needed || pw === undefined, "this function carries no PW");
  return needed ? (pw ?? new Uint8Array(PW_LENGTH)) : null;
}

function numbered(number: number): number {
  assert(Number.isInteger(number) && number >= 0 && number <= SEQ_1376.number, `no such frame number: ${number}`);
  return number;
}

function waitingTime(ms: number): number {
  return ms <= (SECONDS - 1) * TICK_MS ? ticks(ms, SECONDS - 1) : SECONDS | Math.min(SECONDS - 1, Math.ceil(ms / 1000));
}

function ticks(ms: number, most: number): number {
  return Math.min(most, Math.max(0, Math.ceil(ms / TICK_MS)));
}

function readForward(data: Bytes): Message1376 | null {
  if (data.length < FORWARD_HEAD || (data[4]! | (data[5]! << 8)) !== data.length - FORWARD_HEAD) return null;
  const wait = data[2]!;
  const timeoutMs = (wait & ~SECONDS) * (wait & SECONDS ? 1000 : TICK_MS);
  const content = copyOf(data, FORWARD_HEAD, data.length);
  return { type: "forward", port: data[0]!, serial: data[1]!, timeoutMs, gapMs: data[3]! * TICK_MS, content };
}

function readForwarded(data: Bytes): Message1376 | null {
  if (data.length < FORWARDED_HEAD || (data[1]! | (data[2]! << 8)) !== data.length - FORWARDED_HEAD) return null;
  return { type: "forwarded", port: data[0]!, content: copyOf(data, FORWARDED_HEAD, data.length) };
}

function readResults(data: Bytes): Message1376 | null {
  if (data.length === 0 || (data.length - 1) % RESULT_LENGTH !== 0) return null;
  const results: UnitResult[] = [];
  for (let at = 1; at < data.length; at += RESULT_LENGTH) {
    const word = (offset: number) => data[at + offset]! | (data[at + offset + 1]! << 8);
    results.push({ da: word(0), dt: word(2), error: data[at + 4]! });
  }
  return { type: "results", afn: data[0]!, results };
}
