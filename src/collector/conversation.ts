import type { Socket } from "node:net";
import { type Bytes, toHex } from "#protocol/bytes.ts";
import { plainBytes } from "./session-line.ts";

/** All that a concentrator has to say until it has proved itself is about 100 bytes. */
export const REGISTRATION_BYTES_MAX = 512;

/** Why there is nothing more to hear of a socket. */
export type Trouble = "timeout" | "too_many_bytes" | "hung_up";

/** What a stranger says, piece by piece, under a total of bytes and of time. */
export type Conversation = {
  /** The next piece; null when there will be none. With `quietMs`, "quiet" after so long without one. */
  next(quietMs?: number): Promise<Bytes | null | "quiet">;
  trouble(): Trouble | null;
  /** The first bytes in hex, for the log. */
  firstBytes(): string;
  /** Stops listening and hands over what nobody has taken yet. */
  end(): Bytes[];
};

const FIRST_BYTES = 8;

/** Listens to a socket that has not said who it is. */
export function conversation(socket: Socket, timeoutMs: number): Conversation {
  const inbox: Bytes[] = [];
  let received = 0;
  let first = "";
  let trouble: Trouble | null = null;
  let wake = () => {};

  const stop = (why: Trouble) => {
    trouble ??= why;
    wake();
  };
  const onData = (chunk: Bytes) => {
    if (first.length < 2 * FIRST_BYTES) {
      first = (first + toHex(chunk.subarray(0, FIRST_BYTES))).slice(0, 2 * FIRST_BYTES);
    }
    received += chunk.length;
    if (received > REGISTRATION_BYTES_MAX) return stop("too_many_bytes");
    inbox.push(plainBytes(chunk));
    wake();
  };
  const onClose = () => stop("hung_up");
  const timer = setTimeout(() => stop("timeout"), timeoutMs);
  socket.on("data", onData);
  socket.on("close", onClose);

  return {
    async next(quietMs) {
      let isQuiet = false;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const silence =
        quietMs === undefined
          ? undefined
          : setTimeout(() => {
              isQuiet = true;
              resolve();
            }, quietMs);
      if (inbox.length === 0 && trouble === null) await promise;
      clearTimeout(silence);
      wake = () => {};
      if (trouble !== null) return null;
      return inbox.shift() ?? (isQuiet ? "quiet" : null);
    },
    trouble: () => trouble,
    firstBytes: () => first,
    end() {
      clearTimeout(timer);
      socket.off("data", onData);
      socket.off("close", onClose);
      return inbox.splice(0);
    },
  };
}
