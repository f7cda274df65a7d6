import { type Instant, SECOND_MS } from "#base/time.ts";
import { OFF_LIMITS, whyNoMoreOff } from "#domain/off-guard.ts";
import type { Tx } from "#store/db.ts";
import { offCounts, offStopOf, stopOff } from "#store/off-stops.ts";
import { nextNumbers } from "#store/sequences.ts";
import type { FlowContext } from "./context.ts";

/**
 * A collector that has just started cuts nobody off: what it knows may be from before an outage. Only what somebody orders afterwards, by
 * his own will, need not wait.
 */
export const RESTART_QUARANTINE_MS = 30 * SECOND_MS;
/** When a trip that the guard held back is looked at again. */
export const GUARD_RETRY_MS = 30 * SECOND_MS;

/**
 * Whether a trip may be sent by what is known beforehand: none goes to a meter under supply guard (保电), a trip for arrears needs
 * its evidence, and none leaves right after the collector has started. How many may leave is decided when it is sent, by {@link takeOffBudget}.
 */
export async function mayTrip(
  ctx: FlowContext,
  input: { commandId: string; startedAt: Instant },
): Promise<{ ok: true } | { ok: false; why: "guarded" | "guard_quarantine" | "no_evidence"; retryInMs: number }> {
  const command = await ctx.db.read
    .selectFrom("command")
    .innerJoin("meter", "meter.id", "command.meter_id")
    .leftJoin("off_evidence", "off_evidence.command_id", "command.id")
    .select(["command.cause", "command.created_at", "meter.supply_guard", "off_evidence.command_id as evidence"])
    .where("command.id", "=", input.commandId)
    .executeTakeFirst();
  if (command?.supply_guard === 1) return { ok: false, why: "guarded", retryInMs: GUARD_RETRY_MS };
  const isOrdered = command?.cause === "operator";
  if (isOrdered && command.created_at >= input.startedAt) return { ok: true };
  if (!isOrdered && (command?.evidence ?? null) === null) {
    return { ok: false, why: "no_evidence", retryInMs: GUARD_RETRY_MS };
  }
  if (ctx.clock() - input.startedAt < RESTART_QUARANTINE_MS) {
    return { ok: false, why: "guard_quarantine", retryInMs: GUARD_RETRY_MS };
  }
  return { ok: true };
}

/**
 * Takes one trip of a meter's project out of its budget, in the transaction that marks it sent, whoever asked for it: so many in ten
 * minutes, and so large a part of the project in a day. One more, and every further trip of the project is refused until two people have
 * released it: so many at once are a mistake until somebody has looked. The row that is written first makes collectors take turns.
 */
export async function takeOffBudget(
  tx: Tx,
  input: { commandId: string; meterId: number; now: Instant },
): Promise<boolean> {
  const meter = await tx
    .selectFrom("meter")
    .select("project_id")
    .where("id", "=", input.meterId)
    .executeTakeFirstOrThrow();
  const projectId = meter.project_id;
  await nextNumbers(tx, `off_guard:${projectId}`);
  if ((await offStopOf(tx, projectId)) !== null) return false;
  const counted = await offCounts(tx, { projectId, now: input.now, except: input.commandId });
  const why = whyNoMoreOff(OFF_LIMITS, counted);
  if (why === null) return true;
  await stopOff(tx, { projectId, why, commandId: input.commandId, by: "off_guard", reason: "", at: input.now });
  return false;
}
