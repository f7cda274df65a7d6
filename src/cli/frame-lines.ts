import type { Piece } from "#protocol/dlt645/annotate.ts";
import type { TextLine } from "#protocol/explain-text.ts";

/** A pasted log line is shorter; a longer one is not a frame dump. */
const LINE_MAX = 1_000_000;
/** Bytes of a long piece that are written out; the rest of a block of data is in the hex that was given. */
const BYTES_SHOWN = 12;

/** Lines with their labels padded to one width, and an empty line behind each frame. */
export function aligned(lines: readonly TextLine[]): string[] {
  const wide = Math.max(...lines.map(({ label }) => columns(label)));
  return [...lines.map(({ label, text }) => `${padded(label, wide + 2)}${text}`.trimEnd()), ""];
}

/** One line for every piece: where it stands, its bytes on the wire, the bytes less 33H, and what they are. */
export function pieceLines(pieces: readonly Piece[]): string[] {
  const rows = pieces.map(({ offset, length, hex, plain, zh }) => {
    const place = length === 1 ? String(offset) : `${offset}-${offset + length - 1}`;
    return [place, spaced(hex), plain === undefined ? "" : spaced(plain), zh] as const;
  });
  const head = ["位置", "线上字节", "减33H", "含义"] as const;
  const width = (column: 0 | 1 | 2) => Math.max(...[head, ...rows].map((row) => columns(row[column]))) + 2;
  const [place, wire, plain] = [width(0), width(1), width(2)];
  const lines = [head, ...rows].map(
    (row) => padded(row[0], place) + padded(row[1], wire) + padded(row[2], plain) + row[3],
  );
  return [...lines, ""];
}

/** The lines of a stream of chunks, however they were cut. */
export async function* linesOf(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
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

/** The words of a line; quotes keep a date and its time together. */
export function splitWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );
}

function spaced(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  const shown = bytes.slice(0, BYTES_SHOWN).join(" ").toUpperCase();
  return bytes.length > BYTES_SHOWN ? `${shown} …` : shown;
}

function padded(text: string, wide: number): string {
  return text + " ".repeat(Math.max(0, wide - columns(text)));
}

/** Terminal columns: a Chinese character takes two. */
function columns(text: string): number {
  return [...text].reduce((width, character) => width + (character > "\u2e7f" ? 2 : 1), 0);
}
