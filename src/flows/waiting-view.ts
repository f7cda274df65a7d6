import type { WaitingCommands } from "#contract/metering.ts";
import type { Scope } from "#domain/permission.ts";
import { leavesOff, withdrawalOf } from "#domain/withdrawal.ts";
import { meterState } from "#store/meters.ts";
import { waitingCommandsOf, withdrawnClose } from "#store/waiting-commands.ts";
import type { FlowContext } from "./context.ts";
import { isAtWork } from "./withdraw-command.ts";

/** What was asked of a meter and has not ended, with whether it can be taken back; null outside the scope. */
export async function waitingView(
  { db, clock }: FlowContext,
  scope: Scope,
  meterId: number,
): Promise<WaitingCommands | null> {
  const commands = await waitingCommandsOf(db.read, scope, meterId);
  if (commands === null) return null;
  const now = clock();
  const { relay, relay_commanded: relayCommanded } = await meterState(db.read, meterId);
  const items = commands.map((each) => ({
    ...{ id: each.id, kind: each.kind, cause: each.cause, state: each.state, stateReason: each.state_reason },
    ...{ reason: each.reason, by: each.requested_by },
    ...{ createdAt: each.created_at, sentAt: each.sent_at, expiresAt: each.expires_at },
    withdrawal: withdrawalOf({ ...each, wasSent: each.sent_at !== null, isAtWork: isAtWork(each, now) }),
    leavesOff: leavesOff(each.kind, { relay, relayCommanded }),
  }));
  return { asOf: now, items, withdrawnClose: await withdrawnClose(db.read, meterId) };
}
