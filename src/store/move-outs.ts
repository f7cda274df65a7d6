import { type SqlBool, sql } from "kysely";
import type { Instant } from "#base/time.ts";
import type { MoveOutState } from "#domain/move-out.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { MoveOutMeterTable, MoveOutSheetTable, MoveOutTable, RefundTable } from "./schema-refunds.ts";
import { inScope } from "./scope.ts";
import { Stale } from "./stale.ts";

/** The move-out that a meter is in; null when it is in none. Nothing is recharged or refunded meanwhile. */
export async function openMoveOutOfMeter(tx: Tx, meterId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("move_out_meter")
    .select("move_out_no")
    .where("open_meter_id", "=", meterId)
    .executeTakeFirst();
  return row?.move_out_no ?? null;
}

/** The move-out that was started with this key, whoever did. */
export function moveOutByKey(tx: Tx, key: string): Promise<MoveOutTable | undefined> {
  return tx.selectFrom("move_out").selectAll().where("idem_key", "=", key).executeTakeFirst();
}

/** One move-out as its row is now. */
export function moveOutRow(tx: Tx, moveOutNo: string): Promise<MoveOutTable | undefined> {
  return tx.selectFrom("move_out").selectAll().where("move_out_no", "=", moveOutNo).executeTakeFirst();
}

/** One move-out, if every meter of it lies in the scope: its sum tells about all of them. */
export function moveOutInScope(tx: Tx, scope: Scope, moveOutNo: string): Promise<MoveOutTable | undefined> {
  return scopedMoveOuts(tx, scope).selectAll("move_out").where("move_out_no", "=", moveOutNo).executeTakeFirst();
}

/** Move-outs of which every meter lies in the scope. */
export function scopedMoveOuts(tx: Tx, scope: Scope) {
  return tx.selectFrom("move_out").where((eb) =>
    scope.all
      ? sql<SqlBool>`1 = 1`
      : eb.not(
          eb.exists(
            eb
              .selectFrom("move_out_meter")
              .innerJoin("meter", "meter.id", "move_out_meter.meter_id")
              .select("meter.id")
              .whereRef("move_out_meter.move_out_no", "=", "move_out.move_out_no")
              .where((inner) => inner.not(inScope(inner, scope))),
          ),
        ),
  );
}

/** Numbers of move-outs in some states, oldest first, after one of them. */
export async function moveOutsInStates(
  tx: Tx,
  input: { states: readonly MoveOutState[]; after: string; limit: number },
): Promise<string[]> {
  const rows = await tx
    .selectFrom("move_out")
    .select("move_out_no")
    .where("state", "in", [...input.states])
    .where("move_out_no", ">", input.after)
    .orderBy("move_out_no")
    .limit(input.limit)
    .execute();
  return rows.map((row) => row.move_out_no);
}

/** What of a move-out may be changed. */
export type MoveOutChange = Partial<
  Pick<MoveOutTable, "state" | "confirmed_by" | "paid_by" | "payout_note" | "done_at" | "calculation">
>;

/** Changes a move-out if it is still the version that was read; {@link Stale} when it is not. Answers it as it is then. */
export async function changeMoveOut(
  tx: Tx,
  row: MoveOutTable,
  input: { change: MoveOutChange; at: Instant },
): Promise<MoveOutTable> {
  const result = await tx
    .updateTable("move_out")
    .set({ ...input.change, updated_at: input.at, version: row.version + 1 })
    .where("move_out_no", "=", row.move_out_no)
    .where("version", "=", row.version)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`move_out ${row.move_out_no}`);
  return { ...row, ...input.change, updated_at: input.at, version: row.version + 1 };
}

/** The meters of a move-out, by id: the order in which their rows are taken. */
export function metersOfMoveOut(tx: Tx, moveOutNo: string): Promise<MoveOutMeterTable[]> {
  return tx.selectFrom("move_out_meter").selectAll().where("move_out_no", "=", moveOutNo).orderBy("meter_id").execute();
}

/** Changes what is known about one meter of a move-out; its move-out's version guards it. */
export async function changeMoveOutMeter(
  tx: Tx,
  of: { moveOutNo: string; meterId: number },
  change: Partial<Omit<MoveOutMeterTable, "move_out_no" | "meter_id" | "account_id">>,
): Promise<void> {
  await tx
    .updateTable("move_out_meter")
    .set(change)
    .where("move_out_no", "=", of.moveOutNo)
    .where("meter_id", "=", of.meterId)
    .execute();
}

/** The meters are free again. */
export async function releaseMeters(tx: Tx, moveOutNo: string): Promise<void> {
  await tx.updateTable("move_out_meter").set({ open_meter_id: null }).where("move_out_no", "=", moveOutNo).execute();
}

/** All sheets of a move-out, oldest first. */
export function sheetsOf(tx: Tx, moveOutNo: string): Promise<MoveOutSheetTable[]> {
  return tx.selectFrom("move_out_sheet").selectAll().where("move_out_no", "=", moveOutNo).orderBy("rev").execute();
}

/** Writes a sheet down; the key allows each number once. */
export async function addSheet(tx: Tx, row: MoveOutSheetTable): Promise<void> {
  await tx.insertInto("move_out_sheet").values(row).execute();
}

/** Says who was asked about a sheet; a sheet is asked about again after a rejection. */
export async function askAboutSheet(tx: Tx, of: { moveOutNo: string; rev: number }, approvalId: string): Promise<void> {
  await tx
    .updateTable("move_out_sheet")
    .set({ approval_id: approvalId })
    .where("move_out_no", "=", of.moveOutNo)
    .where("rev", "=", of.rev)
    .execute();
}

/** Refunds that clear the meters of a move-out, newest first: several of one meter when the first was refused. */
export function clearsOf(tx: Tx, moveOutNo: string): Promise<RefundTable[]> {
  return tx
    .selectFrom("refund")
    .selectAll()
    .where("move_out_no", "=", moveOutNo)
    .orderBy("refund_no", "desc")
    .execute();
}

/** The newest move-out of a meter that went to its end; null when nobody has left it yet. */
export async function lastMoveOutOfMeter(tx: Tx, meterId: number): Promise<MoveOutTable | null> {
  const row = await tx
    .selectFrom("move_out_meter")
    .innerJoin("move_out", "move_out.move_out_no", "move_out_meter.move_out_no")
    .selectAll("move_out")
    .where("move_out_meter.meter_id", "=", meterId)
    .where("move_out.state", "=", "done")
    .orderBy("move_out.move_out_no", "desc")
    .executeTakeFirst();
  return row ?? null;
}
