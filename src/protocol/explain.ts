import { type Bytes, toHex } from "./bytes.ts";
import { type Description645, describe645 } from "./dlt645/describe.ts";
import { decodeFrame645 } from "./dlt645/frame.ts";
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

/** One frame in plain data, or why the bytes are none. `hex` is what a part of a longer piece consisted of. */
export type FrameDescription = Description645 | DescriptionLink | { ok: false; reason: string; hex?: string };

const LINK_START = 0x4a;
const WAKE_UP = 0xfe;

/** Describes the frame at the beginning of the bytes. Never throws. */
export function describeFrame(bytes: Bytes): FrameDescription {
  return described(bytes).description;
}

/** Describes every frame in the bytes; a stretch that is no frame is described once, with its reason and its hex. */
export function describeFrames(bytes: Bytes): FrameDescription[] {
  const descriptions: FrameDescription[] = [];
  let at = 0;
  let bad = 0;
  const closeBad = () => {
    const stretch = bytes.subarray(bad, at);
    if (stretch.some((byte) => byte !== WAKE_UP)) descriptions.push(badStretch(stretch));
  };
  while (at < bytes.length) {
    const { description, length } = described(bytes.subarray(at));
    if (description.ok) {
      closeBad();
      descriptions.push(description);
    }
    at += description.ok ? length : 1;
    if (description.ok) bad = at;
  }
  closeBad();
  return descriptions;
}

/** The frame at the beginning and the bytes it took (0 for none). */
function described(bytes: Bytes): { description: FrameDescription; length: number } {
  if (bytes[0] === LINK_START) {
    const link = decodeLink(bytes);
    if (!link.ok) return { description: { ok: false, reason: link.detail }, length: 0 };
    return { description: describeLink(link.frame.seq, link.frame.message), length: link.length };
  }
  const decoded = decodeFrame645(bytes);
  if (!decoded.ok) return { description: { ok: false, reason: decoded.detail }, length: 0 };
  return { description: describe645(decoded.frame, decoded.preamble), length: decoded.length };
}

/** The reason of a stretch is taken from the first place in it that looks like a start. */
function badStretch(stretch: Bytes): FrameDescription {
  const start = stretch.findIndex((byte) => byte === 0x68 || byte === LINK_START);
  const description = describeFrame(stretch.subarray(Math.max(0, start)));
  const reason = description.ok ? "start 68H missing" : description.reason;
  return { ok: false, reason, hex: toHex(stretch) };
}

function describeLink(seq: number, message: LinkMessage): DescriptionLink {
  const fields: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(message)) {
    if (name !== "type") fields[name] = value instanceof Uint8Array ? toHex(value) : value;
  }
  if (message.type === "forward") fields.serial = serialText(message.serial);
  const description: DescriptionLink = { ok: true, protocol: "jcp1", seq, type: message.type, fields };
  if (message.type !== "forward" && message.type !== "forwarded") return description;
  return { ...description, frames: describeFrames(message.content) };
}
