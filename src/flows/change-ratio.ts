import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant, instant } from "#base/time.ts";
import { NO_MONEY } from "#base/units.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { registerPowerMaxW } from "#domain/reading.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { moveRatioChange, openExchangeOfMeter, openRatioChangeOf, ratioChangeRow } from "#store/devices.ts";
import { addEvents } from "#store/events.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import { insertIgnore } from "#store/portable.ts";
import type { RatioChangeTable } from "#store/schema-devices.ts";
import { nextNumbers } from "#store/sequences.ts";
import { beginSegment, momentFor } from "./begin-segment.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { ApprovalEffect } from "./decide-approval.ts";
import { demandOnLine, indexTyped } from "./index-typed.ts";
import { askForApproval } from "./request-approval.ts";

type Asking = { key: string; meterId: number; ratio: number; reason: string; ip: string };

/**
 * Asks that a meter be charged by another ratio of its transformers (变比变更). Nothing changes yet: a second person agrees first, then somebody
 * at the meter carries it out. The same key again answers with the same change.
 */
export async function requestRatio(ctx: FlowContext, actor: Actor, input: Asking) {
  const done = await decide(ctx.db, (tx) => request(ctx, tx, actor, input));
  if (done.created)
    ctx.log.info({ change: done.changeNo, meter: input.meterId, ratio: input.ratio }, "ratio asked for");
  return done;
}

async function request(ctx: FlowContext, tx: Tx, actor: Actor, input: Asking) {
  const requestHash = `${input.meterId}|${input.ratio}`;
  const meter = await meterToAct(tx, actor.scope, input.meterId);
  if (!meter) throw new AppError("meter_not_found");
  await claimMeterState(tx, meter.id);
  const earlier = await tx
    .selectFrom("ratio_change")
    .select(["change_no", "request_hash"])
    .where("idem_key", "=", input.key)
    .executeTakeFirst();
  if (earlier) {
    if (earlier.request_hash !== requestHash) throw new AppError("mode_key_conflict");
    return { changeNo: earlier.change_no, created: false };
  }
  demandRatio(meter, input.ratio);
  const exchanging = await openExchangeOfMeter(tx, meter.id);
  if (exchanging !== null) throw new AppError("exchanging", { exchangeNo: exchanging });
  const open = await openRatioChangeOf(tx, meter.id);
  if (open !== null) throw new AppError("ratio_change_open", { changeNo: open });
  const now = ctx.clock();
  const changeNo = `B${dayOf(now).replaceAll("-", "")}${String(await nextNumbers(tx, "ratio_change")).padStart(6, "0")}`;
  const approvalId = await askForApproval(
    ctx,
    tx,
    {
      kind: "ratio",
      object: `ratio:${changeNo}`,
      meterId: meter.id,
      amount: NO_MONEY,
      summary: { label: meter.label, number: meter.number, ratioFrom: meter.ratio, ratioTo: input.ratio },
      reason: input.reason,
      by: actor.login,
      ip: input.ip,
    },
    now,
  );
  const row: RatioChangeTable = {
    change_no: changeNo,
    idem_key: input.key,
    request_hash: requestHash,
    project_id: meter.project_id,
    meter_id: meter.id,
    open_meter_id: meter.id,
    state: approvalId === null ? "approved" : "requested",
    ratio_from: meter.ratio,
    ratio_to: input.ratio,
    index_wh: null,
    index_at: null,
    approval_id: approvalId,
    reason: input.reason,
    created_by: actor.login,
    created_at: now,
    done_by: null,
    done_at: null,
    updated_at: now,
  };
  assert((await insertIgnore(tx, "ratio_change", [row], ["idem_key"])) === 1, "the meter's row was taken first");
  await audit(ctx, tx, row, { action: "ratio.request", actor: actor.login, reason: input.reason, ip: input.ip, now });
  return { changeNo, created: true };
}

/** Refuses a ratio that the meter cannot be charged by. */
export function demandRatio(meter: { ratio: number; credit_at: "meter" | "server" | null }, ratio: number): void {
  if (ratio === meter.ratio) throw new AppError("ratio_unchanged");
  if (meter.credit_at === "meter" && ratio !== 1) throw new AppError("ratio_needs_server_credit");
}

/**
 * Carries out a change that was agreed upon: from the index typed in, as of now, or else from the latest good reading. What was used before is charged
 * by the old ratio, never again by the new one. Carrying it out again changes nothing.
 */
