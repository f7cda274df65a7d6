import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Bytes, concat } from "#protocol/bytes.ts";

/** A bus with the device under test on it. */
export type Line = {
  /**
   * Puts bytes on the bus and gives what is heard until `isEnough` or until `waitMs` have passed; nothing heard is an empty answer. What
   * was heard before the question is forgotten. Throws {@link LineLost} when the way to the bus is gone.
   */
  ask(bytes: Bytes, waitMs: number, isEnough: (heard: Bytes) => boolean): Promise<Bytes>;
  close(): Promise<void>;
};

/** The way to the device is gone: nothing that follows would say anything about it. */
export class LineLost extends Error {
  constructor(why: string, options?: { cause?: unknown }) {
    super(why, options as ErrorOptions);
    this.name = "LineLost";
  }
}

const CONNECT_MS = 10_000;
/** More than any answer; whoever sends more is no meter. */
const HEARD_BYTES_MAX = 64 * 1_024;

/** A device, or a serial server (串口服务器), that listens: what is written goes on the bus, what is read was heard on it. */
export async function transparentLine(host: string, port: number): Promise<Line> {
  const socket: Socket = connect({ host, port, noDelay: true });
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error("connecting took too long")));
  try {
    await once(socket, "connect");
  } catch (cause) {
    throw new LineLost(`${host}:${port} cannot be reached: ${String(cause)}`, { cause });
  }
  socket.setTimeout(0);
  let heard: Bytes = new Uint8Array(0);
  let wake = () => {};
  let gone: string | null = null;
  socket.on("data", (chunk) => {
    if (heard.length < HEARD_BYTES_MAX) heard = concat(heard, chunk);
    wake();
  });
  const end = (why: string) => {
    gone ??= why;
    wake();
  };
  socket.on("error", (error) => end(error.message));
  socket.on("close", () => end("the device hung up"));

  return {
    async ask(bytes, waitMs, isEnough) {
      if (gone !== null) throw new LineLost(gone);
      heard = new Uint8Array(0);
      socket.write(bytes);
      let isOver = false;
      const timer = setTimeout(() => {
        isOver = true;
        wake();
      }, waitMs);
      while (!isOver && gone === null && !isEnough(heard)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      clearTimeout(timer);
      if (gone !== null && !isEnough(heard)) throw new LineLost(gone);
      return heard;
    },
    async close() {
      if (socket.destroyed) return;
      const closed = once(socket, "close");
      socket.destroy();
      await closed;
    },
  };
}
