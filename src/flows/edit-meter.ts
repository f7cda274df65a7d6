import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { MeterEdit, MeterMove, MeterProtocol } from "#contract/collection.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { hasMeterKey } from "#domain/meter-key.ts";
import type { Actor } from "#domain/permission.ts";
import { hasLoadGuard } from "#protocol/profiles.ts";
import { changeMeterArchive, ensureChannel, meterArchiveRow, metersBehind } from "#store/archive.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import { moveWaitingCommands, openCommandsOf, sentCommandsOf } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { openExchangeOfMeter, openModeChangeOf } from "#store/devices.ts";
import { addEvents } from "#store/events.ts";
import { activeRootVersion, meterKeyRow, setMeterKey } from "#store/keys.ts";
import { changeMeterState, claimMeterState } from "#store/meters.ts";
import { openMoveOutOfMeter } from "#store/move-outs.ts";
import { keepMemory } from "#store/past.ts";
import type { MeterTable } from "#store/schema-archive.ts";
import type { MeterStateTable } from "#store/schema-readings.ts";
import { auditArchive } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { demandItemSet } from "./edit-collection.ts";
import { moveLoadGuard, takeBackGuardOrders } from "./load-guard.ts";
import { demandPlace } from "./meter-place.ts";
import { checkProfile } from "./meter-profile.ts";

/** Renames a meter, gives it an item set of its own, or makes it the master meter (总表) of its box or area. */
export async function editMeter(
  ctx: FlowContext,
  actor: Actor,
  input: MeterEdit & { meterId: number; ip: string },
): Promise<void> {
  await decide(ctx.db, (tx) => renameMeter(ctx, tx, actor, input));
}

/** The same inside a transaction that does more than this. The item set, and what it is the master meter of, stay when left out. */
export async function renameMeter(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  input: Omit<MeterEdit, "itemSetId"> & { itemSetId?: number | null; meterId: number; ip: string },
): Promise<void> {
  const { meter, state } = await takeMeter(tx, actor, input);
  const itemSetId = input.itemSetId === undefined ? meter.item_set_id : input.itemSetId;
  await demandItemSet(tx, itemSetId, meter.project_id);
  const masterOf = input.masterOf === undefined ? meter.master_of : input.masterOf;
  if (masterOf === "box" && meter.box_id === null) throw new AppError("meter_not_in_box", { label: meter.label });
  await save(tx, meter, { label: input.label, item_set_id: itemSetId, master_of: masterOf });
  // Its tile is drawn anew.
  await changeMeterState(tx, { meterId: meter.id, version: state.version, change: { changed_at: ctx.clock() } });
  const after = { label: input.label, itemSetId, masterOf };
  await tell(ctx, tx, actor, meter, { action: "meter.edit", after, reason: "", ip: input.ip });
}

/**
 * The meter is spoken to in another way from now on (协议): another profile or address. Refused while anything is under way with it: what
 * was asked in one language would be judged in another. What its switch and its credit showed is forgotten until it is read anew, and arrears
 * are found anew, so nobody is cut off, and nothing paid back, by what another meter has said.
 */
export async function changeProtocol(
  ctx: FlowContext,
  actor: Actor,
  input: MeterProtocol & { meterId: number; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const { meter, state } = await takeMeter(tx, actor, input);
    await takeBackGuardOrders(tx, { meterId: meter.id, at: ctx.clock() });
    await demandQuiet(tx, meter.id);
    const moveOutNo = await openMoveOutOfMeter(tx, meter.id);
    if (moveOutNo !== null) throw new AppError("moving_out", { moveOutNo });
    const credit = await creditOf(tx, meter.account_id);
    checkProfile({
      number: meter.number,
      kind: meter.kind,
      creditAt: credit,
      purchaseCount: state.purchase_count,
      profile: input.profile,
      address: input.address,
      switchKind: input.switchKind,
      closesBy: input.closesBy,
    });
    const place = { concentratorId: meter.concentrator_id, bus: meter.bus, gatewayId: meter.gateway_id };
    const { address } = input;
    await demandPlace(tx, actor, { ...place, address, meterId: meter.id, projectId: meter.project_id });
    const at = ctx.clock();
    const change = {
      profile: input.profile,
      address,
      switch_kind: input.switchKind,
      closes_by: input.closesBy,
      // Whoever still listens for an answer in the old language is not believed.
      installation: meter.installation + 1,
    };
    await save(tx, meter, change);
    await changeMeterState(tx, {
      meterId: meter.id,
      version: state.version,
      change: {
        relay: null,
        relay_at: 0,
        status_word3: null,
        switch_fault: 0,
        // A model without a guard would never say that it has let go.
        ...(state.off_cause === "safety" && !hasLoadGuard(input.profile) && { off_cause: "unknown" as const }),
        ...(credit === "meter" && {
          remaining_wh: null,
          remaining_at: 0,
          purchase_count_read: null,
          purchase_count_read_at: 0,
        }),
        changed_at: at,
      },
    });
    if (meter.account_id !== null) await forgetArrears(tx, meter.account_id);
    await renewKey(tx, meter.id, input.profile, at);
    await moveLoadGuard(ctx, tx, {
      ...{ id: meter.id, concentratorId: meter.concentrator_id, profile: input.profile },
      ...{ cause: "operator", by: actor.login, now: at },
    });
    await tell(ctx, tx, actor, meter, { action: "meter.protocol", after: change, reason: input.reason, ip: input.ip });
  });
}

