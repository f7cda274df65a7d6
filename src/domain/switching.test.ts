import { expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { isRelayMismatch, LATE_TRIP_MS, offCauseSeen, RELAY_SETTLES_MS } from "./switching.ts";

const unknown = {
  relay: null,
  relayCommanded: null,
  relayCommandedFor: null,
  relayCommandedAt: instant(0),
  offCause: null,
};

test("a meter that holds its credit and is open at zero is off because of arrears", () => {
  expect(offCauseSeen(unknown, { relay: "open", remainingWh: 0, creditInMeter: true, at: instant(1) })).toBe("arrears");
  expect(offCauseSeen(unknown, { relay: "open", remainingWh: -10, creditInMeter: true, at: instant(1) })).toBe(
    "arrears",
  );
});

test("without knowing what remains, or with credit left, the cause is unknown: never closed by itself", () => {
  expect(offCauseSeen(unknown, { relay: "open", remainingWh: null, creditInMeter: true, at: instant(1) })).toBe(
    "unknown",
  );
  expect(offCauseSeen(unknown, { relay: "open", remainingWh: 5, creditInMeter: true, at: instant(1) })).toBe("unknown");
  expect(offCauseSeen(unknown, { relay: "open", remainingWh: 0, creditInMeter: false, at: instant(1) })).toBe(
    "unknown",
  );
});

test("unknown becomes arrears once the remaining credit is read", () => {
  const before = {
    relay: "open" as const,
    relayCommanded: null,
    relayCommandedFor: null,
    relayCommandedAt: instant(0),
    offCause: "unknown" as const,
  };
  expect(offCauseSeen(before, { relay: "open", remainingWh: 0, creditInMeter: true, at: instant(1) })).toBe("arrears");
});

test("an operator's trip stays his, also when the credit runs out meanwhile", () => {
  const before = {
    relay: "open" as const,
    relayCommanded: "open" as const,
    relayCommandedFor: "operator" as const,
    relayCommandedAt: instant(0),
    offCause: "operator" as const,
  };
  expect(offCauseSeen(before, { relay: "open", remainingWh: 0, creditInMeter: true, at: instant(1) })).toBe("operator");
  expect(
    offCauseSeen({ ...before, offCause: null }, { relay: "open", remainingWh: 0, creditInMeter: true, at: instant(1) }),
  ).toBe("operator");
});

test("a safety trip stays a safety trip, and closed clears every cause", () => {
  const before = {
    relay: "open" as const,
    relayCommanded: null,
    relayCommandedFor: null,
    relayCommandedAt: instant(0),
    offCause: "safety" as const,
  };
  expect(offCauseSeen(before, { relay: "open", remainingWh: 0, creditInMeter: true, at: instant(1) })).toBe("safety");
  expect(offCauseSeen(before, { relay: "closed", remainingWh: 0, creditInMeter: true, at: instant(1) })).toBeNull();
});

test("commanded and actual differ only after the meter had time, and tripping by itself explains it", () => {
  const facts = {
    relay: "open" as const,
    relayCommanded: "closed" as const,
    offCause: null,
    relayCommandedAt: instant(0),
    relayAt: instant(RELAY_SETTLES_MS),
  };
  expect(isRelayMismatch(facts)).toBe(true);
  expect(isRelayMismatch({ ...facts, relayAt: instant(RELAY_SETTLES_MS - 1) })).toBe(false);
  expect(isRelayMismatch({ ...facts, offCause: "arrears" })).toBe(false);
  expect(isRelayMismatch({ ...facts, relay: "closed", relayCommanded: "open" })).toBe(true);
  expect(isRelayMismatch({ ...facts, relay: null })).toBe(false);
});

test("a trip for arrears that the relay obeys late is still off for arrears, so that a payment undoes it", () => {
  const before = {
    ...unknown,
    relay: "closed" as const,
    relayCommanded: "open" as const,
    relayCommandedFor: "arrears" as const,
  };
  expect(offCauseSeen(before, { relay: "open", remainingWh: 5, creditInMeter: false, at: instant(1) })).toBe("arrears");
});

test("a meter that was closed after a payment and opens soon after has obeyed an overtaken trip: the payment still counts", () => {
  const before = {
    relay: "closed" as const,
    relayCommanded: "closed" as const,
    relayCommandedFor: "arrears" as const,
    relayCommandedAt: instant(0),
    offCause: null,
  };
  const seen = { relay: "open" as const, remainingWh: 5_000, creditInMeter: true };
  expect(offCauseSeen(before, { ...seen, at: instant(60_000) })).toBe("arrears");
  expect(offCauseSeen(before, { ...seen, at: instant(LATE_TRIP_MS) })).toBe("unknown");
});

test("what a meter says of its load guard comes first: neither an empty counter nor an order of ours makes it arrears", () => {
  const seen = { relay: "open" as const, remainingWh: 0, creditInMeter: true, at: instant(1) };
  const told = { ...unknown, relay: "open" as const, relayCommanded: "open" as const };
  for (const relayCommandedFor of ["arrears", "operator"] as const) {
    for (const offCause of [null, "arrears", "operator", "unknown", "safety"] as const) {
      expect(offCauseSeen({ ...told, relayCommandedFor, offCause }, { ...seen, held: true })).toBe("safety");
    }
  }
  expect(offCauseSeen(unknown, { ...seen, held: true })).toBe("safety");
  expect(offCauseSeen(unknown, { ...seen, relay: "closed", held: true })).toBeNull();
});

test("a guard that has let go leaves the reason that is left: an order of ours, an empty counter, or nobody knows", () => {
  const before = { ...unknown, relay: "open" as const, offCause: "safety" as const };
  const seen = { relay: "open" as const, remainingWh: 0, creditInMeter: true, at: instant(1), held: false };
  expect(offCauseSeen(before, seen)).toBe("arrears");
  expect(offCauseSeen(before, { ...seen, remainingWh: 900 })).toBe("unknown");
  const cut = { ...before, relayCommanded: "open" as const };
  expect(offCauseSeen({ ...cut, relayCommandedFor: "operator" }, seen)).toBe("operator");
  expect(offCauseSeen({ ...cut, relayCommandedFor: "arrears" }, seen)).toBe("arrears");
});

test("a meter that was asked about its guard and did not say is never taken for one in arrears, so no payment closes it", () => {
  const seen = { relay: "open" as const, remainingWh: 0, creditInMeter: true, at: instant(1), held: null };
  expect(offCauseSeen(unknown, seen)).toBe("unknown");
  const late = { ...unknown, relayCommanded: "closed" as const, relayCommandedFor: "arrears" as const };
  expect(offCauseSeen(late, seen)).toBe("unknown");
  expect(offCauseSeen({ ...late, offCause: "safety" }, seen)).toBe("safety");
  expect(offCauseSeen({ ...late, relayCommanded: "open" }, seen)).toBe("arrears");
});
