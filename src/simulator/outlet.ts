import type { Socket } from "node:net";
import { type Bytes, concat } from "#protocol/bytes.ts";
import type { LineStrike } from "./faults.ts";

/** A heartbeat that may come in between; `inside` when it may stand in the middle of a message. */
export type Interruption = { heartbeat(): Bytes; inside: boolean };

/** The way of a concentrator's messages into its connection, with the weather on it. */
export type Outlet = {
  /** Sends one message, whole if the weather allows. */
  send(message: Bytes, interruption?: Interruption): void;
  close(): void;
};

/** The first of the messages that are held waits for so long. */
const HELD_MS_MAX = 60;
const NOTHING = new Uint8Array(0);

/** An outlet into a socket; `strike` draws the luck of each message. */
export function createOutlet(socket: Socket, strike: () => LineStrike): Outlet {
  let held: Bytes = NOTHING;
  let timer: NodeJS.Timeout | undefined;

  function write(bytes: Bytes, how: LineStrike): void {
    if (socket.destroyed) return;
    if (how.flap) {
      socket.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      socket.destroySoon();
    } else if (how.split) {
      for (const byte of bytes) socket.write(Uint8Array.of(byte));
    } else {
      socket.write(bytes);
    }
  }

  function release(how: LineStrike): void {
    clearTimeout(timer);
    timer = undefined;
    const bytes = held;
    held = NOTHING;
    if (bytes.length > 0) write(bytes, how);
  }

  return {
    send(message, interruption) {
      const how = strike();
      held = concat(held, how.interrupt && interruption ? interrupted(message, interruption) : message);
      if (how.merge) timer ??= setTimeout(() => release(how), HELD_MS_MAX);
      else release(how);
    },
    close() {
      clearTimeout(timer);
      held = NOTHING;
    },
  };
}

function interrupted(message: Bytes, { heartbeat, inside }: Interruption): Bytes {
  const at = inside ? Math.floor(message.length / 2) : 0;
  return concat(message.subarray(0, at), heartbeat(), message.subarray(at));
}
