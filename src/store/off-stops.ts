import { z } from "zod";
import { type Instant, instant, later } from "#base/time.ts";
import { OFF_DAY_MS, OFF_WINDOW_MS, type OffStop, offStops } from "#domain/off-guard.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { inScope } from "./scope.ts";
import { saveSetting } from "./settings.ts";

/** A project whose trips are all refused: since when, why, by whom, and the command that was one too many. */
export type StoppedProject = {
  projectId: number;
  since: Instant;
  why: OffStop;
  by: string;
  reason: string;
  commandId: string | null;
};

const STOP = "off_breaker:";
const RELEASE = "off_released:";
const stored = z.object({ why: z.enum(offStops), commandId: z.string().nullable(), reason: z.string() });

type Row = { key: string; value: string; updated_by: string; updated_at: number };

/** What stopped the trips of a project; null while they may leave. */
export async function offStopOf(tx: Tx, projectId: number): Promise<StoppedProject | null> {
  const row = await tx.selectFrom("setting").selectAll().where("key", "=", `${STOP}${projectId}`).executeTakeFirst();
  return row ? toStop(row) : null;
}

/** Every project whose trips are stopped. */
export async function allOffStops(tx: Tx): Promise<StoppedProject[]> {
  const rows = await tx.selectFrom("setting").selectAll().where("key", "like", `${STOP}%`).execute();
  return rows.map(toStop);
}

function toStop(row: Row): StoppedProject {
  const read = stored.safeParse(parsed(row.value));
  // A text of an older version is the id of the command that was one too many.
  const content = read.success ? read.data : { why: "window" as const, commandId: row.value, reason: "" };
  const since = instant(row.updated_at);
  return { projectId: Number(row.key.slice(STOP.length)), since, by: row.updated_by, ...content };
}

/** Stops the trips of a project, by a reason that takes the place of an earlier one. */
export async function stopOff(
  tx: Tx,
  input: { projectId: number; why: OffStop; commandId: string | null; by: string; reason: string; at: Instant },
): Promise<void> {
  const value = JSON.stringify({ why: input.why, commandId: input.commandId, reason: input.reason });
  await saveSetting(tx, { key: `${STOP}${input.projectId}`, value, by: input.by, at: input.at });
}

/** Lets trips of a project leave again; they are counted anew from now on. False when they were not stopped. */
export async function releaseOff(tx: Tx, input: { projectId: number; by: string; at: Instant }): Promise<boolean> {
  const gone = await tx.deleteFrom("setting").where("key", "=", `${STOP}${input.projectId}`).executeTakeFirst();
  if (Number(gone.numDeletedRows) === 0) return false;
  await saveSetting(tx, { key: `${RELEASE}${input.projectId}`, value: "", by: input.by, at: input.at });
  return true;
}

/** Trips of a project that were sent lately, and how many of its meters can be switched. What was before the last release is forgiven. */
export async function offCounts(
  tx: Tx,
  input: { projectId: number; now: Instant; except?: string },
): Promise<{ inWindow: number; inDay: number; switchable: number }> {
  const release = await tx
    .selectFrom("setting")
    .select("updated_at")
    .where("key", "=", `${RELEASE}${input.projectId}`)
    .executeTakeFirst();
  const since = (ms: number) => Math.max(later(input.now, -ms), (release?.updated_at ?? 0) + 1);
  const sent = await tx
    .selectFrom("command")
    .innerJoin("meter", "meter.id", "command.meter_id")
    .where("meter.project_id", "=", input.projectId)
    .where("command.kind", "=", "trip")
    .where("command.id", "<>", input.except ?? "")
    .where("command.sent_at", ">=", since(OFF_DAY_MS))
    .select((eb) => [
      eb.fn.countAll<number>().as("in_day"),
      eb.fn
        .sum<number | null>(eb.case().when("command.sent_at", ">=", since(OFF_WINDOW_MS)).then(1).else(0).end())
        .as("in_window"),
    ])
    .executeTakeFirstOrThrow();
  const meters = await tx
    .selectFrom("meter")
    .where("project_id", "=", input.projectId)
    .where("switch_kind", "<>", "none")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return {
    inWindow: Number(sent.in_window ?? 0),
    inDay: Number(sent.in_day),
    switchable: Number(meters.count),
  };
}

/** The projects that hold meters of a scope, by name. */
export function projectsInScope(tx: Tx, scope: Scope): Promise<{ id: number; name: string }[]> {
  return tx
    .selectFrom("project")
    .where("project.id", "in", (eb) =>
      eb
        .selectFrom("meter")
        .select("meter.project_id")
        .where((inner) => inScope(inner as never, scope)),
    )
    .select(["project.id", "project.name"])
    .orderBy("project.name")
    .execute();
}

/** Trips of a scope that wait, oldest first: with what holds them back. */
export function waitingTrips(tx: Tx, scope: Scope, limit: number) {
  return tx
    .selectFrom("command")
    .innerJoin("meter", "meter.id", "command.meter_id")
    .where((eb) => inScope(eb as never, scope))
    .where("command.kind", "=", "trip")
    .where("command.state", "=", "waiting")
    .select([
      "command.id",
      "command.meter_id",
      "meter.label",
      "meter.number",
      "command.cause",
      "command.state_reason",
      "command.created_at",
      "command.expires_at",
    ])
    .orderBy("command.created_at")
    .limit(limit)
    .execute();
}

/** Open requests to release a project. */
export function openReleases(tx: Tx) {
  return tx
    .selectFrom("approval")
    .where("kind", "=", "off_release")
    .where("state", "=", "requested")
    .select(["id", "object", "requested_by", "requested_at"])
    .execute();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
