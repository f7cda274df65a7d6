import { type Instant, later } from "#base/time.ts";
import type { Scope } from "#domain/permission.ts";
import {
  againSteps,
  type BatchCommand,
  type BatchHold,
  type BatchRowState,
  type LeftOutReason,
  stepOf,
  UNANSWERED_MS,
} from "#domain/switch-batch.ts";
import type { OffCause } from "#domain/switching.ts";
import { tilesOfMeters } from "./board.ts";
import { cancelUnsent, OPEN_STATES } from "./commands.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, insertRows, updatedRows } from "./portable.ts";
import type { SwitchBatchMeterTable, SwitchBatchTable } from "./schema-batches.ts";
import { inScope } from "./scope.ts";
import { Stale } from "./stale.ts";

/** What was known of a meter when the list was made: it is shown to the second person, and never changes. */
export type KnownMeter = {
  label: string;
  number: string;
  areaName: string;
  kind: "electricity" | "water";
  state: "fault" | "off" | "alarm" | "normal";
  relay: "open" | "closed" | null;
  offCause: OffCause | null;
  guarded: boolean;
  customerId: number | null;
  customer: string | null;
  remainingWh: number | null;
  remainingYuan: string | null;
  remainingAt: number;
};

/** A meter as a batch looks at it. */
export type BatchCandidate = { meterId: number; hasSwitch: boolean; known: KnownMeter };

/** The meters of a scope among these, in the order of areas and rooms; retired ones and those outside are left out. */
export async function batchCandidates(tx: Tx, scope: Scope, meterIds: readonly number[]): Promise<BatchCandidate[]> {
  if (meterIds.length === 0) return [];
  const tiles = await tilesOfMeters(tx, scope, meterIds);
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .where("meter.id", "in", [...meterIds])
    .select([
      "meter.id",
      "meter.switch_kind",
      "meter.supply_guard",
      "meter_state.relay",
      "meter_state.off_cause",
      "customer.id as customer_id",
      "customer.name as customer_name",
    ])
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return tiles.flatMap((tile) => {
    const row = byId.get(tile.meterId);
    if (row === undefined) return [];
    const { label, number, areaName, kind, state, remainingWh, remainingYuan, remainingAt } = tile;
    return [
      {
        meterId: tile.meterId,
        hasSwitch: row.switch_kind !== "none",
        known: {
          ...{ label, number, areaName, kind, state, relay: row.relay, offCause: row.off_cause },
          ...{ guarded: row.supply_guard === 1, customerId: row.customer_id, customer: row.customer_name },
          ...{ remainingWh, remainingYuan, remainingAt },
        },
      },
    ];
  });
}

/** The meters of a scope that answer to these addresses or bear these numbers. */
export async function metersNamed(
  tx: Tx,
  scope: Scope,
  names: readonly string[],
): Promise<{ id: number; number: string; address: string }[]> {
  if (names.length === 0) return [];
  return tx
    .selectFrom("meter")
    .where((eb) => inScope(eb, scope))
    .where("retired_at", "is", null)
    .where((eb) => eb.or([eb("number", "in", [...names]), eb("address", "in", [...names])]))
    .select(["id", "number", "address"])
    .execute();
}

/** Adds a batch with its list; false when its key was used before: nothing is changed then. */
export async function addBatch(
  tx: Tx,
  batch: SwitchBatchTable,
  rows: readonly SwitchBatchMeterTable[],
): Promise<boolean> {
  if ((await insertIgnore(tx, "switch_batch", [batch], ["idem_key"])) === 0) return false;
  await insertRows(tx, "switch_batch_meter", rows);
  return true;
}

/** One batch as its row is now. */
export function batchRow(tx: Tx, id: string): Promise<SwitchBatchTable | undefined> {
  return tx.selectFrom("switch_batch").selectAll().where("id", "=", id).executeTakeFirst();
}

/** The batch that was asked for under a key. */
export function batchByKey(tx: Tx, key: string): Promise<SwitchBatchTable | undefined> {
  return tx.selectFrom("switch_batch").selectAll().where("idem_key", "=", key).executeTakeFirst();
}

/** The list of a batch, in its order. */
export function batchList(tx: Tx, batchId: string): Promise<SwitchBatchMeterTable[]> {
  return tx.selectFrom("switch_batch_meter").selectAll().where("batch_id", "=", batchId).orderBy("position").execute();
}

/** What of a batch may be changed. */
export type BatchChange = Partial<
  Pick<
    SwitchBatchTable,
    "state" | "approval_id" | "approved_by" | "started_at" | "send_until" | "hold" | "cancelled_by" | "ended_at"
  >
>;

/** Changes a batch if it is still the version that was read; {@link Stale} when it is not. Whoever changes it first holds it. */
export async function changeBatch(
  tx: Tx,
  batch: Pick<SwitchBatchTable, "id" | "version">,
  change: BatchChange & { updated_at: number },
): Promise<void> {
  const result = await tx
    .updateTable("switch_batch")
    .set((eb) => ({ ...change, version: eb("version", "+", 1) }))
    .where("id", "=", batch.id)
    .where("version", "=", batch.version)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`switch batch ${batch.id}`);
}

