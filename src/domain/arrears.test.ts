import { expect, test } from "vitest";
import { instant, later } from "#base/time.ts";
import { type ArrearsFacts, decideTrip, EVIDENCE_AGE_MAX_MS } from "./arrears.ts";

const now = instant(Date.parse("2026-08-03T02:00:00Z")); // 10:00 in Shanghai
const due: ArrearsFacts = {
  mode: "prepaid",
  supplyGuard: false,
  switchProved: true,
  balanceE4: 0,
  overdraftE4: 0,
  readingAt: later(now, -60_000),
  evaluations: 2,
  paymentInFlight: false,
  noCut: false,
};
const why = (change: Partial<ArrearsFacts>) => {
  const decision = decideTrip({ ...due, ...change }, now);
  return decision.trip ? "trip" : decision.why;
};

test("arrears seen twice on fresh readings, at an allowed hour and with nothing paid, cut off", () => {
  expect(why({})).toBe("trip");
  expect(why({ overdraftE4: 50_000, balanceE4: -50_000 })).toBe("trip");
});

test("every doubt keeps the supply on", () => {
  expect(why({ mode: "postpaid" })).toBe("not_prepaid");
  expect(why({ mode: "public" })).toBe("not_prepaid");
  expect(why({ balanceE4: 1 })).toBe("in_credit");
  expect(why({ overdraftE4: 50_000, balanceE4: -49_999 })).toBe("in_credit");
  expect(why({ supplyGuard: true })).toBe("guarded");
  expect(why({ switchProved: false })).toBe("unproven_switch");
  expect(why({ readingAt: later(now, -EVIDENCE_AGE_MAX_MS - 1) })).toBe("stale_reading");
  expect(why({ readingAt: later(now, 1) })).toBe("stale_reading");
  expect(why({ evaluations: 1 })).toBe("first_sight");
  expect(why({ paymentInFlight: true })).toBe("payment_in_flight");
});

test("nobody is cut off inside a no-cut window", () => {
  expect(why({ noCut: true })).toBe("no_cut_window");
});
