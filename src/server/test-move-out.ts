import type { Sheet } from "#contract/move-outs.ts";
import type { Db } from "#store/db.ts";
import { refundRow } from "./test-refund.ts";

/** A sheet on which there is nothing. */
const EMPTY: Sheet = {
  at: 1,
  meters: [],
  whole: false,
  wallet: "0.00",
  debts: "0.00",
  credit: "0.00",
  charges: "0.00",
  total: "0.00",
  payable: "0.00",
  rest: "0.00",
  owed: "0.00",
};

/** A move-out of meter 11 or 21 at the step at which this route has something to do; several of one meter may be there. */
export async function moveOutFor(db: Db, path: string, meterId: number): Promise<{ moveOut?: string }> {
  if (!path.includes(":moveOutNo")) return {};
  const last = path.slice(path.lastIndexOf("/"));
  const moveOutNo = `T20260101${last.replace(/\W/g, "")}${meterId}`;
  const states = { "/override": "calculated", "/confirm": "calculated", "/cleared": "clearing", "/retry": "clearing" };
  const state = last === "/finish" ? "paying" : (states[last as keyof typeof states] ?? "reading");
  await db.transact(async (tx) => {
    await tx
      .insertInto("move_out")
      .values({
        move_out_no: moveOutNo,
        idem_key: moveOutNo,
        request_hash: "",
        project_id: 1,
        meter_id: meterId,
        room_id: meterId,
        customer_id: meterId,
        place: `1-${meterId}`,
        state: state as "reading",
        method: "transfer",
        afterwards: "leave",
        calculation: null,
        reason: "试",
        created_by: "test",
        created_at: 1,
        updated_at: 1,
        done_at: null,
        version: 0,
        confirmed_by: null,
        paid_by: null,
        payout_note: "",
      })
      .execute();
    await tx
      .insertInto("move_out_meter")
      .values({
        move_out_no: moveOutNo,
        meter_id: meterId,
        account_id: meterId,
        open_meter_id: null,
        read_command_id: null,
        index_wh: 1_000,
        remaining_wh: 0,
        read_at: 1,
        source: state === "reading" ? "" : "meter",
        source_reason: "",
        source_by: null,
        override_e4: null,
        override_reason: "",
        override_by: null,
        reads: 1,
      })
      .execute();
    const zeros = { payable_e4: 0, owed_e4: 0, rest_e4: 0, approval_id: null, made_by: "test", made_at: 1 };
    const line = {
      meterId,
      label: "",
      number: "",
      meterKind: "electricity",
      creditAt: "meter",
      source: "meter",
    } as const;
    const units = { indexWh: 0, remainingWh: 0, readAt: 1, unitsWh: 0, pieces: [], value: "0.00", sourceReason: "" };
    const other = { overridePrice: null, overrideValue: null, overrideBy: null, overrideReason: "", sourceBy: null };
    const rest = { uncoveredWh: 0, leftoverWh: 0, leftover: "0.00", overuseWh: 0, overuse: "0.00", balance: null };
    const sheet = { ...EMPTY, meters: [{ ...line, ...units, ...other, ...rest }] };
    if (state !== "reading")
      await tx
        .insertInto("move_out_sheet")
        .values({ move_out_no: moveOutNo, rev: 1, is_final: 0, sheet: JSON.stringify(sheet), ...zeros })
        .execute();
    if (state !== "clearing") return;
    const refund = refundRow({ refundNo: `F${moveOutNo}`, meterId, state: "approved", commandId: "" });
    const clear = { kind: "move_out", method: "", move_out_no: moveOutNo, settled_e4: null } as const;
    await tx
      .insertInto("refund")
      .values({ ...refund, ...clear, state: last === "/retry" ? "refused" : "approved" })
      .execute();
  });
  return { moveOut: moveOutNo };
}

/** What each route about move-outs is asked by somebody who may, by its path. */
export function moveOutBodies(of: { meter: number }): Record<string, object> {
  const one = "/api/move-outs/:moveOutNo";
  return {
    "/api/move-outs": {
      key: `key-${of.meter}-moves`,
      meterIds: [of.meter + 1],
      method: "transfer",
      afterwards: "leave",
      reason: "试",
    },
    [`${one}/meters/:meterId/read`]: {},
    [`${one}/meters/:meterId/reading`]: { source: "last", measuredAt: 1, reason: "试" },
    [`${one}/meters/:meterId/override`]: { price: "1", reason: "试" },
    [`${one}/meters/:meterId/cleared`]: { remaining: "0", reason: "试" },
    [`${one}/confirm`]: { rev: 1 },
    [`${one}/retry`]: { reason: "试" },
    [`${one}/cancel`]: { reason: "试" },
    [`${one}/finish`]: { rev: 1 },
    "/api/move-ins": {
      key: `key-${of.meter}-begins`,
      meterIds: [of.meter + 2],
      name: "新租户",
      phone: "",
      number: "",
      from: "2026-01-01",
    },
  };
}

/** What has to be so before a route about move-outs has something to do at meter 11; the number of the move-out. */
export async function prepareMoveOut(db: Db, path: string): Promise<{ moveOut?: string }> {
  if (path === "/api/move-ins") await addVacantMeter(db);
  if (path.endsWith("/reading")) await tellRemaining(db);
  return moveOutFor(db, path, 11);
}

/** The public meter beside meter 11 answers: somebody can move in at it. */
async function addVacantMeter(db: Db): Promise<void> {
  await db.transact(async (tx) => {
    const state = await tx.selectFrom("meter_state").selectAll().where("meter_id", "=", 12).executeTakeFirstOrThrow();
    const { settle_due: _, ...row } = state as typeof state & { settle_due?: number };
    await tx
      .insertInto("meter_state")
      .values({ ...row, meter_id: 13 })
      .execute();
  });
}

/** Meter 11 has told what is left in it. */
async function tellRemaining(db: Db): Promise<void> {
  await db.transact((tx) =>
    tx.updateTable("meter_state").set({ remaining_wh: 0, remaining_at: 1 }).where("meter_id", "=", 11).execute(),
  );
}
