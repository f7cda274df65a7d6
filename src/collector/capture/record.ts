import { crc32 } from "node:zlib";
import type { Bytes } from "#protocol/bytes.ts";

/** What one record of the capture (原始报文留存) tells. A connection has a number of its own within one run of a collector. */
export type CaptureEvent =
  /** A collector begins to write: numbers of connections begin anew. */
  | { type: "begun" }
  /** Somebody connected. */
  | { type: "opened"; source: string; channel: string }
  /** He is who he says he is, as far as his link can prove that; told again at the beginning of each segment. */
  | { type: "named"; code: string; kind: string; source: string }
  | { type: "heard"; bytes: Bytes }
  | { type: "sent"; bytes: Bytes }
  | { type: "closed" }
  /** So many records were not written: too much came at once, or the disk was full. */
  | { type: "lost"; records: number };

/** A record with its time (epoch ms) and connection. */
export type CaptureRecord = { at: number; connection: number } & CaptureEvent;

/** First bytes of every segment: the format, and its version. */
export const SEGMENT_HEAD = Buffer.from("JCAP0001", "latin1");

const TYPES = ["begun", "opened", "named", "heard", "sent", "closed", "lost"] as const;
/** Length and CRC-32 of what follows. */
const FRAME_BYTES = 8;
/** Time, connection, type. */
const HEAD_BYTES = 13;
/** Longer is no record: a chunk of a socket has at most 64 KiB. */
const RECORD_BYTES_MAX = 1 << 20;

/** How long a record is on disk. */
export function recordBytes(payload: Uint8Array): number {
  return FRAME_BYTES + HEAD_BYTES + payload.length;
}

/** The bytes that an event carries. */
export function payloadOf(event: CaptureEvent): Uint8Array {
  switch (event.type) {
    case "heard":
    case "sent":
      return event.bytes;
    case "begun":
    case "closed":
      return new Uint8Array(0);
    default: {
      const { type: _, ...fields } = event;
      return Buffer.from(JSON.stringify(fields));
    }
  }
}

/** Writes a record into a buffer that has room for it; the offset behind it. */
export function writeRecord(
  buffer: Buffer,
  offset: number,
  record: { at: number; connection: number; type: CaptureEvent["type"]; payload: Uint8Array },
): number {
  const start = offset + FRAME_BYTES;
  const end = start + HEAD_BYTES + record.payload.length;
  buffer.writeDoubleBE(record.at, start);
  buffer.writeUInt32BE(record.connection >>> 0, start + 8);
  buffer[start + 12] = TYPES.indexOf(record.type);
  buffer.set(record.payload, start + HEAD_BYTES);
  buffer.writeUInt32BE(end - start, offset);
  buffer.writeUInt32BE(crc32(buffer.subarray(start, end)), offset + 4);
  return end;
}

/**
 * The records of a segment, in order. Ends quietly where it is torn: a program that was killed leaves half a record behind, and nothing
 * that follows it in this segment can be believed.
 */
export function* recordsIn(segment: Buffer): Generator<CaptureRecord> {
  if (!segment.subarray(0, SEGMENT_HEAD.length).equals(SEGMENT_HEAD)) return;
  let offset = SEGMENT_HEAD.length;
  while (offset + FRAME_BYTES <= segment.length) {
    const length = segment.readUInt32BE(offset);
    const start = offset + FRAME_BYTES;
    const end = start + length;
    if (length < HEAD_BYTES || length > RECORD_BYTES_MAX || end > segment.length) return;
    const body = segment.subarray(start, end);
    if (crc32(body) !== segment.readUInt32BE(offset + 4)) return;
    const event = eventOf(body);
    if (event === null) return;
    yield { at: body.readDoubleBE(0), connection: body.readUInt32BE(8), ...event };
    offset = end;
  }
}

function eventOf(body: Buffer): CaptureEvent | null {
  const type = TYPES[body[12] ?? TYPES.length];
  const payload = body.subarray(HEAD_BYTES);
  switch (type) {
    case undefined:
      return null;
    case "begun":
    case "closed":
      return { type };
    case "heard":
    case "sent":
      return { type, bytes: Uint8Array.from(payload) };
    default:
      return { type, ...JSON.parse(payload.toString()) } as CaptureEvent;
  }
}
