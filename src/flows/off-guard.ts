import { formatInstant, type Instant, instant, later, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { insertIgnore } from "#store/portable.ts";
import { nextNumbers } from "#store/sequences.ts";
import { setting } from "#store/settings.ts";
import type { FlowContext } from "./context.ts";

/** Meters that one project may lose in a window; more than that is a mistake until a person says otherwise. Nothing on the web changes it. */
export const OFF_PER_WINDOW_MAX = 20;
export const OFF_WINDOW_MS = 10 * MINUTE_MS;
/** A collector that has just started cuts nobody off: what it knows may be from before an outage. */
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
    .select(["command.cause", "meter.supply_guard", "off_evidence.command_id as evidence"])
    .where("command.id", "=", input.commandId)
    .executeTakeFirst();
  if (command?.supply_guard === 1) return { ok: false, why: "guarded", retryInMs: GUARD_RETRY_MS };
  if (command?.cause === "operator") return { ok: true };
  if (!command || command.evidence === null) return { ok: false, why: "no_evidence", retryInMs: GUARD_RETRY_MS };
  if (ctx.clock() - input.startedAt < RESTART_QUARANTINE_MS) {
    return { ok: false, why: "guard_quarantine", retryInMs: GUARD_RETRY_MS };
  }
  return { ok: true };
}

/**
 * Takes one trip of a meter's project out of its budget, in the transaction that marks it sent: {@link OFF_PER_WINDOW_MAX} per
 * {@link OFF_WINDOW_MS}, whoever asked for it. One more, and every further trip of the project is refused until a person at the host
 * has released it: so many at once are a mistake until somebody has looked. The row that is written first makes collectors take turns.
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
  await nextNumbers(tx, `off_guard:${meter.project_id}`);
  const breaker = `${BREAKER}${meter.project_id}`;
  if ((await setting(tx, breaker)) !== null) return false;
  const recent = await tx
    .selectFrom("command")
    .innerJoin("meter", "meter.id", "command.meter_id")
    .where("meter.project_id", "=", meter.project_id)
    .where("command.kind", "=", "trip")
    .where("command.id", "<>", input.commandId)
    .where("command.sent_at", ">=", later(input.now, -OFF_WINDOW_MS))
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  if (Number(recent.count) < OFF_PER_WINDOW_MAX) return true;
  const row = { key: breaker, value: input.commandId, updated_by: "off_guard", updated_at: input.now };
  await insertIgnore(tx, "setting", [row], ["key"]);
  return false;
}

const BREAKER = "off_breaker:";

/** A project whose trips are all refused, since when, and the command that was one too many. */
export type OffBreaker = { projectId: number; since: string; commandId: string };

/** The projects whose trips are stopped. */
export async function offBreakers(ctx: FlowContext): Promise<OffBreaker[]> {
  const rows = await ctx.db.read.selectFrom("setting").selectAll().where("key", "like", `${BREAKER}%`).execute();
  return rows.map((row) => ({
    projectId: Number(row.key.slice(BREAKER.length)),
    since: formatInstant(instant(row.updated_at)),
    commandId: row.value,
  }));
}

/** Allows trips again, by a person who says who he is and what he found. */
export async function releaseOffBreakers(
  ctx: FlowContext,
  input: { by: string; reason: string },
): Promise<OffBreaker[]> {
  const stopped = await offBreakers(ctx);
  await ctx.db.transact(async (tx) => {
    const now = ctx.clock();
    await tx.deleteFrom("setting").where("key", "like", `${BREAKER}%`).execute();
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: input.by,
      action: "off_guard.release",
      object: "off_guard",
      before: stopped,
      after: null,
      reason: input.reason,
      ip: "",
    });
  });
  return stopped;
}
