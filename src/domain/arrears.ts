import { HOUR_MS, type Instant, SECOND_MS } from "#base/time.ts";

/** How old a reading may be that a trip for arrears rests on. */
export const EVIDENCE_AGE_MAX_MS = HOUR_MS / 2;
/** Consecutive evaluations, each on a newer reading, that must find an account in arrears before it is tripped. */
export const EVALUATIONS_MIN = 2;
/** Readings closer together than this count as one evaluation: two sub-meters read in a row are one look at the account. */
export const EVALUATION_GAP_MIN_MS = 10 * SECOND_MS;

/** All that a decision to cut off rests on. Money in 1/10000 yuan. */
export type ArrearsFacts = {
  readonly mode: "prepaid" | "postpaid" | "public";
  readonly supplyGuard: boolean;
  /** Whether the meter can show that supply went off, and comes back: its model proves it and its valve is not broken. */
  readonly switchProved: boolean;
  readonly balanceE4: number;
  readonly overdraftE4: number;
  /** When the reading that led to the balance was measured. */
  readonly readingAt: Instant;
  /** Consecutive evaluations, this one included, that found arrears, each on a reading well after the last. */
  readonly evaluations: number;
  readonly paymentInFlight: boolean;
  /** Whether a no-cut window (不断电时段) of the meter holds now. */
  readonly noCut: boolean;
};

/** To trip, or the first reason not to. */
export type ArrearsDecision =
  | { trip: true }
  | {
      trip: false;
      why:
        | "not_prepaid"
        | "in_credit"
        | "guarded"
        | "unproven_switch"
        | "stale_reading"
        | "first_sight"
        | "payment_in_flight"
        | "no_cut_window";
    };

/** In arrears: at or below what may be overdrawn. */
export function isInArrears(facts: { balanceE4: number; overdraftE4: number }): boolean {
  return facts.balanceE4 <= -facts.overdraftE4;
}

/** Whether to cut an account off. Every doubt answers no: to cut by mistake hurts people, to cut late costs little. */
export function decideTrip(facts: ArrearsFacts, now: Instant): ArrearsDecision {
  if (facts.mode !== "prepaid") return { trip: false, why: "not_prepaid" };
  if (!isInArrears(facts)) return { trip: false, why: "in_credit" };
  if (facts.supplyGuard) return { trip: false, why: "guarded" };
  if (!facts.switchProved) return { trip: false, why: "unproven_switch" };
  const age = now - facts.readingAt;
  if (age > EVIDENCE_AGE_MAX_MS || age < 0) return { trip: false, why: "stale_reading" };
  if (facts.evaluations < EVALUATIONS_MIN) return { trip: false, why: "first_sight" };
  if (facts.paymentInFlight) return { trip: false, why: "payment_in_flight" };
  if (facts.noCut) return { trip: false, why: "no_cut_window" };
  return { trip: true };
}
