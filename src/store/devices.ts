import type { Instant } from "#base/time.ts";
import type { ExchangeState } from "#domain/exchange.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { MeterExchangeTable, ModeChangeTable, RatioChangeTable } from "./schema-devices.ts";
import { Stale } from "./stale.ts";

/** The exchange that a meter is in; null when it is in none. Nothing is recharged or refunded meanwhile. */
export async function openExchangeOfMeter(tx: Tx, meterId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("meter_exchange")
    .select("exchange_no")
    .where("open_meter_id", "=", meterId)
    .executeTakeFirst();
  return row?.exchange_no ?? null;
}

/** One exchange as it is. */
export function exchangeRow(tx: Tx, exchangeNo: string): Promise<MeterExchangeTable | undefined> {
  return tx.selectFrom("meter_exchange").selectAll().where("exchange_no", "=", exchangeNo).executeTakeFirst();
}

/** The exchange that a command was made for. */
export function exchangeOfCommand(tx: Tx, commandId: string): Promise<MeterExchangeTable | undefined> {
  return tx
    .selectFrom("meter_exchange")
    .selectAll()
    .where((eb) => eb.or([eb("clear_command_id", "=", commandId), eb("load_command_id", "=", commandId)]))
    .executeTakeFirst();
}

/** Exchanges whose new meter has not shown itself yet. */
export async function exchangesWaiting(tx: Tx): Promise<string[]> {
  const rows = await tx.selectFrom("meter_exchange").select("exchange_no").where("state", "=", "reading").execute();
  return rows.map((row) => row.exchange_no);
}

/** Moves an exchange on from the version that was seen; {@link Stale} when somebody else has moved it. */
export async function moveExchange(
  tx: Tx,
  seen: MeterExchangeTable,
  move: { to: ExchangeState; change?: Partial<MeterExchangeTable>; at: Instant },
): Promise<MeterExchangeTable> {
  const isOver = move.to === "done" || move.to === "cancelled";
  const change = {
    state_reason: "",
    ...move.change,
    state: move.to,
    updated_at: move.at,
    ...(isOver && { open_meter_id: null, done_at: move.at }),
  };
  const result = await tx
    .updateTable("meter_exchange")
    .set((eb) => ({ ...change, version: eb("version", "+", 1) }))
    .where("exchange_no", "=", seen.exchange_no)
    .where("version", "=", seen.version)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`exchange ${seen.exchange_no}`);
  return { ...seen, ...change, version: seen.version + 1 };
}

/** The change of ratio of a meter that is not carried out yet. */
export async function openRatioChangeOf(tx: Tx, meterId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("ratio_change")
    .select("change_no")
    .where("open_meter_id", "=", meterId)
    .executeTakeFirst();
  return row?.change_no ?? null;
}

/** One change of ratio as it is. */
export function ratioChangeRow(tx: Tx, changeNo: string): Promise<RatioChangeTable | undefined> {
  return tx.selectFrom("ratio_change").selectAll().where("change_no", "=", changeNo).executeTakeFirst();
}

/** Moves a change of ratio on from the state that was seen; {@link Stale} when somebody else has moved it. */
export async function moveRatioChange(
  tx: Tx,
  seen: RatioChangeTable,
  move: { to: RatioChangeTable["state"]; change: Partial<RatioChangeTable>; at: Instant },
): Promise<void> {
  const isOpen = move.to === "requested" || move.to === "approved";
  const result = await tx
    .updateTable("ratio_change")
    .set({ ...move.change, state: move.to, updated_at: move.at, ...(!isOpen && { open_meter_id: null }) })
    .where("change_no", "=", seen.change_no)
    .where("state", "=", seen.state)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`ratio_change ${seen.change_no}`);
}

/** The change of mode of a meter that it has not shown yet. */
export async function openModeChangeOf(tx: Tx, meterId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("mode_change")
    .select("change_no")
    .where("open_meter_id", "=", meterId)
    .executeTakeFirst();
  return row?.change_no ?? null;
}

/** A change of mode; undefined when there is none. */
export function modeChangeRow(tx: Tx, changeNo: string): Promise<ModeChangeTable | undefined> {
  return tx.selectFrom("mode_change").selectAll().where("change_no", "=", changeNo).executeTakeFirst();
}

/** The change of mode that a command was made for. */
export function modeChangeOfCommand(tx: Tx, commandId: string): Promise<ModeChangeTable | undefined> {
  return tx.selectFrom("mode_change").selectAll().where("command_id", "=", commandId).executeTakeFirst();
}

/** Moves a change of mode on from the state that was seen; {@link Stale} when somebody else has moved it. */
export async function moveModeChange(
  tx: Tx,
  seen: ModeChangeTable,
  move: { to: ModeChangeTable["state"]; reason?: string; at: Instant },
): Promise<void> {
  const isOver = move.to !== "telling" && move.to !== "stopped";
  const result = await tx
    .updateTable("mode_change")
    .set({
      state: move.to,
      state_reason: move.reason ?? "",
      updated_at: move.at,
      ...(isOver && { open_meter_id: null, done_at: move.at }),
    })
    .where("change_no", "=", seen.change_no)
    .where("state", "=", seen.state)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`mode_change ${seen.change_no}`);
}
