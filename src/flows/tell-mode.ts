import { assert } from "#base/errors.ts";
import { dayOf, type Instant, later } from "#base/time.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { tripsItself } from "#domain/meter-mode.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { MODE_AMOUNT } from "#protocol/profiles.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { meterToAct } from "#store/meters.ts";
import { insertIgnore } from "#store/portable.ts";
import type { MeterExchangeTable, ModeChangeTable } from "#store/schema-devices.ts";
import { nextNumbers } from "#store/sequences.ts";
import type { FlowContext } from "./context.ts";

/** The command that tells a meter whether it trips by its credit. It takes the next purchase number, so an old one cannot be played again. */
export async function addModeCommand(ctx: FlowContext, tx: Tx, change: ModeChangeTable): Promise<string> {
  const meter = await meterToAct(tx, SCOPE_ALL, change.meter_id);
  assert(meter?.account_number != null, `meter ${change.meter_id} has an account`);
  const now: Instant = ctx.clock();
  const id = ctx.newId(now);
  const amount = tripsItself(change.mode_to) ? MODE_AMOUNT.trips : MODE_AMOUNT.counts;
  await addCommand(tx, {
    id,
    idem_key: `mode:${change.change_no}`,
    meter_id: change.meter_id,
    concentrator_id: meter.concentrator_id,
    kind: "set_mode",
    cause: "mode",
    priority: priority.set_mode,
    payload: JSON.stringify({ amount, customer: meter.account_number }),
    order_no: null,
    reason: change.reason,
    requested_by: change.created_by,
    expires_at: later(now, expiryMs.set_mode),
    created_at: now,
  });
  return id;
}

/** A meter from the shelf trips by its credit: one that takes the place of a postpaid or public one is told so. */
export async function tellModeOfNewMeter(ctx: FlowContext, tx: Tx, exchange: MeterExchangeTable): Promise<void> {
  const meter = await meterToAct(tx, SCOPE_ALL, exchange.meter_id);
  if (meter?.credit_at !== "meter" || tripsItself(meter.mode)) return;
  const now = ctx.clock();
  const n = await nextNumbers(tx, "mode_change");
  const row: ModeChangeTable = {
    change_no: `M${dayOf(now).replaceAll("-", "")}${String(n).padStart(6, "0")}`,
    idem_key: `exchange:${exchange.exchange_no}:mode`,
    request_hash: "",
    project_id: meter.project_id,
    meter_id: meter.id,
    open_meter_id: meter.id,
    state: "telling",
    state_reason: "",
    mode_from: meter.mode,
    mode_to: meter.mode,
    command_id: null,
    reason: exchange.reason,
    created_by: exchange.swapped_by ?? exchange.created_by,
    created_at: now,
    done_at: null,
    updated_at: now,
  };
  const command_id = await addModeCommand(ctx, tx, row);
  await insertIgnore(tx, "mode_change", [{ ...row, command_id }], ["idem_key"]);
}
