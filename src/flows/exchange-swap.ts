import { AppError, assert } from "#base/errors.ts";
import { type Instant, instant } from "#base/time.ts";
import type { SwapRequest } from "#contract/devices.ts";
import { maySwap } from "#domain/exchange.ts";
import { hasMeterKey } from "#domain/meter-key.ts";
import type { Actor } from "#domain/permission.ts";
import { usedBetween } from "#domain/settlement.ts";
import { canSetMode } from "#protocol/profiles.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import { endOpenCommands, openCreditCommands } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addressOnBus, meterWithNumber, placesInScope } from "#store/device-pages.ts";
import { moveExchange } from "#store/devices.ts";
import { activeRootVersion, setMeterKey } from "#store/keys.ts";
import { type MeterStateChange, meterState, meterToAct } from "#store/meters.ts";
import type { MeterExchangeTable } from "#store/schema-devices.ts";
import { nextNumbers } from "#store/sequences.ts";
import { faultPoint } from "#system/fault-point.ts";
import { beginSegment, momentFor } from "./begin-segment.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { exchangeToAct, tellExchange } from "./exchange.ts";
import { requestReadWithin } from "./exchange-advance.ts";
import { bookCarry } from "./exchange-credit.ts";
import { closeIndexOf } from "./exchange-old.ts";
import { indexTyped } from "./index-typed.ts";
import { moveLoadGuard } from "./load-guard.ts";
import { demandRoom } from "./meter-place.ts";
import { checkProfile } from "./meter-profile.ts";

/**
 * Puts the new meter in the place of the old one (装新表): the old line is charged to its end and closed, the new one begins, the archive names the
 * new device, and nothing that was asked of the old one is believed any more. All in one transaction; again with the same
 * meter it changes nothing. What the new meter is to hold is loaded when it has answered.
 */
export async function swapMeter(
  ctx: FlowContext,
  actor: Actor,
  input: SwapRequest & { exchangeNo: string; ip: string },
): Promise<void> {
  await decide(ctx.db, (tx) => swap(ctx, tx, actor, input));
  faultPoint("swap:after-commit");
  ctx.log.info({ exchange: input.exchangeNo, number: input.number }, "meter swapped");
}

async function swap(ctx: FlowContext, tx: Tx, actor: Actor, input: SwapRequest & { exchangeNo: string; ip: string }) {
  const row = await exchangeToAct(tx, actor, input.exchangeNo);
  const isSame = row.new_number === input.number && row.open_wh === indexTyped(input.openIndex);
  if (row.swapped_at !== null && isSame) return;
  if (row.state === "open" && row.credit_at === "meter") throw new AppError("exchange_credit_in_meter");
  if (!maySwap({ state: row.state, creditAt: row.credit_at })) throw new AppError("exchange_step");
  const meter = await meterToAct(tx, actor.scope, row.meter_id);
  assert(meter !== undefined, "the meter is in the scope");
  if ((await openCreditCommands(tx, meter.id)) > 0) throw new AppError("exchange_busy");
  await nextNumbers(tx, `bus:${input.concentratorId}`); // two swaps to one place take turns
  await demandFits(tx, actor, meter, input);
  const now = ctx.clock();
  const state = await meterState(tx, meter.id);
  const closeWh = await closingIndex(tx, row, input, now);
  const openWh = indexTyped(input.openIndex);
  const at = momentFor(state, now);
  await endOpenCommands(tx, { meterId: meter.id, why: "exchanged", at: now });
  await beginSegment(ctx, tx, {
    meterId: meter.id,
    at,
    closeWh,
    openWh,
    ratio: input.ratio,
    cause: "exchange",
    reference: row.exchange_no,
    state: blankDevice(row.credit_at),
  });
  const carried = { ...row, carry_wh: carriedOver(row, closeWh) };
  const booked = row.credit_at === "meter" ? await bookCarry(ctx, tx, { row: carried, actor: actor.login, now }) : null;
  await enterDevice(tx, meter.id, input, now);
  const { concentratorId, profile } = input;
  await moveLoadGuard(ctx, tx, {
    id: meter.id,
    concentratorId,
    profile,
    cause: "exchange",
    by: actor.login,
    now: instant(now),
  });
  const moved = await moveExchange(tx, row, {
    to: "reading",
    change: {
      ...booked,
      carry_wh: carried.carry_wh,
      close_wh: closeWh,
      close_source: input.closeIndex === null ? (row.close_source ?? "read") : "typed",
      note: row.note === "" ? input.note : row.note,
      open_wh: openWh,
      new_number: input.number,
      new_meter: JSON.stringify(await newDevice(tx, input)),
      swapped_at: at,
      swapped_by: actor.login,
      state_reason: "no_answer",
    },
    at: now,
  });
  await requestReadWithin(ctx, tx, moved, actor.login);
  const detail = { oldNumber: row.old_number, newNumber: input.number, closeWh, openWh, ratio: input.ratio };
  await tellExchange(ctx, tx, row, { kind: "meter_swapped", actor: actor.login, ip: input.ip, now, detail });
  faultPoint("swap:before-commit");
}

