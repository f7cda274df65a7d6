import type { Instant } from "#base/time.ts";
import { type Money, money } from "#base/units.ts";
import { NO_LIMITS, type UserLimits } from "#domain/user-limit.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { UserLimitTable } from "./schema-limits.ts";

/** The limits of a user as they are now. */
export async function limitsOf(tx: Tx, userId: number): Promise<UserLimits> {
  return (await limitsOfUsers(tx, [userId])).get(userId) ?? NO_LIMITS;
}

/** The limits of some users: user → limits. */
export async function limitsOfUsers(tx: Tx, userIds: readonly number[]): Promise<Map<number, UserLimits>> {
  const limits = new Map<number, UserLimits>(userIds.map((id) => [id, NO_LIMITS]));
  if (userIds.length === 0) return limits;
  const rows = await tx
    .selectFrom("user_limit")
    .selectAll()
    .where("user_id", "in", [...userIds])
    .execute();
  for (const row of rows) limits.set(row.user_id, read(row));
  return limits;
}

function read(row: UserLimitTable): UserLimits {
  const yuan = (value: number | null): Money | null => (value === null ? null : money(value));
  return {
    rechargeDay: yuan(row.recharge_day_e4),
    rechargeOne: yuan(row.recharge_one_e4),
    refundDay: yuan(row.refund_day_e4),
    batchMeters: row.batch_meters,
  };
}

/** Gives a user exactly these limits. */
export async function setLimits(tx: Tx, userId: number, limits: UserLimits): Promise<void> {
  const values = {
    recharge_day_e4: limits.rechargeDay,
    recharge_one_e4: limits.rechargeOne,
    refund_day_e4: limits.refundDay,
    batch_meters: limits.batchMeters,
  };
  await insertIgnore(tx, "user_limit", [{ user_id: userId, ...values, turn: 0 }], ["user_id"]);
  await tx.updateTable("user_limit").set(values).where("user_id", "=", userId).execute();
}

/**
 * The limits of a user, taken before his day is summed: whoever else counts it waits until this transaction has ended. Who has never been
 * limited has nothing to take and waits for nobody.
 */
export async function takeLimits(tx: Tx, userId: number): Promise<UserLimits> {
  const taken = await tx
    .updateTable("user_limit")
    .set((eb) => ({ turn: eb("turn", "+", 1) }))
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return updatedRows(taken) === 0 ? NO_LIMITS : limitsOf(tx, userId);
}

/** From when until when, the end excluded. */
export type Span = { from: Instant; until: Instant };

/**
 * What somebody took at the desk in this time, by the orders of his payments: whatever became of them, for the money of a withdrawn or refused
 * one stays in the wallet. Nothing that is given back later is taken off.
 */
export async function takenBy(tx: Tx, login: string, span: Span): Promise<Money> {
  const row = await tx
    .selectFrom("recharge_order")
    .where("created_by", "=", login)
    .where("created_at", ">=", span.from)
    .where("created_at", "<", span.until)
    .where("channel", "in", ["cash", "transfer"])
    .select((eb) => eb.fn.sum<number | string | null>("amount_e4").as("sum"))
    .executeTakeFirst();
  return money(Number(row?.sum ?? 0));
}

/**
 * What somebody asked to give back or give up in this time, as it was quoted, but what came to nothing; and what he handed out at the end of
 * move-outs, whose clears are no refunds of their own.
 */
export async function refundedBy(tx: Tx, login: string, span: Span): Promise<Money> {
  const asked = await tx
    .selectFrom("refund")
    .where("created_by", "=", login)
    .where("created_at", ">=", span.from)
    .where("created_at", "<", span.until)
    .where("kind", "!=", "move_out")
    .where("state", "not in", ["withdrawn", "rejected", "refused"])
    .select((eb) => eb.fn.sum<number | string | null>("amount_e4").as("sum"))
    .executeTakeFirst();
  const paid = await tx
    .selectFrom("move_out")
    .innerJoin("move_out_sheet", "move_out_sheet.move_out_no", "move_out.move_out_no")
    .where("move_out.paid_by", "=", login)
    .where("move_out.done_at", ">=", span.from)
    .where("move_out.done_at", "<", span.until)
    .where("move_out.state", "=", "done")
    .where("move_out_sheet.rev", "=", (eb) =>
      eb
        .selectFrom("move_out_sheet as last")
        .whereRef("last.move_out_no", "=", "move_out.move_out_no")
        .select((inner) => inner.fn.max("last.rev").as("rev")),
    )
    .select((eb) => eb.fn.sum<number | string | null>("move_out_sheet.payable_e4").as("sum"))
    .executeTakeFirst();
  return money(Number(asked?.sum ?? 0) + Number(paid?.sum ?? 0));
}
