import type { Socket } from "node:net";
import { assert } from "#base/errors.ts";
import { type Clock, SECOND_MS } from "#base/time.ts";
import { SILENT_HEARTBEATS } from "#domain/link.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { encodeLink, type LinkDeframer, type LinkFrame } from "#protocol/link/jichao.ts";
import { type ForwardStatus, LINK_CAN_ROUTE, type LinkMessage } from "#protocol/link/messages.ts";
import type { Log } from "#system/log.ts";
import type { ForwardOutcome, ForwardRequest, Session, SessionEnd } from "./session.ts";
import { createSessionLine } from "./session-line.ts";

/** Reason byte of BYE. The peer learns no more than this. */
export const BYE = { refused: 1, replaced: 2, closing: 3, misbehaved: 4, silent: 5 } as const;

const SEQ_MAX = 0xffff;

const SILENCES: Readonly<Record<Exclude<ForwardStatus, 0>, "timeout" | "busy" | "bad_port" | "corrupt" | "cancelled">> =
  {
    1: "timeout",
    2: "busy",
    3: "bad_port",
    4: "corrupt",
    5: "cancelled",
  };

type Forwarded = Extract<LinkMessage, { type: "forwarded" }>;
type Waiting = { bus: number; resolve(outcome: ForwardOutcome): void; timer: NodeJS.Timeout };

/** A session of JCP/1, and what only this link has. */
export type JichaoSession = Session & {
  /** WELCOME with our own proof, and then whatever the concentrator had sent too early. */
  welcome(seq: number, mac: Bytes, heartbeatSeconds: number, early: readonly LinkFrame[]): void;
};

/** An authenticated connection of one concentrator (集中器) that speaks JCP/1, from WELCOME to its end. */
export function createJichaoSession(
  socket: Socket,
  options: {
    code: string;
    deframer: LinkDeframer;
    /** The bitmap of HELLO: what the concentrator can do. */
    protocols: number;
    heartbeatSeconds: number;
    linkAllowanceMs: number;
    clock: Clock;
    log: Log;
    sent?(bytes: Bytes): void;
  },
): JichaoSession {
  const { code, deframer, clock, log } = options;
  const waiting = new Map<number, Waiting>();
  const canRoute = (options.protocols & LINK_CAN_ROUTE) !== 0;
  let rssiDbm: number | null = null;
  let lateAnswers = 0;
  let lastSeq = 0;

  const line = createSessionLine(socket, {
    code,
    ...(options.sent && { sent: options.sent }),
    silenceMs: options.heartbeatSeconds * SECOND_MS * SILENT_HEARTBEATS,
    clock,
    log,
    receive(bytes) {
      const frames = deframer.push(bytes);
      line.countFrames(frames.length);
      for (const frame of frames) onFrame(frame);
    },
    giveUp: close,
    end() {
      for (const seq of [...waiting.keys()]) resolve(seq, { kind: "closed" });
    },
  });

  function onFrame({ seq, message }: LinkFrame): void {
    if (!line.isUp()) return;
    switch (message.type) {
      case "ping":
        noteSignal(message.rssi);
        send(seq, { ...message, type: "pong", clockMs: clock() });
        break;
      case "pong":
        noteSignal(message.rssi);
        break;
      case "forwarded":
        onForwarded(seq, message);
        break;
      case "error":
        resolve(seq, { kind: "silent", why: "cancelled" });
        break;
      case "bye":
        line.finish("hung_up");
        break;
      default:
        // Later versions may say more; what is not understood is not answered.
        log.debug({ concentrator: code, type: message.type }, "ignored a message");
    }
  }

  function onForwarded(seq: number, { status, elapsedMs, content }: Forwarded): void {
    if (!waiting.has(seq)) {
      lateAnswers++;
      return;
    }
    if (status !== 0) resolve(seq, { kind: "silent", why: SILENCES[status] });
    else if (content.length === 0) resolve(seq, { kind: "silent", why: "timeout" });
    else resolve(seq, { kind: "answered", content, elapsedMs });
  }

  function resolve(seq: number, outcome: ForwardOutcome): void {
    const entry = waiting.get(seq);
    if (!entry) return;
    waiting.delete(seq);
    clearTimeout(entry.timer);
    entry.resolve(outcome);
  }

  function send(seq: number, message: LinkMessage): void {
    line.write(encodeLink({ seq, message }));
  }

  function nextSeq(): number {
    do lastSeq = lastSeq >= SEQ_MAX ? 1 : lastSeq + 1;
    while (waiting.has(lastSeq));
    return lastSeq;
  }

  function noteSignal(rssi: number): void {
    rssiDbm = rssi < 0 ? rssi : null;
  }

  function forward(request: ForwardRequest): Promise<ForwardOutcome> {
    if (!line.isUp()) return Promise.resolve({ kind: "closed" });
    const busy = [...waiting.values()].some((each) => each.bus === request.bus);
    assert(!busy, `bus ${request.bus} of ${code} has a question outstanding`);
    const seq = nextSeq();
    const { promise, resolve: settle } = Promise.withResolvers<ForwardOutcome>();
    const expire = () => resolve(seq, { kind: "silent", why: "link" });
    const timer = setTimeout(expire, request.timeoutMs + options.linkAllowanceMs);
    waiting.set(seq, { bus: request.bus, resolve: settle, timer });
    const { bus: port, serial, content, timeoutMs, gapMs, via } = request;
    const plain = { port, serial, timeoutMs, gapMs, content };
    // A concentrator without routes may have a gateway that knows its meters by itself: then the frame alone will do.
    if (via && canRoute) send(seq, { type: "forward_via", ...plain, gateway: via });
    else send(seq, { type: "forward", ...plain });
    return promise;
  }

  function close(why: Exclude<SessionEnd, "hung_up">): void {
    if (!line.isUp()) return;
    send(0, { type: "bye", reason: BYE[why] });
    line.finish(why);
  }

  return {
    code,
    ended: line.ended,
    get lastSeenAt() {
      return line.lastSeenAt();
    },
    get rssiDbm() {
      return rssiDbm;
    },
    get lateAnswers() {
      return lateAnswers;
    },
    isUp: line.isUp,
    forward,
    close,
    welcome(seq, mac, heartbeatSeconds, early) {
      send(seq, { type: "welcome", mac, heartbeatSeconds });
      for (const frame of early) onFrame(frame);
    },
  };
}