/** The meter hangs elsewhere from now on: another concentrator, bus or gateway. Commands that nobody has sent go with it. */
export async function moveMeter(
  ctx: FlowContext,
  actor: Actor,
  input: MeterMove & { meterId: number; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const { meter } = await takeMeter(tx, actor, input);
    // First, so that whoever is about to mark one of them sent finds his claim gone; one that was quicker is counted.
    await moveWaitingCommands(tx, { meterId: meter.id, concentratorId: input.concentratorId });
    if ((await sentCommandsOf(tx, meter.id)) > 0) throw new AppError("meter_busy");
    const behind = await metersBehind(tx, meter.id);
    if (behind > 0) throw new AppError("meter_is_gateway", { meters: behind });
    const { concentratorId, bus, gatewayId } = input;
    const place = { concentratorId, bus, gatewayId, address: meter.address };
    await demandPlace(tx, actor, { ...place, meterId: meter.id, projectId: meter.project_id });
    const at = ctx.clock();
    await ensureChannel(tx, { concentratorId, bus, by: actor.login, at });
    const change = {
      concentrator_id: concentratorId,
      bus,
      gateway_id: gatewayId,
      // An answer that the old way still brings is of no interest.
      installation: meter.installation + 1,
    };
    await save(tx, meter, change);
    await keepMemory(tx, { meterId: meter.id, from: meter.installation, to: change.installation });
    await archiveChanged(tx, [concentratorId]);
    await tell(ctx, tx, actor, meter, { action: "meter.move", after: change, reason: input.reason, ip: input.ip });
  });
}

/**
 * A meter in the actor's area that is in use, at the version that he saw, with its state taken: what it is read for is decided by how it
 * stands when nobody else can change it any more.
 */
export async function takeMeter(
  tx: Tx,
  actor: Actor,
  input: { meterId: number; version: number },
): Promise<{ meter: MeterTable; state: MeterStateTable }> {
  await meterSeen(tx, actor, input);
  const state = await claimMeterState(tx, input.meterId);
  // Once more: somebody may have moved in, or exchanged it, while this one waited for its turn.
  return { meter: await meterSeen(tx, actor, input), state };
}

async function meterSeen(tx: Tx, actor: Actor, input: { meterId: number; version: number }): Promise<MeterTable> {
  const meter = await meterArchiveRow(tx, actor.scope, input.meterId);
  if (!meter) throw new AppError("meter_not_found");
  if (meter.retired_at !== null) throw new AppError("meter_retired");
  if (meter.version !== input.version) throw new AppError("archive_changed", { what: meter.label });
  return meter;
}

/** Refuses while anything that was begun with a meter has not ended: commands, an exchange, a change of mode. */
export async function demandQuiet(tx: Tx, meterId: number): Promise<void> {
  const exchanging = await openExchangeOfMeter(tx, meterId);
  if (exchanging !== null) throw new AppError("exchanging", { exchangeNo: exchanging });
  const isBusy = (await openCommandsOf(tx, meterId)) > 0 || (await openModeChangeOf(tx, meterId)) !== null;
  if (isBusy) throw new AppError("meter_busy");
}

/** Writes the row, its history and the revision that collectors look at; refused when somebody else was first. */
async function save(tx: Tx, meter: MeterTable, change: Partial<Omit<MeterTable, "id" | "version">>): Promise<void> {
  if (!(await changeMeterArchive(tx, meter, change))) throw new AppError("archive_changed", { what: meter.label });
  await archiveChanged(tx, [meter.concentrator_id]);
}

/** One line in the history of the meter and one in the audit. */
export async function tell(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  meter: MeterTable,
  of: { action: AuditAction; after: object; reason: string; ip: string },
): Promise<void> {
  const at = ctx.clock();
  const detail = { by: actor.name };
  await addEvents(tx, [
    { id: ctx.newId(at), meterId: meter.id, at, kind: "archive_changed", severity: "info", detail },
  ]);
  const entry = { actor: actor.login, action: of.action, object: `meter:${meter.id}`, before: meter, after: of.after };
  await auditArchive(ctx, tx, { ...entry, reason: of.reason, ip: of.ip, at });
}

async function creditOf(tx: Tx, accountId: number | null): Promise<"meter" | "server"> {
  if (accountId === null) return "server";
  const row = await tx.selectFrom("account").select("credit_at").where("id", "=", accountId).executeTakeFirstOrThrow();
  return row.credit_at;
}

/** Whether an account is in arrears is evaluated from the beginning again, twice before anything is cut off. */
async function forgetArrears(tx: Tx, accountId: number): Promise<void> {
  await tx
    .updateTable("account")
    .set((eb) => ({ arrears_evaluations: 0, version: eb("version", "+", 1) }))
    .where("id", "=", accountId)
    .execute();
}

/** A model that has keys of ours begins with the active one; the collector asks it before it believes that. */
async function renewKey(tx: Tx, meterId: number, profile: string, at: Instant): Promise<void> {
  if (hasMeterKey(profile) && (await meterKeyRow(tx, meterId)) !== undefined) return;
  const version = hasMeterKey(profile) ? await activeRootVersion(tx) : null;
  await setMeterKey(tx, { meterId, version, at });
}
