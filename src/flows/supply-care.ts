import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { formatMoney, type Money, money, PER_YUAN, parseMoney } from "#base/units.ts";
import type { EmergencyRequest, Supply } from "#contract/supply.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { addEmergency, emergencyByKey, openEmergency } from "#store/emergency.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import { noCutWindowsOf } from "#store/no-cut.ts";
import { setting } from "#store/settings.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { reconnectAccount } from "./reconnect.ts";
import { noCutUntil, standingOf } from "./standing.ts";

/** The most that an account may always be overdrawn, in yuan. */
export const OVERDRAFT_MAX_YUAN = 10_000;
/** What an emergency credit may be where nobody has set `emergency.max_yuan`, in yuan. */
const EMERGENCY_YUAN = 30;

/** Sets or lifts the supply guard (保电) of a meter. A trip that waits is not sent any more: it is asked again before it leaves. */
export async function setSupplyGuard(
  ctx: FlowContext,
  actor: Actor,
  input: { meterId: number; on: boolean; reason: string; ip: string },
): Promise<void> {
  await decide(ctx.db, (tx) => turnSupplyGuard(ctx, tx, actor, input));
}

/** The same inside a transaction that does more than this. */
export async function turnSupplyGuard(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  input: { meterId: number; on: boolean; reason: string; ip: string },
): Promise<void> {
  const meter = await meterToAct(tx, actor.scope, input.meterId);
  if (!meter) throw new AppError("meter_not_found");
  const guard = input.on ? 1 : 0;
  if (meter.supply_guard === guard) return;
  const now = ctx.clock();
  // Taken first: a trip that is being marked as sent comes before this, or sees the guard.
  await claimMeterState(tx, meter.id);
  await tx.updateTable("meter").set({ supply_guard: guard }).where("id", "=", meter.id).execute();
  await tx.updateTable("meter_state").set({ changed_at: now }).where("meter_id", "=", meter.id).execute();
  await audit(ctx, tx, actor, {
    action: input.on ? "guard.set" : "guard.lift",
    object: `meter:${meter.id}`,
    before: { guard: meter.supply_guard },
    after: { guard },
    reason: input.reason,
    ip: input.ip,
  });
}

/** How far below zero the account of a meter may always go. Zero or more, to the fen. */
export async function setOverdraft(
  ctx: FlowContext,
  actor: Actor,
  input: { meterId: number; amount: string; reason: string; ip: string },
): Promise<void> {
  const amount = parseMoney(input.amount, 2);
  if (amount === null || amount > OVERDRAFT_MAX_YUAN * PER_YUAN)
    throw new AppError("overdraft_invalid", { max: OVERDRAFT_MAX_YUAN });
  await decide(ctx.db, async (tx) => {
    const { accountId, overdraftE4 } = await serverAccount(tx, actor, input.meterId);
    if (overdraftE4 === amount) return;
    const now = ctx.clock();
    await tx
      .updateTable("account")
      .set((eb) => ({ overdraft_e4: amount, version: eb("version", "+", 1) }))
      .where("id", "=", accountId)
      .execute();
    await audit(ctx, tx, actor, {
      action: "overdraft.set",
      object: `account:${accountId}`,
      before: { overdraft: formatMoney(money(overdraftE4)) },
      after: { overdraft: formatMoney(amount) },
      reason: input.reason,
      ip: input.ip,
    });
    if ((await standingOf(tx, accountId)).inArrears) return;
    await reconnectAccount(ctx, tx, { accountId, cause: `overdraft:${now}`, orderNo: null, actor: actor.login, now });
  });
}

/**
 * Emergency credit (应急电量): an account in arrears may go so much further below zero, once until it has paid. No money moves: the
 * next recharge lifts the balance and so repays it first. The meters of the account come on again.
 */
