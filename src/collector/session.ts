import type { Instant } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import type { MeterWire } from "#protocol/link/meter-frame.ts";

/**
 * Bytes for the meters on one bus, and how long to wait for what they say. A link without frames of its own finds the end
 * of an answer by `isWhole`: whether what was heard so far, from the first byte after the question, holds the whole answer
 * to it. `wire` says what frames look like on this bus. `via` is the address of the gateway meter (网关表) behind which
 * the meter hangs.
 */
export type ForwardRequest = {
  bus: number;
  serial: number;
  content: Bytes;
  timeoutMs: number;
  gapMs: number;
  wire?: MeterWire;
  isWhole?: (heard: Bytes) => boolean;
  via?: string | null;
};

/** What became of a forwarded request. `closed`: the session ended; whether the bytes reached the bus is not known. */
export type ForwardOutcome =
  /** `elapsedMs`: from the first byte on the bus to the last of the answer, by the concentrator's clock, where the link tells. */
  | { kind: "answered"; content: Bytes; elapsedMs?: number }
  | { kind: "silent"; why: "timeout" | "busy" | "bad_port" | "corrupt" | "cancelled" | "link" }
  | { kind: "closed" };

/** Why a session ended. */
export type SessionEnd = "hung_up" | "replaced" | "closing" | "misbehaved" | "silent";

/** A connection of one concentrator (集中器), of whatever kind, from its registration to its end. */
export type Session = {
  readonly code: string;
  /** Resolves once, when the session has ended for whatever reason; never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly lastSeenAt: Instant;
  /** Signal strength, where the link tells it. */
  readonly rssiDbm: number | null;
  /** Answers that came after we had given up on their question. */
  readonly lateAnswers: number;
  /** Whether questions may be forwarded. */
  isUp(): boolean;
  /**
   * Sends bytes to a bus; they have been handed to the network when this returns, unless another question of the same
   * wire has to end first. One request at a time for each bus. The outcome always comes: the answer, its absence, or
   * the end of the session.
   */
  forward(request: ForwardRequest): Promise<ForwardOutcome>;
  /** Says goodbye, where the link has a word for it, and hangs up. Whoever waits for an answer is told so. */
  close(why: Exclude<SessionEnd, "hung_up">): void;
};
