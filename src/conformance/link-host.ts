import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Bytes, equalBytes } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink, type LinkFrame, linkAuthMac, SERIAL_2400_8E1 } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { systemClock } from "#system/clock.ts";
import { nodeCiphers, randomBytesOf } from "#system/crypto.ts";
import { Failed, must } from "./failed.ts";
import { type Line, LineLost } from "./line.ts";

/** A connection that a concentrator made. */
export type LinkPeer = {
  /** What it said first. */
  readonly hello: Extract<LinkMessage, { type: "hello" }>;
  send(message: LinkMessage, seq: number): void;
  /** Bytes as they are, to see how it finds frames. */
  raw(bytes: Bytes): void;
  /** The next message of this type, others passed over; null when none came in time or the connection ended. */
  next<T extends LinkMessage["type"]>(
    type: T,
    waitMs: number,
    seq?: number,
  ): Promise<{ seq: number; message: Extract<LinkMessage, { type: T }> } | null>;
  /** Everything of this type that was heard and not taken yet. */
  pending(type: LinkMessage["type"]): number;
  /** True when it has hung up within the time. */
  hasHungUp(waitMs: number): Promise<boolean>;
  hangUp(): void;
};

/** Listens for the concentrator under test, as the collector does. */
export type LinkHost = {
  readonly port: number;
  readonly bus: number;
  /** Nonces of all HELLOs so far. */
  readonly nonces: Bytes[];
  /** The connection that is up, or the next one, registered and welcomed. */
  peer(): Promise<LinkPeer>;
  /** The next new connection; its WELCOME carries a wrong MAC when asked. */
  fresh(how?: { wrongMac?: boolean; heartbeatSeconds?: number }): Promise<LinkPeer>;
  /** The bus behind the present connection, for asking meters. */
  line(): Line;
  close(): Promise<void>;
};

const HEARTBEAT_SECONDS = 30;
const MAC_SHOWN = 16;
/** A concentrator dials again after pauses that grow to its longest. */
const DIAL_WAIT_MS = 60_000;
const STEP_WAIT_MS = 15_000;
/** FORWARD's own waiting time is that of the bus; the network comes on top. */
const LINK_ALLOWANCE_MS = 5_000;
const GAP_MS = 100;
const SEQ_MAX = 0xffff;
const INBOX_MAX = 10_000;

