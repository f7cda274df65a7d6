import type { Instant } from "#base/time.ts";
import type { CommandKind } from "#domain/command.ts";
import { SWITCH_KINDS } from "#domain/command.ts";
import type { Scope } from "#domain/permission.ts";
import { TAKEN_BACK } from "#domain/withdrawal.ts";
import { OPEN_STATES } from "./commands.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { CommandTable } from "./schema-commands.ts";
import { inScope } from "./scope.ts";

/** Commands of one meter that have not ended: a few, as newer wishes end older ones; top-ups queue up. */
const OPEN_MAX = 50;

/** A command that has not ended, with the meter as it was last seen. */
export type WaitingCommand = Pick<
  CommandTable,
  | "id"
  | "meter_id"
  | "concentrator_id"
  | "kind"
  | "cause"
  | "state"
  | "state_reason"
  | "reason"
  | "requested_by"
  | "payload"
  | "lease_token"
  | "lease_until"
  | "created_at"
  | "sent_at"
  | "expires_at"
>;

/** The commands of a meter that have not ended, oldest first; null outside the scope. */
export async function waitingCommandsOf(tx: Tx, scope: Scope, meterId: number): Promise<WaitingCommand[] | null> {
  const meter = await tx
    .selectFrom("meter")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .select("meter.id")
    .where("meter.id", "=", meterId)
    .where((eb) => inScope(eb, scope))
    .executeTakeFirst();
  if (meter === undefined) return null;
  return columns(tx)
    .where("command.meter_id", "=", meterId)
    .where("command.state", "in", [...OPEN_STATES])
    .orderBy("command.created_at")
    .orderBy("command.id")
    .limit(OPEN_MAX)
    .execute();
}

/** One command whatever its state, for whoever sees its meter. */
export function commandToWithdraw(tx: Tx, scope: Scope, id: string): Promise<WaitingCommand | undefined> {
  return columns(tx)
    .innerJoin("meter", "meter.id", "command.meter_id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .where("command.id", "=", id)
    .where((eb) => inScope(eb, scope))
    .executeTakeFirst();
}

function columns(tx: Tx) {
  return tx
    .selectFrom("command")
    .select([
      "command.id",
      "command.meter_id",
      "command.concentrator_id",
      "command.kind",
      "command.cause",
      "command.state",
      "command.state_reason",
      "command.reason",
      "command.requested_by",
      "command.payload",
      "command.lease_token",
      "command.lease_until",
      "command.created_at",
      "command.sent_at",
      "command.expires_at",
    ]);
}

/**
 * Ends a command that nobody has sent, as it was read: false when its first byte may have left since, when it has ended, or when another collector took it.
 * A collector that prepares to send it finds its lease gone and sends nothing.
 */
export async function takeBack(
  tx: Tx,
  { command, at }: { command: Pick<WaitingCommand, "id" | "lease_token">; at: Instant },
): Promise<boolean> {
  const result = await tx
    .updateTable("command")
    .set({
      state: "cancelled",
      state_reason: TAKEN_BACK,
      lease_token: null,
      lease_until: 0,
      done_at: at,
      updated_at: at,
    })
    .where("id", "=", command.id)
    .where("state", "=", "waiting")
    .where("sent_at", "is", null)
    .where("lease_token", command.lease_token === null ? "is" : "=", command.lease_token)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** The close of a meter that waits to undo this trip (the second half of a switch test); null: none does. */
export async function closeThatUndoes(
  tx: Tx,
  trip: { id: string; meterId: number },
): Promise<Pick<WaitingCommand, "id" | "lease_token"> | null> {
  const rows = await tx
    .selectFrom("command")
    .select(["id", "payload", "lease_token"])
    .where("meter_id", "=", trip.meterId)
    .where("kind", "in", ["close", "permit_close"])
    .where("state", "=", "waiting")
    .execute();
  return rows.find(({ payload }) => (JSON.parse(payload) as { undoes?: string }).undoes === trip.id) ?? null;
}

/** What was asked of a meter by the newest older command of a kind that nobody took back; null: there is none. */
export async function payloadBefore(
  tx: Tx,
  of: { meterId: number; kind: CommandKind; id: string },
): Promise<string | null> {
  const row = await tx
    .selectFrom("command")
    .select("payload")
    .where("meter_id", "=", of.meterId)
    .where("kind", "=", of.kind)
    .where("id", "<>", of.id)
    .where("state_reason", "<>", TAKEN_BACK)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.payload ?? null;
}

/**
 * The withdrawal that left a meter without supply, while that is still so: it is not seen closed, and nothing was asked of its switch since. Null: there is
 * none.
 */
export async function withdrawnClose(
  tx: Tx,
  meterId: number,
): Promise<{ at: number; by: string; reason: string } | null> {
  const event = await tx
    .selectFrom("meter_event")
    .select(["at", "detail"])
    .where("meter_id", "=", meterId)
    .where("kind", "=", "close_withdrawn")
    .orderBy("at", "desc")
    .limit(1)
    .executeTakeFirst();
  if (event === undefined) return null;
  const state = await tx
    .selectFrom("meter_state")
    .select(["relay", "relay_commanded"])
    .where("meter_id", "=", meterId)
    .executeTakeFirstOrThrow();
  if (state.relay === "closed" && state.relay_commanded !== "open") return null;
  const since = await tx
    .selectFrom("command")
    .select("id")
    .where("meter_id", "=", meterId)
    .where("kind", "in", [...SWITCH_KINDS])
    .where("created_at", ">=", event.at)
    .where("state_reason", "<>", TAKEN_BACK)
    .limit(1)
    .executeTakeFirst();
  if (since !== undefined) return null;
  const { by, reason } = JSON.parse(event.detail) as { by: string; reason: string };
  return { at: event.at, by, reason };
}
