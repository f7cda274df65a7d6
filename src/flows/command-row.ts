import type { Instant } from "#base/time.ts";
import { OPEN_STATES } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { updatedRows } from "#store/portable.ts";
import type { CommandState, CommandTable } from "#store/schema-commands.ts";
import { Stale } from "#store/stale.ts";
import type { ClaimedCommand } from "./claimed-command.ts";

/** A command being settled: as it was claimed, as its row is now, and when. */
export type Settling = { claimed: ClaimedCommand; command: CommandTable; now: Instant };

/** The command's row while this holder still owns it; undefined when fenced. */
export function ownCommand(tx: Tx, claimed: ClaimedCommand): Promise<CommandTable | undefined> {
  return tx
    .selectFrom("command")
    .selectAll()
    .where("id", "=", claimed.id)
    .where("lease_token", "=", claimed.leaseToken)
    .where("state", "in", [...OPEN_STATES])
    .executeTakeFirst();
}

/**
 * Whether the session under which a command was claimed is still the one of its concentrator. It is not once the device was replaced, has
 * come again, or must come in another way: nothing is sent over such a line any more, though it may still be open.
 */
export async function isOfThisSession(tx: Tx, command: CommandTable): Promise<boolean> {
  const { epoch } = await tx
    .selectFrom("concentrator")
    .select("epoch")
    .where("id", "=", command.concentrator_id)
    .executeTakeFirstOrThrow();
  return epoch === command.lease_epoch;
}

/** Ends a command; the condition repeats ownership, because between reading and writing another may have come. */
export async function finish(
  tx: Tx,
  claimed: ClaimedCommand,
  end: { state: CommandState; reason: string; at: Instant; result: Record<string, unknown> | null },
): Promise<void> {
  const result = await tx
    .updateTable("command")
    .set({
      state: end.state,
      state_reason: end.reason,
      done_at: end.at,
      updated_at: end.at,
      result: end.result === null ? null : JSON.stringify(end.result),
      lease_token: null,
      lease_until: 0,
    })
    .where("id", "=", claimed.id)
    .where("lease_token", "=", claimed.leaseToken)
    .where("state", "in", [...OPEN_STATES])
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`command ${claimed.id}`);
}
