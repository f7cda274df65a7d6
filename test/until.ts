import { pause, systemClock } from "#system/clock.ts";

const WAIT_MS = 60_000; // for what hangs; how long something may take is what benchmarks tell
const LOOK_EVERY_MS = 15;

/** Looks again and again until the function answers something else than null, undefined or false; fails with its name. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  waitMs = WAIT_MS,
): Promise<T> {
  const deadline = systemClock() + waitMs;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (systemClock() > deadline) throw new Error(`waited in vain: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}
