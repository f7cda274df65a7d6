import { fromHex } from "./bytes.ts";
import { describeFrame } from "./explain.ts";
import { textLines } from "./explain-text.ts";

/** Lines that every frame has, and lines whose values are secrets of the meter. */
const LEFT_OUT: ReadonlySet<string> = new Set(["规约", "密级", "密码", "校验码"]);

/** What a recorded frame says, line by line, in Chinese: 「正向有功总电能 1234.56 kWh」. */
export function explainFrame(frame: { direction: "sent" | "received" | "silence"; hex: string }): string[] {
  if (frame.direction === "silence") return ["等待超时,电表未应答"];
  return textLines(describeFrame(fromHex(frame.hex) ?? new Uint8Array()))
    .filter(({ label }) => !LEFT_OUT.has(label.trim()))
    .map(({ label, text }) => `${label} ${text}`.trimEnd());
}

/** Hides what whoever looks at frames need not know: the password of a relay command or of a write, and the MACs of a top-up. */
export function withoutSecrets(hex: string): string {
  return hex
    .replace(/(68[0-9a-f]{12}6814[0-9a-f]{2}[0-9a-f]{8})[0-9a-f]{8}/g, "$1········")
    .replace(/(68[0-9a-f]{12}6804[0-9a-f]{2}[0-9a-f]{4})[0-9a-f]{8}/g, "$1········")
    .replace(/(68[0-9a-f]{12}681c[0-9a-f]{2})[0-9a-f]{8}/g, "$1········")
    .replace(/(68[0-9a-f]{12}68031e[0-9a-f]{32})[0-9a-f]{8}([0-9a-f]{12})[0-9a-f]{8}/g, "$1········$2········");
}

/** A frame as people see it: explained, and without its secrets. */
export function shownFrame<F extends { direction: "sent" | "received" | "silence"; hex: string }>(frame: F) {
  return { ...frame, hex: withoutSecrets(frame.hex), explained: explainFrame(frame) };
}