/** What was stated stood in the meter at the index that was stated with it; what was used since is used. */
function carriedOver(row: MeterExchangeTable, closeWh: number): number | null {
  if (row.how !== "stated" || row.carry_wh === null || row.close_wh === null) return row.carry_wh;
  return Math.max(0, row.carry_wh - usedBetween(row.close_wh, closeWh));
}

/** The index at which the old line ends: typed now, stated before, or the last reading. */
async function closingIndex(tx: Tx, row: MeterExchangeTable, input: SwapRequest, now: Instant): Promise<number> {
  if (input.closeIndex !== null && input.note === "" && row.note === "") throw new AppError("exchange_note_required");
  if (input.closeIndex === null && row.how === "stated" && row.close_wh !== null) {
    // Stated before; a reading that came since may have gone beyond it.
    const state = await meterState(tx, row.meter_id);
    return Math.max(row.close_wh, state.index_wh ?? 0);
  }
  const fresh = row.how !== "stated";
  return closeIndexOf(tx, { meterId: row.meter_id, typed: input.closeIndex, now, fresh });
}

type Meter = NonNullable<Awaited<ReturnType<typeof meterToAct>>>;

/** Refuses a device that cannot be where it is said to be, or do what the meter must. */
async function demandFits(tx: Tx, actor: Actor, meter: Meter, input: SwapRequest): Promise<void> {
  const inUse = await meterWithNumber(tx, input.number);
  if (inUse !== null && inUse !== meter.id) throw new AppError("meter_number_taken", { number: input.number });
  const { concentratorId } = input;
  const isOwn = concentratorId === meter.concentrator_id || actor.scope.all;
  const isNear = isOwn || (await placesInScope(tx, actor.scope)).some(({ id }) => id === concentratorId);
  if (!isNear) throw new AppError("concentrator_not_found");
  const place = await demandRoom(tx, { meterId: meter.id, projectId: meter.project_id, concentratorId });
  const other = await addressOnBus(tx, input);
  if (other !== null && other.id !== meter.id) {
    throw new AppError("meter_address_taken", { address: input.address, label: other.label });
  }
  if (input.gatewayId !== null && !place.meterIds.includes(input.gatewayId)) throw new AppError("gateway_not_found");
  const creditAt = meter.credit_at ?? "server";
  if (creditAt === "meter" && input.ratio !== 1) throw new AppError("ratio_needs_server_credit");
  checkProfile({ ...input, kind: meter.kind, creditAt, purchaseCount: 0 });
  if (creditAt === "meter" && meter.mode !== "prepaid" && !canSetMode(input.profile)) {
    throw new AppError("mode_not_supported", { profile: input.profile });
  }
}

/** Nothing is known of a device that was just put in; what the server counts itself stays. */
function blankDevice(creditAt: "meter" | "server" | null): MeterStateChange {
  return {
    ...(creditAt === "meter" && { remaining_wh: null, remaining_at: 0, low_credit: 0 as const }),
    purchase_count: 0,
    purchase_count_read: null,
    purchase_count_read_at: 0,
    relay: null,
    relay_at: 0,
    relay_commanded: null,
    relay_commanded_at: 0,
    relay_commanded_for: null,
    off_cause: null,
    status_word3: null,
    switch_fault: 0,
    voltage_mv: null,
    current_ma: null,
    power_w: null,
    instant_at: 0,
    last_answer_at: 0,
    silent_rounds: 0,
    silent_at: 0,
    top_ups_stopped: 0,
    top_up_open: null,
  };
}

async function enterDevice(tx: Tx, meterId: number, input: SwapRequest, now: Instant): Promise<void> {
  await tx
    .updateTable("meter")
    .set((eb) => ({
      number: input.number,
      address: input.address,
      profile: input.profile,
      concentrator_id: input.concentratorId,
      bus: input.bus,
      gateway_id: input.gatewayId,
      switch_kind: input.switchKind,
      closes_by: input.closesBy,
      installation: eb("installation", "+", 1),
    }))
    .where("id", "=", meterId)
    .execute();
  await archiveChanged(tx, [input.concentratorId]);
  // A new meter knows its account's number, whoever rented before.
  await tx.deleteFrom("meter_customer_number").where("meter_id", "=", meterId).execute();
  const version = hasMeterKey(input.profile) ? await activeRootVersion(tx) : null;
  await setMeterKey(tx, { meterId, version, at: instant(now) });
}

async function newDevice(tx: Tx, input: SwapRequest) {
  const { number, address, profile, bus, ratio, switchKind, closesBy } = input;
  const concentrator = await tx
    .selectFrom("concentrator")
    .select("name")
    .where("id", "=", input.concentratorId)
    .executeTakeFirstOrThrow();
  return { number, address, profile, concentrator: concentrator.name, bus, ratio, switchKind, closesBy };
}
