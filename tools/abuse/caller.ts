import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { Bytes } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink, linkAuthMac } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { nodeCiphers } from "#system/crypto.ts";

/** A concentrator that does what an attack wants of it. */
export type Caller = {
  socket: Socket;
  /** Monotonic ms of the welcome; null until then. */
  welcomedAt(): number | null;
  /** Everything that was sent, to be played again. */
  said: Bytes[];
  closed: Promise<void>;
  hangUp(): void;
};

/** Dials from one of many loopback addresses, so that no limit per address protects the collector more than it would in the field. */
export function dial(port: number, i: number): Socket {
  const localAddress = `127.0.${1 + (i % 120)}.${1 + (Math.floor(i / 120) % 250)}`;
  const socket = connect({ host: "127.0.0.1", port, localAddress, noDelay: true });
  socket.on("error", () => {});
  return socket;
}

/** Registers with a key, and answers every question with `answer`; without one it says that the meter was silent. */
export function register(
  port: number,
  i: number,
  who: { id: string; key: Bytes },
  answer: (request: Extract<LinkMessage, { type: "forward" }>) => Bytes | null = () => null,
): Caller {
  const socket = dial(port, i);
  const deframer = createLinkDeframer();
  const nonce = randomBytes(16);
  const said: Bytes[] = [];
  let welcomedAt: number | null = null;
  const send = (seq: number, message: LinkMessage) => {
    const bytes = encodeLink({ seq, message });
    said.push(bytes);
    if (socket.writable) socket.write(bytes);
  };
  socket.on("connect", () =>
    send(1, { type: "hello", id: who.id, firmware: "abuse", nonce, protocols: 1, tableVersion: 0 }),
  );
  socket.on("data", (chunk) => {
    for (const { seq, message } of deframer.push(chunk)) {
      if (message.type === "challenge") {
        send(2, { type: "auth", mac: linkAuthMac(nodeCiphers, who.key, "C", who.id, message.nonce, nonce) });
      } else if (message.type === "welcome") welcomedAt = performance.now();
      else if (message.type === "forward") {
        const content = answer(message);
        const status = content === null ? 1 : 0;
        send(seq, { type: "forwarded", status, elapsedMs: 1, content: content ?? new Uint8Array(0) });
      }
    }
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { socket, welcomedAt: () => welcomedAt, said, closed, hangUp: () => socket.destroy() };
}
