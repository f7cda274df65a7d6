import { AppError, assert } from "#base/errors.ts";
import { type Instant, instant, later, MINUTE_MS } from "#base/time.ts";
import { cost, formatUnits, money, PER_UNIT, parseMoney, price, wh } from "#base/units.ts";
import { expiryMs, priority } from "#domain/command.ts";
import type { Actor } from "#domain/permission.ts";
import { registerPowerMaxW } from "#domain/reading.ts";
import { heldWh, takeBack } from "#domain/refund.ts";
import { usedBetween } from "#domain/settlement.ts";
import { canTakeBack } from "#protocol/profiles.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { exchangeRow, moveExchange } from "#store/devices.ts";
import { openLots } from "#store/lots.ts";
import { meterState, meterToAct } from "#store/meters.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { ApprovalEffect } from "./decide-approval.ts";
import { exchangeToAct, mayHaveCleared, tellExchange } from "./exchange.ts";
import { demandOnLine, indexTyped } from "./index-typed.ts";
import { askForApproval } from "./request-approval.ts";

/** How old a reading may be that an exchange rests on. */
export const READING_AGE_MAX_MS = 30 * MINUTE_MS;
/** More than any meter hoards. */
const UNITS_MAX = 500_000;

/**
 * Tells the old meter to give up its credit (清出余量), by the procedure of all credit commands: its purchase number proves that it did, and what
 * was left just before tells how much the new meter is owed. Again while it is under way: nothing new.
 */
export async function clearOldMeter(
  ctx: FlowContext,
  actor: Actor,
  input: { exchangeNo: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const row = await exchangeToAct(tx, actor, input.exchangeNo);
    if (row.how !== "stated" && (row.state === "clearing" || row.state === "cleared")) return;
    if (row.state !== "open" || row.credit_at !== "meter") throw new AppError("exchange_step");
    const meter = await meterToAct(tx, actor.scope, row.meter_id);
    assert(meter?.account_number != null, `meter ${row.meter_id} has an account`);
    if (!canTakeBack(meter.profile)) throw new AppError("exchange_cannot_clear");
    const now = ctx.clock();
    const id = ctx.newId(now);
    await addCommand(tx, {
      id,
      idem_key: `exchange:${row.exchange_no}:clear:${row.version}`,
      meter_id: row.meter_id,
      concentrator_id: meter.concentrator_id,
      kind: "clear",
      cause: "exchange",
      priority: priority.clear,
      payload: JSON.stringify({ amount: 0, customer: meter.account_number }),
      order_no: null,
      reason: row.reason,
      requested_by: actor.login,
      expires_at: later(now, expiryMs.clear),
      created_at: now,
    });
    await moveExchange(tx, row, { to: "clearing", change: { clear_command_id: id, how: "cleared" }, at: now });
  });
}

/**
 * States what the old meter held, where it cannot tell or be told: its last index and what was left, with what proves them. Above the limit a second
 * person is asked. Nothing is booked before the new meter is in.
 */
export async function stateOldMeter(
  ctx: FlowContext,
  actor: Actor,
  input: { exchangeNo: string; closeIndex: string | null; left: string; note: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const row = await exchangeToAct(tx, actor, input.exchangeNo);
    const carryWh = unitsStated(input.left);
    if (row.how === "stated" && (row.state === "asked" || row.state === "cleared") && row.carry_wh === carryWh) return;
    const isStuck = row.state === "stopped" && row.swapped_at === null;
    if (!(row.state === "open" || isStuck) || row.credit_at !== "meter") throw new AppError("exchange_step");
    if (input.note === "") throw new AppError("exchange_note_required");
    const now = ctx.clock();
    const closeWh = await closeIndexOf(tx, { meterId: row.meter_id, typed: input.closeIndex, now });
    const { booksWh, value } = await worthOf(tx, { meterId: row.meter_id, closeWh, carryWh });
    const meter = await meterToAct(tx, actor.scope, row.meter_id);
    assert(meter !== undefined, "the meter is in the scope");
    const approvalId = await askForApproval(
      ctx,
      tx,
      {
        kind: "exchange",
        object: `exchange:${row.exchange_no}:${row.version}`,
        meterId: row.meter_id,
        amount: value,
        summary: {
          exchangeNo: row.exchange_no,
          label: meter.label,
          customer: meter.customer_name ?? "",
          units: formatUnits(wh(carryWh)),
          books: formatUnits(wh(Math.max(0, booksWh))),
        },
        reason: `${row.reason}; ${input.note}`.slice(0, 200),
        by: actor.login,
        ip: input.ip,
      },
      now,
    );
    await moveExchange(tx, row, {
      to: approvalId === null ? "cleared" : "asked",
      change: {
        how: "stated",
        close_wh: closeWh,
        close_source: input.closeIndex === null ? "read" : "typed",
        note: input.note,
        carry_wh: carryWh,
        books_wh: booksWh,
        approval_id: approvalId,
      },
      at: now,
    });
    const detail = { statedWh: carryWh, booksWh, closeWh, note: input.note };
    await tellExchange(ctx, tx, row, { kind: "exchange_begun", actor: actor.login, ip: input.ip, now, detail });
  });
}

