import type { Db } from "#store/db.ts";
import type { MeterExchangeTable, ModeChangeTable, RatioChangeTable } from "#store/schema-devices.ts";
import { concentratorBodies } from "./test-concentrators.ts";

/** What each route about exchanges, ratios, modes and archives is asked by somebody who may, by its path. Numbers end in the meter. */
export function deviceBodies(of: { meter: number }): Record<string, object> {
  const reason = { reason: "烧表" };
  return {
    ...concentratorBodies(of),
    "/api/meters/:id/ratio": { key: `ratio-${of.meter}-matrix`, ratio: 30, ...reason },
    "/api/ratio-changes/:changeNo/carry-out": { index: null },
    "/api/meters/:id/mode": { key: `modes-${of.meter}-matrix`, to: "postpaid", confirmed: false, ...reason },
    "/api/meters/:id/mode/recheck": reason,
    "/api/meters/:id/mode/withdraw": reason,
    "/api/exchanges": { key: `exchange-${of.meter}-matrix`, meterId: of.meter + 1, ...reason },
    "/api/exchanges/:exchangeNo/state-old": { closeIndex: null, left: "1", note: "照片 1" },
    "/api/exchanges/:exchangeNo/swap": {
      ...{
        closeIndex: null,
        note: "",
        number: `E${of.meter}`,
        address: "909090909090",
        profile: "jc1",
        openIndex: "0",
      },
      ...{ concentratorId: 1, bus: 1, gatewayId: null, ratio: 1, switchKind: "relay", closesBy: "direct" },
    },
    "/api/exchanges/:exchangeNo/cancel": reason,
    "/api/exchanges/:exchangeNo/recheck": reason,
  };
}

const states: Readonly<Record<string, Partial<MeterExchangeTable>>> = {
  swap: { state: "cleared", how: "stated", close_wh: null, carry_wh: 0 },
  recheck: { state: "stopped" },
};

/** An exchange of a meter in the state in which this route has something to do, or a change of ratio that was agreed upon. */
export async function deviceFor(
  db: Db,
  path: string,
  of: { meter: number; command: string },
): Promise<{ device?: string }> {
  if (!/exchanges|ratio|mode/.test(path)) return {};
  const verb = path.split("/").at(-1) ?? "";
  const no = `${verb.replace(":", "").slice(0, 12)}-${of.meter}`;
  await db.transact(async (tx) => {
    // One thing at a time: what an earlier route began has ended by now.
    await tx.updateTable("ratio_change").set({ open_meter_id: null }).execute();
    await tx.updateTable("meter_exchange").set({ open_meter_id: null }).execute();
    await tx.updateTable("move_out_meter").set({ open_meter_id: null }).execute();
    if (verb === "swap") {
      await tx.updateTable("command").set({ state: "cancelled" }).where("meter_id", "=", of.meter).execute();
    }
    await tx.updateTable("mode_change").set({ open_meter_id: null }).execute();
    if (path.startsWith("/api/meters/:id/mode/")) {
      const command = verb === "recheck" ? { state: "stopped" as const } : { state: "waiting" as const, sent_at: null };
      await tx.updateTable("command").set(command).where("id", "=", of.command).execute();
      await tx
        .insertInto("mode_change")
        .values(modeRow(no, of, verb === "recheck" ? "stopped" : "telling"))
        .execute();
    }
    if (path.startsWith("/api/ratio-changes/"))
      await tx
        .insertInto("ratio_change")
        .values(ratioRow(no, of.meter + 1))
        .execute();
    if (!path.startsWith("/api/exchanges/:")) return;
    if (verb === "recheck") {
      await tx.updateTable("command").set({ state: "stopped" }).where("id", "=", of.command).execute();
    }
    const state = { clear_command_id: of.command, ...states[verb] };
    await tx
      .insertInto("meter_exchange")
      .values({ ...exchangeRow(no, of.meter), ...state })
      .execute();
  });
  return path.includes("No") ? { device: no } : {};
}

function modeRow(
  changeNo: string,
  of: { meter: number; command: string },
  state: "stopped" | "telling",
): ModeChangeTable {
  return {
    ...{ change_no: changeNo, idem_key: changeNo, request_hash: "", project_id: 1, meter_id: of.meter + 1 },
    ...{ open_meter_id: of.meter + 1, state, state_reason: "", mode_from: "prepaid", mode_to: "postpaid" },
    ...{ command_id: of.command, reason: "", created_by: "test", created_at: 1, done_at: null, updated_at: 1 },
  };
}

function ratioRow(changeNo: string, meterId: number): RatioChangeTable {
  return {
    ...{ change_no: changeNo, idem_key: changeNo, request_hash: "", project_id: 1, meter_id: meterId },
    ...{ open_meter_id: null, state: "approved", ratio_from: 1, ratio_to: 30, index_wh: null, index_at: null },
    ...{
      approval_id: null,
      reason: "",
      created_by: "test",
      created_at: 1,
      done_by: null,
      done_at: null,
      updated_at: 1,
    },
  };
}

function exchangeRow(exchangeNo: string, meterId: number): MeterExchangeTable {
  const device = { number: "E", address: "1", profile: "jc1", concentrator: "1", bus: 1, ratio: 1 };
  return {
    ...{ exchange_no: exchangeNo, idem_key: exchangeNo, request_hash: "", project_id: 1, meter_id: meterId },
    ...{ open_meter_id: null, account_id: meterId, customer_id: meterId, credit_at: "meter", state: "open" },
    ...{
      state_reason: "",
      old_number: "E",
      old_meter: JSON.stringify({ ...device, switchKind: "relay", closesBy: "direct" }),
    },
    ...{ new_number: null, new_meter: null, how: null, close_wh: null, close_source: null, note: "", open_wh: null },
    ...{ carry_wh: null, books_wh: null, difference_wh: 0, difference_e4: 0, debt_e4: 0, clear_command_id: null },
    ...{ load_command_id: null, approval_id: null, reason: "", created_by: "test", created_at: 1, swapped_at: null },
    ...{ swapped_by: null, done_at: null, updated_at: 1, version: 0 },
  };
}
