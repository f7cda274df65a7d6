import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { assert } from "#base/errors.ts";
import type { Exchanged, Question } from "./exchange.ts";

/** Who goes first when a bus becomes free. Lower goes first. */
export const PRIORITY = { control: 0, recharge: 1, onDemand: 2, scheduled: 3, backfill: 4 } as const;

/** A priority as metrics and pages call it. */
export type PriorityName = keyof typeof PRIORITY;

/** What a bus has to do: questions that wait, by priority, with those that pause between two tries. */
export type BusLoad = { waiting: Readonly<Record<PriorityName, number>> };

/** How a question waits: by priority, then by `order` (lower first), then first come. */
export type Asking = {
  priority: number;
  order: number;
  /** How often it may be sent; anything with effect exactly once. */
  tries: number;
};

/** One half-duplex bus with one question on it at a time. */
export type Bus = {
  ask(question: Question, asking: Asking): Promise<Exchanged>;
  /** A number for the next question, 0 … 255 and round again: some protocols have their answers echo it. */
  serial(): number;
  /** Keeps scheduled reads away between the steps of a command, for moments only. Call the result when done. */
  hold(): () => void;
  load(): BusLoad;
  /** Answers everything that waits with `closed`. The exchange in flight ends by itself. */
  close(): void;
  /** Resolves when nothing is on the bus. */
  idle(): Promise<void>;
};

/** Between two tries: a meter that is busy with itself is left alone, a disturbance on the line passes. */
const RETRY_PAUSE_MS = [100, 300] as const;
/** A step of a command is decided by a commit; a bus does not stand still for longer than a good one takes. */
const HOLD_MS = 100;
/** More than a scheduler and every running command can have; a guard against our own mistakes. */
const QUEUE_MAX = 1_000;

const NAMES = Object.keys(PRIORITY) as PriorityName[];

type Entry = Asking & { question: Question; tried: number; seq: number; resolve(result: Exchanged): void };

/** A bus on which `exchange` does the talking. `exchanged` is told how long each took. */
export function createBus(
  exchange: (question: Question) => Promise<Exchanged>,
  exchanged: (priority: number, tookMs: number) => void = () => {},
): Bus {
  const queue: Entry[] = [];
  const pauses = new Map<NodeJS.Timeout, Entry>();
  let whenIdle: (() => void)[] = [];
  let serving = false;
  let closed = false;
  let holds = 0;
  let commandAt = Number.NEGATIVE_INFINITY;
  let holdTimer: NodeJS.Timeout | undefined;
  let seq = 0;
  let serial = 0;

  async function serve(): Promise<void> {
    if (serving) return;
    serving = true;
    for (let entry = next(); entry; entry = next()) {
      const startedAt = performance.now();
      const result = await exchange(entry.question);
      const endedAt = performance.now();
      exchanged(entry.priority, endedAt - startedAt);
      if (entry.priority < PRIORITY.scheduled) commandAt = endedAt;
      finish(entry, result);
      // Whoever was answered gets the chance to ask on before a younger question takes the bus.
      await setImmediate();
    }
    serving = false;
    for (const tell of whenIdle.splice(0)) tell();
    whenIdle = [];
  }

  function next(): Entry | undefined {
    if (closed) return undefined;
    let best = 0;
    for (let i = 1; i < queue.length; i++) if (isBefore(queue[i]!, queue[best]!)) best = i;
    const entry = queue[best];
    if (!entry || mustWait(entry)) return undefined;
    queue.splice(best, 1);
    return entry;
  }

  function mustWait(entry: Entry): boolean {
    const leftMs = commandAt + HOLD_MS - performance.now();
    if (entry.priority < PRIORITY.scheduled || holds === 0 || leftMs <= 0) return false;
    clearTimeout(holdTimer);
    holdTimer = setTimeout(() => void serve(), Math.ceil(leftMs));
    return true;
  }

  function finish(entry: Entry, result: Exchanged): void {
    entry.tried++;
    if (result.kind !== "silent" || entry.tried >= entry.tries || closed) {
      entry.resolve(result);
      return;
    }
    const pauseMs = RETRY_PAUSE_MS[Math.min(entry.tried, RETRY_PAUSE_MS.length) - 1] ?? 0;
    const timer = setTimeout(() => {
      pauses.delete(timer);
      queue.push(entry);
      void serve();
    }, pauseMs);
    pauses.set(timer, entry);
  }

  return {
    ask(question, asking) {
      assert(question.effect === "none" || asking.tries === 1, "what has an effect is sent once");
      if (closed) return Promise.resolve({ kind: "closed" });
      assert(queue.length < QUEUE_MAX, "a bus queue overflowed");
      const { promise, resolve } = Promise.withResolvers<Exchanged>();
      queue.push({ ...asking, question, tried: 0, seq: seq++, resolve });
      void serve();
      return promise;
    },
    serial() {
      serial = (serial + 1) & 0xff;
      return serial;
    },
    hold() {
      let held = true;
      holds++;
      commandAt = performance.now();
      return () => {
        if (held) holds--;
        held = false;
        if (holds === 0) void serve();
      };
    },
    load() {
      const waiting = Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<PriorityName, number>;
      for (const { priority } of [...queue, ...pauses.values()]) {
        const name = NAMES.find((each) => PRIORITY[each] === priority);
        if (name !== undefined) waiting[name]++;
      }
      return { waiting };
    },
    close() {
      closed = true;
      clearTimeout(holdTimer);
      const waiting = [...queue.splice(0), ...pauses.values()];
      for (const timer of pauses.keys()) clearTimeout(timer);
      pauses.clear();
      for (const entry of waiting) entry.resolve({ kind: "closed" });
    },
    idle() {
      if (!serving) return Promise.resolve();
      return new Promise((resolve) => whenIdle.push(resolve));
    },
  };
}

function isBefore(a: Entry, b: Entry): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  return a.order !== b.order ? a.order < b.order : a.seq < b.seq;
}
