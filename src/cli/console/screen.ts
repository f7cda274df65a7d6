import { shownText } from "../shown-text.ts";
import { fitted, widthOf } from "./width.ts";

/** A full-screen terminal: draws whole screens, tells of keys. */
export type Screen = {
  rows(): number;
  columns(): number;
  /** Draws these lines from the top, and `foot` in the last row; `chosen` is drawn inverted. */
  draw(lines: readonly string[], foot: string, chosen: number | null): void;
  /** The next key: a sign, or `up`, `down`, `enter`, `escape`, `backspace`, `page_up`, `page_down`. Null when `ms` have passed. */
  key(ms: number): Promise<string | null>;
  close(): void;
};

const NAMES: Readonly<Record<string, string>> = {
  "\u001b[A": "up",
  "\u001b[B": "down",
  "\u001b[5~": "page_up",
  "\u001b[6~": "page_down",
  "\r": "enter",
  "\n": "enter",
  "\u001b": "escape",
  "\u007f": "backspace",
  "\b": "backspace",
  "\u0003": "quit",
};

/** Takes the terminal over: another page of it, raw keys, no cursor; all given back by `close`. */
export function openScreen(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): Screen {
  const waiting: string[] = [];
  let wake: (() => void) | null = null;
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  stdin.on("data", onData);
  stdout.write("\u001b[?1049h\u001b[?25l");

  function onData(chunk: string | Buffer): void {
    const text = String(chunk);
    if (NAMES[text] !== undefined) waiting.push(NAMES[text]);
    else if (!text.startsWith("\u001b")) for (const sign of text) waiting.push(NAMES[sign] ?? sign);
    wake?.();
  }

  const rows = () => stdout.rows || 24;
  const columns = () => stdout.columns || 80;
  return {
    rows,
    columns,
    draw(lines, foot, chosen) {
      const height = rows() - 1;
      const wide = columns() - 1;
      let text = "\u001b[H";
      for (let i = 0; i < height; i++) {
        const line = fitted(lines[i] ?? "", wide);
        text += `${i === chosen ? `\u001b[7m${line}\u001b[0m` : line}\u001b[K\r\n`;
      }
      const shown = widthOf(foot) > wide ? fitted(foot, wide) : shownText(foot);
      stdout.write(`${text}\u001b[1m${shown}\u001b[0m\u001b[K`);
    },
    async key(ms) {
      if (waiting.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms);
        wake = resolve;
        await promise;
        clearTimeout(timer);
        wake = null;
      }
      return waiting.shift() ?? null;
    },
    close() {
      stdin.off("data", onData);
      stdin.setRawMode(false);
      stdin.pause();
      stdout.write("\u001b[?25h\u001b[?1049l");
    },
  };
}
