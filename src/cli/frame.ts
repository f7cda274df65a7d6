import { fromHex } from "#protocol/bytes.ts";
import { describeFrames, type FrameDescription } from "#protocol/explain.ts";
import { reasonText, textLines } from "#protocol/explain-text.ts";

/** What a command of `jichao` talks with; the tests bring their own. */
export type FrameIo = {
  stdin: AsyncIterable<string | Uint8Array>;
  out(line: string): void;
  err(line: string): void;
};

const USAGE =
  "用法: jichao frame decode <十六进制…> [--json]  不写十六进制时逐行读标准输入\n" +
  "Usage: jichao frame decode <hex…> [--json]  without hex, lines are read from standard input";
/** A pasted log line is shorter; a longer one is not a frame dump. */
const LINE_MAX = 1_000_000;

/** `jichao frame decode`: explains frames given in hex. Exit code 0 when at least one frame was read, else 1. */
export async function frameCommand(args: string[], io: FrameIo): Promise<number> {
  const json = args.includes("--json");
  const words = args.filter((arg) => arg !== "--json");
  const unknownOption = words.find((word) => word.startsWith("-"));
  if (words[0] !== "decode" || unknownOption !== undefined) {
    io.err(USAGE);
    return 1;
  }
  const hex = words.slice(1).join(" ");
  const show = (line: string, label: string) => explain({ line, label, json }, io);
  if (hex !== "") return show(hex, "输入") ? 0 : 1;
  let number = 0;
  let lines = 0;
  let good = 0;
  for await (const line of linesOf(io.stdin)) {
    number++;
    if (line.trim() === "") continue;
    lines++;
    if (show(line, `第 ${number} 行`)) good++;
  }
  if (lines === 0) io.err("没有输入:请在命令后写十六进制,或由标准输入给出。Nothing to decode.");
  return good > 0 ? 0 : 1;
}

/** Explains the frames of one line; whether there was one. */
function explain({ line, label, json }: { line: string; label: string; json: boolean }, io: FrameIo): boolean {
  const bytes = fromHex(line);
  if (bytes === null || bytes.length === 0) {
    io.err(`${label}不是完整的十六进制字节:${shortened(line)} (not whole bytes of hex)`);
    return false;
  }
  const descriptions = describeFrames(bytes);
  const good = descriptions.filter((description) => description.ok).length;
  for (const description of descriptions) {
    if (json) io.out(JSON.stringify(description));
    else for (const text of aligned(description)) io.out(text);
  }
  const reason = descriptions.find((description) => !description.ok)?.reason ?? "start 68H missing";
  if (good === 0) io.err(`${label}中没有可解析的帧:${reasonText(reason)}。No frame decoded.`);
  return good > 0;
}

/** Lines with their labels padded to one width, and an empty line behind each frame. */
function aligned(description: FrameDescription): string[] {
  const lines = textLines(description);
  const wide = Math.max(...lines.map(({ label }) => columns(label)));
  return [...lines.map(({ label, text }) => `${label}${" ".repeat(wide - columns(label) + 2)}${text}`.trimEnd()), ""];
}

/** Terminal columns: a Chinese character takes two. */
function columns(text: string): number {
  return [...text].reduce((width, character) => width + (character > "\u2e7f" ? 2 : 1), 0);
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

async function* linesOf(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r?\n/);
    rest = (lines.pop() ?? "").slice(0, LINE_MAX);
    yield* lines;
  }
  if (rest !== "") yield rest;
}
