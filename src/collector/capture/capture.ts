import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { type Clock, SECOND_MS } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import type { Log } from "#system/log.ts";
import { type CaptureEvent, payloadOf, recordBytes, writeRecord } from "./record.ts";
import { createRing } from "./ring.ts";

/**
 * Keeps what came and went at the door, byte by byte, for whoever has to find out later what happened (原始报文留存). Nothing ever waits for
 * it: what does not fit is counted and forgotten.
 */
export type Capture = {
  /** Listens to a socket from now on; nothing happens when it is listened to already. */
  tap(socket: Socket, from: { source: string; channel: string }): void;
  /** The socket is this concentrator's from now on. */
  name(socket: Socket, who: { code: string; kind: string }): void;
  /** Something was written to the socket. */
  sent(socket: Socket, bytes: Bytes): void;
  state(): CaptureState;
  /** Writes what is left. */
  close(): Promise<void>;
};

/** `stopped`: the disk is full or broken; it is tried again by itself. */
export type CaptureState = { writtenBytes: number; lostRecords: number; stopped: boolean };

/** Of what strangers say so much is kept; more is no registration. */
const STRANGER_BYTES_MAX = 512;
/** Waits in memory at most; twice that while one half is being written. */
const BUFFER_BYTES = 1 << 20;
const WRITE_MS = 200;
const RETRY_MS = 10 * SECOND_MS;

type Tape = {
  connection: number;
  source: string;
  heardBytes: number;
  named: { code: string; kind: string; inSegment: number } | null;
};

/** Nobody listens: where no folder is given. */
export const noCapture: Capture = {
  tap() {},
  name() {},
  sent() {},
  state: () => ({ writtenBytes: 0, lostRecords: 0, stopped: false }),
  close: () => Promise.resolve(),
};

/** Begins to keep, in segment files in a folder. */
export function createCapture(options: {
  folder: string;
  bytesMax: number;
  segmentBytes: number;
  reserveBytes: number;
  clock: Clock;
  log: Log;
}): Capture {
  const { clock, log } = options;
  const ring = createRing({ ...options, now: clock });
  const tapes = new WeakMap<Socket, Tape>();
  let filling = Buffer.allocUnsafe(BUFFER_BYTES);
  let spare = Buffer.allocUnsafe(BUFFER_BYTES);
  let used = 0;
  let connections = 0;
  let segment = 0;
  let lost = 0;
  let lostTotal = 0;
  let writtenBytes = 0;
  let stoppedUntil: number | null = null;
  let writing: Promise<void> | null = null;
  record(0, { type: "begun" });
  const timer = setInterval(() => void flush(), WRITE_MS);
  timer.unref();

  function record(connection: number, event: CaptureEvent): void {
    const payload = payloadOf(event);
    if (used + recordBytes(payload) > BUFFER_BYTES) {
      lost++;
      lostTotal++;
      return;
    }
    used = writeRecord(filling, used, { at: clock(), connection, type: event.type, payload });
  }

  function of(tape: Tape, event: CaptureEvent): void {
    const { named, source } = tape;
    // A segment can be read without those before it, which may be gone.
    if (named !== null && named.inSegment !== segment) {
      named.inSegment = segment;
      record(tape.connection, { type: "named", code: named.code, kind: named.kind, source });
    }
    record(tape.connection, event);
  }

  function flush(): Promise<void> {
    writing ??= write().finally(() => {
      writing = null;
    });
    return writing;
  }

  async function write(): Promise<void> {
    if (stoppedUntil !== null && performance.now() < stoppedUntil) {
      forget();
      return;
    }
    if (lost > 0 && used + 64 <= BUFFER_BYTES) {
      const records = lost;
      lost = 0;
      record(0, { type: "lost", records });
    }
    if (used === 0) return;
    const [full, length] = [filling, used];
    filling = spare;
    used = 0;
    try {
      if (await ring.append(full.subarray(0, length))) segment++;
      writtenBytes += length;
      if (stoppedUntil !== null) log.info({}, "the capture of raw frames goes on");
      stoppedUntil = null;
    } catch (error) {
      await ring.end();
      if (stoppedUntil === null) {
        log.error(
          { error: String(error), folder: options.folder },
          "the capture of raw frames has stopped, nothing else has; it goes on by itself when the disk takes it",
        );
      }
      stoppedUntil = performance.now() + RETRY_MS;
    } finally {
      spare = full;
    }
  }

  /** While it is stopped what comes is not kept, so that it cannot fill the memory. */
  function forget(): void {
    if (used === 0) return;
    lost++;
    lostTotal++;
    used = 0;
  }

  return {
    tap(socket, { source, channel }) {
      if (tapes.has(socket)) return;
      const tape: Tape = { connection: ++connections, source, heardBytes: 0, named: null };
      tapes.set(socket, tape);
      record(tape.connection, { type: "opened", source, channel });
      socket.on("data", (chunk: Bytes) => {
        const rest = tape.named === null ? STRANGER_BYTES_MAX - tape.heardBytes : chunk.length;
        tape.heardBytes += chunk.length;
        if (rest > 0) of(tape, { type: "heard", bytes: chunk.subarray(0, rest) });
      });
      socket.once("close", () => of(tape, { type: "closed" }));
    },
    name(socket, { code, kind }) {
      const tape = tapes.get(socket);
      if (!tape) return;
      tape.named = { code, kind, inSegment: segment };
      record(tape.connection, { type: "named", code, kind, source: tape.source });
    },
    sent(socket, bytes) {
      const tape = tapes.get(socket);
      if (tape) of(tape, { type: "sent", bytes });
    },
    state: () => ({ writtenBytes, lostRecords: lostTotal, stopped: stoppedUntil !== null }),
    async close() {
      clearInterval(timer);
      await flush();
      await flush();
      await ring.end();
    },
  };
}