export async function grantEmergency(
  ctx: FlowContext,
  actor: Actor,
  input: EmergencyRequest & { meterId: number; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const { accountId } = await serverAccount(tx, actor, input.meterId);
    const max = await emergencyMax(tx);
    const amount = parseMoney(input.amount, 2);
    if (amount === null || amount === 0 || amount > max)
      throw new AppError("emergency_too_much", { max: formatMoney(max) });
    const earlier = await emergencyByKey(tx, input.key);
    if (earlier !== null) {
      if (earlier.account_id !== accountId || earlier.amount_e4 !== amount) throw new AppError("command_key_conflict");
      return;
    }
    if (!(await standingOf(tx, accountId)).inArrears) throw new AppError("emergency_not_in_arrears");
    const id = ctx.newId(now);
    const row = { id, idem_key: input.key, account_id: accountId, open_account: accountId, amount_e4: amount };
    const granted = { granted_by: actor.login, reason: input.reason, granted_at: now, repaid_at: null };
    if (!(await addEmergency(tx, { ...row, ...granted }))) throw new AppError("emergency_open");
    await tx
      .updateTable("account")
      .set((eb) => ({ arrears_evaluations: 0, version: eb("version", "+", 1) }))
      .where("id", "=", accountId)
      .execute();
    await audit(ctx, tx, actor, {
      action: "emergency.grant",
      object: `account:${accountId}`,
      before: null,
      after: { emergency: id, amount: formatMoney(amount) },
      reason: input.reason,
      ip: input.ip,
    });
    await reconnectAccount(ctx, tx, { accountId, cause: `emergency:${id}`, orderNo: null, actor: actor.login, now });
  });
}

/** What stands between a meter and being cut off, for its page; null outside the scope. */
export async function supplyOf(ctx: FlowContext, actor: Actor, meterId: number): Promise<Supply | null> {
  const tx = ctx.db.read;
  const now = ctx.clock();
  const meter = await meterToAct(tx, actor.scope, meterId);
  if (!meter) return null;
  const onServer = meter.credit_at === "server" && meter.account_id !== null;
  const accountId = meter.account_id ?? 0;
  const emergency = onServer ? await openEmergency(tx, accountId) : null;
  const windows = (await noCutWindowsOf(tx, [meterId])).get(meterId) ?? [];
  return {
    asOf: now,
    guard: meter.supply_guard === 1,
    creditAt: meter.credit_at,
    overdraft: onServer ? formatMoney(money(meter.overdraft_e4 ?? 0)) : null,
    inArrears: onServer ? (await standingOf(tx, accountId)).inArrears : (meter.remaining_wh ?? 1) <= 0,
    emergency:
      emergency === null
        ? null
        : {
            amount: formatMoney(money(emergency.amount_e4)),
            grantedBy: emergency.granted_by,
            grantedAt: emergency.granted_at,
            reason: emergency.reason,
          },
    emergencyMax: formatMoney(await emergencyMax(tx)),
    noCutUntil: (await noCutUntil(tx, [meterId], now)).get(meterId) ?? null,
    windows: windows.map(({ days, fromMinute, toMinute }) => ({ days: [...days], fromMinute, toMinute })),
  };
}

async function emergencyMax(tx: Tx): Promise<Money> {
  const text = await setting(tx, "emergency.max_yuan");
  return parseMoney(text ?? "", 2) ?? money(EMERGENCY_YUAN * PER_YUAN);
}

async function serverAccount(
  tx: Tx,
  actor: Actor,
  meterId: number,
): Promise<{ accountId: number; overdraftE4: number }> {
  const meter = await meterToAct(tx, actor.scope, meterId);
  if (!meter) throw new AppError("meter_not_found");
  if (meter.account_id === null) throw new AppError("meter_without_customer");
  if (meter.credit_at !== "server") throw new AppError("emergency_needs_server");
  return { accountId: meter.account_id, overdraftE4: meter.overdraft_e4 ?? 0 };
}

type Told = { action: AuditAction; object: string; before: object | null; after: object; reason: string; ip: string };

async function audit(ctx: FlowContext, tx: Tx, actor: Actor, told: Told): Promise<void> {
  const now: Instant = ctx.clock();
  await addAudit(tx, { id: ctx.newId(now), at: now, actor: actor.login, ...told });
}
