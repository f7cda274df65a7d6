import { DAY_MS, type Instant } from "#base/time.ts";
/**
 * A meter of a restored system (隔离): `waiting` until it has been read, `doubtful` when it shows something else than the books, `clear` when it shows
 * the same, `released` when a person has said that it may go on.
 */
export const quarantineStates = ["waiting", "doubtful", "clear", "released"] as const;
export type QuarantineState = (typeof quarantineStates)[number];

/** States in which nothing that changes a meter is sent to it. */
export const HELD_STATES: readonly QuarantineState[] = ["waiting", "doubtful"];

/**
 * Why a meter is held: nothing was read since the restore; it has taken purchases that the books do not know (made after the backup); it has forgotten some;
 * a purchase that was on its way at the backup has happened, or another one under its number; an old order to close would be carried out.
 */
export const quarantineReasons = ["", "not_read", "count_ahead", "count_behind", "open_purchase", "old_close"] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

/** What is known of a meter since the restore; null: not read since. */
export type QuarantineFacts = {
  readonly answered: boolean;
  readonly creditInMeter: boolean;
  /** Purchases that the books know as confirmed. */
  readonly booked: number;
  /** Purchase count that the meter shows. */
  readonly shown: number | null;
  /** Number of the credit command that was between "sent" and its end when the backup was taken. */
  readonly openNumber: number | null;
  readonly relay: "open" | "closed" | null;
  /** An order to close from before the restore has not ended. */
  readonly hasOldClose: boolean;
};

/** Whether a meter of a restored system may be commanded again, by what it has shown since. */
export function judgeQuarantine(facts: QuarantineFacts): { state: QuarantineState; reason: QuarantineReason } {
  const waits = { state: "waiting", reason: "not_read" } as const;
  if (!facts.answered) return waits;
  if (facts.creditInMeter) {
    if (facts.shown === null) return waits;
    const reason = whyCountDiffers(facts.shown, facts);
    if (reason !== null) return { state: "doubtful", reason };
  }
  if (facts.hasOldClose && facts.relay !== "closed") {
    return facts.relay === null ? waits : { state: "doubtful", reason: "old_close" };
  }
  return { state: "clear", reason: "" };
}

/**
 * Also the very number that was on its way is a doubt: the purchase may have ended otherwise after the backup, and another one have taken
 * its number.
 */
function whyCountDiffers(shown: number, { booked, openNumber }: QuarantineFacts): QuarantineReason | null {
  if (shown === booked) return null;
  if (shown === openNumber) return "open_purchase";
  return shown > booked ? "count_ahead" : "count_behind";
}

/** So many receipts no site gives in a week. */
const NUMBERS_A_WEEK = 100_000;

/** How many numbers are left out after a restore, because they may have been given between the backup and now. */
export function skippedNumbers(snapshotAt: Instant, now: Instant): number {
  const weeks = Math.max(0, Math.floor((now - snapshotAt) / (7 * DAY_MS)));
  return NUMBERS_A_WEEK * (weeks + 1);
}
