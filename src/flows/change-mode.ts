import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant, instant } from "#base/time.ts";
import { formatMoney, formatUnits, money, wh } from "#base/units.ts";
import type { ModePreview, ModeRequest } from "#contract/devices.ts";
import { type MeterMode, supplyAfter, tripsItself } from "#domain/meter-mode.ts";
import type { Actor } from "#domain/permission.ts";
import { canSetMode, provesSwitch } from "#protocol/profiles.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { openExchangeOfMeter, openModeChangeOf } from "#store/devices.ts";
import { heldUnits } from "#store/lots.ts";
import { meterState, meterToAct } from "#store/meters.ts";
import { openMoveOutOfMeter } from "#store/move-outs.ts";
import { openOrders } from "#store/orders.ts";
import { insertIgnore } from "#store/portable.ts";
import type { ModeChangeTable } from "#store/schema-devices.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { refuseToMember } from "./group-guard.ts";
import { linkRefusal } from "./link-risk.ts";
import { takeTurn } from "./refund.ts";
import { applyMode } from "./settle-mode.ts";
import { noCutUntil, standingOf } from "./standing.ts";
import { addModeCommand } from "./tell-mode.ts";

type Meter = NonNullable<Awaited<ReturnType<typeof meterToAct>>>;

/** What a change of mode would do, decided by the very code that carries it out; what stands against it is told, not thrown. */
export async function previewMode(
  ctx: FlowContext,
  actor: Actor,
  input: { meterId: number; to: MeterMode },
): Promise<ModePreview> {
  const tx = ctx.db.read;
  const meter = await meterToAct(tx, actor.scope, input.meterId);
  if (!meter) throw new AppError("meter_not_found");
  const after = await consequences(tx, meter, input.to, ctx.clock());
  const refusal = await refusalOf(() => demandPossible(tx, meter, input.to));
  return {
    from: meter.mode,
    to: input.to,
    creditAt: meter.credit_at,
    toldToMeter: isTold(meter, input.to),
    supply: after.supply.supply,
    how: after.supply.supply === "goes_off" ? after.supply.how : null,
    noCutUntil: after.noCutUntil,
    balance: after.balance === null ? null : formatMoney(money(after.balance)),
    remainingWh: meter.remaining_wh,
    asOf: meter.remaining_at,
    obstacle: refusal?.code ?? null,
    obstacleDetails: refusal?.details ?? {},
  };
}

/**
 * Switches a meter between prepaid, postpaid and public (模式切换). Where the meter counts its credit itself it is told, and the archive follows when it
 * has shown it; else the archive changes at once. A change that cuts supply off for arrears must be confirmed. What was used until now
 * is charged by the mode of until now. The same key again answers with the same change.
 */
export async function changeMode(
  ctx: FlowContext,
  actor: Actor,
  input: ModeRequest & { meterId: number; ip: string },
): Promise<{ changeNo: string; created: boolean }> {
  const done = await decide(ctx.db, (tx) => change(ctx, tx, actor, input));
  if (done.created) ctx.log.info({ change: done.changeNo, meter: input.meterId, to: input.to }, "mode asked for");
  return done;
}

