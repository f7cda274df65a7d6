import type { Db } from "#store/db.ts";

/** Bodies of what the desk asks for, by route, about one meter of the test town. */
export function deskBodies(of: { meter: number }): Record<string, object> {
  return {
    "/api/meters/:id/commands": { key: `key-${of.meter}-matrix`, kind: "read" },
    "/api/recharges/preview": { meterId: of.meter, amount: "50" },
    "/api/recharges": { key: `key-${of.meter}-matrix`, meterId: of.meter, amount: "50", channel: "cash" },
    "/api/payments/split": { amount: "50", meterIds: [of.meter], by: "even" },
    "/api/payments/preview": { parts: [{ meterId: of.meter, amount: "50" }] },
    "/api/payments": {
      key: `pays-${of.meter}-matrix`,
      parts: [{ meterId: of.meter, amount: "50" }],
      channel: "cash",
    },
    "/api/payments/:paymentNo/prints": { key: `prints-${of.meter}-matrix` },
    "/api/differences/:id/explain": { version: 0, reason: "已查明" },
    "/api/differences/:id/correct": { version: 0, reason: "已查明" },
    "/api/shifts": { projectId: 1, float: "100" },
    "/api/shifts/:id/counts": { key: `counts-${of.meter}-matrix`, counted: "100" },
    "/api/shifts/:id/close": { count: 1, reason: "差额待查" },
    "/api/recharges/:orderNo/recheck": { reason: "已到现场核对" },
    "/api/recharges/:orderNo/withdraw": { reason: "收错" },
  };
}

/** As if the meter's purchase count had contradicted the books. */
export async function stopOrder(db: Db, orderNo: string): Promise<void> {
  await db.transact(async (tx) => {
    await tx.updateTable("recharge_order").set({ state: "stopped" }).where("order_no", "=", orderNo).execute();
    await tx.updateTable("command").set({ state: "stopped" }).where("order_no", "=", orderNo).execute();
  });
}
