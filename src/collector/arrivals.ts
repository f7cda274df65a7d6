import { MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { LinkAlarmKind } from "#domain/link-alarm.ts";
import { COLLISION_TIMES, COLLISION_WINDOW_MS, FLAPPING_TIMES, FLAPPING_WINDOW_MS } from "#domain/link-alarm.ts";

/** Notices concentrators that come and go too often, and codes that two devices use. */
export type Arrivals = {
  /** A concentrator has proved itself, or is allowed, and wants in. */
  arrived(code: string, source: string): void;
  /** Its session was still talking when another with its code came. */
  collided(code: string, source: string): void;
  /** How long one that flaps has to wait before it is let in again; 0 for all others. */
  pauseMs(code: string): number;
};

/** One that flaps is let in once in this time: each time costs the database some writes. */
const FLAPPING_PAUSE_MS = 2 * SECOND_MS;
/** Concentrators that are remembered; those that have been quiet longest are forgotten first. */
const REMEMBERED_MAX = 20_000;
const FORGET_MS = 10 * MINUTE_MS;

/** `nowMs` is monotonic. Only codes of the archive may be told, so strangers cannot fill it. */
export function createArrivals(options: {
  nowMs(): number;
  alarm(code: string, kind: LinkAlarmKind, detail: { source: string }): void;
}): Arrivals {
  const arrivals = new Map<string, number[]>();
  const collisions = new Map<string, number[]>();

  function note(seen: Map<string, number[]>, code: string, limit: { times: number; windowMs: number }): boolean {
    const now = options.nowMs();
    const times = (seen.get(code) ?? []).filter((at) => now - at < limit.windowMs).slice(1 - limit.times);
    times.push(now);
    seen.delete(code);
    seen.set(code, times);
    for (const [oldest, [first = 0]] of seen) {
      if (seen.size <= REMEMBERED_MAX && now - first < FORGET_MS) break;
      seen.delete(oldest);
    }
    return times.length >= limit.times;
  }

  return {
    arrived(code, source) {
      const flaps = note(arrivals, code, { times: FLAPPING_TIMES, windowMs: FLAPPING_WINDOW_MS });
      if (flaps) options.alarm(code, "flapping", { source });
    },
    collided(code, source) {
      const collides = note(collisions, code, { times: COLLISION_TIMES, windowMs: COLLISION_WINDOW_MS });
      if (collides) options.alarm(code, "id_collision", { source });
    },
    pauseMs(code) {
      const now = options.nowMs();
      const times = (arrivals.get(code) ?? []).filter((at) => now - at < FLAPPING_WINDOW_MS);
      return times.length >= FLAPPING_TIMES ? FLAPPING_PAUSE_MS : 0;
    },
  };
}
