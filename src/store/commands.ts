import type { Instant } from "#base/time.ts";
import type { Command } from "#contract/metering.ts";
import type { CommandKind } from "#domain/command.ts";
import { CREDIT_KINDS, SWITCH_KINDS } from "#domain/command.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { CommandState, CommandTable } from "./schema-commands.ts";
import { inScope } from "./scope.ts";

/** States in which a command is not finished. */
export const OPEN_STATES: readonly CommandState[] = ["waiting", "sent", "unknown"];

export type NewCommand = Pick<
  CommandTable,
  | "id"
  | "idem_key"
  | "meter_id"
  | "concentrator_id"
  | "kind"
  | "cause"
  | "priority"
  | "payload"
  | "order_no"
  | "reason"
  | "requested_by"
  | "expires_at"
  | "created_at"
>;

/** Adds a command that waits to be sent. False when its key was used before; nothing is changed then. */
export async function addCommand(tx: Tx, command: NewCommand): Promise<boolean> {
  const fresh = await insertIgnore(
    tx,
    "command",
    [
      {
        ...command,
        purchase_number: null,
        frame_hex: null,
        key_version: null,
        state: "waiting" as const,
        state_reason: "",
        not_before: 0,
        attempts: 0,
        lease_token: null,
        lease_until: 0,
        lease_epoch: 0,
        sent_at: null,
        done_at: null,
        result: null,
        updated_at: command.created_at,
      },
    ],
    ["idem_key"],
  );
  return fresh === 1;
}

/**
 * Ends every open switch command of a meter but one: the newest wish counts. Also those that were sent: their holder finds its
 * lease gone, and what they may still do is undone by the newer one, which reads the relay.
 */
export function supersedeSwitches(
  tx: Tx,
  input: { meterId: number; by: string; why: string; at: Instant },
): Promise<void> {
  return supersede(tx, { ...input, kinds: SWITCH_KINDS });
}

/** Ends every open command of some kinds of a meter but one, also those that were sent. */
export async function supersede(
  tx: Tx,
  input: { meterId: number; kinds: readonly CommandKind[]; by: string; why: string; at: Instant },
): Promise<void> {
  await tx
    .updateTable("command")
    .set({
      state: "cancelled",
      state_reason: input.why,
      lease_token: null,
      lease_until: 0,
      done_at: input.at,
      updated_at: input.at,
    })
    .where("meter_id", "=", input.meterId)
    .where("kind", "in", [...input.kinds])
    .where("state", "in", [...OPEN_STATES])
    .where("id", "<>", input.by)
    .execute();
}

/** Takes back every command of some kinds of a meter that nobody has sent. */
export async function takeBackUnsent(
  tx: Tx,
  input: { meterId: number; kinds: readonly CommandKind[]; why: string; at: Instant },
): Promise<void> {
  await tx
    .updateTable("command")
    .set({
      ...{ state: "cancelled", state_reason: input.why, lease_token: null, lease_until: 0 },
      ...{ done_at: input.at, updated_at: input.at },
    })
    .where("meter_id", "=", input.meterId)
    .where("kind", "in", [...input.kinds])
    .where("state", "=", "waiting")
    .where("sent_at", "is", null)
    .execute();
}

export type OpenSwitch = { id: string; kind: CommandKind; cause: CommandTable["cause"]; sentAt: number | null };

/** The switch commands of a meter that have not ended. */
export async function openSwitches(tx: Tx, meterId: number): Promise<OpenSwitch[]> {
  const rows = await tx
    .selectFrom("command")
    .select(["id", "kind", "cause", "sent_at"])
    .where("meter_id", "=", meterId)
    .where("kind", "in", [...SWITCH_KINDS])
    .where("state", "in", [...OPEN_STATES])
    .execute();
  return rows.map((row) => ({ id: row.id, kind: row.kind, cause: row.cause, sentAt: row.sent_at }));
}

