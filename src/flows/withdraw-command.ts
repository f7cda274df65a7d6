import { AppError, assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { SWITCH_KINDS } from "#domain/command.ts";
import { GUARD_OFF } from "#domain/load-guard.ts";
import type { Actor } from "#domain/permission.ts";
import { leavesOff, TAKEN_BACK, withdrawalOf, withdrawPermission } from "#domain/withdrawal.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { loadGuardOf, parseGuard, saveGuardWanted } from "#store/load-guard.ts";
import { claimMeterState } from "#store/meters.ts";
import { Stale } from "#store/stale.ts";
import {
  closeThatUndoes,
  commandToWithdraw,
  payloadBefore,
  takeBack,
  type WaitingCommand,
} from "#store/waiting-commands.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

type Withdrawing = { commandId: string; reason: string; staysOff: boolean; ip: string };

/** Whether a collector holds a command under a lease that counts. */
export function isAtWork(command: Pick<WaitingCommand, "lease_token" | "lease_until">, now: Instant): boolean {
  return command.lease_token !== null && command.lease_until >= now;
}

/**
 * Takes back a command that a person asked for and that has certainly not been sent (撤回指令), by whoever may send it. What carries money is taken back with
 * its order. Both halves of a switch test that have not left go together: a trip is never left without the close that undoes it. `staysOff`: the asker
 * knows that supply will not come back; without it a close that the meter needs is refused. Repeating it changes nothing.
 */
export async function withdrawCommand(ctx: FlowContext, actor: Actor, input: Withdrawing): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  const meterId = await decide(ctx.db, (tx) => withdraw(ctx, tx, actor, input));
  if (meterId !== null) ctx.log.info({ command: input.commandId, meter: meterId }, "command withdrawn");
}

async function withdraw(ctx: FlowContext, tx: Tx, actor: Actor, input: Withdrawing): Promise<number | null> {
  const now = ctx.clock();
  const seen = await commandToWithdraw(tx, actor.scope, input.commandId);
  if (seen === undefined) throw new AppError("command_not_found");
  // Whoever marks a switch command as sent takes this row as well: from here on it has left, or never will.
  const state = await claimMeterState(tx, seen.meter_id);
  const command = await commandToWithdraw(tx, actor.scope, input.commandId);
  assert(command !== undefined, "a command is never deleted");
  const { kind } = command;
  const judged = withdrawalOf({
    ...{ kind, cause: command.cause, state: command.state },
    ...{ wasSent: command.sent_at !== null, isAtWork: isAtWork(command, now) },
  });
  if (judged === "money") throw new AppError("command_of_money");
  if (judged === "system") throw new AppError("command_by_system");
  const permission = withdrawPermission(kind);
  assert(permission !== null, `${kind} is asked for by people`);
  if (!actor.permissions.has(permission)) throw new AppError("forbidden", { permission });
  if (command.state === "cancelled" && command.state_reason === TAKEN_BACK) return null; // a second click
  if (judged !== "may") throw new AppError(judged === "sent" ? "command_sent" : "command_ended");

  const other = await otherHalf(tx, command);
  const staysOff = leavesOff(kind, { relay: state.relay, relayCommanded: state.relay_commanded });
  if (staysOff && !input.staysOff) throw new AppError("command_leaves_off");
  for (const each of other === null ? [command] : [other, command])
    if (!(await takeBack(tx, { command: each, at: now }))) throw new Stale(`command ${each.id}`);
  if (kind === "set_load_guard") await wantAsBefore(tx, command, { by: actor.login, at: now });

  const also = other === null ? {} : { also: other.id };
  await addEvents(tx, [
    {
      ...{ id: ctx.newId(now), meterId: command.meter_id, at: now },
      ...(staysOff
        ? { kind: "close_withdrawn" as const, severity: "warning" as const }
        : { kind: "command_withdrawn" as const, severity: "info" as const }),
      detail: { command: command.id, asked: kind, reason: input.reason, by: actor.name, ...also },
    },
  ]);
  await addAudit(tx, {
    ...{ id: ctx.newId(now), at: now, actor: actor.login, action: "command.withdraw" },
    object: `meter:${command.meter_id}`,
    before: { command: command.id, kind, state: command.state, relay: state.relay },
    after: { state: "cancelled", staysOff, ...also },
    ...{ reason: input.reason, ip: input.ip },
  });
  return command.meter_id;
}

/** The half of a switch test that goes with this one, while it has not left either; null: there is none. */
async function otherHalf(tx: Tx, command: WaitingCommand) {
  if (!SWITCH_KINDS.includes(command.kind)) return null;
  if (command.kind === "trip") return closeThatUndoes(tx, { id: command.id, meterId: command.meter_id });
  const { undoes } = JSON.parse(command.payload) as { undoes?: string };
  if (undoes === undefined) return null;
  const trip = await tx
    .selectFrom("command")
    .select(["id", "lease_token", "state", "sent_at"])
    .where("id", "=", undoes)
    .executeTakeFirst();
  return trip?.state === "waiting" && trip.sent_at === null ? trip : null;
}

/** What was never told to the meter is not wanted any more: what it was told before is, else what was wanted before. */
async function wantAsBefore(tx: Tx, command: WaitingCommand, { by, at }: { by: string; at: Instant }): Promise<void> {
  const meterId = command.meter_id;
  const { told } = (await loadGuardOf(tx, meterId)) ?? { told: null };
  const before = told === null ? await payloadBefore(tx, { meterId, kind: command.kind, id: command.id }) : null;
  const asked = before === null ? null : (JSON.parse(before) as { settings: object }).settings;
  const settings = told !== null ? parseGuard(told) : asked !== null ? parseGuard(JSON.stringify(asked)) : GUARD_OFF;
  await saveGuardWanted(tx, meterId, { settings, by, at });
  await archiveChanged(tx, [command.concentrator_id]);
}
