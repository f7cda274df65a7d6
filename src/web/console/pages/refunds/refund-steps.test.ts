import { describe, expect, test } from "vitest";
import type { Refund } from "#contract/refunds.ts";
import { isRefundDone, refundSteps } from "./refund-steps.ts";

const refund = (over: Partial<Refund>): Refund =>
  ({
    kind: "units",
    state: "approved",
    approvalId: null,
    createdAt: 1,
    decidedAt: null,
    sentAt: null,
    wasSent: false,
    confirmedAt: null,
    paidAt: null,
    ...over,
  }) as Refund;
const line = (over: Partial<Refund>) => refundSteps(refund(over)).map(({ name, state }) => `${name} ${state}`);

describe("the stops of a refund", () => {
  test("of units go over the meter to the payment", () => {
    expect(line({ state: "approved" })).toEqual(["asked done", "sent doing", "confirmed waiting", "paid waiting"]);
    expect(line({ state: "deducting", wasSent: true, sentAt: 2 })).toEqual([
      "asked done",
      "sent done",
      "confirmed doing",
      "paid waiting",
    ]);
    expect(line({ state: "confirmed", wasSent: true, confirmedAt: 3 }).at(-1)).toBe("paid doing");
    expect(line({ state: "paid", wasSent: true, confirmedAt: 3, paidAt: 4 })).toEqual([
      "asked done",
      "sent done",
      "confirmed done",
      "paid done",
    ]);
  });

  test("wait for a second person where one was asked", () => {
    expect(line({ state: "requested", approvalId: "a" })).toEqual([
      "asked done",
      "approved doing",
      "sent waiting",
      "confirmed waiting",
      "paid waiting",
    ]);
    expect(line({ state: "rejected", approvalId: "a", decidedAt: 2 })).toEqual(["asked done", "rejected failed"]);
  });

  test("of money ask no meter", () => {
    expect(line({ kind: "wallet", state: "confirmed", confirmedAt: 1 })).toEqual(["asked done", "paid doing"]);
    expect(line({ kind: "debt", state: "done", approvalId: "a", decidedAt: 2, confirmedAt: 2 })).toEqual([
      "asked done",
      "approved done",
      "done done",
    ]);
  });

  test("end where the meter refused or contradicted", () => {
    expect(line({ state: "refused", wasSent: true })).toEqual([
      "asked done",
      "sent done",
      "confirmed failed",
      "paid waiting",
    ]);
    expect(line({ state: "stopped" })).toEqual(["asked done", "sent stopped", "confirmed waiting", "paid waiting"]);
    expect(line({ state: "stopped", wasSent: true })[2]).toBe("confirmed stopped");
  });

  test("of what was withdrawn say how far it had come", () => {
    expect(line({ state: "withdrawn", approvalId: "a" })).toEqual(["asked done", "withdrawn done"]);
    expect(line({ state: "withdrawn", wasSent: true, confirmedAt: 3 })).toEqual([
      "asked done",
      "sent done",
      "confirmed done",
      "withdrawn done",
    ]);
  });

  test("are over only when nothing can come any more", () => {
    const over = (state: Refund["state"]) => isRefundDone({ state });
    expect((["paid", "done", "rejected", "withdrawn", "refused"] as const).every(over)).toBe(true);
    expect((["requested", "approved", "deducting", "confirmed", "stopped"] as const).some(over)).toBe(false);
  });
});
