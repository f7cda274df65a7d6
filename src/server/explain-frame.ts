import type { MeterFrame } from "#contract/metering.ts";
import { describeFrame } from "#protocol/explain.ts";
import { textLines } from "#protocol/explain-text.ts";

/** Lines that every frame has, and lines whose values are secrets of the meter. */
const LEFT_OUT: ReadonlySet<string> = new Set(["规约", "密级", "密码", "校验码"]);

/** What a recorded frame says, line by line, in Chinese: 「正向有功总电能 1234.56 kWh」. */
export function explainFrame(frame: Pick<MeterFrame, "direction" | "hex">): string[] {
  if (frame.direction === "silence") return ["等待超时,电表未应答"];
  return textLines(describeFrame(Buffer.from(frame.hex, "hex")))
    .filter(({ label }) => !LEFT_OUT.has(label.trim()))
    .map(({ label, text }) => `${label} ${text}`.trimEnd());
}
