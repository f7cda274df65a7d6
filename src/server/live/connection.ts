import { Readable } from "node:stream";
import type { LiveEvent } from "#contract/live.ts";

/** Bytes that may wait for a slow page; beyond it the page is cut, connects again and loads the board. */
const BUFFER_BYTES_MAX = 1024 * 1024;

/** One page's event stream. */
export type LiveConnection = {
  /** What the HTTP answer is fed from. */
  readonly stream: Readable;
  send(event: LiveEvent): void;
  end(): void;
  closed(): boolean;
};

/** Opens an event stream (server-sent events). A browser that loses it comes back after two seconds. */
export function openConnection(): LiveConnection {
  const stream = new Readable({ read() {} });
  stream.push("retry: 2000\n\n");
  let ended = false;
  return {
    stream,
    send(event) {
      if (ended || stream.destroyed) return;
      stream.push(`data: ${textOf(event)}\n\n`);
      if (stream.readableLength > BUFFER_BYTES_MAX) stream.destroy();
    },
    end() {
      if (ended) return;
      ended = true;
      stream.push(null);
    },
    closed: () => ended || stream.destroyed,
  };
}

const texts = new WeakMap<LiveEvent, string>();

/** The same event goes to many pages: it is written out once. */
function textOf(event: LiveEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = JSON.stringify(event);
  texts.set(event, text);
  return text;
}
