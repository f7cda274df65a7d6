import { sql } from "kysely";
import type { Instant } from "#base/time.ts";
import { type Money, money } from "#base/units.ts";
import { ledgerAccountId } from "#domain/ledger.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { ShiftCountTable, ShiftTable } from "./schema-desk.ts";
import { nextNumbers } from "./sequences.ts";

/** What names the one open shift of a cashier in a project. */
export function openShiftKey(projectId: number, userId: number): string {
  return `${projectId}:${userId}`;
}

/** The open shift of a cashier, taken before it is read: closing it and paying into it wait for each other. Null when there is none. */
export async function claimOpenShift(tx: Tx, projectId: number, userId: number): Promise<ShiftTable | null> {
  const key = openShiftKey(projectId, userId);
  const claimed = await tx
    .updateTable("shift")
    .set((eb) => ({ version: eb("version", "+", 1) }))
    .where("open_key", "=", key)
    .executeTakeFirst();
  if (updatedRows(claimed) === 0) return null;
  return (await tx.selectFrom("shift").selectAll().where("open_key", "=", key).executeTakeFirst()) ?? null;
}

/** A shift, taken before it is read, while it is open. Null when it is closed or does not exist. */
export async function claimShift(tx: Tx, shiftId: number): Promise<ShiftTable | null> {
  const claimed = await tx
    .updateTable("shift")
    .set((eb) => ({ version: eb("version", "+", 1) }))
    .where("id", "=", shiftId)
    .where("state", "=", "open")
    .executeTakeFirst();
  return updatedRows(claimed) === 0 ? null : ((await shiftRow(tx, shiftId)) ?? null);
}

/** Opens a shift; null when the cashier has one (somebody was quicker). */
export async function addShift(
  tx: Tx,
  input: {
    projectId: number;
    user: { id: number; login: string; name: string };
    by: "payment" | "hand";
    floatE4: number;
    at: Instant;
  },
): Promise<ShiftTable | null> {
  const shift: ShiftTable = {
    id: await nextNumbers(tx, "shift"),
    project_id: input.projectId,
    user_id: input.user.id,
    cashier: input.user.login,
    cashier_name: input.user.name,
    open_key: openShiftKey(input.projectId, input.user.id),
    state: "open",
    opened_at: input.at,
    opened_by: input.by,
    float_e4: input.floatE4,
    closed_at: null,
    closed_by: null,
    expected_e4: null,
    counted_e4: null,
    reason: "",
    version: 0,
  };
  return (await insertIgnore(tx, "shift", [shift], ["open_key"])) === 1 ? shift : null;
}

/** A shift as it is; undefined when there is none. */
export async function shiftRow(tx: Tx, shiftId: number): Promise<ShiftTable | undefined> {
  return tx.selectFrom("shift").selectAll().where("id", "=", shiftId).executeTakeFirst();
}

/** Closes a shift of which the caller has the version. */
export async function closeShiftRow(
  tx: Tx,
  input: { shiftId: number; by: string; expectedE4: number; countedE4: number; reason: string; at: Instant },
): Promise<void> {
  await tx
    .updateTable("shift")
    .set((eb) => ({
      state: "closed",
      open_key: null,
      closed_at: input.at,
      closed_by: input.by,
      expected_e4: input.expectedE4,
      counted_e4: input.countedE4,
      reason: input.reason,
      version: eb("version", "+", 1),
    }))
    .where("id", "=", input.shiftId)
    .execute();
}

/** What should lie in the drawer of a shift: the entries of its ledger account, turned to the drawer's side. */
export async function cashExpected(tx: Tx, shiftId: number): Promise<Money> {
  const row = await tx
    .selectFrom("ledger_entry")
    .innerJoin("ledger_transfer", "ledger_transfer.id", "ledger_entry.transfer_id")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_entry.transfer_id")
    .where("ledger_entry.account_id", "=", ledgerAccountId({ kind: "cash", ref: shiftId }))
    .where((eb) => eb.or([eb("ledger_transfer.pending", "=", 0), eb("ledger_resolution.outcome", "=", "posted")]))
    .select((eb) => eb.fn.sum<number | null>("ledger_entry.amount_e4").as("sum"))
    .executeTakeFirstOrThrow();
  return money(-Number(row.sum ?? 0));
}

