import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { type Bytes, equalBytes, fromHex } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink, type LinkFrame, linkAuthMac } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { type BusTiming, createBus, type Sound } from "./bus.ts";
import type { SimulatorLog } from "./log.ts";
import type { ConcentratorPlan } from "./plan.ts";

/** Where the collector (抄表前置机) listens. */
export type LinkTarget = { host: string; port: number };

/** A simulated concentrator (集中器): dials the collector for as long as it is switched on. */
export type Concentrator = {
  readonly id: string;
  /** Begins to dial, and dials again after every loss with growing, jittered pauses. A new target replaces the old. */
  dial(target: LinkTarget): void;
  /** Whether both sides have proved who they are on the present connection. */
  isOnline(): boolean;
  /** Resolves at once when online, else when it next is. */
  whenOnline(): Promise<void>;
  /** Pulls the plug, or puts it in again. */
  setOffline(offline: boolean): void;
  close(): Promise<void>;
};

const FIRMWARE = "JC-SIM 1.0";
/** Bit 0 of the protocols bitmap: DL/T 645-2007. */
const PROTOCOLS = 1;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;
const HANDSHAKE_MS = 10_000;
/** So many heartbeats without a byte from the collector mean that the line is dead. */
const HEARTBEATS_MISSED = 3;
const RSSI_DBM = -71;
const STATUS_BAD_PORT = 3;

/** A concentrator with a bus for each of its ports; `hear` is what the meters on a port do with a request. */
export function createConcentrator(options: {
  plan: ConcentratorPlan;
  ports: readonly number[];
  timing: BusTiming;
  hear: (port: number, request: Bytes) => Sound[];
  random: () => number;
  clockMs: () => number;
  log: SimulatorLog;
}): Concentrator {
  const { plan, log } = options;
  const key = fromHex(plan.key) ?? new Uint8Array(16);
  const buses = new Map(options.ports.map((port) => [port, createBus(options.timing, (r) => options.hear(port, r))]));
  let target: LinkTarget | null = null;
  let offline = false;
  let session: Session | null = null;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = RETRY_MS_MIN;
  let waiting: (() => void)[] = [];

  function open(): void {
    if (!target || offline || session) return;
    session = createSession(connect({ host: target.host, port: target.port, noDelay: true }));
  }

  function createSession(socket: Socket): Session {
    const nonceC = randomBytes(16);
    const deframer = createLinkDeframer();
    const self: Session = { socket, online: false };
    let nonceS: Bytes | null = null;
    let heartbeat: NodeJS.Timeout | undefined;
    let seq = 0;

    function send(message: LinkMessage, at: number): void {
      if (!socket.destroyed) socket.write(encodeLink({ seq: at, message }));
    }

    function refuse(why: string): void {
      log.warn({ concentrator: plan.id, why }, "connection given up");
      socket.destroy();
    }

    function beat(): void {
      const queue = [...buses.values()].filter((bus) => bus.isBusy()).length;
      seq = (seq + 1) & 0xffff;
      send({ type: "ping", rssi: RSSI_DBM, queue, clockMs: options.clockMs() }, seq);
    }

    function onFrame({ seq: theirs, message }: LinkFrame): void {
      if (message.type === "bye") refuse("the collector said goodbye");
      else if (!self.online) handshake(theirs, message);
      else if (message.type === "forward") forward(theirs, message);
      else if (message.type === "ping") send({ ...message, type: "pong", clockMs: options.clockMs() }, theirs);
    }

    /** Until the collector has proved itself nothing that it asks is done. */
    function handshake(theirs: number, message: LinkMessage): void {
      if (message.type === "challenge" && nonceS === null) {
        nonceS = message.nonce;
        send({ type: "auth", mac: linkAuthMac(nodeCiphers, key, "C", plan.id, nonceS, nonceC) }, theirs);
      } else if (message.type === "welcome" && nonceS !== null) {
        const expected = linkAuthMac(nodeCiphers, key, "S", plan.id, nonceS, nonceC);
        if (equalBytes(expected, message.mac)) welcome(message.heartbeatSeconds);
        else refuse("the collector could not prove that it knows the key");
      } else {
        refuse(`unexpected ${message.type} before the welcome`);
      }
    }

    function welcome(heartbeatSeconds: number): void {
      const heartbeatMs = Math.max(1, heartbeatSeconds) * 1000;
      self.online = true;
      retryMs = RETRY_MS_MIN;
      socket.setTimeout(heartbeatMs * HEARTBEATS_MISSED);
      heartbeat = setInterval(beat, heartbeatMs);
      log.info({ concentrator: plan.id }, "concentrator went online");
      const told = waiting;
      waiting = [];
      for (const tell of told) tell();
    }

    function forward(theirs: number, message: Extract<LinkMessage, { type: "forward" }>): void {
      const bus = buses.get(message.port);
      if (bus) bus.exchange(message, (result) => send({ type: "forwarded", ...result }, theirs));
      else send({ type: "forwarded", status: STATUS_BAD_PORT, elapsedMs: 0, content: new Uint8Array(0) }, theirs);
    }

    socket.setTimeout(HANDSHAKE_MS, () => refuse("the collector was silent"));
    socket.on("connect", () => {
      send(
        { type: "hello", id: plan.id, firmware: FIRMWARE, nonce: nonceC, protocols: PROTOCOLS, tableVersion: 0 },
        seq,
      );
    });
    socket.on("data", (chunk) => {
      for (const frame of deframer.push(chunk)) if (!socket.destroyed) onFrame(frame);
      if (deframer.garbage()) refuse("the other side does not speak JCP");
    });
    socket.on("error", (error) => log.debug({ concentrator: plan.id, error: error.message }, "connection failed"));
    socket.on("close", () => {
      clearInterval(heartbeat);
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
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!session) return;
    session.socket.once("close", () => resolve());
    session.socket.destroy();
    await promise;
  }

  return {
    id: plan.id,
    dial(to) {
      const moved = target !== null && (target.host !== to.host || target.port !== to.port);
      target = to;
      if (moved && session) session.socket.destroy();
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
      for (const bus of buses.values()) bus.close();
    },
  };
}

type Session = { socket: Socket; online: boolean };
