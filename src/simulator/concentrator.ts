import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import { type Bytes, fromHex } from "#protocol/bytes.ts";
import { linkTlsPsk } from "#protocol/link/jichao.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { type BusTiming, createBus, type Sound, type Via } from "./bus.ts";
import type { LineStrike } from "./faults.ts";
import type { SimulatorLog } from "./log.ts";
import { createOutlet } from "./outlet.ts";
import type { ConcentratorPlan } from "./plan.ts";
import { speakGw1376 } from "./speak-gw1376.ts";
import { speakJichao } from "./speak-jichao.ts";
import { speakTransparent } from "./speak-transparent.ts";
import type { Speech, SpeechContext } from "./speech.ts";

/** Where the collector (抄表前置机) listens. */
export type LinkTarget = { host: string; port: number; tlsPort?: number };

/** A simulated concentrator (集中器) of any kind: dials the collector, or listens for it, as long as it is switched on. */
export type Concentrator = {
  readonly id: string;
  /**
   * Begins to dial, and dials again after every loss with growing, jittered pauses; one that listens opens its port. A new
   * target replaces the old.
   */
  dial(target: LinkTarget): void;
  /** Whether the present connection is of use: both sides have proved who they are, as far as its link can. */
  isOnline(): boolean;
  /** Resolves at once when online, else when it next is. */
  whenOnline(): Promise<void>;
  /** Pulls the plug, or puts it in again. */
  setOffline(offline: boolean): void;
  close(): Promise<void>;
};

/** The cipher whose hash external keys are bound to. */
const PSK_CIPHERS = "TLS_AES_128_GCM_SHA256:PSK";
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;
const HANDSHAKE_MS = 10_000;
/** So many heartbeats without a byte from the collector mean that the line is dead. */
const HEARTBEATS_MISSED = 3;

type Session = { socket: Socket; online: boolean };

/** A concentrator with a bus for each of its ports; `hear` is what the meters on a port do with a request. */
export function createConcentrator(options: {
  plan: ConcentratorPlan;
  ports: readonly number[];
  timing: BusTiming;
  hear: (port: number, request: Bytes, via: Via) => Sound[];
  strike: () => LineStrike;
  random: () => number;
  clockMs: () => number;
  log: SimulatorLog;
}): Concentrator {
  const { plan, log, timing, hear } = options;
  const listenPort = plan.link?.listenPort ?? null;
  const buses = new Map(
    options.ports.map((port) => [port, createBus(timing, (request, via) => hear(port, request, via))]),
  );
  let target: LinkTarget | null = null;
  let offline = false;
  let session: Session | null = null;
  let server: Server | null = null;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = RETRY_MS_MIN;
  let waiting: (() => void)[] = [];

  function open(): void {
    if (!target || offline) return;
    if (listenPort !== null) listen(listenPort);
    else if (!session) session = createSession(connectTo(target), false);
  }

  function connectTo({ host, port, tlsPort }: LinkTarget): Socket {
    if (!plan.tls || tlsPort === undefined) return connect({ host, port, noDelay: true });
    const psk = linkTlsPsk(nodeCiphers, fromHex(plan.key) ?? new Uint8Array(), plan.id);
    const socket = connectTls({
      host,
      port: tlsPort,
      minVersion: "TLSv1.3",
      ciphers: PSK_CIPHERS,
      pskCallback: () => ({ psk, identity: plan.id }),
      // Both sides prove the key; there is no name in it that could be compared.
      checkServerIdentity: () => undefined,
    });
    socket.setNoDelay(true);
    return socket;
  }

  /** Whoever dials last is spoken to: the one before is likely to be half a connection. */
  function listen(port: number): void {
    if (server) return;
    server = createServer({ noDelay: true }, (socket) => {
      session?.socket.destroy();
      session = createSession(socket, true);
    });
    server.on("error", (error) => {
      log.warn({ concentrator: plan.id, port, error: error.message }, "the concentrator cannot listen");
      server = null;
      again();
    });
    server.listen(port, "127.0.0.1");
  }

  function createSession(socket: Socket, isDialled: boolean): Session {
    const self: Session = { socket, online: false };
    const outlet = createOutlet(socket, options.strike);
    let heartbeat: NodeJS.Timeout | undefined;
    const speech = speechOf({
      plan,
      isDialled,
      buses,
      timing,
      hear,
      outlet,
      clockMs: options.clockMs,
      refuse(why) {
        log.warn({ concentrator: plan.id, why }, "connection given up");
        socket.destroy();
      },
      welcome(heartbeatMs) {
        self.online = true;
        // A DTU is let in without a word: it knows by being spoken to.
        if (plan.link?.kind !== "transparent") retryMs = RETRY_MS_MIN;
        socket.setTimeout(heartbeatMs * HEARTBEATS_MISSED);
        heartbeat = setInterval(() => speech.beat(), heartbeatMs);
        log.info({ concentrator: plan.id }, "concentrator went online");
        for (const tell of waiting.splice(0)) tell();
      },
    });

    socket.setTimeout(HANDSHAKE_MS);
    socket.on("timeout", () => {
      log.warn({ concentrator: plan.id, why: "the collector was silent" }, "connection given up");
      socket.destroy();
    });
    if (isDialled) speech.begin();
    else socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => speech.begin());
    socket.on("data", (chunk) => {
      if (self.online) retryMs = RETRY_MS_MIN;
      if (!socket.destroyed) speech.take(chunk);
    });
    socket.on("error", (error) => log.debug({ concentrator: plan.id, error: error.message }, "connection failed"));
    socket.on("close", () => {
      clearInterval(heartbeat);
      outlet.close();
      speech.end();
      if (session === self) session = null;
      if (self.online) log.info({ concentrator: plan.id }, "concentrator went offline");
      again();
    });
    return self;
  }

  function again(): void {
    clearTimeout(retry);
    if (!target || offline) return;
    retry = setTimeout(open, retryMs * (0.5 + options.random() / 2));
    retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
  }

  async function hangUp(): Promise<void> {
    clearTimeout(retry);
    const listening = server;
    server = null;
    const closed = listening && new Promise<void>((resolve) => listening.close(() => resolve()));
    if (session) {
      const { promise, resolve } = Promise.withResolvers<void>();
      session.socket.once("close", () => resolve());
      session.socket.destroy();
      await promise;
    }
    await closed;
  }

  return {
    id: plan.id,
    dial(to) {
      const moved =
        target !== null && (target.host !== to.host || target.port !== to.port || target.tlsPort !== to.tlsPort);
      target = to;
      if (moved && session && listenPort === null) session.socket.destroy();
      else open();
    },
    isOnline: () => session?.online === true && !session.socket.destroyed,
    whenOnline() {
      if (session?.online === true) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
    setOffline(wanted) {
      if (wanted === offline) return;
      offline = wanted;
      retryMs = RETRY_MS_MIN;
      if (offline) void hangUp();
      else open();
    },
    async close() {
      target = null;
      await hangUp();
      waiting = [];
      for (const bus of buses.values()) bus.close();
    },
  };
}

function speechOf(context: SpeechContext): Speech {
  const { link } = context.plan;
  switch (link?.kind) {
    case undefined:
    case "jichao":
      return speakJichao(context);
    case "transparent":
      return speakTransparent(context, link);
    case "gw1376":
      return speakGw1376(context, link.heartbeatMs);
  }
}
