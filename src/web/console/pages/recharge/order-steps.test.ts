import { describe, expect, test } from "vitest";
import type { Command } from "#contract/metering.ts";
import type { Recharge } from "#contract/money.ts";
import { order as booked } from "#web/shared/test-order.ts";
import { orderSteps } from "./order-steps.ts";

const order = (more: Partial<Recharge> = {}) => booked({ createdAt: 100_000, ...more });
const command = (createdAt: number): Command => ({
  id: "C1",
  meterId: 1,
  kind: "top_up",
  cause: "recharge",
  state: "sent",
  stateReason: "",
  createdAt,
  sentAt: createdAt + 500,
  doneAt: null,
  attempts: 1,
  reachable: true,
});
const states = (more: Partial<Recharge>) =>
  orderSteps(order(more), undefined).map((step) => `${step.name} ${step.state}`);

describe("the stops of a recharge", () => {
  test.each<[Partial<Recharge>, string[]]>([
    [{}, ["booked done", "sent doing", "confirmed waiting", "readBack waiting"]],
    [{ state: "sent" }, ["booked done", "sent done", "confirmed doing", "readBack waiting"]],
    [{ state: "unknown" }, ["booked done", "sent done", "confirmed doing", "readBack waiting"]],
    [{ state: "confirmed" }, ["booked done", "sent done", "confirmed done", "readBack done"]],
    [{ state: "refused" }, ["booked done", "sent done", "confirmed failed", "readBack waiting"]],
    [{ state: "stopped" }, ["booked done", "sent done", "confirmed stopped", "readBack waiting"]],
    [
      { state: "stopped", purchaseNumber: null },
      ["booked done", "sent stopped", "confirmed waiting", "readBack waiting"],
    ],
    [{ state: "withdrawn" }, ["booked done", "withdrawn done"]],
    [
      { state: "confirmed", reconnection: "under_way" },
      ["booked done", "sent done", "confirmed done", "switched doing"],
    ],
    [
      { state: "confirmed", reconnection: "press_button" },
      ["booked done", "sent done", "confirmed done", "switched doing"],
    ],
    [{ state: "confirmed", reconnection: "closed" }, ["booked done", "sent done", "confirmed done", "switched done"]],
    [{ state: "confirmed", reconnection: "failed" }, ["booked done", "sent done", "confirmed done", "switched failed"]],
    [{ creditAt: "server", state: "confirmed" }, ["booked done", "credited done"]],
    [
      { creditAt: "server", state: "confirmed", reconnection: "closed" },
      ["booked done", "credited done", "switched done"],
    ],
  ])("%j", (more, expected) => {
    expect(states(more)).toEqual(expected);
  });

  test("take the time of sending from the order's own command, not from an earlier one", () => {
    expect(orderSteps(order({ state: "sent" }), command(100_200))[1]?.at).toBe(100_700);
    expect(orderSteps(order({ state: "sent" }), command(50_000))[1]?.at).toBeNull();
  });
});
