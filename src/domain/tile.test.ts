import { expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { SILENT_ROUNDS_MAX, type TileFacts, tileState } from "./tile.ts";

const fine: TileFacts = {
  concentratorOnline: true,
  everRead: true,
  silentRounds: 0,
  topUpsStopped: false,
  relay: "closed",
  relayAt: instant(0),
  relayCommanded: null,
  relayCommandedAt: instant(0),
  offCause: null,
  lowCredit: false,
  standsStill: false,
  readingSuspect: false,
  switchFault: false,
};

test("a meter with nothing to say is white", () => {
  expect(tileState(fine)).toEqual({ state: "normal", second: null, reasons: [] });
});

test("red before black before yellow, and the state behind is a corner mark", () => {
  const off: TileFacts = { ...fine, relay: "open", offCause: "arrears", lowCredit: true };
  expect(tileState(off)).toEqual({ state: "off", second: "alarm", reasons: ["off_arrears", "low_credit"] });
  expect(tileState({ ...off, concentratorOnline: false })).toMatchObject({ state: "fault", second: "off" });
  expect(tileState({ ...fine, lowCredit: true })).toMatchObject({ state: "alarm", second: null });
});

test("a valve that says it is broken is a fault, whatever it shows", () => {
  const broken = { ...fine, switchFault: true, relay: null };
  expect(tileState(broken)).toMatchObject({ state: "fault", reasons: ["valve_fault"] });
});

test("one or two lost rounds are not a fault, the third is", () => {
  expect(tileState({ ...fine, silentRounds: SILENT_ROUNDS_MAX - 1 }).state).toBe("normal");
  expect(tileState({ ...fine, silentRounds: SILENT_ROUNDS_MAX })).toMatchObject({
    state: "fault",
    reasons: ["meter_silent"],
  });
});

test("a meter that was never read says so, unless its concentrator is the reason", () => {
  expect(tileState({ ...fine, everRead: false, relay: null }).reasons).toEqual(["never_read"]);
  expect(tileState({ ...fine, everRead: false, concentratorOnline: false, relay: null }).reasons).toEqual([
    "concentrator_offline",
  ]);
});

test("stopped top-ups, a reading that is not believed and a relay that does not obey are faults", () => {
  expect(tileState({ ...fine, readingSuspect: true }).reasons).toEqual(["reading_suspect"]);
  expect(tileState({ ...fine, topUpsStopped: true }).reasons).toEqual(["top_ups_stopped"]);
  const disobeying: TileFacts = { ...fine, relayCommanded: "open", relayAt: instant(100_000) };
  expect(tileState(disobeying).reasons).toEqual(["relay_mismatch"]);
});