/** A second person agreed to what a dead meter is said to have held, or did not: then it may be stated otherwise. */
export const exchangeEffect: ApprovalEffect = {
  async approved(_ctx, tx, approval, { at }) {
    const row = await exchangeRow(tx, approval.object.split(":")[1] ?? "");
    assert(row?.state === "asked", `${approval.object} waits for its approval`);
    await moveExchange(tx, row, { to: "cleared", at });
  },
  async ended(_ctx, tx, approval, { at }) {
    const row = await exchangeRow(tx, approval.object.split(":")[1] ?? "");
    assert(row?.state === "asked", `${approval.object} waits for its approval`);
    const change = { state_reason: "rejected", how: null, carry_wh: null, approval_id: null };
    await moveExchange(tx, row, { to: (await mayHaveCleared(tx, row)) ? "stopped" : "open", change, at });
  },
};

/** The last index of the old line: as typed, held against the line; else the last good reading, which must be fresh unless the meter is dead. */
export async function closeIndexOf(
  tx: Tx,
  input: { meterId: number; typed: string | null; now: Instant; fresh?: boolean },
): Promise<number> {
  const state = await meterState(tx, input.meterId);
  if (input.typed === null) {
    if (state.index_wh === null) throw new AppError("exchange_index_required", { what: "" });
    if (input.fresh && input.now - state.index_at > READING_AGE_MAX_MS) throw new AppError("exchange_reading_old");
    return state.index_wh;
  }
  const indexWh = indexTyped(input.typed);
  const { power_max_w: powerMaxW, ratio } = await tx
    .selectFrom("meter")
    .select(["power_max_w", "ratio"])
    .where("id", "=", input.meterId)
    .executeTakeFirstOrThrow();
  const typed = { indexWh, at: instant(Math.max(input.now, state.index_at)) };
  demandOnLine(state, typed, registerPowerMaxW({ powerMaxW, ratio }));
  return indexWh;
}

/** What the books will have left when everything up to the last index is charged, and what the stated units are worth. */
async function worthOf(tx: Tx, input: { meterId: number; closeWh: number; carryWh: number }) {
  const state = await meterState(tx, input.meterId);
  const lots = await openLots(tx, input.meterId);
  const usedWh = state.settled_index_wh === null ? 0 : usedBetween(state.settled_index_wh, input.closeWh);
  const booksWh = heldWh(lots) - usedWh;
  const covered = takeBack(lots, Math.min(input.carryWh, heldWh(lots)));
  const meter = await tx
    .selectFrom("meter")
    .select("price_e4")
    .where("id", "=", input.meterId)
    .executeTakeFirstOrThrow();
  const beyond = cost(wh(Math.max(0, input.carryWh - heldWh(lots))), price(meter.price_e4));
  return { booksWh, value: money(covered.value + beyond) };
}

function unitsStated(text: string): number {
  const hundredths = parseMoney(text.trim(), 2); // the same digits as money: 1/10000 of a unit
  if (hundredths === null || hundredths < 0 || hundredths > UNITS_MAX * 10_000)
    throw new AppError("exchange_units_invalid");
  return (hundredths * PER_UNIT) / 10_000;
}
