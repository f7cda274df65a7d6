import type { Instant } from "#base/time.ts";
import { type CommandKind, CREDIT_KINDS } from "#domain/command.ts";
import type { Scope } from "#domain/permission.ts";
import { HELD_STATES, type QuarantineFacts, type QuarantineReason, type QuarantineState } from "#domain/quarantine.ts";
import { OPEN_STATES } from "./commands.ts";
import type { Tx } from "./db.ts";
import { insertRows, updatedRows } from "./portable.ts";
import type { RestoreRunTable } from "./schema-safekeeping.ts";
import { inScope } from "./scope.ts";
import { endBatchesOfThen } from "./switch-batches.ts";

/** The latest restore of this database while anything is still held back by it; null when the system runs freely. */
export async function currentRestore(tx: Tx): Promise<RestoreRunTable | null> {
  const last = await tx
    .selectFrom("restore_run")
    .selectAll()
    .orderBy("restored_at", "desc")
    .limit(1)
    .executeTakeFirst();
  if (last === undefined) return null;
  if (last.trips_released_at === null) return last;
  const held = await tx
    .selectFrom("quarantine_meter")
    .select("meter_id")
    .where("state", "in", [...HELD_STATES])
    .limit(1)
    .executeTakeFirst();
  return held === undefined ? null : last;
}

/**
 * Whether a command of this kind must not be sent to a meter now. What only asks may always be. A time is called out to every meter of a bus, so it
 * waits for all of them.
 */
export async function isQuarantined(tx: Tx, meterId: number, kind: CommandKind): Promise<boolean> {
  if (kind === "read") return false;
  const held = await tx
    .selectFrom("quarantine_meter")
    .innerJoin("meter", "meter.id", "quarantine_meter.meter_id")
    .innerJoin("meter as own", (join) =>
      kind === "set_clock"
        ? join.onRef("own.concentrator_id", "=", "meter.concentrator_id").onRef("own.bus", "=", "meter.bus")
        : join.onRef("own.id", "=", "meter.id"),
    )
    .select("meter.id")
    .where("own.id", "=", meterId)
    .where("quarantine_meter.state", "in", [...HELD_STATES])
    .limit(1)
    .executeTakeFirst();
  return held !== undefined || (kind === "trip" && (await areTripsBarred(tx)));
}

/** Whether trips wait for people to release them after a restore. */
export async function areTripsBarred(tx: Tx): Promise<boolean> {
  const barred = await tx
    .selectFrom("restore_run")
    .select("id")
    .where("trips_released_at", "is", null)
    .limit(1)
    .executeTakeFirst();
  return barred !== undefined;
}

/** Puts every meter into quarantine, in place of an earlier one. */
export async function quarantineAllMeters(tx: Tx, input: { restoreId: string; at: Instant }): Promise<number> {
  await tx.deleteFrom("quarantine_meter").execute();
  // One that is retired is spoken to no more: nobody would ever hear from it where it stands.
  const meters = await tx.selectFrom("meter").select("id").where("retired_at", "is", null).orderBy("id").execute();
  await insertRows(
    tx,
    "quarantine_meter",
    meters.map(({ id }) => ({
      meter_id: id,
      restore_id: input.restoreId,
      state: "waiting" as const,
      reason: "not_read" as const,
      booked: null,
      shown: null,
      since: input.at,
      looked_at: null,
      ended_at: null,
      ended_by: null,
      ended_reason: "",
      version: 0,
    })),
  );
  return meters.length;
}

/**
 * Forgets what must not be believed after a restore: which collector holds what, what meters have shown (they are asked anew), and every
 * trip and batch, because whoever asked for it knew another state of things.
 */
