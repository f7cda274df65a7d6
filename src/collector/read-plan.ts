import { MINUTE_MS } from "#base/time.ts";
import { itemsOfRound } from "#domain/collection.ts";
import type { MeterToRead } from "#store/meters.ts";
import type { Item } from "./drivers/driver.ts";

/** One round of one meter. A probe is a short try whether a silent meter is back. */
export type Round = { meter: MeterToRead; items: readonly Item[]; probe: boolean };

/** What comes next on a bus: a round, or how long there is nothing to do. */
export type Next = { kind: "round"; round: Round } | { kind: "nothing"; waitMs: number };

/** When to read which meter of one bus. Times are monotonic milliseconds; only the age of old readings is of the clock. */
export type ReadPlan = {
  /** Takes the meters as they stand in the archive now; what is known of those that stay is kept. */
  update(meters: readonly MeterToRead[], now: { monotonicMs: number; clockMs: number }): void;
  /** The most urgent round that is due. It is not handed out again before `done`. */
  next(monotonicMs: number): Next;
  done(meterId: number, result: "answered" | "silent" | "closed", monotonicMs: number): void;
  size(): number;
};

/** A meter that has been silent for long is still asked this often. */
const PROBE_PAUSE_MAX_MS = 5 * MINUTE_MS;
/** Of a bus that has no time to spare, silent meters get one round in so many. */
const PROBE_ONE_IN = 8;
/** How long an empty bus sleeps; it is woken when its meters change. */
const NOTHING_MS = 60_000;

type Planned = { meter: MeterToRead; phaseMs: number; dueMs: number; rounds: number; silent: number; busy: boolean };

/**
 * Every meter has its own moment within the interval, so the bus is loaded evenly and an outage is not followed by a
 * convoy. When the bus is too slow for the interval, whoever has waited longest is next. Silent meters come back with
 * growing pauses and never take more than their share. `usualMs` is the interval of meters that have none of their own.
 */
export function createReadPlan(usualMs: number): ReadPlan {
  let intervalMs = usualMs;
  const planned = new Map<number, Planned>();
  /** The same, to be walked through for every round: an array is several times as quick as a map. */
  let order: Planned[] = [];
  let originMs: number | null = null;
  let sinceProbe = 0;

  function slotAfter(phaseMs: number, ms: number): number {
    const start = (originMs ?? 0) + phaseMs;
    return start + (Math.floor((ms - start) / intervalMs) + 1) * intervalMs;
  }

  function admit(meter: MeterToRead, phaseMs: number, now: { monotonicMs: number; clockMs: number }): Planned {
    // Who was read longest ago comes first: a line that breaks in mid-round must not begin with the same meters each time.
    const ageMs = now.clockMs - meter.indexAt;
    const dueMs = ageMs < intervalMs ? slotAfter(phaseMs, now.monotonicMs) : now.monotonicMs - ageMs;
    return { meter, phaseMs, dueMs, rounds: 0, silent: meter.silentRounds, busy: false };
  }

  /** Who has been due for longest, of those that answer and of those that were silent. */
  function nextDue(monotonicMs: number): { live: Planned | null; silent: Planned | null } {
    let live: Planned | null = null;
    let silent: Planned | null = null;
    for (const each of order) {
      if (each.busy || each.dueMs > monotonicMs) continue;
      if (each.silent === 0) {
        if (live === null || each.dueMs < live.dueMs) live = each;
      } else if (silent === null || each.dueMs < silent.dueMs) silent = each;
    }
    return { live, silent };
  }

  return {
    update(meters, now) {
      originMs ??= now.monotonicMs;
      const before = intervalMs;
      intervalMs = meters[0]?.intervalMs ?? usualMs;
      const known = new Map(planned);
      planned.clear();
      for (const [i, meter] of meters.entries()) {
        const phaseMs = Math.floor((i * intervalMs) / meters.length);
        const old = known.get(meter.meterId);
        // Another device in its place has nothing to do with how the old one answered.
        const stays = old?.meter.installation === meter.installation ? old : undefined;
        if (stays) {
          stays.meter = meter;
          stays.phaseMs = phaseMs;
        }
        // Another cycle holds from now on, not from the end of the old one; who is late already stays late.
        if (stays && intervalMs !== before && stays.dueMs > now.monotonicMs && stays.silent === 0) {
          stays.dueMs = slotAfter(phaseMs, now.monotonicMs);
        }
        planned.set(meter.meterId, stays ?? admit(meter, phaseMs, now));
      }
      order = [...planned.values()];
    },
    next(monotonicMs) {
      const { live, silent } = nextDue(monotonicMs);
      const each = silent && (live === null || sinceProbe >= PROBE_ONE_IN - 1) ? silent : live;
      if (each === null) {
        const waiting = [...planned.values()].filter((one) => !one.busy).map((one) => one.dueMs - monotonicMs);
        return { kind: "nothing", waitMs: Math.max(1, Math.min(NOTHING_MS, ...waiting)) };
      }
      const probe = each === silent;
      sinceProbe = probe ? 0 : sinceProbe + 1;
      each.busy = true;
      return { kind: "round", round: { meter: each.meter, items: itemsOf(each), probe } };
    },
    done(meterId, result, monotonicMs) {
      const each = planned.get(meterId);
      if (!each) return;
      each.busy = false;
      if (result === "closed") return;
      if (result === "silent") {
        each.silent++;
        const pauseMs = Math.min(intervalMs * 2 ** Math.min(each.silent - 1, 16), PROBE_PAUSE_MAX_MS);
        each.dueMs = monotonicMs + Math.max(pauseMs, Math.min(intervalMs, PROBE_PAUSE_MAX_MS));
        return;
      }
      each.silent = 0;
      each.rounds++;
      // A round that came late is not repeated right away at the meter's own moment.
      each.dueMs = slotAfter(each.phaseMs, monotonicMs + intervalMs / 2);
    },
    size: () => planned.size,
  };
}

/** What one round asks: the index and what changes with it; in the rounds that its item set names also what is only shown. */
function itemsOf({ meter, rounds }: Planned): Item[] {
  const items: Item[] = ["index"];
  if (meter.creditAt === "meter") items.push("remaining");
  items.push("status");
  if (meter.watchesLoad) items.push("loadGuard");
  const optional = itemsOfRound(meter.items, rounds);
  items.push(...optional.filter((item) => item !== "count" || meter.creditAt === "meter"));
  return items;
}
