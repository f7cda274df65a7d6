import type { Bytes } from "../bytes.ts";
import { decodeFrame188, FRAME_188_MAX } from "../cjt188/frame.ts";
import { decodeFrame645, FRAME_645_MAX } from "../dlt645/frame.ts";

/** The two families of meter frames that come raw over a DTU; both editions of DL/T 645 have one frame. */
export type MeterWire = "dlt645" | "cjt188";

const START = 0x68;
const DECODERS = { dlt645: decodeFrame645, cjt188: decodeFrame188 } as const;

/** The longest frame of either family. */
export const METER_FRAME_MAX = Math.max(FRAME_188_MAX, FRAME_645_MAX);

/**
 * The length of the whole meter frame at `at`, checksum and end included; `"more"` when it may become one; null when
 * there is none. It only finds the ends of frames: their contents are the business of the protocols.
 */
export function meterFrameAt(bytes: Bytes, at: number, wires: readonly MeterWire[]): number | "more" | null {
  if (bytes[at] !== START) return null;
  let more = false;
  for (const wire of wires) {
    const decoded = DECODERS[wire](bytes.subarray(at, at + METER_FRAME_MAX));
    if (decoded.ok) return decoded.length;
    more ||= decoded.reason === "truncated";
  }
  return more ? "more" : null;
}
