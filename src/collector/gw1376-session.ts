import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { assert } from "#base/errors.ts";
import type { Clock } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { type Deframer1376, encodeFrame1376, type Frame1376, SEQ_1376 } from "#protocol/gw1376/frame.ts";
import { answers, encodeConfirm, encodeForward, readMessage, type Terminal } from "#protocol/gw1376/messages.ts";
import type { Log } from "#system/log.ts";
import type { ForwardOutcome, ForwardRequest, Session, SessionEnd } from "./session.ts";
import { createSessionLine } from "./session-line.ts";

/** A session of a terminal. `start` takes what it sent on registering, its login first. */
export type Gw1376Session = Session & { start(early: readonly Frame1376[]): void };

/** SEQ has four bits: so many questions can be told apart. */
const NUMBERS = 16;
/**
 * The number of a question that nobody answered rests for so many times its waiting time, because the answer may still be
 * on the way. More, and the numbers would run out behind a terminal with three silent buses.
 */
const REST_PER_WAIT = 5;

type Asking = {
  port: number;
  request: Frame1376;
  resolve(outcome: ForwardOutcome): void;
  timer: NodeJS.Timeout;
};

/**
 * A terminal of Q/GDW 1376.1: its logins, heartbeats and logouts are confirmed, meters are asked through transparent
 * forwarding (AFN 10H F1). An answer belongs to a question by address, number (PSEQ), data unit and port; a late one never
 * meets another question, since numbers rest after a silence.
 */
export function createGw1376Session(
  socket: Socket,
  options: {
    code: string;
    terminal: Terminal;
    deframer: Deframer1376;
    silenceMs: number;
    linkAllowanceMs: number;
    clock: Clock;
    log: Log;
    sent?(bytes: Bytes): void;
  },
): Gw1376Session {
  const { code, terminal, deframer, log } = options;
  const waiting = new Map<number, Asking>();
  const restsUntil = new Array<number>(NUMBERS).fill(Number.NEGATIVE_INFINITY);
  let lastNumber = NUMBERS - 1;
  let lateAnswers = 0;

  const line = createSessionLine(socket, {
    code,
    ...(options.sent && { sent: options.sent }),
    silenceMs: options.silenceMs,
    clock: options.clock,
    log,
    receive(bytes) {
      const frames = deframer.push(bytes);
      line.countFrames(frames.length);
      for (const frame of frames) onFrame(frame);
    },
    giveUp: close,
    end() {
      for (const number of [...waiting.keys()]) settle(number, { kind: "closed" });
    },
  });

  function onFrame(frame: Frame1376): void {
    if (!line.isUp()) return;
    const isOurs = frame.a1 === terminal.a1 && frame.a2 === terminal.a2;
    const message = readMessage(frame);
    switch (message.type) {
      case "login":
      case "heartbeat":
      case "logout":
        if (isOurs) onLinkTest(frame, message.type === "logout");
        else onForeign(frame);
        break;
      case "forwarded":
      case "denied":
      case "results":
        onAnswer(frame, message);
        break;
      default:
        // What a terminal reports by itself is not confirmed: confirming would say that it has been kept.
        log.debug({ concentrator: code, afn: frame.afn, type: message.type }, "ignored a frame");
    }
  }

  function onLinkTest(frame: Frame1376, isLast: boolean): void {
    line.write(encodeFrame1376(encodeConfirm(frame, true)));
    if (isLast) line.finish("hung_up");
  }

  function onForeign({ a1, a2 }: Frame1376): void {
    log.warn({ concentrator: code, a1, a2 }, "a terminal called with another address than it had logged in with");
    close("misbehaved");
  }

  function onAnswer(frame: Frame1376, message: ReturnType<typeof readMessage>): void {
    const number = frame.seq & SEQ_1376.number;
    const asking = waiting.get(number);
    const isIts = asking && answers(asking.request, frame);
    if (!isIts || (message.type === "forwarded" && message.port !== asking.port)) {
      lateAnswers++;
    } else if (message.type === "forwarded") {
      const { content } = message;
      settle(number, content.length > 0 ? { kind: "answered", content } : { kind: "silent", why: "timeout" });
    } else if (message.type === "denied" || (message.type === "results" && message.results.some(isError))) {
      settle(number, { kind: "silent", why: "cancelled" });
    }
  }

  function settle(number: number, outcome: ForwardOutcome): void {
    const asking = waiting.get(number);
    if (!asking) return;
    waiting.delete(number);
    clearTimeout(asking.timer);
    asking.resolve(outcome);
  }

  /** Null when all numbers are in use or at rest: then nothing is asked. */
  function nextNumber(): number | null {
    const now = performance.now();
    for (let i = 1; i <= NUMBERS; i++) {
      const number = (lastNumber + i) % NUMBERS;
      if (waiting.has(number) || (restsUntil[number] ?? 0) > now) continue;
      lastNumber = number;
      return number;
    }
    return null;
  }

  function forward(request: ForwardRequest): Promise<ForwardOutcome> {
    if (!line.isUp()) return Promise.resolve({ kind: "closed" });
    const { bus: port, serial, content, timeoutMs, gapMs } = request;
    const busy = [...waiting.values()].some((each) => each.port === port);
    assert(!busy, `bus ${port} of ${code} has a question outstanding`);
    const number = nextNumber();
    if (number === null) return Promise.resolve({ kind: "silent", why: "busy" });
    const asked = encodeForward(terminal, { port, serial, timeoutMs, gapMs, content }, { number });
    const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
    const waitMs = timeoutMs + options.linkAllowanceMs;
    const timer = setTimeout(() => {
      restsUntil[number] = performance.now() + REST_PER_WAIT * waitMs;
      settle(number, { kind: "silent", why: "link" });
    }, waitMs);
    waiting.set(number, { port, request: asked, resolve, timer });
    line.write(encodeFrame1376(asked));
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
    start(early) {
      for (const frame of early) onFrame(frame);
    },
  };
}

function isError({ error }: { error: number }): boolean {
  return error !== 0;
}
