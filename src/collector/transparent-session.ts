import type { Socket } from "node:net";
import type { Clock } from "#base/time.ts";
import { type Bytes, concat } from "#protocol/bytes.ts";
import { type MeterWire, meterFrameAt } from "#protocol/link/meter-frame.ts";
import { type CompiledTransparent, createTransparentLink, type TransparentEvent } from "#protocol/link/transparent.ts";
import type { Log } from "#system/log.ts";
import type { ForwardOutcome, ForwardRequest, Session, SessionEnd } from "./session.ts";
import { createSessionLine } from "./session-line.ts";

/** A session of a plain DTU. `start` takes what it sent on registering. */
export type TransparentSession = Session & { start(early: Bytes): void };

/** Between questions: without a byte for so long, what was held back as the possible beginning of a packet is none. */
const QUIET_MS = 500;
/** More than any answer of a meter, with a late one before it; what goes beyond is noise. */
const HEARD_BYTES_MAX = 4_096;
const NOTHING = new Uint8Array(0);
const METER_WIRES: readonly MeterWire[] = ["dlt645", "cjt188"];

type Asking = { request: ForwardRequest; resolve(outcome: ForwardOutcome): void; timer: NodeJS.Timeout };

/**
 * A plain DTU (透传 DTU): what is written goes to the meters, what comes is theirs, less the packets of the DTU itself.
 * The bytes carry no number and no port, so there is one question at a time, and an answer is known by its content alone:
 * what does not belong to the question, such as an older answer, is passed over while there is time.
 */
export function createTransparentSession(
  socket: Socket,
  options: {
    code: string;
    dtu: CompiledTransparent;
    silenceMs: number;
    linkAllowanceMs: number;
    clock: Clock;
    log: Log;
    sent?(bytes: Bytes): void;
  },
): TransparentSession {
  const { code, log } = options;
  const link = createTransparentLink(options.dtu);
  let asking: Asking | null = null;
  let heard: Bytes = NOTHING;
  let quiet: NodeJS.Timeout | undefined;
  let lateAnswers = 0;

  const line = createSessionLine(socket, {
    code,
    ...(options.sent && { sent: options.sent }),
    silenceMs: options.silenceMs,
    clock: options.clock,
    log,
    receive,
    giveUp: close,
    end() {
      clearTimeout(quiet);
      settle({ kind: "closed" });
    },
  });

  function receive(bytes: Bytes): void {
    take(link.push(bytes));
    clearTimeout(quiet);
    if (link.pending() === 0 || !line.isUp()) return;
    quiet = setTimeout(() => take(link.flush()), asking?.request.gapMs ?? QUIET_MS);
  }

  function take(events: readonly TransparentEvent[]): void {
    for (const event of events) {
      if (!line.isUp()) return;
      if (event.type === "bytes") listen(event.bytes);
      else if (event.type === "heartbeat") line.countFrames(1);
      else if (event.id !== code) {
        log.warn({ concentrator: code, registered: event.id }, "a DTU registered again under another code");
        close("misbehaved");
      }
    }
  }

  function listen(bytes: Bytes): void {
    if (asking === null) {
      lateAnswers++;
      return;
    }
    heard = concat(heard, bytes).slice(-HEARD_BYTES_MAX);
    if (isWhole(asking.request, heard)) settle({ kind: "answered", content: heard });
  }

  function settle(outcome: ForwardOutcome): void {
    if (asking === null) return;
    const { resolve, timer } = asking;
    clearTimeout(timer);
    asking = null;
    heard = NOTHING;
    resolve(outcome);
  }

  /** What was heard and is no answer is handed over: whoever asked can tell noise from another meter's voice. */
  function expire(): void {
    take(link.flush());
    if (asking === null) return;
    settle(heard.length > 0 ? { kind: "answered", content: heard } : { kind: "silent", why: "timeout" });
  }

  function forward(request: ForwardRequest): Promise<ForwardOutcome> {
    if (!line.isUp()) return Promise.resolve({ kind: "closed" });
    // The archive puts all meters of a plain DTU on one bus: this is a second one on its way out of the archive.
    if (asking !== null) return Promise.resolve({ kind: "silent", why: "busy" });
    take(link.flush()); // what is left of an older answer does not belong to this question
    if (!line.isUp()) return Promise.resolve({ kind: "closed" });
    const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
    const timer = setTimeout(expire, request.timeoutMs + options.linkAllowanceMs);
    asking = { request, resolve, timer };
    line.write(request.content);
    return promise;
  }

  function close(why: Exclude<SessionEnd, "hung_up">): void {
    line.finish(why);
  }

  return {
    code,
    ended: line.ended,
    get lastSeenAt() {
      return line.lastSeenAt();
    },
    rssiDbm: null,
    get lateAnswers() {
      return lateAnswers;
    },
    isUp: line.isUp,
    forward,
    close,
    start: receive,
  };
}

/** Whoever asks knows best; else any whole frame will do. */
function isWhole(request: ForwardRequest, heard: Bytes): boolean {
  if (request.isWhole) return request.isWhole(heard);
  const wires = request.wire ? [request.wire] : METER_WIRES;
  return heard.some((_, at) => typeof meterFrameAt(heard, at, wires) === "number");
}
