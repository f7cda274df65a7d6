import type { Command } from "#contract/metering.ts";
import type { Recharge } from "#contract/money.ts";
import type { StepState } from "../../steps.tsx";

export type OrderStepName = "booked" | "sent" | "confirmed" | "credited" | "switched" | "readBack" | "withdrawn";
export type OrderStep = { name: OrderStepName; state: StepState; at: number | null };

/**
 * The stops of a recharge: ①booked ②sent ③confirmed by the meter ④read back, or the switch closed. Credit on the server
 * needs no meter: booked, credited, and the switch if it has to be closed. What was withdrawn went no further. `command` knows when the order was sent.
 */
export function orderSteps(order: Recharge, command: Command | undefined): OrderStep[] {
  const booked: OrderStep = { name: "booked", state: "done", at: order.createdAt };
  if (order.creditAt === "server") {
    const credited: OrderStep = { name: "credited", state: settled(order), at: order.confirmedAt };
    return [booked, credited, ...(order.reconnection === "none" ? [] : [lastStep(order)])];
  }
  if (order.state === "withdrawn") return [booked, { name: "withdrawn", state: "done", at: null }];
  const sentAt = command && command.createdAt >= order.createdAt - 1_000 ? command.sentAt : null;
  // A number is taken at the moment of sending: stopped without one, the order never left.
  const stoppedBefore = order.state === "stopped" && order.purchaseNumber === null;
  if (stoppedBefore) {
    return [
      booked,
      { name: "sent", state: "stopped", at: null },
      { name: "confirmed", state: "waiting", at: null },
      lastStep(order),
    ];
  }
  const wasSent = order.state !== "booked";
  return [
    booked,
    {
      name: "sent",
      state: wasSent ? "done" : "doing",
      at: wasSent ? sentAt : null,
    },
    { name: "confirmed", state: wasSent ? settled(order) : "waiting", at: order.confirmedAt },
    lastStep(order),
  ];
}

function settled(order: Recharge): StepState {
  if (order.state === "confirmed") return "done";
  if (order.state === "stopped") return "stopped";
  return order.state === "refused" ? "failed" : "doing";
}

function lastStep(order: Recharge): OrderStep {
  const name = order.reconnection === "none" ? "readBack" : "switched";
  if (order.state !== "confirmed") return { name, state: "waiting", at: null };
  if (order.reconnection === "under_way" || order.reconnection === "press_button")
    return { name, state: "doing", at: null };
  return {
    name,
    state: order.reconnection === "failed" ? "failed" : "done",
    at: order.reconnection === "none" ? order.confirmedAt : null,
  };
}
