import { assert } from "#base/errors.ts";
import { type Day, dayOf, endOfDay, instant, startOfDay } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { LATEST, nearestReading, unpackedWithin, type Wanted } from "./reading-history.ts";

/** A reading as lines of indexes are made of it. */
export type Neighbour = { meter_id: number; register: number; measured_at: number; value: number; verdict: number };

type Side = "before" | "after";

/**
 * For each of some meters the reading of one register nearest before an instant, or after it, and never at it: what {@link nearestReading}
 * says of each, by a handful of statements for all. A meter without one is left out.
 */
export async function nearestReadings(
  tx: Tx,
  meterIds: readonly number[],
  wanted: Wanted,
  side: Side,
  at: number,
): Promise<Map<number, Neighbour>> {
  assert(wanted.registers.length === 1, "the nearest of one register");
  const nearest = new Map<number, Neighbour>();
  if (meterIds.length === 0) return nearest;
  for (const row of await nearestYoung(tx, meterIds, wanted, side, at)) nearest.set(row.meter_id, row);
  const inDays = new Map<Day, number[]>();
  for (const { id, day } of await nearestDays(tx, meterIds, side, at)) {
    const young = nearest.get(id);
    if (young !== undefined && isBeyond(day, young.measured_at, side)) continue;
    inDays.set(day, [...(inDays.get(day) ?? []), id]);
  }
  const range = side === "before" ? { from: 0, to: at - 1 } : { from: at + 1, to: LATEST };
  for (const [day, ids] of inDays) {
    const rows = await tx
      .selectFrom("reading_day")
      .select(["meter_id", "day", "data"])
      .where("meter_id", "in", ids)
      .where("day", "=", day)
      .execute();
    for (const row of rows) {
      const found = unpackedWithin(row, wanted, range);
      // Nothing of that register in the day that is packed nearest: it is looked for further away, by itself.
      const best =
        found.length === 0
          ? await nearestReading(tx, row.meter_id, wanted, side, at)
          : found.reduce((a, b) => (isNearer(b.measured_at, a.measured_at, side) ? b : a));
      const young = nearest.get(row.meter_id);
      if (best !== undefined && (young === undefined || !isNearer(young.measured_at, best.measured_at, side))) {
        nearest.set(row.meter_id, best);
      }
    }
  }
  return nearest;
}

function isNearer(one: number, other: number, side: Side): boolean {
  return side === "before" ? one > other : one < other;
}

/** All that a packed day may hold is further away than what is known already. */
function isBeyond(day: Day, known: number, side: Side): boolean {
  return side === "before" ? endOfDay(day) <= known : startOfDay(day) > known;
}

/** By an index each: the first row of a list that is cut after one. */
async function nearestYoung(
  tx: Tx,
  meterIds: readonly number[],
  { registers, verdicts }: Wanted,
  side: Side,
  at: number,
): Promise<Neighbour[]> {
  const register = registers[0] ?? 0;
  const rows = await tx
    .selectFrom("meter")
    .where("meter.id", "in", [...meterIds])
    .select((eb) => {
      const one = eb
        .selectFrom("reading")
        .whereRef("reading.meter_id", "=", "meter.id")
        .where("reading.register", "=", register)
        .where("reading.measured_at", side === "before" ? "<" : ">", at)
        .$if(verdicts !== undefined, (query) => query.where("reading.verdict", "in", [...(verdicts ?? [])]))
        .orderBy("reading.measured_at", side === "before" ? "desc" : "asc")
        .limit(1);
      return [
        "meter.id",
        one.select("reading.measured_at").as("measured_at"),
        one.select("reading.value").as("value"),
        one.select("reading.verdict").as("verdict"),
      ];
    })
    .execute();
  return rows.flatMap(({ id, measured_at, value, verdict }) =>
    measured_at === null || value === null || verdict === null
      ? []
      : [{ meter_id: id, register, measured_at, value, verdict }],
  );
}

/** The packed day of each meter that is nearest to an instant on one side; the one that holds the instant, when some of it is on that side. */
async function nearestDays(tx: Tx, meterIds: readonly number[], side: Side, at: number) {
  const edge = dayOf(instant(Math.max(0, side === "before" ? at - 1 : at + 1)));
  const rows = await tx
    .selectFrom("meter")
    .where("meter.id", "in", [...meterIds])
    .select((eb) => [
      "meter.id",
      eb
        .selectFrom("reading_day")
        .whereRef("reading_day.meter_id", "=", "meter.id")
        .where("reading_day.day", side === "before" ? "<=" : ">=", edge)
        .orderBy("reading_day.day", side === "before" ? "desc" : "asc")
        .limit(1)
        .select("reading_day.day")
        .as("day"),
    ])
    .execute();
  return rows.flatMap(({ id, day }) => (day === null ? [] : [{ id, day: day as Day }]));
}
