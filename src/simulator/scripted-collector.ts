import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink, linkAuthMac, SERIAL_2400_8E1 } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { nodeCiphers } from "#system/crypto.ts";
import type { TownPlan } from "./plan.ts";

type Forwarded = Extract<LinkMessage, { type: "forwarded" }>;
type Asked = { port?: number; timeoutMs?: number; gapMs?: number; gateway?: string };

/** A concentrator's connection as the collector sees it. */
export type ScriptedLink = {
  readonly id: string;
  /** Whether its proof was right. */
  readonly proved: boolean;
  /** Sends bytes to a bus and waits for what comes back. */
  forward(content: Bytes, how?: Asked): Promise<Forwarded>;
  send(message: LinkMessage, seq: number): void;
  /** The next message that is no answer to a forward. */
  next(): Promise<{ seq: number; message: LinkMessage }>;
  hangUp(): void;
  readonly closed: Promise<void>;
};

/** The least collector that a concentrator talks to: greets, forwards, and lies on demand. For tests and benches. */
export type ScriptedCollector = {
  readonly port: number;
  /** The next concentrator that finishes the handshake. */
  link(): Promise<ScriptedLink>;
  close(): Promise<void>;
};

const NONCE_S = fromHex("00112233445566778899aabbccddeeff") ?? new Uint8Array(16);
const FORWARD_TIMEOUT_MS = 1500;
const FORWARD_GAP_MS = 100;

/** Listens on a free loopback port. `wrongMac` welcomes with a MAC that proves nothing. */
export async function scriptedCollector(
  plan: TownPlan,
  how: { heartbeatSeconds?: number; wrongMac?: boolean } = {},
): Promise<ScriptedCollector> {
  const arrived = mailbox<ScriptedLink>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    greet(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  function greet(socket: Socket): void {
    const deframer = createLinkDeframer();
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const others = mailbox<{ seq: number; message: LinkMessage }>();
    const open = new Map<number, (message: Forwarded) => void>();
    let id = "";
    let key: Bytes = new Uint8Array(16);
    let nonceC: Bytes = new Uint8Array(16);
    let lastSeq = 100;
    const send = (message: LinkMessage, seq: number) => void socket.write(encodeLink({ seq, message }));

    function onMessage(seq: number, message: LinkMessage): void {
      if (message.type === "hello") {
        ({ id, nonce: nonceC } = message);
        key = fromHex(plan.concentrators.find((each) => each.id === id)?.key ?? "") ?? key;
        send({ type: "challenge", nonce: NONCE_S, serverTimeMs: 0, keyVersion: 1 }, seq);
      } else if (message.type === "auth") {
        const proved = toHex(message.mac) === toHex(linkAuthMac(nodeCiphers, key, "C", id, NONCE_S, nonceC));
        const mac = linkAuthMac(nodeCiphers, key, how.wrongMac ? "C" : "S", id, NONCE_S, nonceC);
        send({ type: "welcome", mac, heartbeatSeconds: how.heartbeatSeconds ?? 60 }, seq);
        arrived.put({ id, proved, forward, send, next: others.take, hangUp: () => socket.destroy(), closed });
      } else if (message.type === "forwarded") {
        open.get(seq)?.(message);
        open.delete(seq);
      } else {
        others.put({ seq, message });
      }
    }

    function forward(content: Bytes, asked: Asked = {}) {
      const { port = 1, timeoutMs = FORWARD_TIMEOUT_MS, gapMs = FORWARD_GAP_MS, gateway } = asked;
      const plain = { port, serial: SERIAL_2400_8E1, timeoutMs, gapMs, content };
      const seq = ++lastSeq;
      const answered = new Promise<Forwarded>((resolve) => open.set(seq, resolve));
      send(gateway === undefined ? { type: "forward", ...plain } : { type: "forward_via", ...plain, gateway }, seq);
      return answered;
    }

    socket.on("data", (chunk) => {
      for (const { seq, message } of deframer.push(chunk)) onMessage(seq, message);
    });
  }

  return {
    port: (server.address() as AddressInfo).port,
    link: arrived.take,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Things in the order in which they came, for whoever waits in order. */
function mailbox<T>(): { put(item: T): void; take(): Promise<T> } {
  const items: T[] = [];
  const takers: ((item: T) => void)[] = [];
  return {
    put(item) {
      const taker = takers.shift();
      if (taker) taker(item);
      else items.push(item);
    },
    take() {
      const item = items.shift();
      return item === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(item);
    },
  };
}
