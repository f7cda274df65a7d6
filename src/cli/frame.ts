import { type Bytes, fromHex } from "#protocol/bytes.ts";
import { describeFrames, type FrameDescription, PROTOCOLS, type ProtocolName } from "#protocol/explain.ts";
import { type Explained, explainBytes } from "#protocol/explain-bytes.ts";
import { reasonText, textLines } from "#protocol/explain-text.ts";
import { systemClock } from "#system/clock.ts";
import { ENCODE_USAGE, encodeJson, encodeWords } from "./frame-encode.ts";
import { aligned, linesOf, pieceLines, splitWords } from "./frame-lines.ts";

/** What a command of `jichao` talks with; the tests bring their own. */
export type FrameIo = {
  stdin: AsyncIterable<string | Uint8Array>;
  out(line: string): void;
  err(line: string): void;
};

/** How a line of input is answered: whether there was a frame in it. */
type Answer = (line: string, label: string) => boolean;

const USAGE = `用法: jichao frame decode|explain <十六进制…> [--json] [--protocol ${PROTOCOLS.join("|")}]
      jichao frame encode <命令…|解析结果的 JSON> [--json]     不写内容时逐行读标准输入
  decode   解析报文   explain  逐字节解释   encode  由文字生成报文:
  ${ENCODE_USAGE}
Usage: jichao frame decode|explain <hex…> [--json] [--protocol …], or encode <words…|JSON of decode>; without input words, lines are
read from standard input`;

/**
 * `jichao frame decode | explain | encode`: reads frames in hex, explains them byte by byte, or makes them from words.
 * Exit code 0 when at least one frame was read or made, else 1.
 */
export async function frameCommand(args: string[], io: FrameIo): Promise<number> {
  const [verb, ...rest] = args.filter((arg) => arg !== "--json");
  const json = args.includes("--json");
  if (verb === "encode") {
    const answer: Answer = (line, label) => encode({ line: line.trim(), words: splitWords(line), label, json }, io);
    if (rest.length === 0) return fromLines(answer, io);
    return code(encode({ line: rest.join(" "), words: rest, label: "输入", json }, io));
  }
  const at = rest.indexOf("--protocol");
  const named = at < 0 ? undefined : PROTOCOLS.find((name) => name === rest[at + 1]);
  const words = at < 0 ? rest : rest.toSpliced(at, 2);
  const wrongName = at >= 0 && named === undefined;
  if ((verb !== "decode" && verb !== "explain") || wrongName || words.some((word) => word.startsWith("-"))) {
    io.err(USAGE);
    return 1;
  }
  const answer: Answer = (line, label) => read({ verb, line, label, json, protocol: named }, io);
  const hex = words.join(" ");
  return hex === "" ? fromLines(answer, io) : code(answer(hex, "输入"));
}

/** Answers every line of standard input; bad lines do not stop the good ones. */
async function fromLines(answer: Answer, io: FrameIo): Promise<number> {
  let number = 0;
  let lines = 0;
  let good = 0;
  for await (const line of linesOf(io.stdin)) {
    number++;
    if (line.trim() === "") continue;
    lines++;
    if (answer(line, `第 ${number} 行`)) good++;
  }
  if (lines === 0) io.err("没有输入:请在命令后写内容,或由标准输入给出。Nothing to read.");
  return code(good > 0);
}

type Read = {
  verb: "decode" | "explain";
  line: string;
  label: string;
  json: boolean;
  protocol?: ProtocolName | undefined;
};

/** Decodes or explains the frames of one line; whether there was one. */
function read({ verb, line, label, json, protocol }: Read, io: FrameIo): boolean {
  const bytes = fromHex(line);
  if (bytes === null || bytes.length === 0) {
    if (json) io.out(JSON.stringify({ ok: false, reason: "not whole bytes of hex" }));
    io.err(`${label}不是完整的十六进制字节:${shortened(line)} (not whole bytes of hex)`);
    return false;
  }
  const descriptions = verb === "decode" ? decode(bytes, json, protocol, io) : explain(bytes, json, protocol, io);
  const good = descriptions.some((description) => description.ok);
  const reason = descriptions.find((description) => !description.ok)?.reason ?? "start 68H missing";
  if (json && descriptions.length === 0) io.out(JSON.stringify({ ok: false, reason }));
  if (!good) io.err(`${label}中没有可解析的帧:${reasonText(reason)}。No frame decoded.`);
  return good;
}

function decode(bytes: Bytes, json: boolean, protocol: ProtocolName | undefined, io: FrameIo): FrameDescription[] {
  const descriptions = describeFrames(bytes, protocol);
  for (const description of descriptions) {
    if (json) io.out(JSON.stringify(description));
    else for (const text of aligned(textLines(description))) io.out(text);
  }
  return descriptions;
}

function explain(bytes: Bytes, json: boolean, protocol: ProtocolName | undefined, io: FrameIo): FrameDescription[] {
  const explained: Explained[] = explainBytes(bytes, protocol);
  for (const { description, pieces } of explained) {
    if (json) io.out(JSON.stringify({ ...description, pieces }));
    else for (const text of pieceLines(pieces)) io.out(text);
  }
  return explained.map(({ description }) => description);
}

/** Words, and the line that they stand on: a line that begins with a brace is a description as `decode --json` gives it. */
type Encode = { line: string; words: string[]; label: string; json: boolean };

/** Makes one frame; whether the words made sense. */
function encode(asked: Encode, io: FrameIo): boolean {
  const encoded = asked.line.startsWith("{") ? encodeJson(asked.line) : encodeWords(asked.words, systemClock());
  if (asked.json) io.out(JSON.stringify(encoded));
  else if (encoded.ok) io.out(encoded.hex);
  if (!encoded.ok) io.err(`${asked.label}:${encoded.problem}\n用法:\n  ${ENCODE_USAGE}`);
  return encoded.ok;
}

function code(good: boolean): number {
  return good ? 0 : 1;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
