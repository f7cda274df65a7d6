import { DAY_MS, type Day, dayOf, instant } from "#base/time.ts";
import { isInArrears } from "./arrears.ts";

/** Within how many days credit runs out that is asked for (即将用完). */
export const runOutWithin = [1, 3, 7, 14] as const;

/** Which accounts are listed: those that run out in time, those of which nobody knows, or those that use nothing. */
export const runOutShows = ["due", "unknown", "unused"] as const;
export type RunOutShow = (typeof runOutShows)[number];

/** By what they are listed: days left, what is left in yuan, or where they are. */
export const runOutSorts = ["days", "left", "room"] as const;
export type RunOutSort = (typeof runOutSorts)[number];

/** How an account stands, the gravest first: supply is off, in arrears, nothing left, never read, no use known, nothing used, it lasts so long. */
export const runOutStates = ["off", "arrears", "empty", "unread", "unknown", "unused", "lasts"] as const;
export type RunOutState = (typeof runOutStates)[number];

/** What is known of an account. `left` and `perDay` are of one unit: Wh, litres or 1/10000 yuan. */
export type RunOutFacts = {
  readonly creditAt: "meter" | "server";
  readonly left: number | null;
  readonly perDay: number | null;
  /** As {@link daysLeftTenths} tells. */
  readonly daysLeftTenths: number | null;
  /** How far below zero it may go; of money on the server alone. */
  readonly overdraftE4: number;
  readonly anyOff: boolean;
};

/** How an account stands. */
export function runOutState(facts: RunOutFacts): RunOutState {
  const { left, perDay, creditAt, overdraftE4 } = facts;
  if (facts.anyOff) return "off";
  if (left !== null && left <= 0) {
    return creditAt === "server" && isInArrears({ balanceE4: left, overdraftE4 }) ? "arrears" : "empty";
  }
  if (left === null) return "unread";
  if (perDay === null) return "unknown";
  return perDay === 0 ? "unused" : "lasts";
}

/** In which list an account is, when those within some days are asked for; null when it lasts longer. */
export function runOutListed(facts: RunOutFacts, days: number): RunOutShow | null {
  const { left, perDay, daysLeftTenths } = facts;
  if (daysLeftTenths !== null) return daysLeftTenths <= days * 10 ? "due" : null;
  return left !== null && perDay === 0 ? "unused" : "unknown";
}

/** The day on which it runs out at that use, counted from when what is left was known. */
export function runsOutOn(daysLeftTenths: number | null, leftAt: number): Day | null {
  if (daysLeftTenths === null || leftAt === 0) return null;
  return dayOf(instant(leftAt + Math.floor((daysLeftTenths * DAY_MS) / 10)));
}
