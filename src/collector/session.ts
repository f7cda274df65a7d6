import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { assert } from "#base/errors.ts";
import { type Clock, type Instant, SECOND_MS } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { encodeLink, type LinkDeframer, type LinkFrame } from "#protocol/link/jichao.ts";
import type { ForwardStatus, LinkMessage } from "#protocol/link/messages.ts";
import type { Log } from "#system/log.ts";
import { BYE, plainBytes } from "./registration.ts";

/** Bytes for the meters on one bus, and how long to wait for what they say. */
export type ForwardRequest = { bus: number; serial: number; content: Bytes; timeoutMs: number; gapMs: number };

/** What became of a forwarded request. `closed`: the session ended; whether the bytes reached the bus is not known. */
export type ForwardOutcome =
  | { kind: "answered"; content: Bytes }
  | { kind: "silent"; why: "timeout" | "busy" | "bad_port" | "corrupt" | "cancelled" | "link" }
  | { kind: "closed" };

/** Why a session ended. */
export type SessionEnd = "hung_up" | "replaced" | "closing" | "misbehaved" | "silent";

/** A bus answers some ten times a second; a concentrator that says more than this is broken or hostile. */
const FRAMES_PER_SECOND_MAX = 200;
const BYTES_PER_SECOND_MAX = 64 * 1024;
/** Unsent bytes after which a peer counts as one that never reads. */
const UNSENT_BYTES_MAX = 64 * 1024;
const SILENT_HEARTBEATS = 2.5;
const SEQ_MAX = 0xffff;

const SILENCES: Readonly<Record<Exclude<ForwardStatus, 0>, "timeout" | "busy" | "bad_port" | "corrupt" | "cancelled">> =
  {
    1: "timeout",
    2: "busy",
    3: "bad_port",
    4: "corrupt",
    5: "cancelled",
  };

type Waiting = { bus: number; resolve(outcome: ForwardOutcome): void; timer: NodeJS.Timeout };

/** An authenticated connection of one concentrator (集中器), from WELCOME to its end. */
export class Session {
  readonly code: string;
  /** Resolves once, when the session has ended for whatever reason; never rejects. */
  readonly ended: Promise<SessionEnd>;
  lastSeenAt: Instant;
  rssiDbm: number | null = null;
  /** Answers that came after we had given up on their question. */
  lateAnswers = 0;

  readonly #socket: Socket;
  readonly #deframer: LinkDeframer;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #linkAllowanceMs: number;
  readonly #silenceMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watch: NodeJS.Timeout;
  #heardAt = performance.now();
  #second = { startedAt: performance.now(), frames: 0, bytes: 0 };
  #seq = 0;
  #end: ((why: SessionEnd) => void) | null;

