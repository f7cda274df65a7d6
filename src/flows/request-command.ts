import { AppError, assert } from "#base/errors.ts";
import { later } from "#base/time.ts";
import { type CommandKind, expiryMs, priority } from "#domain/command.ts";
import type { Actor } from "#domain/permission.ts";
import { isSafetyHeld } from "#domain/switching.ts";
import { addAudit } from "#store/audit.ts";
import { addCommand, supersedeSwitches } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { demandLink } from "./link-risk.ts";

type Asked = { meterId: number; key: string; kind: "trip" | "close" | "read"; reason: string; ip: string };

/**
 * An operator trips, closes or reads a meter. The same key again answers with the same command. A switch command takes the
 * place of every other one of the meter that has not ended. A meter under supply guard (保电) is never tripped, and one that its load guard has
 * switched off (安全用电) never closed: that is a release, by somebody with the right to it.
 */
export async function requestCommand(
  ctx: FlowContext,
  actor: Actor,
  input: Asked,
): Promise<{ commandId: string; created: boolean }> {
  if (input.kind === "trip" && input.reason === "") throw new AppError("reason_required");
  const done = await decide(ctx.db, (tx) => requestIn(ctx, tx, actor, { ...input, key: operatorKey(input.key) }));
  if (done.created)
    ctx.log.info({ command: done.commandId, kind: input.kind, meter: input.meterId }, "command requested");
  return done;
}

/** The same in a transaction of the caller, who keeps the whole `key` apart from those of others. */
export async function requestIn(ctx: FlowContext, tx: Tx, actor: Actor, input: Asked) {
  const meter = await meterToAct(tx, actor.scope, input.meterId);
  if (!meter) throw new AppError("meter_not_found");
  const earlier = await commandByKey(tx, input.key);
  if (earlier) return repeated(earlier, input);
  if (input.kind !== "read" && meter.switch_kind === "none") throw new AppError("meter_without_switch");
  if (input.kind === "trip" && meter.supply_guard === 1) throw new AppError("meter_protected");
  if (input.kind === "close" && isSafetyHeld({ offCause: meter.off_cause })) throw new AppError("meter_safety_off");
  await demandLink(tx, meter.id, input.kind);

  const now = ctx.clock();
  const kind: CommandKind = input.kind === "close" && meter.closes_by === "button" ? "permit_close" : input.kind;
  const commandId = ctx.newId(now);
  const fresh = await addCommand(tx, {
    id: commandId,
    idem_key: input.key,
    meter_id: meter.id,
    concentrator_id: meter.concentrator_id,
    kind,
    cause: "operator",
    priority: priority[kind],
    payload: "{}",
    order_no: null,
    reason: input.reason,
    requested_by: actor.login,
    expires_at: later(now, expiryMs[kind]),
    created_at: now,
  });
  if (!fresh) {
    const other = await commandByKey(tx, input.key);
    assert(other !== null, "a command with this key exists");
    return repeated(other, input);
  }
  if (kind === "read") return { commandId, created: true };

  await claimMeterState(tx, meter.id);
  await supersedeSwitches(tx, { meterId: meter.id, by: commandId, why: "superseded", at: now });
  const asked = { command: commandId, asked: input.kind, reason: input.reason, by: actor.name };
  await addEvents(tx, [
    { id: ctx.newId(now), meterId: meter.id, at: now, kind: "command_requested", severity: "info", detail: asked },
  ]);
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: input.kind === "trip" ? "meter.trip" : "meter.close",
    object: `meter:${meter.id}`,
    before: { relay: meter.relay },
    after: { command: commandId },
    reason: input.reason,
    ip: input.ip,
  });
  return { commandId, created: true };
}

/** A page's key lives apart from the keys that flows derive, so that nobody can take theirs. */
export function operatorKey(key: string): string {
  return `operator:${key}`;
}

type Earlier = { id: string; meterId: number; kind: CommandKind; payload: string };

/** The command that was made with a key; null when none was. */
export async function commandByKey(tx: Tx, key: string): Promise<Earlier | null> {
  const row = await tx
    .selectFrom("command")
    .select(["id", "meter_id", "kind", "payload"])
    .where("idem_key", "=", key)
    .executeTakeFirst();
  return row ? { id: row.id, meterId: row.meter_id, kind: row.kind, payload: row.payload } : null;
}

function repeated(earlier: Earlier, input: Asked) {
  const sameKind = earlier.kind === input.kind || (earlier.kind === "permit_close" && input.kind === "close");
  if (earlier.meterId !== input.meterId || !sameKind) throw new AppError("command_key_conflict");
  return { commandId: earlier.id, created: false };
}
