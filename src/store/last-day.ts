import { sql } from "kysely";
import { HOUR_MS, type Instant } from "#base/time.ts";
import { type LastDayEvent, type LastDayFacts, lastDayEvents, lastDayFrom } from "#domain/last-day.ts";
import type { Scope } from "#domain/permission.ts";
import { registers } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { inScope } from "./scope.ts";

/** What is stored about a meter's last 24 hours; null outside the scope. They are young readings, rows of their own. */
export async function lastDayFacts(tx: Tx, scope: Scope, meterId: number, now: Instant): Promise<LastDayFacts | null> {
  const from = lastDayFrom(now);
  const meter = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .where("meter.id", "=", meterId)
    .where((eb) => inScope(eb, scope))
    .select([
      "meter.created_at",
      "meter.concentrator_id",
      "meter_state.last_answer_at",
      "meter_state.silent_rounds",
      "meter_state.relay",
      "concentrator.online",
      "concentrator.online_changed_at",
    ])
    .executeTakeFirst();
  if (meter === undefined) return null;
  const asked = await tx
    .selectFrom("link_hour")
    .select("hour_at")
    .where("concentrator_id", "=", meter.concentrator_id)
    .where("hour_at", ">=", from)
    .where("asked", ">", 0)
    .execute();
  return {
    now,
    createdAt: meter.created_at,
    lastAnswerAt: meter.last_answer_at,
    silentRounds: meter.silent_rounds,
    relay: meter.relay,
    readings: await readingsByHour(tx, meterId, { from, to: now }),
    events: await eventsOf(tx, meterId, from),
    offlineSince: meter.online === 1 ? null : meter.online_changed_at,
    askedHours: new Set(asked.map((row) => row.hour_at)),
  };
}

async function readingsByHour(tx: Tx, meterId: number, { from, to }: { from: number; to: number }) {
  const hour = sql<number>`measured_at - measured_at % ${sql.lit(HOUR_MS)}`;
  const rows = await tx
    .selectFrom("reading")
    .where("meter_id", "=", meterId)
    .where("register", "=", registers.energyTotal)
    .where("measured_at", ">=", from)
    .where("measured_at", "<=", to)
    .select((eb) => [hour.as("hour_at"), eb.fn.countAll<number>().as("readings")])
    .groupBy(hour)
    .execute();
  return new Map(rows.map((row) => [Number(row.hour_at), Number(row.readings)]));
}

/** All of the hours, and how it stood with silence before them. */
async function eventsOf(tx: Tx, meterId: number, from: number): Promise<LastDayFacts["events"]> {
  const before = await tx
    .selectFrom("meter_event")
    .select(["at", "kind", "detail"])
    .where("meter_id", "=", meterId)
    .where("at", "<", from)
    .where("kind", "in", ["silent", "answering"])
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .execute();
  const within = await tx
    .selectFrom("meter_event")
    .select(["at", "kind", "detail"])
    .where("meter_id", "=", meterId)
    .where("at", ">=", from)
    .where("kind", "in", [...lastDayEvents])
    .orderBy("at")
    .orderBy("id")
    .execute();
  return [...before, ...within].map(({ at, kind, detail }) => {
    const { lastAnswerAt } = JSON.parse(detail) as { lastAnswerAt?: number };
    return { at, kind: kind as LastDayEvent, lastAnswerAt: lastAnswerAt ?? null };
  });
}
