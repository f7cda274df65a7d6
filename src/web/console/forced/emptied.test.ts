import { expect, test } from "vitest";
import { emptied } from "./emptied.ts";

test("a list is the same answer without rows: what counts them is zero, what sums them is not known, no page follows", () => {
  const report = {
    ...{ month: "2026-08", days: ["2026-08-01"], closedUpTo: "2026-08-01", next: 40, total: 128, masters: 2 },
    ...{ items: [{ meterId: 11 }], daySums: [1_200], sumWh: 1_200 },
  };
  expect(emptied("/api/reports/matrix?month=2026-08", report)).toEqual({
    ...{ month: "2026-08", days: ["2026-08-01"], closedUpTo: "2026-08-01", next: null, total: 0, masters: 0 },
    ...{ items: [], daySums: [null], sumWh: null },
  });
  const board = { asOf: 5, counts: { off: 1, total: 9 }, tiles: [{ meterId: 11 }] };
  expect(emptied("/api/board", board)).toEqual({ asOf: 5, counts: { off: 0, total: 0 }, tiles: [] });
});

test("what only counts is all zero, as of the same time", () => {
  const totals = { count: 3, amount: "12.0000", channels: [{ channel: "cash", count: 3 }] };
  expect(emptied("/api/recharges/totals?", totals)).toMatchObject({ count: 0, amount: "0.0000", channels: [] });
  expect(emptied("/api/alarms/summary?", { asOf: 5, open: 2 })).toEqual({ asOf: 5, open: 0 });
});

test.each([
  ["/api/payments/P1", { paymentNo: "P1", parts: [{ orderNo: "R1" }] }],
  ["/api/roles", { items: [{ roleId: 1 }] }],
  ["/api/meters/11", { meterId: 11, reasons: ["offline"] }],
  ["/api/session", { login: "admin", permissions: ["board.view"] }],
])("%s is no list that could be empty", (path, answer) => {
  expect(emptied(path, answer)).toEqual(answer);
});