export async function forgetTheMoment(
  tx: Tx,
  { at, by }: { at: Instant; by: string },
): Promise<{ trips: number; batches: number }> {
  await tx
    .updateTable("concentrator")
    .set((eb) => ({ owner: null, lease_until: 0, online: 0, online_changed_at: at, epoch: eb("epoch", "+", 1) }))
    .execute();
  await tx
    .updateTable("command")
    .set({ lease_token: null, lease_until: 0 })
    .where("lease_token", "is not", null)
    .execute();
  await tx
    .updateTable("meter_state")
    .set((eb) => ({
      purchase_count_read: null,
      purchase_count_read_at: 0,
      relay: null,
      relay_at: 0,
      last_answer_at: 0,
      changed_at: at,
      version: eb("version", "+", 1),
    }))
    .execute();
  const trips = await tx
    .updateTable("command")
    .set({ state: "cancelled", state_reason: "restored", done_at: at, updated_at: at })
    .where("kind", "=", "trip")
    .where("state", "in", [...OPEN_STATES])
    .executeTakeFirst();
  return { trips: updatedRows(trips), batches: await endBatchesOfThen(tx, { by, at }) };
}

export type HeldMeter = {
  meterId: number;
  version: number;
  state: QuarantineState;
  reason: QuarantineReason;
  booked: number | null;
  shownBefore: number | null;
  facts: QuarantineFacts;
};

