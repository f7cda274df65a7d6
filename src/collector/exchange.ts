import { performance } from "node:perf_hooks";
import { type Clock, type Instant, SECOND_MS } from "#base/time.ts";
import type { FrameRecord } from "#flows/record-readings.ts";
import { type Bytes, toHex } from "#protocol/bytes.ts";
import { serialControl } from "#protocol/link/jichao.ts";
import { WIRED_TIMEOUT_MS } from "#protocol/profiles/electricity.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { Driver, Judged, MeterAnswer } from "./drivers/driver.ts";
import type { Limits, Patience } from "./patience.ts";
import type { ForwardOutcome, ForwardRequest } from "./session.ts";

/** One question to one meter. */
export type Question = {
  meterId: number;
  bus: number;
  /** Address of the gateway meter (网关表) behind which it hangs. */
  via: string | null;
  /** How the meter is spoken to, and what its answers mean. */
  driver: Driver;
  /** The very bytes that go out. */
  bytes: Bytes;
  commandId: string | null;
  /** What is read, in the words of the profile: questions alike take alike. Left out: nothing is learnt of how long it takes. */
  place?: string;
  /** "once": never sent again by this layer, because the meter would do it twice. */
  effect: "none" | "once";
  /** The longest answer worth waiting for, where it is longer than the driver says. */
  replyBytes?: number;
  /** Asked when the bus is free, just before the first byte: false lets nothing out (the right to send has lapsed). */
  mayStillGo?: () => boolean;
};

/** Why there was no usable answer. All of them count as silence. */
export type SilenceKind =
  | Extract<ForwardOutcome, { kind: "silent" }>["why"]
  | Extract<Judged, { kind: "silent" }>["why"];

/** What one question came to. `closed`: the session ended on the way, or the question was no longer to be asked. */
export type Exchanged =
  | { kind: "answered"; answer: MeterAnswer; at: Instant }
  | { kind: "silent"; why: SilenceKind }
  | { kind: "closed" };

/** How many exchanges ended how, since the program started. */
export type ExchangeCounts = Record<"answered" | "closed" | SilenceKind, number>;

/** What an exchange needs of the rest. */
export type ExchangeDeps = {
  forward(request: ForwardRequest): Promise<ForwardOutcome>;
  record(frame: FrameRecord): void;
  counts: ExchangeCounts;
  clock: Clock;
  replyAllowanceMs: number;
  /** Shortens the waiting for what is surely lost. Left out: every question waits its whole time. */
  patience?: Patience;
  /** The speed of the bus, where its channel names one; else that of the meter's profile. */
  baud?: () => number | null;
};

/** Start, 8 data, parity and stop bit. */
const BITS_PER_BYTE = 11;
/** Bytes of one frame are never farther apart (DL/T 645-2007 §5.3.2). */
const GAP_MS = 500;
/** A gateway meter takes a question over the air and puts it on its own bus, and the answer comes back the same way. */
const GATEWAY_ALLOWANCES = 4;

/** Sends one question and judges what came back. No repeat here. */
export async function exchange(question: Question, deps: ExchangeDeps): Promise<Exchanged> {
  const { meterId, commandId, bytes, bus, via, driver } = question;
  const { patience } = deps;
  await patience?.ready(question);
  if (question.mayStillGo?.() === false) return { kind: "closed" };
  const startedAt = performance.now();
  const baud = deps.baud?.() ?? driver.profile.baud;
  const full = limitsOf(question, deps.replyAllowanceMs, baud);
  const timeoutMs = patience?.timeoutMs(question, full) ?? full.timeoutMs;
  const pending = deps.forward({
    bus,
    serial: serialControl({ baud }),
    content: bytes,
    timeoutMs,
    gapMs: GAP_MS,
    wire: driver.wire,
    isWhole: (heard) => driver.judge(bytes, heard).kind === "answered",
    via,
  });
  if (question.effect === "once") faultPoint("exchange:after-write");
  const note = (direction: FrameRecord["direction"], hex: string, tookMs: number) =>
    deps.record({ meterId, at: deps.clock(), direction, hex, commandId, tookMs });
  note("sent", toHex(bytes), 0);
  const outcome = await pending;
  const tookMs = Math.round(performance.now() - startedAt);
  const result = judge(question, outcome, deps.clock());
  deps.counts[result.kind === "silent" ? result.why : result.kind]++;
  if (result.kind === "answered" && outcome.kind === "answered") {
    const { content, elapsedMs = null } = outcome;
    const heard = { startedAt, elapsedMs: elapsedMs && Math.min(elapsedMs, tookMs), bytes: content.length };
    patience?.answered(question, heard, full);
  } else if (result.kind === "silent") {
    const isStray = result.why === "foreign" || result.why === "mismatch";
    patience?.missed(question, { startedAt, waitedMs: timeoutMs, isStray }, full);
  }
  if (outcome.kind === "answered") note("received", toHex(outcome.content), tookMs);
  else if (outcome.kind === "silent") note("silence", "", tookMs);
  return result;
}

/**
 * The longest that a good answer may take, from the first byte on the bus: both ways on the wire and the meter's delay.
 * The allowance is for meters that are always awake; battery models get so many times more as their profile
 * says, and meters behind a gateway get the time of the way there and back.
 */
export function exchangeTimeout(
  { bytes, driver, via, replyBytes = driver.replyBytes }: Pick<Question, "bytes" | "driver" | "via" | "replyBytes">,
  replyAllowanceMs: number,
  baud: number = driver.profile.baud,
): number {
  const { replyTimeoutMs } = driver.profile;
  const bits = (bytes.length + replyBytes) * BITS_PER_BYTE;
  const gatewayMs = via === null ? 0 : replyAllowanceMs * GATEWAY_ALLOWANCES;
  return Math.ceil((bits * 1000) / baud + (replyAllowanceMs * replyTimeoutMs) / WIRED_TIMEOUT_MS + gatewayMs);
}

function limitsOf(question: Question, replyAllowanceMs: number, baud: number): Limits {
  const msPerByte = (BITS_PER_BYTE * SECOND_MS) / baud;
  const requestMs = question.bytes.length * msPerByte;
  return { timeoutMs: exchangeTimeout(question, replyAllowanceMs, baud), requestMs, msPerByte };
}

/** All counts at zero. */
export function exchangeCounts(): ExchangeCounts {
  return {
    answered: 0,
    closed: 0,
    timeout: 0,
    busy: 0,
    bad_port: 0,
    corrupt: 0,
    cancelled: 0,
    link: 0,
    foreign: 0,
    mismatch: 0,
  };
}

function judge({ driver, bytes }: Question, outcome: ForwardOutcome, at: Instant): Exchanged {
  if (outcome.kind !== "answered") return outcome;
  const judged = driver.judge(bytes, outcome.content);
  return judged.kind === "answered" ? { ...judged, at } : judged;
}
