import { expect, test } from "vitest";
import { exitCode, lastLine, NOTHING, strict, together, wishOf } from "./outcome.ts";

test("the last line is plain and complete", () => {
  expect(lastLine(together({ passed: 3, failed: 0, skipped: 0 }, { passed: 40, failed: 1, skipped: 2 }))).toBe(
    "43 passed, 1 failed, 2 skipped",
  );
});

test("a failure is a failure, and so is a run in which nothing ran", () => {
  expect(exitCode({ passed: 9, failed: 0, skipped: 5 })).toBe(0);
  expect(exitCode({ passed: 9, failed: 1, skipped: 0 })).toBe(1);
  expect(exitCode(NOTHING)).toBe(1);
  expect(exitCode({ passed: 0, failed: 0, skipped: 5 })).toBe(1);
});

test("where everything must run, a skip is a failure", () => {
  const tally = { passed: 9, failed: 0, skipped: 2 };
  expect(strict(tally, false)).toEqual(tally);
  expect(strict(tally, true)).toEqual({ passed: 9, failed: 2, skipped: 0 });
});

test("arguments are filters, or --only check, and nothing is guessed", () => {
  expect(wishOf([])).toEqual({ what: "all" });
  expect(wishOf(["--only", "check"])).toEqual({ what: "check" });
  expect(wishOf(["src/store", "test/recharge"])).toEqual({ what: "filtered", filters: ["src/store", "test/recharge"] });
  expect(wishOf(["--watch"])).toEqual({ what: "unknown", argument: "--watch" });
  expect(wishOf(["--only", "types"])).toEqual({ what: "unknown", argument: "--only" });
});
