import { describe, expect, test } from "vitest";
import * as format from "./format.ts";

const at = Date.parse("2026-08-01T15:45:12+08:00");

describe("figures for people", () => {
  test("units keep two places and say when nothing is known", () => {
    expect([format.units(133_000), format.units(-5), format.units(null)]).toEqual(["133.00", "-0.01", "—"]);
  });

  test("a tile never shows more than there is", () => {
    expect([99_990, 50, 0, -50, -12_340, null].map(format.unitsShort)).toEqual([
      "99.9",
      "0.0",
      "0.0",
      "0.0",
      "−12.3",
      "—",
    ]);
  });

  test("whole units sold have no places", () => {
    expect([110_000, 110_500, 0].map(format.unitsSold)).toEqual(["110", "110.50", "0"]);
  });

  test("money has thousands separators and a true minus", () => {
    expect(["0.37", "100.00", "1234567.8901", "-1000.00", "-12.00"].map(format.yuan)).toEqual([
      "0.37",
      "100.00",
      "1,234,567.8901",
      "−1,000.00",
      "−12.00",
    ]);
    expect(format.yuan(null)).toBe("—");
  });

  test("a balance is cut to two places, never rounded up", () => {
    expect(["125.1874", "202.752", "0.99", "-3.2099", "7", null].map(format.yuanShort)).toEqual([
      "125.18",
      "202.75",
      "0.99",
      "−3.20",
      "7",
      "—",
    ]);
  });

  test("zero is found in every spelling of the wire", () => {
    expect(["0.00", "0", "-0.00", "0.0000"].every(format.isZero)).toBe(true);
    expect(["0.01", "10.00", "-0.10"].some(format.isZero)).toBe(false);
  });

  test("voltage and current keep the places that matter", () => {
    expect([format.thousandths(231_450, 1), format.thousandths(5_012, 3), format.thousandths(null, 1)]).toEqual([
      "231.4",
      "5.012",
      "—",
    ]);
  });
});

describe("times are those of the site", () => {
  test("whatever the zone of the computer", () => {
    expect(format.clockTime(at)).toBe("15:45:12");
    expect(format.dateTime(at)).toBe("2026-08-01 15:45:12");
  });

  test("never is not 1970", () => {
    expect([format.dateTime(0), format.dateTime(null), format.shortTime(0, at)]).toEqual(["—", "—", "—"]);
  });

  test("the date is left out only when it is today's", () => {
    const day = 86_400_000;
    expect(format.shortTime(at, at)).toBe("15:45:12");
    expect(format.shortTime(at - day, at)).toBe("07-31 15:45");
    expect(format.shortTime(at - 365 * day, at)).toBe("2025-08-01 15:45");
  });
});
