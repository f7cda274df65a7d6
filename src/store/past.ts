import { type Instant, instant } from "#base/time.ts";
import { EDGE_TOLERANCE_MS } from "#domain/meter-day.ts";
import { registers, verdicts } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows, upsert } from "./portable.ts";
import { readingsWithin } from "./reading-history.ts";
import type { MeterMemoryTable } from "./schema-past.ts";
import { Stale } from "./stale.ts";

/** A meter whose past may be asked for, and how far that is done; `memory` is null while it never was. */
export type MeterWithPast = {
  meterId: number;
  installation: number;
  address: string;
  bus: number;
  via: string | null;
  profile: string;
  createdAt: Instant;
  /** When the device that hangs there now was put in its place; 0 for the first. */
  swappedAt: number;
  memory: MeterMemoryTable | null;
};

/** The meters behind a concentrator that answer at present. */
export async function metersWithPast(tx: Tx, concentratorId: number): Promise<MeterWithPast[]> {
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("meter as gateway", "gateway.id", "meter.gateway_id")
    .where("meter.concentrator_id", "=", concentratorId)
    .where("meter.retired_at", "is", null)
    .where("meter_state.silent_rounds", "=", 0)
    .where("meter_state.last_answer_at", ">", 0)
    .select([
      "meter.id",
      "meter.installation",
      "meter.address",
      "meter.bus",
      "gateway.address as via",
      "meter.profile",
      "meter.created_at",
    ])
    .orderBy("meter.id")
    .execute();
  const ids = rows.map((row) => row.id);
  const memories = await memoriesOf(tx, ids);
  const swapped = await swappedAt(tx, ids);
  return rows.map((row) => ({
    meterId: row.id,
    installation: row.installation,
    address: row.address,
    bus: row.bus,
    via: row.via,
    profile: row.profile,
    createdAt: instant(row.created_at),
    swappedAt: swapped.get(row.id) ?? 0,
    memory: memories.get(row.id) ?? null,
  }));
}

/** What is known of the memories of some meters, by meter. */
export async function memoriesOf(tx: Tx, meterIds: readonly number[]): Promise<Map<number, MeterMemoryTable>> {
  if (meterIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom("meter_memory")
    .selectAll()
    .where("meter_id", "in", [...meterIds])
    .execute();
  return new Map(rows.map((row) => [row.meter_id, row]));
}

async function swappedAt(tx: Tx, meterIds: readonly number[]): Promise<Map<number, number>> {
  if (meterIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom("line_break")
    .where("meter_id", "in", [...meterIds])
    .where("cause", "=", "exchange")
    .select((eb) => ["meter_id", eb.fn.max("at").as("at")])
    .groupBy("meter_id")
    .execute();
  return new Map(rows.map((row) => [row.meter_id, row.at]));
}

/** Begins the memories of meters that have none, or one of a device that is gone. */
export async function beginMemories(tx: Tx, rows: readonly MeterMemoryTable[]): Promise<void> {
  if (rows.length === 0) return;
  await insertIgnore(tx, "meter_memory", rows, ["meter_id"]);
  for (const { meter_id, version: _, ...fresh } of rows) {
    await tx
      .updateTable("meter_memory")
      .set((eb) => ({ ...fresh, version: eb("version", "+", 1) }))
      .where("meter_id", "=", meter_id)
      .where("installation", "<", fresh.installation)
      .execute();
  }
}

/** The same device hangs elsewhere: what is known of its clock, and how far its past was fetched, stays. */
export async function keepMemory(tx: Tx, of: { meterId: number; from: number; to: number }): Promise<void> {
  await tx
    .updateTable("meter_memory")
    .set((eb) => ({ installation: of.to, version: eb("version", "+", 1) }))
    .where("meter_id", "=", of.meterId)
    .where("installation", "=", of.from)
    .execute();
}

/** Changes what is known of a memory; {@link Stale} when somebody else did so meanwhile. */
export async function changeMemory(
  tx: Tx,
  seen: Pick<MeterMemoryTable, "meter_id" | "version">,
  change: Partial<Omit<MeterMemoryTable, "meter_id" | "version">>,
): Promise<void> {
  const changed = await tx
    .updateTable("meter_memory")
    .set({ ...change, version: seen.version + 1 })
    .where("meter_id", "=", seen.meter_id)
    .where("version", "=", seen.version)
    .executeTakeFirst();
  if (updatedRows(changed) === 0) throw new Stale(`the memory of meter ${seen.meter_id}`);
}

/** Nothing is missing up to a step of time: notes it for meters that were not so far yet. */
export async function recordsComplete(tx: Tx, meterIds: readonly number[], to: Instant): Promise<void> {
  if (meterIds.length === 0) return;
  await tx
    .updateTable("meter_memory")
    .set((eb) => ({ recorded_to: to, version: eb("version", "+", 1) }))
    .where("meter_id", "in", [...meterIds])
    .where("recorded_to", "<", to)
    .execute();
}

/** Midnights within a span, ends included, that a meter's freeze was stored for, or of which it said that there is none: `meter:midnight`. */
export async function freezesSettled(
  tx: Tx,
  meterIds: readonly number[],
  span: { from: Instant; to: Instant },
): Promise<Set<string>> {
  if (meterIds.length === 0) return new Set();
  // Freezes are not packed while a meter remembers them.
  const held = await tx
    .selectFrom("reading")
    .select(["meter_id", "measured_at as at"])
    .where("meter_id", "in", [...meterIds])
    .where("register", "=", registers.energyFrozen)
    .where("measured_at", ">=", span.from)
    .where("measured_at", "<=", span.to)
    .execute();
  const none = await tx
    .selectFrom("freeze_none")
    .select(["meter_id", "at"])
    .where("meter_id", "in", [...meterIds])
    .where("at", ">=", span.from)
    .where("at", "<=", span.to)
    .execute();
  return new Set([...held, ...none].map((row) => `${row.meter_id}:${row.at}`));
}

const COUNTED = ["ok", "rollover", "stale"].map((each) => verdicts.indexOf(each as (typeof verdicts)[number]));

/** When each meter's index is known near a span of time, by a reading or a record. */
export async function knownTimes(
  tx: Tx,
  meterIds: readonly number[],
  span: { from: Instant; to: Instant },
): Promise<Map<number, number[]>> {
  const known = new Map<number, number[]>();
  if (meterIds.length === 0) return known;
  const wanted = { registers: [registers.energyTotal, registers.energyRecorded], verdicts: COUNTED };
  const range = { from: span.from - EDGE_TOLERANCE_MS, to: span.to + EDGE_TOLERANCE_MS };
  const rows = await readingsWithin(tx, meterIds, wanted, range);
  for (const row of rows) {
    const own = known.get(row.meter_id) ?? [];
    own.push(row.measured_at);
    known.set(row.meter_id, own);
  }
  return known;
}

/** Notes that a meter kept nothing at these midnights. */
export async function noteNoFreeze(tx: Tx, meterId: number, midnights: readonly Instant[], at: Instant): Promise<void> {
  const rows = midnights.map((midnight) => ({ meter_id: meterId, at: midnight, told_at: at }));
  if (rows.length > 0) await upsert(tx, "freeze_none", rows, ["meter_id", "at"], ["told_at"]);
}
