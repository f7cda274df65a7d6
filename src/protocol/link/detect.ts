import type { Bytes } from "../bytes.ts";
import { isMeterType } from "../cjt188/frame.ts";
import { decodeFrame1376 } from "../gw1376/frame.ts";
import type { CompiledPattern } from "./dtu-pattern.ts";
import { meterFrameAt } from "./meter-frame.ts";

/** What the first bytes of a connection say about who is calling. `need-more` only while more bytes could decide. */
export type DetectedLink =
  | "jcp1"
  | "gw1376"
  | "transparent-645"
  | "transparent-188"
  | "dtu-registration"
  | "unknown"
  | "need-more";

/** A caller that is not recognised within so many bytes is nobody we know. */
export const DETECT_BYTES_MAX = 300;

const LINK_MAGIC = [0x4a, 0x43];
const START = 0x68;
const WAKE_UP = 0xfe;
/** Wake-up bytes that real meters send before a frame; more is no meter. */
const WAKE_UP_MAX = 16;
/** Where the head of a CJ/T 188 frame is complete: 68 T A0–A6 C L. */
const HEAD_188 = 11;
/** The most data that CJ/T 188 lets a meter answer with. */
const DATA_188_MAX = 0x64;

/**
 * Recognises a connection by its first bytes: JCP/1, Q/GDW 1376.1, a DTU that registers, or a DTU that passes raw meter
 * frames on. Web browsers, TLS and other scanners are unknown, and known to be after a byte or two.
 */
export function detectLink(firstBytes: Bytes, dtuPatterns: readonly CompiledPattern[]): DetectedLink {
  if (firstBytes.length === 0) return "need-more";
  const head = firstBytes.subarray(0, DETECT_BYTES_MAX);
  if (head[0] === LINK_MAGIC[0] && head[1] === LINK_MAGIC[1]) return "jcp1";
  const matches = dtuPatterns.map((pattern) => pattern.match(head, 0));
  if (matches.some((match) => match.found !== null)) return "dtu-registration";
  const framed = detectFrame(head);
  if (framed !== "need-more" && framed !== "unknown") return framed;
  const maybeLink = head.length === 1 && head[0] === LINK_MAGIC[0];
  const undecided = framed === "need-more" || maybeLink || matches.some((match) => match.open);
  return undecided && firstBytes.length < DETECT_BYTES_MAX ? "need-more" : "unknown";
}

/** Frames that begin with 68H tell themselves apart by where the second 68H stands. */
function detectFrame(bytes: Bytes): DetectedLink {
  let at = 0;
  while (bytes[at] === WAKE_UP) at++;
  if (at > WAKE_UP_MAX) return "unknown";
  if (at === bytes.length) return "need-more";
  if (bytes[at] !== START) return "unknown";
  const frame = bytes.subarray(at);
  const is1376 = could1376(frame);
  const is645 = frame.length > 7 ? frame[7] === START : null;
  const is188 = could188(frame);
  if (is1376 === true && is645 === true) return decideWhole(frame);
  if (is1376 === true && is645 === false) return "gw1376";
  if (is1376 === false && is645 === true) return "transparent-645";
  if (is1376 === false && is645 === false && is188 === true) return "transparent-188";
  return is1376 === false && is645 === false && is188 === false ? "unknown" : "need-more";
}

/** L twice and 68H at +5; null while that cannot be seen yet. */
function could1376(frame: Bytes): boolean | null {
  if (frame.length > 3 && frame[1] !== frame[3]) return false;
  if (frame.length > 4 && frame[2] !== frame[4]) return false;
  return frame.length > 5 ? frame[5] === START : null;
}

function could188(frame: Bytes): boolean | null {
  if (frame.length > 1 && !isMeterType(frame[1]!)) return false;
  return frame.length < HEAD_188 ? null : frame[10]! <= DATA_188_MAX;
}

/** 68H at +5 and at +7 is chance in one of the two protocols: the whole frame decides. */
function decideWhole(frame: Bytes): DetectedLink {
  if (decodeFrame1376(frame).ok) return "gw1376";
  const meter = meterFrameAt(frame, 0, ["dlt645"]);
  if (typeof meter === "number") return "transparent-645";
  return meter === "more" ? "need-more" : "gw1376";
}
