import { assert } from "#base/errors.ts";
import { asciiBytes, type Bytes, concat, toHex } from "../bytes.ts";
import type { Ciphers } from "../ciphers.ts";
import { createDeframer, type Found } from "../deframer.ts";
import { crc16 } from "./crc16.ts";
import { type LinkMessage, readPayload, writePayload } from "./messages.ts";

export { baudOf, SERIAL_2400_8E1, serialControl } from "./serial.ts";

/** A message with the number that its answer echoes (0 … 65535). */
export type LinkFrame = { seq: number; message: LinkMessage };

/** Why bytes are no frame of the link. */
export type BadLink = "no_start" | "version" | "too_long" | "truncated" | "checksum" | "payload";

/** One frame and the bytes it took, or why there is none: as a code and in words. */
export type DecodedLink =
  | { ok: true; frame: LinkFrame; length: number }
  | { ok: false; reason: BadLink; detail: string };

/** The stream side of the link. */
export type LinkDeframer = {
  push(chunk: Bytes): LinkFrame[];
  /** Bytes held back because a frame may not be complete yet. */
  pending(): number;
  /** Bytes that were no frame of ours, or a frame with a payload that does not fit its type. */
  dropped(): number;
  /** The very first bytes were not ours: a scanner or a wrong device, better hung up on. */
  garbage(): boolean;
};

/** The longest payload of the protocol; guards the buffer of a connection. */
export const LINK_PAYLOAD_MAX = 4096;

const MAGIC_0 = 0x4a;
const MAGIC_1 = 0x43;
const VERSION = 1;
/** 4A 43 | version | type | seq 2 | length 2; numbers high byte first. */
const HEAD = 8;
const CRC = 2;
const MAC_LENGTH = 16;

/** The frame on the wire: head, payload, CRC16-CCITT (FALSE) over everything behind the 4A 43. */
export function encodeLink(frame: LinkFrame): Bytes {
  const { code, payload } = writePayload(frame.message);
  assert(payload.length <= LINK_PAYLOAD_MAX, `payload of ${payload.length} bytes`);
  const { seq } = frame;
  const wire = new Uint8Array(HEAD + payload.length + CRC);
  wire.set([MAGIC_0, MAGIC_1, VERSION, code, seq >> 8, seq, payload.length >> 8, payload.length]);
  wire.set(payload, HEAD);
  const end = HEAD + payload.length;
  const crc = crc16(wire, 2, end);
  wire[end] = crc >> 8;
  wire[end + 1] = crc;
  return wire;
}

/** Reads one frame at the beginning of the bytes; for tools that look at a frame, not for streams. */
export function decodeLink(bytes: Bytes): DecodedLink {
  const length = frameLength(bytes, 0, LINK_PAYLOAD_MAX);
  if (typeof length === "string") return { ok: false, reason: length, detail: faultText(length, bytes) };
  const frame = frameAt(bytes, 0, length);
  if (frame !== null) return { ok: true, frame, length };
  return {
    ok: false,
    reason: "payload",
    detail: `payload: ${length - HEAD - CRC} bytes do not fit type ${hexByte(bytes, 3)}`,
  };
}

/** Finds frames in a stream however it was cut; after a false start or a wrong CRC it goes on one byte later. */
export function createLinkDeframer(maxPayload = LINK_PAYLOAD_MAX): LinkDeframer {
  const deframer = createDeframer<LinkFrame>(
    (bytes, from, before, _, found) => scan(maxPayload, bytes, from, before, found),
    HEAD + maxPayload + CRC,
  );
  let seen = 0;
  let garbage = false;

  function push(chunk: Bytes): LinkFrame[] {
    for (let i = 0; i < chunk.length && seen < 2; i++, seen++) {
      if (chunk[i] !== (seen === 0 ? MAGIC_0 : MAGIC_1)) garbage = true;
    }
    return deframer.push(chunk);
  }

  return { push, pending: deframer.pending, dropped: deframer.dropped, garbage: () => garbage };
}