async function change(ctx: FlowContext, tx: Tx, actor: Actor, input: ModeRequest & { meterId: number; ip: string }) {
  const requestHash = `${input.meterId}|${input.to}`;
  const seen = await meterToAct(tx, actor.scope, input.meterId);
  if (!seen) throw new AppError("meter_not_found");
  await takeTurn(tx, { meterId: seen.id, customerId: seen.customer_id });
  const earlier = await tx
    .selectFrom("mode_change")
    .select(["change_no", "request_hash"])
    .where("idem_key", "=", input.key)
    .executeTakeFirst();
  if (earlier) {
    if (earlier.request_hash !== requestHash) throw new AppError("mode_key_conflict");
    return { changeNo: earlier.change_no, created: false };
  }
  const meter = await meterToAct(tx, actor.scope, input.meterId);
  assert(meter !== undefined, "the meter is there");
  await demandPossible(tx, meter, input.to);
  const now = ctx.clock();
  const after = await consequences(tx, meter, input.to, now);
  if (after.supply.supply === "goes_off" && !input.confirmed) throw new AppError("mode_needs_confirmation");
  const n = await nextNumbers(tx, "mode_change");
  const row: ModeChangeTable = {
    change_no: `M${dayOf(now).replaceAll("-", "")}${String(n).padStart(6, "0")}`,
    idem_key: input.key,
    request_hash: requestHash,
    project_id: meter.project_id,
    meter_id: meter.id,
    open_meter_id: meter.id,
    state: "telling",
    state_reason: "",
    mode_from: meter.mode,
    mode_to: input.to,
    command_id: null,
    reason: input.reason,
    created_by: actor.login,
    created_at: now,
    done_at: null,
    updated_at: now,
  };
  const command_id = isTold(meter, input.to) ? await addModeCommand(ctx, tx, row) : null;
  const fresh = await insertIgnore(tx, "mode_change", [{ ...row, command_id }], ["idem_key"]);
  if (fresh === 0) throw new Stale(`mode_change ${input.key}`);
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: "meter.mode",
    object: `meter:${meter.id}`,
    before: { mode: meter.mode },
    after: { mode: input.to, change: row.change_no, supply: after.supply.supply },
    reason: input.reason,
    ip: input.ip,
  });
  if (command_id === null) await applyMode(ctx, tx, { ...row, command_id }, { remainingWh: null });
  return { changeNo: row.change_no, created: true };
}

/** A meter that counts its own credit is told when it is to trip by it, or not any more. */
function isTold(meter: Meter, to: MeterMode): boolean {
  return meter.credit_at === "meter" && tripsItself(meter.mode) !== tripsItself(to);
}

async function demandPossible(tx: Tx, meter: Meter, to: MeterMode): Promise<void> {
  if (meter.mode === to) throw new AppError("mode_unchanged");
  await refuseToMember(tx, meter.id);
  const exchanging = await openExchangeOfMeter(tx, meter.id);
  if (exchanging !== null) throw new AppError("exchanging", { exchangeNo: exchanging });
  const moving = await openMoveOutOfMeter(tx, meter.id);
  if (moving !== null) throw new AppError("moving_out", { moveOutNo: moving });
  if ((await openModeChangeOf(tx, meter.id)) !== null) throw new AppError("mode_change_open");
  if (meter.credit_at !== "meter") return;
  if (isTold(meter, to) && !canSetMode(meter.profile)) {
    throw new AppError("mode_not_supported", { profile: meter.profile });
  }
  if (meter.top_ups_stopped === 1) throw new AppError("top_ups_stopped");
  // A public meter uses up whatever is in it, and nobody is charged: that must not be a customer's.
  const leftWh = Math.max(meter.remaining_wh ?? 0, await heldUnits(tx, meter.id));
  if (to === "public" && (leftWh > 0 || (await openOrders(tx, meter.id)) > 0)) {
    throw new AppError("mode_public_with_credit", { units: formatUnits(wh(Math.max(0, leftWh))) });
  }
}

async function consequences(tx: Tx, meter: Meter, to: MeterMode, now: Instant) {
  const state = await meterState(tx, meter.id);
  const onServer = meter.credit_at === "server" && meter.account_id !== null;
  const standing = onServer ? await standingOf(tx, meter.account_id ?? 0) : null;
  const until = (await noCutUntil(tx, [meter.id], instant(now))).get(meter.id) ?? null;
  const mayTrip = (await linkRefusal(tx, meter.id, "trip")) === null;
  const supply = supplyAfter({
    to,
    creditAt: meter.credit_at,
    left: standing === null ? meter.remaining_wh : standing.balance + standing.overdraftE4,
    isOffForArrears: state.relay !== "closed" && state.off_cause === "arrears",
    hasSwitch: meter.switch_kind !== "none",
    guarded: meter.supply_guard === 1,
    switchProved: provesSwitch(meter.profile) && state.switch_fault === 0 && mayTrip,
    noCut: until !== null,
  });
  return { supply, balance: standing?.balance ?? null, noCutUntil: until };
}

async function refusalOf(doing: () => Promise<void>): Promise<AppError | null> {
  try {
    await doing();
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
