import { DAY_MS, MINUTE_MS, SECOND_MS } from "#base/time.ts";

/** What a meter can be asked to do (指令). */
export type CommandKind =
  | "top_up"
  | "deduct"
  | "clear"
  | "set_mode"
  | "trip"
  | "close"
  | "permit_close"
  | "read"
  | "change_key"
  | "set_clock"
  | "set_load_guard"
  | "release_load_guard";

/** Order on a bus, lowest first: safety and control, then money, then questions, then what nobody waits for. */
export const priority: Record<CommandKind, number> = {
  trip: 10,
  close: 10,
  permit_close: 10,
  top_up: 20,
  deduct: 20,
  clear: 20,
  set_mode: 20,
  read: 30,
  change_key: 40,
  set_clock: 40,
  set_load_guard: 30,
  release_load_guard: 10,
};

/**
 * Kinds that change the credit in a meter, or what it does when that is used up (充值、退费、清零、模式): they share one row of purchase numbers, each carries the next one, and
 * at most one of a meter is between "sent" and its end.
 */
export const CREDIT_KINDS: readonly CreditKind[] = ["top_up", "deduct", "clear", "set_mode"];
/** One of {@link CREDIT_KINDS}. */
export type CreditKind = "top_up" | "deduct" | "clear" | "set_mode";

/** Whether a command of this kind changes the credit in a meter. */
export function isCredit(kind: CommandKind): kind is CreditKind {
  return kind === "top_up" || kind === "deduct" || kind === "clear" || kind === "set_mode";
}

/**
 * How long a command waits for a meter that cannot be reached. A trip that comes hours late would hit somebody who has
 * paid since, so it expires soon; money waits as long as it takes.
 */
export const expiryMs: Record<CommandKind, number> = {
  trip: 10 * MINUTE_MS,
  close: 7 * DAY_MS,
  permit_close: 7 * DAY_MS,
  top_up: 3650 * DAY_MS,
  deduct: 3650 * DAY_MS,
  clear: 3650 * DAY_MS,
  set_mode: 3650 * DAY_MS,
  read: 2 * MINUTE_MS,
  change_key: 30 * DAY_MS,
  set_clock: DAY_MS,
  set_load_guard: 30 * DAY_MS,
  // Whoever was there has seen the line as it was then.
  release_load_guard: 30 * MINUTE_MS,
};

/** The last purchase number that a meter can show: its register has four digits (DL/T 645-2007, 0332 02). */
export const PURCHASE_NUMBER_MAX = 9_999;

/** Kinds that move a switch; a newer one of them takes the place of every older one that has not ended. */
export const SWITCH_KINDS: readonly CommandKind[] = ["trip", "close", "permit_close"];

/** What the purchase-count register says about a top-up with number `purchaseNumber` that was sent and not confirmed. */
export type AfterSilence = "happened" | "did_not_happen" | "contradiction";

/**
 * Reads the meter's purchase count after silence (and after a refusal): n+1 → it happened; n → it did not, the same bytes
 * may be sent again; anything else contradicts our books, so nothing more is sent to this meter.
 */
export function judgeCount(countShown: number, purchaseNumber: number): AfterSilence {
  if (countShown === purchaseNumber) return "happened";
  return countShown === purchaseNumber - 1 ? "did_not_happen" : "contradiction";
}

const RETRY_FIRST_MS = SECOND_MS;
const RETRY_LAST_MS = MINUTE_MS;

/** An attempt in which the meter said anything counts this much less: it is there, only the line is bad. */
const HEARD_ATTEMPTS = 3;

/**
 * How long to leave a meter alone before asking again, in the attempt with number `attempts`: 2, 4, 8 … 60 s when it said nothing at
 * all; when it was heard and the line swallowed the rest, 2 s three times, then 4 s three times, and so on.
 */
export function retryDelayMs(attempts: number, wasHeard = false): number {
  const weight = wasHeard ? Math.ceil(attempts / HEARD_ATTEMPTS) : attempts;
  return Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** Math.min(weight, 10));
}