/** Listens; resolves at once. `code` null takes whoever comes. */
export async function hostLink(options: {
  host: string;
  port: number;
  code: string | null;
  key: Bytes;
  bus: number;
  dialWaitMs?: number;
}): Promise<LinkHost> {
  const { dialWaitMs = DIAL_WAIT_MS } = options;
  const arrived: Socket[] = [];
  let wake = () => {};
  const server: Server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    arrived.push(socket);
    wake();
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  const nonces: Bytes[] = [];
  const open = new Set<LinkPeer>();
  let present: LinkPeer | null = null;
  let seq = 0;

  async function nextSocket(): Promise<Socket> {
    const until = systemClock() + dialWaitMs;
    for (;;) {
      const socket = arrived.shift();
      if (socket && !socket.destroyed) return socket;
      const leftMs = until - systemClock();
      if (leftMs <= 0) throw new LineLost(`no concentrator dialled within ${dialWaitMs / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async function fresh(how: { wrongMac?: boolean; heartbeatSeconds?: number } = {}): Promise<LinkPeer> {
    const peer = await register(await nextSocket(), how);
    open.add(peer);
    present = how.wrongMac ? null : peer;
    return peer;
  }

  async function register(socket: Socket, how: { wrongMac?: boolean; heartbeatSeconds?: number }): Promise<LinkPeer> {
    const inbox = openInbox(socket);
    const first = await inbox.take(() => true, STEP_WAIT_MS);
    must(first !== null, "it connected and said nothing");
    const { message: hello } = first;
    must(hello.type === "hello", `it began with ${hello.type}`);
    must(options.code === null || hello.id === options.code, `it is ${hello.id}, not ${options.code}`);
    nonces.push(hello.nonce);
    const nonceS = randomBytesOf(MAC_SHOWN);
    const send = (message: LinkMessage, at: number) => void socket.write(encodeLink({ seq: at, message }));
    send({ type: "challenge", nonce: nonceS, serverTimeMs: systemClock(), keyVersion: 1 }, first.seq);
    const auth = await inbox.take((each) => each.message.type === "auth", STEP_WAIT_MS);
    must(auth?.message.type === "auth", "no AUTH came after CHALLENGE");
    const proof = (side: "C" | "S") => linkAuthMac(nodeCiphers, options.key, side, hello.id, nonceS, hello.nonce);
    if (!equalBytes(auth.message.mac, proof("C"))) {
      send({ type: "bye", reason: 1 }, auth.seq);
      socket.destroy();
      throw new Failed("its AUTH does not prove this key");
    }
    const mac = proof(how.wrongMac ? "C" : "S");
    send({ type: "welcome", mac, heartbeatSeconds: how.heartbeatSeconds ?? HEARTBEAT_SECONDS }, auth.seq);
    return {
      hello,
      send,
      raw: (bytes) => void socket.write(bytes),
      next: (type, waitMs, at) =>
        inbox.take((each) => each.message.type === type && (at === undefined || each.seq === at), waitMs) as never,
      pending: (type) => inbox.count(type),
      hasHungUp: inbox.hasEnded,
      hangUp: () => socket.destroy(),
    };
  }

  async function peer(): Promise<LinkPeer> {
    if (present !== null && !(await present.hasHungUp(0))) return present;
    return fresh();
  }

  return {
    port: (server.address() as AddressInfo).port,
    bus: options.bus,
    nonces,
    peer,
    fresh,
    line: () => ({
      async ask(content, waitMs) {
        const to = await peer();
        seq = seq >= SEQ_MAX ? 1 : seq + 1;
        to.send(
          { type: "forward", port: options.bus, serial: SERIAL_2400_8E1, timeoutMs: waitMs, gapMs: GAP_MS, content },
          seq,
        );
        const told = await to.next("forwarded", waitMs + LINK_ALLOWANCE_MS, seq);
        if (told === null) throw new LineLost("a FORWARD was not answered");
        const { status } = told.message;
        if (status > 1) throw new LineLost(`a FORWARD ended with status ${status}`);
        return status === 0 ? told.message.content : new Uint8Array(0);
      },
      close: async () => {},
    }),
    async close() {
      for (const each of open) each.hangUp();
      for (const socket of arrived) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Messages as they come, for whoever waits for one of them. PINGs are answered here, so that the device stays content. */
function openInbox(socket: Socket) {
  const deframer = createLinkDeframer();
  const inbox: LinkFrame[] = [];
  let hasEnded = false;
  let wakers: (() => void)[] = [];
  const tell = () => {
    for (const wakeUp of wakers.splice(0)) wakeUp();
    wakers = [];
  };
  socket.on("data", (chunk) => {
    for (const frame of deframer.push(chunk)) {
      const { seq, message } = frame;
      if (message.type === "ping")
        socket.write(encodeLink({ seq, message: { ...message, type: "pong", clockMs: systemClock() } }));
      if (inbox.length < INBOX_MAX) inbox.push(frame);
    }
    tell();
  });
  socket.on("close", () => {
    hasEnded = true;
    tell();
  });

  async function until<T>(look: () => T | null, waitMs: number): Promise<T | null> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      tell();
    }, waitMs);
    try {
      for (;;) {
        const found = look();
        if (found !== null || isOver) return found;
        await new Promise<void>((resolve) => wakers.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    /** Takes the first message that fits. */
    async take(fits: (frame: LinkFrame) => boolean, waitMs: number): Promise<LinkFrame | null> {
      const found = await until<LinkFrame | "ended">(() => {
        const at = inbox.findIndex(fits);
        if (at >= 0) return inbox.splice(at, 1)[0] ?? null;
        return hasEnded ? "ended" : null;
      }, waitMs);
      return found === "ended" ? null : found;
    },
    count: (type: LinkMessage["type"]) => inbox.filter((each) => each.message.type === type).length,
    async hasEnded(waitMs: number): Promise<boolean> {
      return (await until(() => (hasEnded ? true : null), waitMs)) === true;
    },
  };
}
