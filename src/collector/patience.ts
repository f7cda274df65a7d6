import { performance } from "node:perf_hooks";
import { pause } from "#system/clock.ts";

/**
 * How long answers take on one bus, learnt from those that came, and so how long it is worth waiting for the next: a lost answer costs
 * its waiting time, and nearly all of a fixed allowance is for meters that are not there. It only ever shortens the fixed allowance, and
 * only for reads that nobody decides upon: questions of a command always get the whole of it.
 */
export type Patience = {
  /** Resolves when nothing that was asked before can disturb this question. Commands wait for answers that may still come. */
  ready(question: Asked): Promise<void>;
  /** How long to wait for the answer; at most `full`. */
  timeoutMs(question: Asked, full: Limits): number;
  /**
   * An answer was heard; `elapsedMs` from the first byte of the question, null where the link cannot tell. After a miss of the same meter it may be
   * the answer to the question before, and that to this one is still to come.
   */
  answered(question: Asked, heard: { startedAt: number; elapsedMs: number | null; bytes: number }, full: Limits): void;
  /** None came within `waitedMs`, or one that belongs to another question (`isStray`): answers are later than we thought. */
  missed(question: Asked, waited: { startedAt: number; waitedMs: number; isStray: boolean }, full: Limits): void;
};

/** What of a question decides how long it is waited for. */
export type Asked = {
  meterId: number;
  via: string | null;
  driver: { profile: { name: string } };
  commandId: string | null;
  effect: "none" | "once";
  place?: string;
};

/** The fixed allowance for a question, and what its bytes alone take on the line. */
export type Limits = { timeoutMs: number; requestMs: number; msPerByte: number };

/**
 * Never less than this for the meter's delay: DL/T 645-2007 §5.3.2 lets it be 20 to 500 ms, timers of concentrators come in steps of 10 ms,
 * and a wait that is cut short costs a repeat. What is slower than this is learnt.
 */
const DELAY_MS_MIN = 100;
/** Answers to be heard before they count for more than the allowance. */
const SAMPLES_MIN = 4;
/** As TCP weighs its round trips (RFC 6298 §2): the mean moves by an eighth of each difference, the spread by a quarter. */
const MEAN_GAIN = 1 / 8;
const SPREAD_GAIN = 1 / 4;
const SPREADS = 4;
/** After one miss a meter gets twice the time, after so many the whole allowance until it answers. */
const MISSES_MAX = 2;

/** Time from the end of a question to the end of its answer, and the longest answer. Milliseconds and bytes. */
type Habit = { meanMs: number; spreadMs: number; samples: number; bytes: number };
/** What is different about a meter: so many of its answers were missed just now, or it is slower than its bus. */
type Odd = { missed: number; habit: Habit | null };

/** Knows nothing yet: the first questions get the whole allowance. */
export function createPatience(): Patience {
  /** By what is asked of which model: a long answer takes longer. */
  const habits = new Map<string, Habit>();
  const odd = new Map<number, Odd>();
  let lateUntil = Number.NEGATIVE_INFINITY;
  let strays = false;

  /** What is worth waiting for, after the question has been sent; null while too little is known. */
  function usualMs(habit: Habit | undefined, { msPerByte }: Limits): number | null {
    if (habit === undefined || habit.samples < SAMPLES_MIN) return null;
    return Math.max(habit.meanMs + SPREADS * habit.spreadMs, habit.bytes * msPerByte + DELAY_MS_MIN);
  }

  return {
    async ready(question) {
      const leftMs = () => lateUntil - performance.now();
      if (leftMs() > 0 && question.commandId === null && !strays) return;
      // Timers of the platform may be up to a millisecond early.
      while (leftMs() > 0) await pause(Math.ceil(leftMs()));
      strays = false;
    },
    timeoutMs(question, full) {
      const { missed = 0, habit = null } = odd.get(question.meterId) ?? {};
      const afterMs = usualMs(habit ?? habits.get(keyOf(question)), full);
      if (!mayLearn(question) || afterMs === null || missed >= MISSES_MAX) return full.timeoutMs;
      return Math.min(full.timeoutMs, Math.ceil(full.requestMs + afterMs * 2 ** missed));
    },
    answered(question, { startedAt, elapsedMs, bytes }, full) {
      const own = odd.get(question.meterId);
      if (own?.missed) lateUntil = Math.max(lateUntil, startedAt + full.timeoutMs);
      if (elapsedMs === null || !mayLearn(question)) {
        if (own?.missed) odd.set(question.meterId, { ...own, missed: 0 });
        return;
      }
      const tookMs = Math.min(Math.max(elapsedMs - full.requestMs, 0), full.timeoutMs);
      const habit = habits.get(keyOf(question)) ?? newHabit();
      habits.set(keyOf(question), habit);
      const isSlow = tookMs > (usualMs(habit, full) ?? Number.POSITIVE_INFINITY);
      // After a miss this may be the late answer to the question before, and look quick: then it says nothing (Karn's rule).
      if (!own?.missed || tookMs > habit.meanMs) learn(habit, tookMs, bytes);
      if (isSlow || own?.habit) {
        const slow = own?.habit ?? newHabit();
        learn(slow, tookMs, bytes);
        odd.set(question.meterId, { missed: 0, habit: slow });
      } else odd.delete(question.meterId);
    },
    missed(question, { startedAt, waitedMs, isStray }, full) {
      if (isStray || waitedMs < full.timeoutMs) lateUntil = Math.max(lateUntil, startedAt + full.timeoutMs);
      strays ||= isStray;
      if (!mayLearn(question)) return;
      const { missed = 0, habit = null } = odd.get(question.meterId) ?? {};
      odd.set(question.meterId, { missed: missed + 1, habit });
    },
  };
}

function mayLearn({ commandId, effect, place }: Asked): boolean {
  return commandId === null && effect === "none" && place !== undefined;
}

function keyOf({ driver, place, via }: Asked): string {
  return `${driver.profile.name} ${place} ${via === null ? "" : "via"}`;
}

function newHabit(): Habit {
  return { meanMs: 0, spreadMs: 0, samples: 0, bytes: 0 };
}

function learn(habit: Habit, tookMs: number, bytes: number): void {
  habit.bytes = Math.max(habit.bytes, bytes);
  if (habit.samples++ === 0) {
    habit.meanMs = tookMs;
    habit.spreadMs = tookMs / 2;
    return;
  }
  habit.spreadMs += SPREAD_GAIN * (Math.abs(tookMs - habit.meanMs) - habit.spreadMs);
  habit.meanMs += MEAN_GAIN * (tookMs - habit.meanMs);
}
