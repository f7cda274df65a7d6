import { parseArgs } from "node:util";
import { type CapturedLine, readCapture } from "#collector/capture/read-capture.ts";
import type { CaptureRecord } from "#collector/capture/record.ts";
import { toHex } from "#protocol/bytes.ts";
import { describeFrames } from "#protocol/explain.ts";
import { explainBytes } from "#protocol/explain-bytes.ts";
import { textLines } from "#protocol/explain-text.ts";
import { aligned, pieceLines } from "./frame-lines.ts";
import { shownJson, shownText } from "./shown-text.ts";

/** What the command talks with; the tests bring their own. */
export type CaptureIo = { out(line: string): void; err(line: string): void };

const USAGE = `用法 usage: jichao capture [--since 2h|2026-08-01T08:00] [--until …] [--concentrator 编号] [--explain] [--json] [--dir 目录]
  按时间列出留存的原始报文(数据目录 capture/);--explain 逐字节解释
  lists the raw frames that were kept, in the order of time; --explain tells them byte by byte`;

const MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `jichao capture`: what came and went at the door. Exit code 1 when nothing was found, 2 when the question is not clear. */
export async function captureCommand(
  args: string[],
  io: CaptureIo,
  at: { folder: string; nowMs: number },
): Promise<number> {
  const asked = read(args, at.nowMs);
  if (asked === null) {
    io.err(USAGE);
    return 2;
  }
  let shown = 0;
  // Bytes of strangers are explained as text, too: a terminal must not obey them.
  const out = (text: string) => io.out(shownText(text));
  for await (const line of readCapture(asked.dir ?? at.folder)) {
    const { record, code } = line;
    if (record.at < asked.since || record.at > asked.until) continue;
    if (asked.concentrator !== undefined && code !== asked.concentrator) continue;
    if (record.type === "begun") continue;
    shown++;
    if (asked.json) io.out(shownJson(jsonOf(line)));
    else show(line, asked.explain, out);
  }
  if (shown === 0) io.err(`没有符合条件的报文(目录 ${asked.dir ?? at.folder})。Nothing was found.`);
  return shown > 0 ? 0 : 1;
}

type Asked = {
  since: number;
  until: number;
  concentrator: string | undefined;
  explain: boolean;
  json: boolean;
  dir: string | undefined;
};

function read(args: string[], nowMs: number): Asked | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        since: { type: "string", default: "1h" },
        until: { type: "string" },
        concentrator: { type: "string" },
        explain: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        dir: { type: "string" },
      },
    });
    const since = timeOf(values.since, nowMs);
    const until = values.until === undefined ? nowMs : timeOf(values.until, nowMs);
    if (since === null || until === null) return null;
    const { concentrator, explain, json, dir } = values;
    return { since, until, concentrator, explain, json, dir };
  } catch {
    return null;
  }
}

/** So long ago, or a time of the wall; without a zone it is China's. */
function timeOf(text: string, nowMs: number): number | null {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  if (ago) return nowMs - Number(ago[1]) * (MS[ago[2] ?? ""] ?? 0);
  const hasZone = /(Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = Date.parse(hasZone ? text : `${text.replace(" ", "T")}${text.length > 10 ? "" : "T00:00"}+08:00`);
  return Number.isNaN(ms) ? null : ms;
}

function show({ record, code, source }: CapturedLine, explain: boolean, out: (text: string) => void): void {
  const who = `${code ?? "?"} ${source} #${record.connection}`;
  const told = record.type === "lost" ? `${record.records} 条未留存 records lost` : wordOf(record);
  out(`${new Date(record.at).toISOString()} ${who} ${told}`);
  if (record.type !== "heard" && record.type !== "sent") return;
  if (explain) {
    for (const { pieces } of explainBytes(record.bytes)) for (const text of pieceLines(pieces)) out(`  ${text}`);
  } else {
    for (const description of describeFrames(record.bytes)) {
      for (const text of aligned(textLines(description))) out(`  ${text}`.trimEnd());
    }
  }
}

function wordOf(record: CaptureRecord): string {
  switch (record.type) {
    case "heard":
      return `← ${toHex(record.bytes)}`;
    case "sent":
      return `→ ${toHex(record.bytes)}`;
    case "opened":
      return `接入 connected (${record.channel})`;
    case "named":
      return `登记为 registered as ${record.code} (${record.kind})`;
    case "closed":
      return "断开 closed";
    case "begun":
    case "lost":
      return "";
  }
}

function jsonOf({ record, code, source }: CapturedLine) {
  const { at, connection, type } = record;
  const hex = record.type === "heard" || record.type === "sent" ? { hex: toHex(record.bytes) } : {};
  const lost = record.type === "lost" ? { records: record.records } : {};
  return { at, connection, concentrator: code, source, event: type, ...hex, ...lost };
}
