import { performance } from "node:perf_hooks";
import { type Bytes, concat } from "#protocol/bytes.ts";
import { holdsFrame } from "./answer.ts";

/**
 * Speed of a bus: bits a second (8E1), LoRa at spreading factor 9, or no time at all; and the meters' reply delay Td (20–500 ms,
 * §5.3.2).
 */
export type BusTiming = { baud: number | "sf9" | "instant"; replyDelayMs: number };

/** Bytes that a meter puts on the bus, begun `lateMs` after its usual delay. */
export type Sound = { bytes: Bytes; lateMs: number };

/** Status of an answered FORWARD: 0 ok, 1 silence, 2 another one is outstanding. */
export type Exchanged = { status: 0 | 1 | 2; elapsedMs: number; content: Bytes };

/** What goes out on a bus. */
export type BusRequest = { content: Bytes; timeoutMs: number; gapMs: number; via: Via };

/** The gateway meter that a request goes through: by its address, `null` for none, `any` for whoever knows the meter. */
export type Via = string | null | "any";

/** One half-duplex pair of wires: one question at a time, and whoever speaks late is heard by whoever listens then. */
export type Bus = {
  /**
   * `timeoutMs` of silence count from the end of the request; a gap ends an answer that is not a frame. `via` is the
   * gateway meter that the request goes through.
   */
  exchange(request: BusRequest, done: (result: Exchanged) => void): void;
  isBusy(): boolean;
  /** Forgets everything under way; nobody is called back. */
  close(): void;
};

/** Start, 8 data, parity, stop. */
const BITS_A_BYTE = 11;
const ELAPSED_MS_MAX = 0xffff;
const NOTHING = new Uint8Array(0);

/** Milliseconds that so many bytes take on the line. */
export function lineMs(bytes: number, baud: BusTiming["baud"]): number {
  if (baud === "instant") return 0;
  return baud === "sf9" ? airtimeMs(bytes) : (bytes * BITS_A_BYTE * 1000) / baud;
}

/** How long a LoRa symbol of spreading factor 9 lasts at 125 kHz: 2⁹ chips. */
const SYMBOL_MS = 2 ** 9 / 125;
/** Eight symbols of preamble, and what the modem adds to be found. */
const PREAMBLE_SYMBOLS = 12.25;

/** Time on air of one LoRa packet: SF9, 125 kHz, coding 4/5, explicit header, CRC (the formula of the SX1276, §4.1.1.7). */
function airtimeMs(bytes: number): number {
  const blocks = Math.max(Math.ceil((8 * bytes - 4 * 9 + 28 + 16) / (4 * 9)), 0);
  return (PREAMBLE_SYMBOLS + 8 + blocks * 5) * SYMBOL_MS;
}

/** A bus; `hear` is what its meters do and say when a request has been sent completely. */
export function createBus(timing: BusTiming, hear: (request: Bytes, via: Via) => Sound[]): Bus {
  type Exchange = {
    startedAt: number;
    listening: boolean;
    heard: Bytes;
    gapMs: number;
    timer: NodeJS.Timeout | undefined;
    done: (result: Exchanged) => void;
  };
  let current: Exchange | null = null;
  const timers = new Set<NodeJS.Timeout>();

  /** Timers count from one start, so their small delays do not add up. */
  function at(moment: number, act: () => void): NodeJS.Timeout | undefined {
    const ms = moment - performance.now();
    if (ms <= 0) {
      act();
      return undefined;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
    return timer;
  }

  function stop(exchange: Exchange): void {
    clearTimeout(exchange.timer);
    if (exchange.timer) timers.delete(exchange.timer);
    exchange.timer = undefined;
  }

  function finish(exchange: Exchange, status: 0 | 1): void {
    stop(exchange);
    if (current === exchange) current = null;
    const elapsedMs = Math.min(Math.round(performance.now() - exchange.startedAt), ELAPSED_MS_MAX);
    exchange.done({ status, elapsedMs, content: exchange.heard });
  }

  function play(sound: Sound, from: number): void {
    const begin = from + (timing.baud === "instant" ? 0 : timing.replyDelayMs) + sound.lateMs;
    at(begin, () => {
      if (current?.listening) stop(current); // the silence is over
      at(begin + lineMs(sound.bytes.length, timing.baud), () => receive(sound.bytes));
    });
  }

  function receive(bytes: Bytes): void {
    const exchange = current;
    if (!exchange?.listening) return; // late, and nobody listens any more
    stop(exchange);
    exchange.heard = concat(exchange.heard, bytes);
    if (holdsFrame(exchange.heard)) finish(exchange, 0);
    else exchange.timer = at(performance.now() + exchange.gapMs, () => finish(exchange, 0));
  }

  return {
    exchange({ content, timeoutMs, gapMs, via }, done) {
      if (current) return done({ status: 2, elapsedMs: 0, content: NOTHING });
      const startedAt = performance.now();
      const mine: Exchange = { startedAt, listening: false, heard: NOTHING, gapMs, timer: undefined, done };
      current = mine;
      const sent = startedAt + lineMs(content.length, timing.baud);
      at(sent, () => {
        mine.listening = true;
        mine.timer = at(performance.now() + Math.max(timeoutMs, 1), () => finish(mine, 1));
        for (const sound of hear(content, via)) play(sound, sent);
      });
    },
    isBusy: () => current !== null,
    close() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      current = null;
    },
  };
}
