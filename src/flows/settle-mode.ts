import { assert } from "#base/errors.ts";
import { instant } from "#base/time.ts";
import { price } from "#base/units.ts";
import { postedTransfer } from "#domain/ledger.ts";
import { consume } from "#domain/lots.ts";
import { isLowCredit } from "#domain/low-credit.ts";
import { tripsItself } from "#domain/meter-mode.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import type { Tx } from "#store/db.ts";
import { modeChangeOfCommand, moveModeChange } from "#store/devices.ts";
import { addEvents } from "#store/events.ts";
import { bookTransfer } from "#store/ledger.ts";
import { addOveruse, heldUnits, openLots, overuseOf, saveLots } from "#store/lots.ts";
import { changeMeterState, meterState, meterToAct } from "#store/meters.ts";
import type { ModeChangeTable } from "#store/schema-devices.ts";
import { finish, type Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { reconnectMeter } from "./reconnect.ts";
import { showServerCredit } from "./server-credit.ts";
import { settleWithin } from "./settle-usage.ts";

/** What a meter showed when it was read back: what is left now. */
type Shown = { remainingWh: number | null };

/** The meter took the change and shows it: now the archive follows. */
export async function confirmMode(ctx: FlowContext, tx: Tx, at: Settling, shown: Shown): Promise<void> {
  const { change, command, now } = await load(tx, at);
  assert(command.purchase_number !== null, "what the meter confirms was sent with a number");
  const state = await meterState(tx, change.meter_id);
  assert(state.purchase_count === command.purchase_number - 1, `meter ${change.meter_id} confirms its next number`);
  await changeMeterState(tx, {
    meterId: change.meter_id,
    version: state.version,
    change: { purchase_count: command.purchase_number, top_up_open: null, changed_at: now },
  });
  await applyMode(ctx, tx, change, shown);
}

/**
 * The mode of a meter changes: what was used until now is charged by the mode of until now, alarms and evaluations begin anew, and one that was off for
 * arrears comes back when it is not to be cut off for them any more.
 */
export async function applyMode(ctx: FlowContext, tx: Tx, change: ModeChangeTable, shown: Shown): Promise<void> {
  const now = ctx.clock();
  const { meter_id: meterId, mode_from: from, mode_to: to } = change;
  await settleWithin(ctx, tx, [meterId]);
  await tx.updateTable("meter").set({ mode: to }).where("id", "=", meterId).execute();
  const meter = await meterToAct(tx, SCOPE_ALL, meterId);
  assert(meter !== undefined, "the meter is there");
  if (from === "public" && to !== "public") await bookPublicUse(ctx, tx, change, shown);
  if (meter.credit_at === "server" && meter.account_id !== null) {
    await tx
      .updateTable("account")
      .set((eb) => ({ arrears_evaluations: 0, version: eb("version", "+", 1) }))
      .where("id", "=", meter.account_id)
      .execute();
    const { remaining_at } = await meterState(tx, meterId);
    await showServerCredit(tx, { accountId: meter.account_id, at: instant(remaining_at), now });
  } else await showAlarm(tx, meterId, to, now);
  if (!tripsItself(to)) {
    const cause = `mode:${change.change_no}`;
    await reconnectMeter(ctx, tx, { cause, orderNo: null, meterId, actor: change.created_by, now });
  }
  const isTold = await modeRow(tx, change.change_no);
  if (isTold) await moveModeChange(tx, change, { to: "done", at: now });
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId,
      at: now,
      kind: "mode_changed",
      severity: "info",
      detail: { from, to, by: change.created_by, reason: change.reason },
    },
  ]);
}

async function modeRow(tx: Tx, changeNo: string): Promise<boolean> {
  const row = await tx
    .selectFrom("mode_change")
    .select("change_no")
    .where("change_no", "=", changeNo)
    .executeTakeFirst();
  return row !== undefined;
}

