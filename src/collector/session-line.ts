import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { TLSSocket } from "node:tls";
import { type Clock, type Instant, SECOND_MS } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import type { Log } from "#system/log.ts";
import type { SessionEnd } from "./session.ts";

/** A bus answers some ten times a second; a concentrator that says more than this is broken or hostile. */
const FRAMES_PER_SECOND_MAX = 200;
const BYTES_PER_SECOND_MAX = 64 * 1024;
/** Unsent bytes after which a peer counts as one that never reads. */
const UNSENT_BYTES_MAX = 64 * 1024;
/** A timer may come early by a fraction of this. */
const TIMER_MS = 1;

/** What every session needs of its socket: limits, the watch over silence, and one end. */
export type SessionLine = {
  readonly ended: Promise<SessionEnd>;
  lastSeenAt(): Instant;
  isUp(): boolean;
  /** Writes, unless the line has ended. A peer that does not read is hung up on. */
  write(bytes: Bytes): void;
  /** Counts frames that were found; more than a bus could say ends the line. */
  countFrames(frames: number): void;
  /** Ends the line once, for a reason; what was written goes out first. */
  finish(why: SessionEnd): void;
};

/** A socket's chunk without the ways of a Buffer, whose `slice` shares memory instead of copying it. */
export function plainBytes(chunk: Bytes): Bytes {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
}

/** Takes the socket over. `receive` gets every chunk while the line is up; `end` is told once, before `ended` resolves. */
export function createSessionLine(
  socket: Socket,
  options: {
    code: string;
    silenceMs: number;
    clock: Clock;
    log: Log;
    receive(bytes: Bytes): void;
    /** Told what is written. */
    sent?(bytes: Bytes): void;
    /** Too much, or too long a silence: the session says its goodbye and finishes. */
    giveUp(why: "misbehaved" | "silent"): void;
    end(): void;
  },
): SessionLine {
  const { promise: ended, resolve } = Promise.withResolvers<SessionEnd>();
  let up = true;
  let lastSeenAt = options.clock();
  let heardAt = performance.now();
  let second = { startedAt: heardAt, frames: 0, bytes: 0 };
  let watch = setTimeout(watchSilence, options.silenceMs + TIMER_MS);

  /** Woken when the silence may have lasted too long: once, not a tick later, however long a silence is allowed. */
  function watchSilence(): void {
    const leftMs = heardAt + options.silenceMs - performance.now();
    if (leftMs > 0) watch = setTimeout(watchSilence, leftMs + TIMER_MS);
    else options.giveUp("silent");
  }

  function count(frames: number, bytes: number): void {
    const now = performance.now();
    if (now - second.startedAt >= SECOND_MS) second = { startedAt: now, frames: 0, bytes: 0 };
    second.frames += frames;
    second.bytes += bytes;
    const isTooMuch = second.frames > FRAMES_PER_SECOND_MAX || second.bytes > BYTES_PER_SECOND_MAX;
    if (up && isTooMuch) options.giveUp("misbehaved");
  }

  function finish(why: SessionEnd): void {
    if (!up) return;
    up = false;
    clearTimeout(watch);
    options.end();
    socket.end();
    // A peer that does not take our goodbye must not keep the socket; a reset, so that no old question is delivered minutes later.
    setTimeout(() => (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy()), SECOND_MS).unref();
    resolve(why);
  }

  socket.on("data", (chunk) => {
    if (!up) return;
    heardAt = performance.now();
    lastSeenAt = options.clock();
    count(0, chunk.length);
    if (up) options.receive(plainBytes(chunk));
  });
  socket.on("close", () => finish("hung_up"));

  return {
    ended,
    lastSeenAt: () => lastSeenAt,
    isUp: () => up,
    write(bytes) {
      if (!up || socket.destroyed || !socket.writable) return;
      options.sent?.(bytes);
      socket.write(bytes);
      if (socket.writableLength <= UNSENT_BYTES_MAX) return;
      options.log.warn({ concentrator: options.code }, "a concentrator that does not read was hung up on");
      socket.destroy();
    },
    countFrames: (frames) => count(frames, 0),
    finish,
  };
}