/** Meters that are still held, with what is known of them now; a page of them in the order of their ids. */
export async function heldMeters(
  tx: Tx,
  input: { after: number; limit: number; meterId?: number },
): Promise<HeldMeter[]> {
  const rows = await tx
    .selectFrom("quarantine_meter as q")
    .innerJoin("restore_run as r", "r.id", "q.restore_id")
    .innerJoin("meter", "meter.id", "q.meter_id")
    .innerJoin("meter_state as s", "s.meter_id", "q.meter_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("command as open", "open.id", "s.top_up_open")
    .where("q.state", "in", [...HELD_STATES])
    .where("q.meter_id", ">", input.after)
    .$if(input.meterId !== undefined, (query) => query.where("q.meter_id", "=", input.meterId ?? 0))
    .select((eb) => [
      "q.meter_id",
      "q.version",
      "q.state",
      "q.reason",
      "q.booked",
      "q.shown",
      "account.credit_at",
      "s.last_answer_at",
      "s.purchase_count",
      "s.purchase_count_read",
      "s.relay",
      "open.purchase_number",
      eb
        .selectFrom("command as c")
        .whereRef("c.meter_id", "=", "q.meter_id")
        .where("c.kind", "in", ["close", "permit_close"])
        .where("c.state", "in", [...OPEN_STATES])
        .whereRef("c.created_at", "<", "r.restored_at")
        .select((inner) => inner.fn.countAll<number>().as("n"))
        .as("old_closes"),
    ])
    .orderBy("q.meter_id")
    .limit(input.limit)
    .execute();
  return rows.map((row) => ({
    meterId: row.meter_id,
    version: row.version,
    state: row.state,
    reason: row.reason,
    booked: row.booked,
    shownBefore: row.shown,
    facts: {
      answered: row.last_answer_at > 0,
      creditInMeter: row.credit_at === "meter",
      booked: row.purchase_count,
      shown: row.purchase_count_read,
      openNumber: row.purchase_number,
      relay: row.relay,
      hasOldClose: Number(row.old_closes ?? 0) > 0,
    },
  }));
}

/** Notes what was found about a held meter; false when it is not as it was when it was looked at. */
export async function noteQuarantine(
  tx: Tx,
  input: {
    meterId: number;
    version: number;
    state: QuarantineState;
    reason: QuarantineReason;
    booked: number | null;
    shown: number | null;
    at: Instant;
    ended: { by: string; reason: string } | null;
  },
): Promise<boolean> {
  const { ended } = input;
  const result = await tx
    .updateTable("quarantine_meter")
    .set((eb) => ({
      state: input.state,
      reason: input.reason,
      booked: input.booked,
      shown: input.shown,
      looked_at: input.at,
      ...(ended === null ? {} : { ended_at: input.at, ended_by: ended.by, ended_reason: ended.reason }),
      version: eb("version", "+", 1),
    }))
    .where("meter_id", "=", input.meterId)
    .where("version", "=", input.version)
    .where("state", "in", [...HELD_STATES])
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Who let a meter go on, and why; null while it is held, or was never. */
export async function endOfQuarantine(tx: Tx, meterId: number): Promise<{ by: string; reason: string } | null> {
  const row = await tx
    .selectFrom("quarantine_meter")
    .select(["ended_by", "ended_reason"])
    .where("meter_id", "=", meterId)
    .executeTakeFirst();
  return row === undefined || row.ended_by === null ? null : { by: row.ended_by, reason: row.ended_reason };
}

/** Tells whoever looks at a command or a recharge why it waits. */
export async function tellWaiting(tx: Tx, at: Instant): Promise<void> {
  const held = (eb: { selectFrom: Tx["selectFrom"] }) =>
    eb
      .selectFrom("quarantine_meter")
      .select("meter_id")
      .where("state", "in", [...HELD_STATES]);
  await tx
    .updateTable("command")
    .set({ state_reason: "quarantine", updated_at: at })
    .where("state", "=", "waiting")
    .where("state_reason", "<>", "quarantine")
    .where("kind", "<>", "read")
    .where("meter_id", "in", (eb) => held(eb as never))
    .execute();
  await tx
    .updateTable("recharge_order")
    .set({ state_reason: "quarantine", updated_at: at })
    .where("state", "=", "booked")
    .where("state_reason", "<>", "quarantine")
    .where("meter_id", "in", (eb) => held(eb as never))
    .execute();
}

/** Lets trips leave again after every restore until now. False when none was barred. */
export async function releaseBarredTrips(tx: Tx, input: { by: string; at: Instant }): Promise<boolean> {
  const result = await tx
    .updateTable("restore_run")
    .set({ trips_released_at: input.at, trips_released_by: input.by })
    .where("trips_released_at", "is", null)
    .executeTakeFirst();
  return updatedRows(result) > 0;
}

/** How many meters of a scope are in each state, and how many commands wait for the held ones. */
export async function quarantineCounts(tx: Tx, scope: Scope) {
  const rows = await tx
    .selectFrom("quarantine_meter as q")
    .innerJoin("meter", "meter.id", "q.meter_id")
    .where((eb) => inScope(eb as never, scope))
    .select((eb) => ["q.state", eb.fn.countAll<number>().as("count")])
    .groupBy("q.state")
    .execute();
  const counts: Record<QuarantineState, number> = { waiting: 0, doubtful: 0, clear: 0, released: 0 };
  for (const row of rows) counts[row.state] = Number(row.count);
  const commands = await tx
    .selectFrom("command")
    .innerJoin("quarantine_meter as q", "q.meter_id", "command.meter_id")
    .innerJoin("meter", "meter.id", "q.meter_id")
    .where((eb) => inScope(eb as never, scope))
    .where("q.state", "in", [...HELD_STATES])
    .where("command.state", "in", [...OPEN_STATES])
    .where("command.kind", "<>", "read")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return { ...counts, commands: Number(commands.count) };
}

/** Held meters of a scope for people: the doubtful ones first, then those that have not been read. */
export function heldMeterPage(tx: Tx, scope: Scope, limit: number) {
  return tx
    .selectFrom("quarantine_meter as q")
    .innerJoin("meter", "meter.id", "q.meter_id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .where((eb) => inScope(eb as never, scope))
    .where("q.state", "in", [...HELD_STATES])
    .select((eb) => [
      "q.meter_id",
      "meter.label",
      "meter.number",
      "q.state",
      "q.reason",
      "q.booked",
      "q.shown",
      "q.looked_at",
      "concentrator.online",
      eb
        .selectFrom("command as c")
        .whereRef("c.meter_id", "=", "q.meter_id")
        .where("c.state", "in", [...OPEN_STATES])
        .where("c.kind", "<>", "read")
        .select((inner) => inner.fn.countAll<number>().as("n"))
        .as("commands"),
      eb
        .selectFrom("command as t")
        .whereRef("t.meter_id", "=", "q.meter_id")
        .where("t.state", "in", [...OPEN_STATES])
        .where("t.kind", "in", [...CREDIT_KINDS])
        .select((inner) => inner.fn.countAll<number>().as("n"))
        .as("credits"),
    ])
    .orderBy("q.state")
    .orderBy("q.meter_id")
    .limit(limit)
    .execute();
}

/** The open request to let trips leave again after a restore. */
export function openTripRelease(tx: Tx) {
  return tx
    .selectFrom("approval")
    .where("kind", "=", "quarantine")
    .where("state", "=", "requested")
    .select(["id", "object", "requested_by", "requested_at"])
    .executeTakeFirst();
}