  constructor(
    socket: Socket,
    options: {
      code: string;
      deframer: LinkDeframer;
      heartbeatSeconds: number;
      linkAllowanceMs: number;
      clock: Clock;
      log: Log;
    },
  ) {
    this.code = options.code;
    this.#socket = socket;
    this.#deframer = options.deframer;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#linkAllowanceMs = options.linkAllowanceMs;
    this.#silenceMs = options.heartbeatSeconds * SECOND_MS * SILENT_HEARTBEATS;
    this.lastSeenAt = options.clock();
    const { promise, resolve } = Promise.withResolvers<SessionEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.#watch = setInterval(() => this.#checkSilence(), this.#silenceMs / 5);
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("close", () => this.#finish("hung_up"));
  }

  /** Whether questions may be forwarded. */
  isUp(): boolean {
    return this.#end !== null;
  }

  /** WELCOME with our own proof, and then whatever the concentrator had sent too early. */
  welcome(seq: number, mac: Bytes, heartbeatSeconds: number, early: readonly LinkFrame[]): void {
    this.#send(seq, { type: "welcome", mac, heartbeatSeconds });
    for (const frame of early) this.#onFrame(frame);
  }

  /**
   * Sends bytes to a bus; they have been handed to the network when this returns. One request at a time for each bus. The
   * outcome always comes: the answer, its absence, or the end of the session.
   */
  forward(request: ForwardRequest): Promise<ForwardOutcome> {
    if (!this.isUp()) return Promise.resolve({ kind: "closed" });
    const busy = [...this.#waiting.values()].some((each) => each.bus === request.bus);
    assert(!busy, `bus ${request.bus} of ${this.code} has a question outstanding`);
    const seq = this.#nextSeq();
    const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
    const expire = () => this.#resolve(seq, { kind: "silent", why: "link" });
    const timer = setTimeout(expire, request.timeoutMs + this.#linkAllowanceMs);
    this.#waiting.set(seq, { bus: request.bus, resolve, timer });
    const { bus: port, serial, content, timeoutMs, gapMs } = request;
    this.#send(seq, { type: "forward", port, serial, timeoutMs, gapMs, content });
    return promise;
  }

  /** Says goodbye and hangs up. Whoever waits for an answer is told that the session has ended. */
  close(why: Exclude<SessionEnd, "hung_up">): void {
    if (!this.isUp()) return;
    this.#send(0, { type: "bye", reason: BYE[why] });
    this.#socket.end();
    this.#finish(why);
  }

  #finish(why: SessionEnd): void {
    const end = this.#end;
    if (end === null) return;
    this.#end = null;
    clearInterval(this.#watch);
    for (const seq of [...this.#waiting.keys()]) this.#resolve(seq, { kind: "closed" });
    // A peer that does not take our goodbye must not keep the socket; a reset, so that no old question is delivered minutes later.
    setTimeout(() => this.#socket.resetAndDestroy(), SECOND_MS).unref();
    end(why);
  }

  #onData(chunk: Bytes): void {
    if (!this.isUp()) return;
    this.#heardAt = performance.now();
    this.lastSeenAt = this.#clock();
    const frames = this.#deframer.push(plainBytes(chunk));
    if (this.#isTooMuch(frames.length, chunk.length)) this.close("misbehaved");
    for (const frame of frames) this.#onFrame(frame);
  }

  #onFrame({ seq, message }: LinkFrame): void {
    if (!this.isUp()) return;
    switch (message.type) {
      case "ping":
        this.#noteSignal(message.rssi);
        this.#send(seq, { ...message, type: "pong", clockMs: this.#clock() });
        break;
      case "pong":
        this.#noteSignal(message.rssi);
        break;
      case "forwarded":
        this.#onForwarded(seq, message.status, message.content);
        break;
      case "error":
        this.#resolve(seq, { kind: "silent", why: "cancelled" });
        break;
      case "bye":
        this.#socket.end();
        this.#finish("hung_up");
        break;
      default:
        // Later versions may say more; what is not understood is not answered.
        this.#log.debug({ concentrator: this.code, type: message.type }, "ignored a message");
    }
  }

  #onForwarded(seq: number, status: ForwardStatus, content: Bytes): void {
    if (!this.#waiting.has(seq)) {
      this.lateAnswers++;
      return;
    }
    if (status !== 0) this.#resolve(seq, { kind: "silent", why: SILENCES[status] });
    else if (content.length === 0) this.#resolve(seq, { kind: "silent", why: "timeout" });
    else this.#resolve(seq, { kind: "answered", content });
  }

  #resolve(seq: number, outcome: ForwardOutcome): void {
    const waiting = this.#waiting.get(seq);
    if (!waiting) return;
    this.#waiting.delete(seq);
    clearTimeout(waiting.timer);
    waiting.resolve(outcome);
  }

  #send(seq: number, message: LinkMessage): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    this.#socket.write(encodeLink({ seq, message }));
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) {
      this.#log.warn({ concentrator: this.code }, "a concentrator that does not read was hung up on");
      this.#socket.destroy();
    }
  }

  #nextSeq(): number {
    do this.#seq = this.#seq >= SEQ_MAX ? 1 : this.#seq + 1;
    while (this.#waiting.has(this.#seq));
    return this.#seq;
  }

  #noteSignal(rssi: number): void {
    this.rssiDbm = rssi < 0 ? rssi : null;
  }

  #checkSilence(): void {
    if (performance.now() - this.#heardAt > this.#silenceMs) this.close("silent");
  }

  #isTooMuch(frames: number, bytes: number): boolean {
    const now = performance.now();
    if (now - this.#second.startedAt >= SECOND_MS) this.#second = { startedAt: now, frames: 0, bytes: 0 };
    this.#second.frames += frames;
    this.#second.bytes += bytes;
    return this.#second.frames > FRAMES_PER_SECOND_MAX || this.#second.bytes > BYTES_PER_SECOND_MAX;
  }
}