/** Counts of a shift, the first one first. */
export async function countsOf(tx: Tx, shiftId: number): Promise<ShiftCountTable[]> {
  return tx.selectFrom("shift_count").selectAll().where("shift_id", "=", shiftId).orderBy("n").execute();
}

/** The count that was made with this key, whoever made it. */
export async function countByKey(tx: Tx, key: string): Promise<ShiftCountTable | undefined> {
  return tx.selectFrom("shift_count").selectAll().where("idem_key", "=", key).executeTakeFirst();
}

/** Adds a count. The shift's row must have been claimed. */
export async function addCount(tx: Tx, count: ShiftCountTable): Promise<void> {
  await tx.insertInto("shift_count").values(count).execute();
}

/** Sums of a shift by what they were: payments per channel, and every kind of movement on its cash. */
export async function shiftSums(tx: Tx, shiftId: number) {
  const channels = await tx
    .selectFrom("payment")
    .where("shift_id", "=", shiftId)
    .groupBy("channel")
    .orderBy("channel")
    .select((eb) => ["channel", eb.fn.countAll<number>().as("count"), eb.fn.sum<number>("amount_e4").as("sum")])
    .execute();
  const cash = await tx
    .selectFrom("ledger_entry")
    .innerJoin("ledger_transfer", "ledger_transfer.id", "ledger_entry.transfer_id")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_entry.transfer_id")
    .where("ledger_entry.account_id", "=", ledgerAccountId({ kind: "cash", ref: shiftId }))
    .where((eb) => eb.or([eb("ledger_transfer.pending", "=", 0), eb("ledger_resolution.outcome", "=", "posted")]))
    .groupBy("ledger_transfer.kind")
    .select((eb) => [
      "ledger_transfer.kind",
      eb.fn.countAll<number>().as("count"),
      eb.fn.sum<number>("ledger_entry.amount_e4").as("sum"),
    ])
    .execute();
  const reprints = await tx
    .selectFrom("receipt_print")
    .innerJoin("payment", "payment.payment_no", "receipt_print.payment_no")
    .where("payment.shift_id", "=", shiftId)
    .where("receipt_print.n", ">", 1)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  const withdrawn = await tx
    .selectFrom("recharge_order")
    .innerJoin("payment", "payment.payment_no", "recharge_order.payment_no")
    .where("payment.shift_id", "=", shiftId)
    .where("recharge_order.state", "=", "withdrawn")
    .select((eb) => [
      eb.fn.countAll<number>().as("count"),
      eb.fn.sum<number | null>("recharge_order.amount_e4").as("sum"),
    ])
    .executeTakeFirstOrThrow();
  return {
    channels: channels.map((row) => ({ channel: row.channel, count: Number(row.count), sumE4: Number(row.sum) })),
    /** From the drawer's side: positive came in. */
    cash: cash.map((row) => ({ kind: row.kind, count: Number(row.count), sumE4: -Number(row.sum) })),
    reprints: Number(reprints.count),
    withdrawn: { count: Number(withdrawn.count), sumE4: Number(withdrawn.sum ?? 0) },
  };
}

export type ShiftFilter = {
  /** Only of this user; null: of everybody. */
  userId: number | null;
  state?: "open" | "closed" | undefined;
  from?: number | undefined;
  to?: number | undefined;
};

/** Shifts, newest first. */
export async function shiftRows(tx: Tx, filter: ShiftFilter, limit: number): Promise<ShiftTable[]> {
  return tx
    .selectFrom("shift")
    .selectAll()
    .$if(filter.userId !== null, (query) => query.where("user_id", "=", filter.userId ?? 0))
    .$if(filter.state !== undefined, (query) => query.where("state", "=", filter.state ?? "open"))
    .$if(filter.from !== undefined, (query) => query.where("opened_at", ">=", filter.from ?? 0))
    .$if(filter.to !== undefined, (query) => query.where("opened_at", "<", filter.to ?? 0))
    .orderBy(sql`state = 'open'`, "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}
