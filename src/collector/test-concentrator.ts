import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { assert } from "#base/errors.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink, type LinkFrame, linkAuthMac } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { nodeCiphers, randomBytesOf } from "#system/crypto.ts";

/** A concentrator whose every byte the test decides. */
export type ScriptedConcentrator = {
  socket: Socket;
  send(message: LinkMessage, seq?: number): void;
  /** The next message of that type; others before it are passed over. */
  expect<T extends LinkMessage["type"]>(type: T): Promise<{ seq: number; message: Extract<LinkMessage, { type: T }> }>;
  /** Resolves with all received bytes when the other side has hung up. */
  closed: Promise<number>;
  hangUp(): void;
};

/** Connects and says nothing. */
export async function scripted(port: number): Promise<ScriptedConcentrator> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const deframer = createLinkDeframer();
  const inbox: LinkFrame[] = [];
  let wake = () => {};
  let received = 0;
  socket.on("data", (chunk) => {
    received += chunk.length;
    inbox.push(...deframer.push(chunk));
    wake();
  });
  socket.on("error", () => {});
  const closed = new Promise<number>((resolve) => socket.on("close", () => resolve(received)));
  await once(socket, "connect");
  return {
    socket,
    closed,
    send(message, seq = 1) {
      socket.write(encodeLink({ seq, message }));
    },
    async expect(type) {
      for (;;) {
        const frame = inbox.shift();
        if (frame?.message.type === type) {
          return frame as { seq: number; message: Extract<LinkMessage, { type: typeof type }> };
        }
        if (frame) continue;
        assert(!socket.destroyed, `hung up while ${type} was expected`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          socket.once("close", resolve);
        });
      }
    },
    hangUp: () => socket.destroy(),
  };
}

/** Connects and registers with the key; resolves at the welcome. */
export async function registered(port: number, code: string, key: Bytes): Promise<ScriptedConcentrator> {
  const concentrator = await scripted(port);
  await sayHello(concentrator, code, key);
  await concentrator.expect("welcome");
  return concentrator;
}

/** HELLO, and AUTH with that key after the challenge. */
export async function sayHello(
  concentrator: ScriptedConcentrator,
  code: string,
  key: Bytes,
  nonce: Bytes = randomBytesOf(16),
): Promise<void> {
  concentrator.send({ type: "hello", id: code, firmware: "test", nonce, protocols: 1, tableVersion: 0 });
  const { message } = await concentrator.expect("challenge");
  concentrator.send({ type: "auth", mac: linkAuthMac(nodeCiphers, key, "C", code, message.nonce, nonce) }, 2);
}