export async function carryOutRatio(
  ctx: FlowContext,
  actor: Actor,
  input: { changeNo: string; index: string | null; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const change = await visible(tx, actor, input.changeNo);
    const state = await claimMeterState(tx, change.meter_id);
    if (change.state === "done") return;
    if (change.state !== "approved") throw new AppError("approval_not_open");
    const meter = await meterToAct(tx, actor.scope, change.meter_id);
    assert(meter !== undefined, "the meter is in the scope");
    if (meter.ratio !== change.ratio_from) throw new AppError("approval_changed");
    demandRatio(meter, change.ratio_to);
    const now = ctx.clock();
    if (state.index_wh === null && input.index === null)
      throw new AppError("exchange_index_required", { what: meter.label });
    const indexWh = input.index === null ? (state.index_wh ?? 0) : indexTyped(input.index);
    const at: Instant = input.index === null ? instant(state.index_at) : momentFor(state, now);
    const { power_max_w: powerMaxW } = await tx
      .selectFrom("meter")
      .select("power_max_w")
      .where("id", "=", meter.id)
      .executeTakeFirstOrThrow();
    if (input.index !== null)
      demandOnLine(state, { indexWh, at }, registerPowerMaxW({ powerMaxW, ratio: meter.ratio }));
    await beginSegment(ctx, tx, {
      meterId: meter.id,
      at,
      closeWh: indexWh,
      openWh: indexWh,
      ratio: change.ratio_to,
      cause: "ratio",
      reference: change.change_no,
    });
    await moveRatioChange(tx, change, {
      to: "done",
      change: { index_wh: indexWh, index_at: at, done_by: actor.login, done_at: now },
      at: now,
    });
    await addEvents(tx, [
      {
        id: ctx.newId(now),
        meterId: meter.id,
        at: now,
        kind: "ratio_changed",
        severity: "info",
        detail: { ratioFrom: change.ratio_from, ratioTo: change.ratio_to, indexWh, by: actor.login },
      },
    ]);
    const after = { ratio: change.ratio_to, indexWh, at };
    await audit(ctx, tx, change, {
      action: "ratio.change",
      actor: actor.login,
      reason: change.reason,
      ip: input.ip,
      now,
      after,
    });
  });
}

/** Takes back a change that was agreed upon and not carried out; one that still waits is withdrawn with its approval. */
export async function withdrawRatio(
  ctx: FlowContext,
  actor: Actor,
  input: { changeNo: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const change = await visible(tx, actor, input.changeNo);
    await claimMeterState(tx, change.meter_id);
    if (change.state === "withdrawn") return;
    if (change.state !== "approved") throw new AppError("approval_not_open");
    const now = ctx.clock();
    await moveRatioChange(tx, change, { to: "withdrawn", change: {}, at: now });
    await audit(ctx, tx, change, { action: "ratio.withdraw", actor: actor.login, reason: "", ip: input.ip, now });
  });
}

/** A second person agreed: from now on it may be carried out. */
export const ratioEffect: ApprovalEffect = {
  async approved(_ctx, tx, approval, { at }) {
    const change = await ratioChangeRow(tx, approval.object.slice("ratio:".length));
    assert(change?.state === "requested", `${approval.object} waits for its approval`);
    await moveRatioChange(tx, change, { to: "approved", change: {}, at });
  },
  async ended(_ctx, tx, approval, { how, at }) {
    const change = await ratioChangeRow(tx, approval.object.slice("ratio:".length));
    assert(change?.state === "requested", `${approval.object} waits for its approval`);
    await moveRatioChange(tx, change, { to: how === "withdrawn" ? "withdrawn" : "rejected", change: {}, at });
  },
};

async function visible(tx: Tx, actor: Actor, changeNo: string): Promise<RatioChangeTable> {
  const change = await ratioChangeRow(tx, changeNo);
  if (!change || !(await meterToAct(tx, actor.scope, change.meter_id))) throw new AppError("ratio_change_not_found");
  return change;
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  change: RatioChangeTable,
  input: { action: AuditAction; actor: string; reason: string; ip: string; now: Instant; after?: object },
): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(input.now),
    at: input.now,
    actor: input.actor,
    action: input.action,
    object: `meter:${change.meter_id}`,
    before: { ratio: change.ratio_from, change: change.change_no },
    after: input.after ?? { ratioTo: change.ratio_to },
    reason: input.reason,
    ip: input.ip,
  });
}
