import { expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { readingLine } from "./reading-line.ts";
import { REGISTER_SPAN_WH } from "./settlement.ts";

const shown = (at: number, indexWh: number) => ({ at: instant(at), indexWh });
const good = (at: number, indexWh: number) => ({ ...shown(at, indexWh), isGood: true });
const late = (at: number, indexWh: number) => ({ ...shown(at, indexWh), isGood: false });

test("good readings and late ones that lie on the line are taken, in the order of what they measured", () => {
  const line = readingLine(shown(0, 100), [late(10, 110), good(20, 120), late(30, 130)], shown(40, 140));
  expect(line.map((each) => each.at)).toEqual([0, 10, 20, 30, 40]);
});

test("a late reading beside the line is left out, and so is a good one that another clock stamped", () => {
  const line = readingLine(
    shown(0, 100),
    [late(5, 99), late(10, 125), good(20, 120), late(20, 121), late(30, 119), good(35, 150)],
    shown(40, 140),
  );
  expect(line.map((each) => each.at)).toEqual([0, 20, 40]);
});

test("a register that started again in between is followed", () => {
  const end = REGISTER_SPAN_WH;
  const line = readingLine(shown(0, end - 100), [good(10, end - 50), late(20, 10), late(25, end - 60)], shown(30, 40));
  expect(line.map((each) => each.indexWh)).toEqual([end - 100, end - 50, 10, 40]);
});
