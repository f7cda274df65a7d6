import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { MeterEventKind } from "#domain/meter-event.ts";
import type { Actor } from "#domain/permission.ts";
import { approvalRow, endApproval } from "#store/approvals.ts";
import { addAudit } from "#store/audit.ts";
import { cancelUnsent } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { deviceOf } from "#store/device-pages.ts";
import { exchangeRow, moveExchange, openExchangeOfMeter, openModeChangeOf, openRatioChangeOf } from "#store/devices.ts";
import { addEvents } from "#store/events.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import { openMoveOutOfMeter } from "#store/move-outs.ts";
import { openOrders } from "#store/orders.ts";
import { insertIgnore } from "#store/portable.ts";
import { openRefundOfMeter } from "#store/refunds.ts";
import type { MeterExchangeTable } from "#store/schema-devices.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { refuseToMember } from "./group-guard.ts";
import { takeTurn } from "./refund.ts";

/**
 * Begins the exchange of a meter (换表). From here on nothing else touches its credit: a recharge, a refund, a move-out and another exchange are
 * refused until this one has ended, and this one is refused while one of them is under way. The same key again answers with
 * the same exchange.
 */
export async function openExchange(
  ctx: FlowContext,
  actor: Actor,
  input: { key: string; meterId: number; reason: string; ip: string },
): Promise<{ exchangeNo: string; created: boolean }> {
  const done = await decide(ctx.db, (tx) => open(ctx, tx, actor, input));
  if (done.created) ctx.log.info({ exchange: done.exchangeNo, meter: input.meterId }, "exchange begun");
  return done;
}

async function open(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  input: { key: string; meterId: number; reason: string; ip: string },
) {
  const requestHash = String(input.meterId);
  const seen = await meterToAct(tx, actor.scope, input.meterId);
  if (!seen) throw new AppError("meter_not_found");
  await takeTurn(tx, { meterId: seen.id, customerId: seen.customer_id });
  const earlier = await tx
    .selectFrom("meter_exchange")
    .select(["exchange_no", "request_hash"])
    .where("idem_key", "=", input.key)
    .executeTakeFirst();
  if (earlier) {
    if (earlier.request_hash !== requestHash) throw new AppError("exchange_key_conflict");
    return { exchangeNo: earlier.exchange_no, created: false };
  }
  const meter = await meterToAct(tx, actor.scope, input.meterId);
  assert(meter !== undefined, "the meter is there");
  await demandIdle(tx, meter);
  const now = ctx.clock();
  const n = await nextNumbers(tx, "meter_exchange");
  const exchangeNo = `H${dayOf(now).replaceAll("-", "")}${String(n).padStart(6, "0")}`;
  const device = await deviceOf(tx, meter.id);
  const fresh = await insertIgnore(
    tx,
    "meter_exchange",
    [
      {
        exchange_no: exchangeNo,
        idem_key: input.key,
        request_hash: requestHash,
        project_id: meter.project_id,
        meter_id: meter.id,
        open_meter_id: meter.id,
        account_id: meter.account_id,
        customer_id: meter.customer_id,
        credit_at: meter.credit_at,
        state: "open" as const,
        state_reason: "",
        old_number: meter.number,
        old_meter: JSON.stringify(device),
        new_number: null,
        new_meter: null,
        how: null,
        close_wh: null,
        close_source: null,
        note: "",
        open_wh: null,
        carry_wh: null,
        books_wh: null,
        difference_wh: 0,
        difference_e4: 0,
        debt_e4: 0,
        clear_command_id: null,
        load_command_id: null,
        approval_id: null,
        reason: input.reason,
        created_by: actor.login,
        created_at: now,
        swapped_at: null,
        swapped_by: null,
        done_at: null,
        updated_at: now,
        version: 0,
      },
    ],
    ["idem_key"],
  );
  if (fresh === 0) throw new Stale(`exchange ${input.key}`);
  const row = await exchangeRow(tx, exchangeNo);
  assert(row !== undefined, "it was just made");
  await tellExchange(ctx, tx, row, { kind: "exchange_begun", actor: actor.login, ip: input.ip, now, detail: {} });
  return { exchangeNo, created: true };
}

/** Refuses what could not be carried out while something else changes the same meter. */
async function demandIdle(tx: Tx, meter: NonNullable<Awaited<ReturnType<typeof meterToAct>>>): Promise<void> {
  await refuseToMember(tx, meter.id);
  const other = await openExchangeOfMeter(tx, meter.id);
  if (other !== null) throw new AppError("exchanging", { exchangeNo: other });
  const moving = await openMoveOutOfMeter(tx, meter.id);
  if (moving !== null) throw new AppError("moving_out", { moveOutNo: moving });
  if (meter.top_ups_stopped === 1) throw new AppError("top_ups_stopped");
  const refund = await openRefundOfMeter(tx, meter.id);
  if (refund !== null || meter.top_up_open !== null || (await openOrders(tx, meter.id)) > 0) {
    throw new AppError("exchange_busy");
  }
  const ratio = await openRatioChangeOf(tx, meter.id);
  if (ratio !== null) throw new AppError("ratio_change_open", { changeNo: ratio });
  if ((await openModeChangeOf(tx, meter.id)) !== null) throw new AppError("mode_change_open");
}