/** Takes a batch's row before it is read: sending and stopping of one batch take turns. */
export async function claimBatch(tx: Tx, id: string): Promise<SwitchBatchTable | undefined> {
  await tx
    .updateTable("switch_batch")
    .set((eb) => ({ version: eb("version", "+", 1) }))
    .where("id", "=", id)
    .execute();
  return batchRow(tx, id);
}

/** Batches that are being sent, oldest first. */
export async function runningBatches(tx: Tx, limit: number): Promise<string[]> {
  const rows = await tx
    .selectFrom("switch_batch")
    .select("id")
    .where("state", "=", "running")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Meters of a batch that have not had their turn, in the order of the list. */
export async function waitingRows(tx: Tx, batchId: string): Promise<{ meterId: number; projectId: number }[]> {
  const rows = await tx
    .selectFrom("switch_batch_meter")
    .innerJoin("meter", "meter.id", "switch_batch_meter.meter_id")
    .select(["switch_batch_meter.meter_id", "meter.project_id"])
    .where("switch_batch_meter.batch_id", "=", batchId)
    .where("switch_batch_meter.state", "=", "waiting")
    .orderBy("switch_batch_meter.position")
    .execute();
  return rows.map((row) => ({ meterId: row.meter_id, projectId: row.project_id }));
}

/** One row of a list while it waits; undefined when it has had its turn. */
export function waitingRow(
  tx: Tx,
  of: { batchId: string; meterId: number },
): Promise<SwitchBatchMeterTable | undefined> {
  return tx
    .selectFrom("switch_batch_meter")
    .selectAll()
    .where("batch_id", "=", of.batchId)
    .where("meter_id", "=", of.meterId)
    .where("state", "=", "waiting")
    .executeTakeFirst();
}

/** Ends the waiting of one meter, or of all that wait (`meterId` null). Answers how many. */
export async function endWaiting(
  tx: Tx,
  input: {
    batchId: string;
    meterId: number | null;
    to: Exclude<BatchRowState, "waiting">;
    why: LeftOutReason | "";
    commandId: string | null;
    at: Instant;
  },
): Promise<number> {
  const result = await tx
    .updateTable("switch_batch_meter")
    .set({ state: input.to, why: input.why, command_id: input.commandId, changed_at: input.at })
    .where("batch_id", "=", input.batchId)
    .where("state", "=", "waiting")
    .$if(input.meterId !== null, (query) => query.where("meter_id", "=", input.meterId ?? 0))
    .executeTakeFirst();
  return updatedRows(result);
}

/** Takes back what a batch asked for and nobody has sent. Answers how many. */
export async function takeBackUnsent(tx: Tx, input: { batchId: string; why: string; at: Instant }): Promise<number> {
  const rows = await tx
    .selectFrom("switch_batch_meter")
    .innerJoin("command", "command.id", "switch_batch_meter.command_id")
    .select(["switch_batch_meter.meter_id", "command.id"])
    .where("switch_batch_meter.batch_id", "=", input.batchId)
    .where("switch_batch_meter.state", "=", "asked")
    .where("command.state", "=", "waiting")
    .where("command.sent_at", "is", null)
    .execute();
  let taken = 0;
  for (const row of rows) {
    if (!(await cancelUnsent(tx, { commandId: row.id, why: input.why, at: input.at }))) continue;
    await tx
      .updateTable("switch_batch_meter")
      .set({ state: "cancelled", changed_at: input.at })
      .where("batch_id", "=", input.batchId)
      .where("meter_id", "=", row.meter_id)
      .execute();
    taken++;
  }
  return taken;
}

/** Whether something of a batch is still under way: a meter that waits, or a command that has not ended and may still be answered. */
export async function isUnderWay(tx: Tx, of: { batchId: string; now: Instant }): Promise<boolean> {
  const row = await tx
    .selectFrom("switch_batch_meter")
    .leftJoin("command", "command.id", "switch_batch_meter.command_id")
    .select("switch_batch_meter.meter_id")
    .where("switch_batch_meter.batch_id", "=", of.batchId)
    .where((eb) =>
      eb.or([
        eb("switch_batch_meter.state", "=", "waiting"),
        eb.and([
          eb("switch_batch_meter.state", "=", "asked"),
          eb("command.state", "in", [...OPEN_STATES]),
          eb.or([eb("command.sent_at", "is", null), eb("command.sent_at", ">=", later(of.now, -UNANSWERED_MS))]),
        ]),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The meters of a batch that may be tried again: their command failed, or nothing was heard of it for long. */
export async function failedMeters(tx: Tx, of: { batchId: string; now: Instant }): Promise<Set<number>> {
  const rows = await tx
    .selectFrom("switch_batch_meter")
    .innerJoin("command", "command.id", "switch_batch_meter.command_id")
    .select([
      "switch_batch_meter.meter_id",
      "switch_batch_meter.state as row_state",
      "command.state",
      "command.sent_at",
    ])
    .where("switch_batch_meter.batch_id", "=", of.batchId)
    .execute();
  const failed = rows.filter((row) =>
    againSteps.includes(stepOf(row.row_state, batchCommand({ state: row.state, sentAt: row.sent_at }, of.now))),
  );
  return new Set(failed.map((row) => row.meter_id));
}

/** A command as a batch looks at it now. */
export function batchCommand(command: { state: string; sentAt: number | null }, now: Instant): BatchCommand {
  const { state, sentAt } = command;
  return { state, wasSent: sentAt !== null, isLate: sentAt !== null && sentAt < later(now, -UNANSWERED_MS) };
}

/** Whether a switch of a meter was commanded since an instant. */
export async function wasSwitchedSince(tx: Tx, input: { meterId: number; since: Instant }): Promise<boolean> {
  const command = await tx
    .selectFrom("command")
    .select("id")
    .where("meter_id", "=", input.meterId)
    .where("kind", "in", ["trip", "close", "permit_close"])
    .where("created_at", ">", input.since)
    .limit(1)
    .executeTakeFirst();
  return command !== undefined;
}

/** Whether somebody has paid for a meter since an instant; also money of its customer that could not be sold and is in his wallet. */
export async function wasPaidSince(
  tx: Tx,
  input: { meterId: number; accountId: number | null; customerId: number | null; since: Instant },
): Promise<boolean> {
  const order = await tx
    .selectFrom("recharge_order")
    .select("order_no")
    .where((eb) =>
      eb.or([
        eb("meter_id", "=", input.meterId),
        ...(input.accountId === null ? [] : [eb("account_id", "=", input.accountId)]),
      ]),
    )
    .where("created_at", ">", input.since)
    .where("state", "<>", "withdrawn")
    .limit(1)
    .executeTakeFirst();
  if (order !== undefined || input.customerId === null) return order !== undefined;
  const kept = await tx
    .selectFrom("payment")
    .select("payment_no")
    .where("customer_id", "=", input.customerId)
    .where("taken_at", ">", input.since)
    .where("outcome", "=", "wallet")
    .limit(1)
    .executeTakeFirst();
  return kept !== undefined;
}

/** What the list of a batch says of the meter of one of its commands; undefined when the command is of no batch. */
export function batchOfCommand(
  tx: Tx,
  of: { commandId: string; meterId: number },
): Promise<{ known: string; requested_at: number } | undefined> {
  return tx
    .selectFrom("switch_batch_meter")
    .innerJoin("switch_batch", "switch_batch.id", "switch_batch_meter.batch_id")
    .where("switch_batch_meter.meter_id", "=", of.meterId)
    .where("switch_batch_meter.command_id", "=", of.commandId)
    .select(["switch_batch_meter.known", "switch_batch.requested_at"])
    .executeTakeFirst();
}

/** Ends what was asked for before a restore and is not sent: whoever asked, and who agreed, knew another state of things. Answers how many. */
export async function endBatchesOfThen(tx: Tx, input: { by: string; at: Instant }): Promise<number> {
  const open = await tx
    .selectFrom("switch_batch")
    .select("id")
    .where("state", "in", ["requested", "running"])
    .execute();
  for (const { id: batchId } of open)
    await endWaiting(tx, { batchId, meterId: null, to: "cancelled", why: "", commandId: null, at: input.at });
  const end = {
    state: "cancelled",
    hold: null,
    cancelled_by: input.by,
    ended_at: input.at,
    updated_at: input.at,
  } as const;
  await tx
    .updateTable("switch_batch")
    .set((eb) => ({ ...end, version: eb("version", "+", 1) }))
    .where("state", "in", ["requested", "running"])
    .execute();
  return open.length;
}

/** Trips of a project that wait to be sent. */
export async function tripsWaiting(tx: Tx, projectId: number): Promise<number> {
  const row = await tx
    .selectFrom("command")
    .innerJoin("meter", "meter.id", "command.meter_id")
    .where("meter.project_id", "=", projectId)
    .where("command.kind", "=", "trip")
    .where("command.state", "=", "waiting")
    .where("command.sent_at", "is", null)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Says on a batch what holds it up; nothing is written when it says so already. */
export async function holdBatch(tx: Tx, input: { id: string; hold: BatchHold | null; at: Instant }): Promise<void> {
  await tx
    .updateTable("switch_batch")
    .set({ hold: input.hold, updated_at: input.at })
    .where("id", "=", input.id)
    .where((eb) =>
      input.hold === null ? eb("hold", "is not", null) : eb.or([eb("hold", "is", null), eb("hold", "<>", input.hold)]),
    )
    .execute();
}
