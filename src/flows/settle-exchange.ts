import { AppError, assert } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import { reopenStopped } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { exchangeOfCommand, moveExchange } from "#store/devices.ts";
import { changeMeterState, claimMeterState, meterState } from "#store/meters.ts";
import type { MeterExchangeTable } from "#store/schema-devices.ts";
import { finish, type Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { exchangeToAct, tellExchange } from "./exchange.ts";
import { endExchange } from "./exchange-advance.ts";
import { reconnectMeter } from "./reconnect.ts";

/**
 * A meter of an exchange has done what it was told: the old one gave up `clearedWh`, which is what the new one is owed; or the new one holds it
 * now, and the exchange is over.
 */
export async function confirmExchange(ctx: FlowContext, tx: Tx, at: Settling, clearedWh: number): Promise<void> {
  const { row, command, now } = await load(tx, at);
  assert(command.purchase_number !== null, "what the meter confirms was sent with a number");
  const state = await meterState(tx, row.meter_id);
  assert(state.purchase_count === command.purchase_number - 1, `meter ${row.meter_id} confirms its next number`);
  await changeMeterState(tx, {
    meterId: row.meter_id,
    version: state.version,
    change: { purchase_count: command.purchase_number, top_up_open: null, changed_at: now },
  });
  if (isClear(row, at)) {
    const moved = await moveExchange(tx, row, { to: "cleared", change: { carry_wh: clearedWh }, at: now });
    const told = { kind: "exchange_begun" as const, actor: "meter", ip: "", now };
    await tellExchange(ctx, tx, moved, { ...told, detail: { clearedWh } });
    return;
  }
  await endExchange(ctx, tx, row);
  // A new meter comes off the shelf open: it had no credit. The customer has.
  const cause = `exchange:${row.exchange_no}`;
  await reconnectMeter(ctx, tx, { cause, orderNo: null, meterId: row.meter_id, actor: "system", now });
}

/** The meter refused for good and its count did not move: the old one still has its credit; the new one waits for a person. */
export async function refuseExchange(ctx: FlowContext, tx: Tx, at: Settling, reason: string): Promise<void> {
  const { row, now } = await load(tx, at);
  const state = await meterState(tx, row.meter_id);
  await changeMeterState(tx, {
    meterId: row.meter_id,
    version: state.version,
    change: { top_up_open: null, changed_at: now },
  });
  const detail = { reason };
  if (isClear(row, at)) {
    const change = { clear_command_id: null, how: null, state_reason: reason };
    await moveExchange(tx, row, { to: "open", change, at: now });
  } else {
    await moveExchange(tx, row, { to: "stopped", change: { state_reason: reason }, at: now });
  }
  await tellExchange(ctx, tx, row, { kind: "exchange_stopped", actor: "meter", ip: "", now, detail });
}

/** The meter's count contradicts ours: nothing more is sent to it until a person has looked. */
export async function stopExchange(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  why: { reason: string; countShown: number | null },
): Promise<void> {
  const { row, now } = await load(tx, at);
  const state = await meterState(tx, row.meter_id);
  const counts = { countShown: why.countShown, countBooked: state.purchase_count };
  await finish(tx, at.claimed, { state: "stopped", reason: why.reason, at: now, result: counts });
  await changeMeterState(tx, {
    meterId: row.meter_id,
    version: state.version,
    change: { top_ups_stopped: 1, changed_at: now },
  });
  await moveExchange(tx, row, { to: "stopped", change: { state_reason: why.reason }, at: now });
  const told = { kind: "exchange_stopped" as const, actor: "meter", ip: "", now };
  await tellExchange(ctx, tx, row, { ...told, detail: { reason: why.reason, ...counts } });
}

/**
 * Lets a stopped exchange be looked at again after somebody was at the meter: its purchase count is read anew, and only that decides. A new
 * meter that refused is told again, with the same number.
 */
export async function recheckExchange(
  ctx: FlowContext,
  actor: Actor,
  input: { exchangeNo: string; reason: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const row = await exchangeToAct(tx, actor, input.exchangeNo);
    if (row.state !== "stopped") throw new AppError("exchange_step");
    const now = ctx.clock();
    const commandId = row.load_command_id ?? row.clear_command_id;
    assert(commandId !== null, "a stopped exchange has a command");
    // One that was refused has ended: the meter is looked at and told anew, with a new number.
    const isOver = !(await reopenStopped(tx, { commandId, at: now }));
    const state = await claimMeterState(tx, row.meter_id);
    await changeMeterState(tx, {
      meterId: row.meter_id,
      version: state.version,
      change: { top_ups_stopped: 0, changed_at: now },
    });
    const under = row.load_command_id === null ? ("clearing" as const) : ("loading" as const);
    if (isOver) await moveExchange(tx, row, { to: "reading", change: { load_command_id: null }, at: now });
    else await moveExchange(tx, row, { to: under, at: now });
    const told = { kind: "exchange_begun" as const, actor: actor.login, ip: input.ip, now };
    await tellExchange(ctx, tx, row, { ...told, detail: { recheck: input.reason } });
  });
}

function isClear(row: MeterExchangeTable, at: Settling): boolean {
  return row.clear_command_id === at.claimed.id;
}

async function load(tx: Tx, at: Settling) {
  const row = await exchangeOfCommand(tx, at.claimed.id);
  assert(row !== undefined, `command ${at.claimed.id} belongs to an exchange`);
  return { ...at, row };
}
