import { AppError } from "#base/errors.ts";
import { type Instant, instant } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import { postedTransfer } from "#domain/ledger.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { bookTransfer } from "#store/ledger.ts";
import type { ShiftTable } from "#store/schema-desk.ts";
import { addShift, claimOpenShift } from "#store/shifts.ts";
import { Stale } from "#store/stale.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { RECHARGE_MAX_YUAN } from "./money-limits.ts";

/**
 * The shift that this person's cash of the project belongs to at this moment; its id is the ref of the ledger account `cash`. Opens by itself
 * with the first payment. Its row is written, so a payment and the closing of the shift wait for each other: the money lands in exactly one.
 */
export async function shiftForCash(
  ctx: FlowContext,
  tx: Tx,
  input: { projectId: number; actor: Actor; now: Instant },
): Promise<number> {
  const open = await claimOpenShift(tx, input.projectId, input.actor.userId);
  if (open) return open.id;
  const shift = await addShift(tx, {
    projectId: input.projectId,
    user: { id: input.actor.userId, login: input.actor.login, name: input.actor.name },
    by: "payment",
    floatE4: 0,
    at: input.now,
  });
  if (!shift) throw new Stale(`shift of ${input.actor.login}`); // opened by another payment this moment
  await auditOpening(ctx, tx, { shift, actor: input.actor, ip: "", now: input.now });
  return shift.id;
}

/**
 * A cashier opens his shift (开班) by hand, with the change that he was given (备用金), which comes from what was handed over before.
 * Refuses when he has one open.
 */
export async function openShift(
  ctx: FlowContext,
  actor: Actor,
  input: { projectId: number; float: string; ip: string },
): Promise<number> {
  const float = parseMoney(input.float, 2);
  if (float === null || float > RECHARGE_MAX_YUAN * 10_000)
    throw new AppError("amount_invalid", { max: RECHARGE_MAX_YUAN });
  return decide(ctx.db, async (tx) => {
    const now = instant(ctx.clock());
    const shift = await addShift(tx, {
      projectId: input.projectId,
      user: { id: actor.userId, login: actor.login, name: actor.name },
      by: "hand",
      floatE4: float,
      at: now,
    });
    if (!shift) throw new AppError("shift_open_already");
    if (float > 0) {
      await bookTransfer(
        tx,
        postedTransfer({
          id: `float:${shift.id}`,
          kind: "handover",
          from: { kind: "cash", ref: shift.id },
          to: { kind: "handed_over", ref: input.projectId },
          amount: float,
          actor: actor.login,
        }),
        now,
      );
    }
    await auditOpening(ctx, tx, { shift, actor, ip: input.ip, now });
    return shift.id;
  });
}

async function auditOpening(
  ctx: FlowContext,
  tx: Tx,
  { shift, actor, ip, now }: { shift: ShiftTable; actor: Actor; ip: string; now: Instant },
): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: "shift.open",
    object: `shift:${shift.id}`,
    before: null,
    after: { by: shift.opened_by, floatE4: shift.float_e4 },
    reason: "",
    ip,
  });
}
