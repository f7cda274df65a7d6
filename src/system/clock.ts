import { type Instant, instant } from "#base/time.ts";

/** The machine's wall clock. Only `main.ts` files and the command line hand it on. */
export function systemClock(): Instant {
  return instant(Date.now());
}

/** Waits `ms` milliseconds, or less when the signal aborts first; never throws. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}