async function showAlarm(tx: Tx, meterId: number, mode: ModeChangeTable["mode_to"], now: number): Promise<void> {
  const state = await meterState(tx, meterId);
  const { low_credit_wh } = await tx
    .selectFrom("meter")
    .select("low_credit_wh")
    .where("id", "=", meterId)
    .executeTakeFirstOrThrow();
  const low =
    state.remaining_wh !== null && isLowCredit({ mode, remainingWh: state.remaining_wh, limitWh: low_credit_wh });
  const change = { low_credit: low ? (1 as const) : (0 as const), changed_at: now };
  await changeMeterState(tx, { meterId, version: state.version, change });
}

/**
 * While it was public nobody was charged, and the meter counted on: what is missing in it now is taken over into the books when it counts for a customer
 * again, so that both say the same. He has been shown how much it is before it was confirmed.
 */
async function bookPublicUse(ctx: FlowContext, tx: Tx, change: ModeChangeTable, shown: Shown): Promise<void> {
  const meterId = change.meter_id;
  if (shown.remainingWh === null) return;
  const over = await overuseOf(tx, meterId);
  const usedWh = (await heldUnits(tx, meterId)) - (over?.wh ?? 0) - shown.remainingWh;
  if (usedWh <= 0) return;
  const meter = await tx
    .selectFrom("meter")
    .select(["price_e4", "project_id"])
    .where("id", "=", meterId)
    .executeTakeFirstOrThrow();
  const now = ctx.clock();
  const taken = consume(await openLots(tx, meterId), usedWh, price(meter.price_e4));
  await saveLots(tx, taken.changed);
  if (taken.overuseWh > 0) {
    const overuse = { id: ctx.newId(now), meterId, wh: taken.overuseWh, e4: taken.overuseCost, at: now };
    await addOveruse(tx, overuse);
  }
  if (taken.value === 0) return;
  await bookTransfer(
    tx,
    postedTransfer({
      id: `mode:${change.change_no}`,
      kind: "usage",
      from: { kind: "meter_credit", ref: meterId },
      to: { kind: "revenue", ref: meter.project_id },
      amount: taken.value,
      actor: change.created_by,
      meterId,
      memo: `${usedWh} Wh`,
    }),
    now,
  );
}

/** The meter refused for good: it does what it did, and the archive says so. */
export async function refuseMode(ctx: FlowContext, tx: Tx, at: Settling, reason: string): Promise<void> {
  const { change, now } = await load(tx, at);
  const state = await meterState(tx, change.meter_id);
  await changeMeterState(tx, {
    meterId: change.meter_id,
    version: state.version,
    change: { top_up_open: null, changed_at: now },
  });
  await moveModeChange(tx, change, { to: "refused", reason, at: now });
  await tellRefused(ctx, tx, change, { reason });
}

/** The meter contradicts the books, or took the number and shows the other mode: a person must look. */
export async function stopMode(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  why: { reason: string; countShown: number | null },
): Promise<void> {
  const { change, now } = await load(tx, at);
  const state = await meterState(tx, change.meter_id);
  const counts = { countShown: why.countShown, countBooked: state.purchase_count };
  await finish(tx, at.claimed, { state: "stopped", reason: why.reason, at: now, result: counts });
  await changeMeterState(tx, {
    meterId: change.meter_id,
    version: state.version,
    change: { top_ups_stopped: 1, changed_at: now },
  });
  await moveModeChange(tx, change, { to: "stopped", reason: why.reason, at: now });
  await tellRefused(ctx, tx, change, { reason: why.reason, ...counts });
}

async function tellRefused(
  ctx: FlowContext,
  tx: Tx,
  change: ModeChangeTable,
  detail: Record<string, string | number | null>,
): Promise<void> {
  const now = ctx.clock();
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: change.meter_id,
      at: now,
      kind: "mode_refused",
      severity: "alarm",
      detail: { from: change.mode_from, to: change.mode_to, ...detail },
    },
  ]);
}

async function load(tx: Tx, at: Settling) {
  const change = await modeChangeOfCommand(tx, at.claimed.id);
  assert(change !== undefined, `command ${at.claimed.id} belongs to a change of mode`);
  return { ...at, change };
}