/**
 * Gives an exchange up, as long as nothing has happened that cannot be undone: the old meter still has what it had. A command that may have
 * left, or a new meter that is in, is beyond that.
 */
export async function cancelExchange(
  ctx: FlowContext,
  actor: Actor,
  input: { exchangeNo: string; reason: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const row = await exchangeToAct(tx, actor, input.exchangeNo);
    if (row.state === "cancelled") return;
    const now = ctx.clock();
    const isStated = row.state === "cleared" && row.how === "stated";
    if (row.state !== "clearing" && (await mayHaveCleared(tx, row))) throw new AppError("exchange_irreversible");
    if (row.state === "clearing") {
      assert(row.clear_command_id !== null, "a clearing exchange has a command");
      const withdrawn = await cancelUnsent(tx, { commandId: row.clear_command_id, why: "withdrawn", at: now });
      if (!withdrawn) throw new AppError("exchange_irreversible");
    } else if (row.state !== "open" && row.state !== "asked" && !isStated) throw new AppError("exchange_irreversible");
    if (row.state === "asked" && row.approval_id !== null) {
      const approval = await approvalRow(tx, row.approval_id);
      assert(approval !== undefined, "the approval is there");
      const ended = await endApproval(tx, {
        id: approval.id,
        version: approval.version,
        to: "withdrawn",
        by: actor.login,
        reason: input.reason,
        at: now,
      });
      if (!ended) throw new Stale(`approval ${approval.id}`);
    }
    await moveExchange(tx, row, { to: "cancelled", change: { state_reason: input.reason.slice(0, 100) }, at: now });
    const told = { kind: "exchange_cancelled" as const, actor: actor.login, ip: input.ip, now };
    await tellExchange(ctx, tx, row, { ...told, detail: { reason: input.reason } });
  });
}

/** Whether the old meter may have given its credit up: it was told to, and did not refuse. */
export async function mayHaveCleared(tx: Tx, row: MeterExchangeTable): Promise<boolean> {
  if (row.clear_command_id === null) return false;
  const command = await tx
    .selectFrom("command")
    .select(["state", "sent_at"])
    .where("id", "=", row.clear_command_id)
    .executeTakeFirst();
  return command !== undefined && command.sent_at !== null && command.state !== "refused";
}

/** An exchange of a meter in the scope, after the meter's row was taken: whoever else decides about it waits, or runs again. */
export async function exchangeToAct(tx: Tx, actor: Actor, exchangeNo: string): Promise<MeterExchangeTable> {
  const seen = await exchangeRow(tx, exchangeNo);
  if (!seen || !(await meterToAct(tx, actor.scope, seen.meter_id))) throw new AppError("exchange_not_found");
  await claimMeterState(tx, seen.meter_id);
  const row = await exchangeRow(tx, exchangeNo);
  assert(row !== undefined, "it is still there");
  return row;
}

type ExchangeStep = Extract<MeterEventKind, `exchange_${string}` | "meter_swapped">;

const auditedAs: Readonly<Record<ExchangeStep, AuditAction>> = {
  exchange_begun: "exchange.begun",
  exchange_cancelled: "exchange.cancelled",
  exchange_stopped: "exchange.stopped",
  exchange_done: "exchange.done",
  meter_swapped: "exchange.meter_swapped",
};

/** One step of an exchange, for people who look at the meter's history, and for auditors. */
export async function tellExchange(
  ctx: FlowContext,
  tx: Tx,
  row: MeterExchangeTable,
  step: {
    kind: ExchangeStep;
    actor: string;
    ip: string;
    now: Instant;
    detail: Readonly<Record<string, string | number | null>>;
  },
): Promise<void> {
  await addEvents(tx, [
    {
      id: ctx.newId(step.now),
      meterId: row.meter_id,
      at: step.now,
      kind: step.kind,
      severity: step.kind === "exchange_stopped" ? "alarm" : "info",
      detail: { exchangeNo: row.exchange_no, ...step.detail },
    },
  ]);
  await addAudit(tx, {
    id: ctx.newId(step.now),
    at: step.now,
    actor: step.actor,
    action: auditedAs[step.kind],
    object: `meter:${row.meter_id}`,
    before: { state: row.state, oldNumber: row.old_number },
    after: { exchangeNo: row.exchange_no, ...step.detail },
    reason: row.reason,
    ip: step.ip,
  });
}