function scan(maxPayload: number, bytes: Bytes, from: number, before: number, found: Found<LinkFrame>): number {
  let at = from;
  while (at < before) {
    const length = frameLength(bytes, at, maxPayload);
    if (length === "truncated") break;
    if (typeof length === "string") {
      found.dropped++;
      at++;
      continue;
    }
    const frame = frameAt(bytes, at, length);
    if (frame === null) found.dropped += length;
    else found.frames.push(frame);
    at += length;
  }
  return at;
}

/**
 * Proof that a side knows the link key: HMAC-SM3(key, side ‖ id ‖ nonceS ‖ nonceC), first 16 bytes. "C" is sent by the
 * concentrator in `auth`, "S" by the server in `welcome`; both nonces are in it, so neither can be replayed.
 */
export function linkAuthMac(
  ciphers: Ciphers,
  key: Bytes,
  side: "C" | "S",
  id: string,
  nonceS: Bytes,
  nonceC: Bytes,
): Bytes {
  return ciphers.hmacSm3(key, concat(asciiBytes(side + id), nonceS, nonceC)).slice(0, MAC_LENGTH);
}

/**
 * The key by which a concentrator and the server prove themselves in TLS 1.3 (external PSK, its identity is the code):
 * HMAC-SM3(link key, "tls-psk" ‖ id), all 32 bytes. Never the link key itself, and never a MAC of {@link linkAuthMac}, whose
 * texts begin with another letter.
 */
export function linkTlsPsk(ciphers: Ciphers, key: Bytes, id: string): Bytes {
  return ciphers.hmacSm3(key, asciiBytes(`tls-psk${id}`));
}

/** The length of a good frame at `at`, or why there is none; `truncated` only if more bytes could help. */
function frameLength(bytes: Bytes, at: number, maxPayload: number): number | BadLink {
  const have = bytes.length - at;
  if (have > 0 && bytes[at] !== MAGIC_0) return "no_start";
  if (have > 1 && bytes[at + 1] !== MAGIC_1) return "no_start";
  if (have > 2 && bytes[at + 2] !== VERSION) return "version";
  if (have < HEAD) return "truncated";
  const payload = (bytes[at + 6]! << 8) | bytes[at + 7]!;
  if (payload > maxPayload) return "too_long";
  const end = at + HEAD + payload;
  if (end + CRC > bytes.length) return "truncated";
  return crc16(bytes, at + 2, end) === ((bytes[end]! << 8) | bytes[end + 1]!) ? HEAD + payload + CRC : "checksum";
}

/** The frame at `at`, whose head and CRC are good; null when its payload does not fit its type. */
function frameAt(bytes: Bytes, at: number, length: number): LinkFrame | null {
  const message = readPayload(bytes[at + 3]!, bytes.slice(at + HEAD, at + length - CRC));
  return message === null ? null : { seq: (bytes[at + 4]! << 8) | bytes[at + 5]!, message };
}

function faultText(fault: BadLink, bytes: Bytes): string {
  const payload = (bytes[6]! << 8) | bytes[7]!;
  switch (fault) {
    case "version":
      return `version ${hexByte(bytes, 2)}: only 01H is known`;
    case "too_long":
      return `length ${payload} exceeds ${LINK_PAYLOAD_MAX}`;
    case "truncated":
      return bytes.length < HEAD
        ? `truncated: a link frame needs at least ${HEAD + CRC} bytes, have ${bytes.length}`
        : `truncated: length ${payload} needs ${HEAD + payload + CRC} bytes, have ${bytes.length}`;
    case "checksum": {
      const end = HEAD + payload;
      const computed = crc16(bytes, 2, end).toString(16).padStart(4, "0").toUpperCase();
      return `checksum: frame carries ${toHex(bytes.subarray(end, end + CRC)).toUpperCase()}H, computed ${computed}H`;
    }
    default:
      return "start 4AH 43H missing";
  }
}

function hexByte(bytes: Bytes, at: number): string {
  return `${toHex(bytes.subarray(at, at + 1)).toUpperCase()}H`;
}
