import { assert } from "#base/errors.ts";
import { later } from "#base/time.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { loadOf } from "#domain/exchange.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { exchangeRow, exchangesWaiting, moveExchange } from "#store/devices.ts";
import { changeMeterState, claimMeterState, meterToAct } from "#store/meters.ts";
import type { MeterExchangeTable } from "#store/schema-devices.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { tellExchange } from "./exchange.ts";
import { WH_PER_STEP } from "./refund-plan.ts";
import { tellModeOfNewMeter } from "./tell-mode.ts";

/**
 * Looks at every exchange whose new meter was not heard of yet, and goes on with those that were: its own purchase count is taken over, and it is told
 * what it is to hold. By state: may stop or repeat anywhere. Says how many went on.
 */
export async function advanceExchanges(ctx: FlowContext): Promise<number> {
  let moved = 0;
  for (const exchangeNo of await exchangesWaiting(ctx.db.read)) {
    if (await decide(ctx.db, (tx) => advance(ctx, tx, exchangeNo))) moved++;
  }
  return moved;
}

async function advance(ctx: FlowContext, tx: Tx, exchangeNo: string): Promise<boolean> {
  const seen = await exchangeRow(tx, exchangeNo);
  if (seen?.state !== "reading" || seen.swapped_at === null) return false;
  const state = await claimMeterState(tx, seen.meter_id);
  const row = await exchangeRow(tx, exchangeNo);
  if (row?.state !== "reading" || row.swapped_at === null) return false;
  const facts = {
    swappedAt: row.swapped_at,
    indexAt: state.index_at,
    isDoubted: state.suspect_wh !== null || state.rejected_wh !== null,
    countAt: row.credit_at === "meter" ? state.purchase_count_read_at : Number.MAX_SAFE_INTEGER,
    count: row.credit_at === "meter" ? state.purchase_count_read : 0,
    remainingAt: row.credit_at === "meter" ? state.remaining_at : Number.MAX_SAFE_INTEGER,
    remainingWh: row.credit_at === "meter" ? state.remaining_wh : 0,
  };
  const load = loadOf(row.credit_at === "meter" ? (row.carry_wh ?? 0) : 0, facts);
  const now = ctx.clock();
  if (typeof load === "string") {
    if (load !== row.state_reason)
      await moveExchange(tx, row, { to: "reading", change: { state_reason: load }, at: now });
    return false;
  }
  if (row.credit_at === "meter") {
    await changeMeterState(tx, {
      meterId: row.meter_id,
      version: state.version,
      change: { purchase_count: load.count, changed_at: now },
    });
  }
  if (load.loadWh === 0) {
    await endExchange(ctx, tx, row);
    return true;
  }
  const meter = await meterToAct(tx, SCOPE_ALL, row.meter_id);
  assert(meter?.account_number != null, "credit in a meter has an account");
  const id = ctx.newId(now);
  await addCommand(tx, {
    id,
    idem_key: `exchange:${row.exchange_no}:load:${row.version}`,
    meter_id: row.meter_id,
    concentrator_id: meter.concentrator_id,
    kind: "top_up",
    cause: "exchange",
    priority: priority.top_up,
    payload: JSON.stringify({ amount: load.loadWh / WH_PER_STEP, customer: meter.account_number }),
    order_no: null,
    reason: row.reason,
    requested_by: row.swapped_by ?? row.created_by,
    expires_at: later(now, expiryMs.top_up),
    created_at: now,
  });
  await moveExchange(tx, row, { to: "loading", change: { load_command_id: id }, at: now });
  return true;
}

/** The new meter holds what it should: the meter may be recharged again, and is told its mode where that is not the one it came with. */
export async function endExchange(ctx: FlowContext, tx: Tx, row: MeterExchangeTable): Promise<void> {
  const now = ctx.clock();
  await moveExchange(tx, row, { to: "done", at: now });
  const detail = { oldNumber: row.old_number, newNumber: row.new_number, carriedWh: row.carry_wh };
  await tellExchange(ctx, tx, row, { kind: "exchange_done", actor: "system", ip: "", now, detail });
  await tellModeOfNewMeter(ctx, tx, row);
}

/** Asks the new meter at once, so that nobody waits for its turn on the bus. */
export async function requestReadWithin(ctx: FlowContext, tx: Tx, row: MeterExchangeTable, by: string): Promise<void> {
  const now = ctx.clock();
  const { concentrator_id } = await tx
    .selectFrom("meter")
    .select("concentrator_id")
    .where("id", "=", row.meter_id)
    .executeTakeFirstOrThrow();
  await addCommand(tx, {
    id: ctx.newId(now),
    idem_key: `exchange:${row.exchange_no}:read:${row.version}`,
    meter_id: row.meter_id,
    concentrator_id,
    kind: "read",
    cause: "exchange",
    priority: priority.read,
    payload: "{}",
    order_no: null,
    reason: "",
    requested_by: by,
    expires_at: later(now, expiryMs.read),
    created_at: now,
  });
}