/** Takes back a command that nobody has sent; false when its first byte may have left, or it has ended. */
export async function cancelUnsent(tx: Tx, input: { commandId: string; why: string; at: Instant }): Promise<boolean> {
  const result = await tx
    .updateTable("command")
    .set({ state: "cancelled", state_reason: input.why, lease_token: null, done_at: input.at, updated_at: input.at })
    .where("id", "=", input.commandId)
    .where("state", "=", "waiting")
    .where("sent_at", "is", null)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** The command of some kinds that a meter was given last; null: none. */
export async function lastOfKinds(
  tx: Tx,
  meterId: number,
  kinds: readonly CommandKind[],
): Promise<{ id: string; kind: CommandKind; state: CommandState } | null> {
  const row = await tx
    .selectFrom("command")
    .select(["id", "kind", "state"])
    .where("meter_id", "=", meterId)
    .where("kind", "in", [...kinds])
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** How many commands that change a meter's credit have not ended. */
export async function openCreditCommands(tx: Tx, meterId: number): Promise<number> {
  const row = await tx
    .selectFrom("command")
    .where("meter_id", "=", meterId)
    .where("kind", "in", [...CREDIT_KINDS])
    .where("state", "in", [...OPEN_STATES])
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** How many commands of a meter have not ended. */
export async function openCommandsOf(tx: Tx, meterId: number): Promise<number> {
  return countCommands(tx, { meterId, states: OPEN_STATES });
}

/** How many commands of a meter may have reached it and have not ended. */
export async function sentCommandsOf(tx: Tx, meterId: number): Promise<number> {
  return countCommands(tx, { meterId, states: SENT_STATES });
}

/** How many commands below a concentrator may have reached a meter and have not ended. */
export async function sentCommandsBehind(tx: Tx, concentratorId: number): Promise<number> {
  return countCommands(tx, { concentratorId, states: SENT_STATES });
}

/** Commands that nobody has sent follow their meter to another concentrator. */
export async function moveWaitingCommands(tx: Tx, to: { meterId: number; concentratorId: number }): Promise<void> {
  await tx
    .updateTable("command")
    .set({ concentrator_id: to.concentratorId, lease_token: null, lease_until: 0 })
    .where("meter_id", "=", to.meterId)
    .where("state", "=", "waiting")
    .execute();
}

const SENT_STATES: readonly CommandState[] = ["sent", "unknown"];

async function countCommands(
  tx: Tx,
  of: { meterId?: number; concentratorId?: number; states: readonly CommandState[] },
): Promise<number> {
  const { meterId, concentratorId } = of;
  const row = await tx
    .selectFrom("command")
    .where("state", "in", [...of.states])
    .$if(meterId !== undefined, (query) => query.where("meter_id", "=", meterId ?? 0))
    .$if(concentratorId !== undefined, (query) => query.where("concentrator_id", "=", concentratorId ?? 0))
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Ends everything that was asked of a meter: another device is in its place. Whoever holds a command finds its lease gone. */
export async function endOpenCommands(tx: Tx, input: { meterId: number; why: string; at: Instant }): Promise<void> {
  await tx
    .updateTable("command")
    .set({
      state: "cancelled",
      state_reason: input.why,
      lease_token: null,
      lease_until: 0,
      done_at: input.at,
      updated_at: input.at,
    })
    .where("meter_id", "=", input.meterId)
    .where("state", "in", [...OPEN_STATES])
    .execute();
}

/** Lets a command that stopped or was refused be tried again: one that was sent is read back first, with its number and bytes. */
export async function reopenStopped(tx: Tx, input: { commandId: string; at: Instant }): Promise<boolean> {
  const result = await tx
    .updateTable("command")
    .set((eb) => ({
      state: eb
        .case()
        .when("purchase_number", "is", null)
        .then("waiting" as const)
        .else("unknown" as const)
        .end(),
      state_reason: "recheck",
      attempts: 0,
      not_before: 0,
      done_at: null,
      updated_at: input.at,
    }))
    .where("id", "=", input.commandId)
    .where("state", "in", ["stopped"])
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** One command for a page; null outside the scope. */
export async function commandView(tx: Tx, scope: Scope, id: string): Promise<Command | null> {
  const row = await views(tx, scope).where("command.id", "=", id).executeTakeFirst();
  return row ? toCommand(row) : null;
}

/** Commands that changed since an instant, for the live channel. */
export async function changedCommands(tx: Tx, scope: Scope, since: number): Promise<Command[]> {
  const rows = await views(tx, scope)
    .where("command.updated_at", ">=", since)
    .orderBy("command.updated_at", "desc")
    .limit(CHANGED_MAX)
    .execute();
  return rows.map(toCommand);
}

/** Commands told at once by the live channel; a page that missed one polls its own command anyway. */
const CHANGED_MAX = 500;

function views(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("command")
    .innerJoin("meter", "meter.id", "command.meter_id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .where((eb) => inScope(eb, scope))
    .select([
      "command.id",
      "command.meter_id",
      "command.kind",
      "command.cause",
      "command.state",
      "command.state_reason",
      "command.created_at",
      "command.sent_at",
      "command.done_at",
      "command.attempts",
      "concentrator.online",
    ]);
}

type CommandRow = Awaited<ReturnType<ReturnType<typeof views>["executeTakeFirstOrThrow"]>>;

function toCommand(row: CommandRow): Command {
  return {
    id: row.id,
    meterId: row.meter_id,
    kind: row.kind,
    cause: row.cause,
    state: row.state,
    stateReason: row.state_reason,
    createdAt: row.created_at,
    sentAt: row.sent_at,
    doneAt: row.done_at,
    attempts: row.attempts,
    reachable: row.online === 1,
  };
}
