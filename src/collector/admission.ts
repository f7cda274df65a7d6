import { performance } from "node:perf_hooks";
import { SECOND_MS } from "#base/time.ts";

/**
 * The queue in which concentrators that have proved themselves wait to be let in: a storm of them after an outage must not
 * become a storm on the database. Of two with one code the newest counts, and whoever hangs up leaves.
 */
export type Admission = {
  /** Runs `act` when it is this one's turn; null when it hung up, a newer one came, or the door closes. */
  turn<T>(who: { code: string; isThere(): boolean; pauseMs: number }, act: () => Promise<T>): Promise<T | null>;
  waiting(): number;
  /** Nobody is let in any more. */
  close(): void;
};

/** So many at once without a pause: a handful that comes together is no storm. */
const BURST = 20;
/** At one time: each takes a transaction, and the meters behind it are looked up. */
const AT_ONCE_MAX = 8;

type Waiting = { isThere(): boolean; notBefore: number; go(): void; leave(): void };

/** `perSecond` concentrators are let in once the first burst is in. The caller bounds how many can wait. */
export function createAdmission({ perSecond }: { perSecond: number }): Admission {
  const queue = new Map<string, Waiting>();
  let running = 0;
  let tokens = BURST;
  let filledAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function pump(): void {
    clearTimeout(timer);
    timer = undefined;
    const now = performance.now();
    tokens = Math.min(BURST, tokens + ((now - filledAt) * perSecond) / SECOND_MS);
    filledAt = now;
    let soonest = Number.POSITIVE_INFINITY;
    for (const [code, waiting] of queue) {
      if (!waiting.isThere()) {
        queue.delete(code);
        waiting.leave();
      } else if (waiting.notBefore > now) {
        soonest = Math.min(soonest, waiting.notBefore - now);
      } else if (running >= AT_ONCE_MAX) {
        return; // whoever ends pumps again
      } else if (tokens < 1) {
        soonest = Math.min(soonest, ((1 - tokens) * SECOND_MS) / perSecond);
        break;
      } else {
        tokens--;
        running++;
        queue.delete(code);
        waiting.go();
      }
    }
    if (soonest < Number.POSITIVE_INFINITY) timer = setTimeout(pump, Math.ceil(soonest));
  }

  return {
    turn<T>({ code, isThere, pauseMs }: { code: string; isThere(): boolean; pauseMs: number }, act: () => Promise<T>) {
      const { promise, resolve } = Promise.withResolvers<T | null>();
      if (closed) return Promise.resolve(null);
      const older = queue.get(code);
      older?.leave();
      queue.delete(code);
      queue.set(code, {
        isThere,
        // Who takes another's place takes its turn, too: two that push each other out must not keep both out for ever.
        notBefore: Math.min(performance.now() + pauseMs, older?.notBefore ?? Number.POSITIVE_INFINITY),
        leave: () => resolve(null),
        go() {
          const acted = act().finally(() => {
            running--;
            pump();
          });
          resolve(acted);
        },
      });
      pump();
      return promise;
    },
    waiting: () => queue.size,
    close() {
      closed = true;
      clearTimeout(timer);
      for (const waiting of queue.values()) waiting.leave();
      queue.clear();
    },
  };
}
