import { AppError, assert } from "#base/errors.ts";
import { formatMoney, type Money, money, negate, parseMoney, subtract } from "#base/units.ts";
import { type Denominations, worth } from "#domain/cash-count.ts";
import { postedTransfer } from "#domain/ledger.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { bookTransfer } from "#store/ledger.ts";
import type { ShiftCountTable, ShiftTable } from "#store/schema-desk.ts";
import { addCount, cashExpected, claimShift, closeShiftRow, countByKey, countsOf, shiftRow } from "#store/shifts.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** What a drawer may hold, in yuan: more than a desk takes in a year is a typing error. */
const CASH_MAX_YUAN = 10_000_000;

/** What one count of the cash found. `difference` is counted − expected: positive, there is too much. */
export type Count = { n: number; counted: Money; expected: Money; difference: Money };

/**
 * Counts the cash of a shift (清点), blind: the books are told only after the count is written down, and every count stays. The same key again
 * answers the same count.
 */
export async function countShift(
  ctx: FlowContext,
  actor: Actor,
  input: { shiftId: number; key: string; counted: string | null; denominations: Denominations | null },
): Promise<Count> {
  const counted = input.denominations === null ? typed(input.counted) : worth(input.denominations);
  return decide(ctx.db, async (tx) => {
    const shift = await shiftToClose(tx, actor, input.shiftId);
    const earlier = await countByKey(tx, input.key);
    if (earlier) {
      if (earlier.shift_id !== shift.id || earlier.counted_e4 !== counted) throw new AppError("shift_key_conflict");
      return found(earlier);
    }
    const claimed = await claimShift(tx, shift.id);
    if (!claimed) throw new AppError("shift_closed");
    const count: ShiftCountTable = {
      shift_id: shift.id,
      n: (await countsOf(tx, shift.id)).length + 1,
      idem_key: input.key,
      denominations: input.denominations === null ? null : JSON.stringify(input.denominations),
      counted_e4: counted,
      expected_e4: await cashExpected(tx, shift.id),
      shift_version: claimed.version,
      counted_by: actor.login,
      counted_at: ctx.clock(),
    };
    await addCount(tx, count);
    return found(count);
  });
}

/**
 * Closes a shift (交班) by its last count: a difference goes to suspense with its reason, and what was counted is handed over, so the shift's
 * cash ends at zero. Refuses when cash moved since the count. Closing it a second time with the same count changes nothing.
 */
export async function closeShift(
  ctx: FlowContext,
  actor: Actor,
  input: { shiftId: number; count: number; reason: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const shift = await shiftToClose(tx, actor, input.shiftId);
    const counts = await countsOf(tx, shift.id);
    const last = counts.at(-1);
    if (shift.state === "closed") {
      if (last?.n === input.count && shift.closed_by === actor.login) return; // a second click, or an answer that was lost
      throw new AppError("shift_closed");
    }
    if (!last || last.n !== input.count) throw new AppError("shift_moved_on");
    const claimed = await claimShift(tx, shift.id);
    if (!claimed) throw new AppError("shift_closed");
    if (claimed.version !== last.shift_version + 1) throw new AppError("shift_moved_on");
    const { counted, expected, difference } = found(last);
    assert(expected === (await cashExpected(tx, shift.id)), `nothing moved in shift ${shift.id} since its count`);
    if (difference !== 0 && input.reason === "")
      throw new AppError("shift_difference", { difference: formatMoney(difference) });
    const cash = { kind: "cash", ref: shift.id } as const;
    const common = { kind: "handover", actor: actor.login, memo: input.reason } as const;
    if (difference !== 0) {
      const suspense = { kind: "suspense", ref: shift.project_id } as const;
      const [from, to] = difference > 0 ? [cash, suspense] : [suspense, cash];
      const amount = difference > 0 ? difference : negate(difference);
      await bookTransfer(tx, postedTransfer({ ...common, id: `difference:${shift.id}`, from, to, amount }), now);
    }
    if (counted > 0) {
      const from = { kind: "handed_over", ref: shift.project_id } as const;
      await bookTransfer(
        tx,
        postedTransfer({ ...common, id: `handover:${shift.id}`, from, to: cash, amount: counted }),
        now,
      );
    }
    assert((await cashExpected(tx, shift.id)) === 0, `shift ${shift.id} ends without cash`);
    await closeShiftRow(tx, {
      shiftId: shift.id,
      by: actor.login,
      expectedE4: expected,
      countedE4: counted,
      reason: input.reason,
      at: now,
    });
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "shift.close",
      object: `shift:${shift.id}`,
      before: { cashier: shift.cashier, openedAt: shift.opened_at },
      after: { counts: counts.length, expectedE4: expected, countedE4: counted, differenceE4: difference },
      reason: input.reason,
      ip: input.ip,
    });
  });
}

/** The shift, if this person may count and close it: his own, or with the permission for others' and over all meters. */
async function shiftToClose(tx: Tx, actor: Actor, shiftId: number): Promise<ShiftTable> {
  const shift = await shiftRow(tx, shiftId);
  if (!shift) throw new AppError("shift_not_found");
  if (shift.user_id === actor.userId) return shift;
  if (!actor.scope.all) throw new AppError("shift_not_found");
  if (!actor.permissions.has("shift.close_other")) throw new AppError("shift_not_yours");
  return shift;
}

function typed(text: string | null): Money {
  const counted = text === null ? null : parseMoney(text, 2);
  if (counted === null || counted > CASH_MAX_YUAN * 10_000)
    throw new AppError("amount_invalid", { max: CASH_MAX_YUAN });
  return counted;
}

function found(count: ShiftCountTable): Count {
  const [counted, expected] = [money(count.counted_e4), money(count.expected_e4)];
  return { n: count.n, counted, expected, difference: subtract(counted, expected) };
}
