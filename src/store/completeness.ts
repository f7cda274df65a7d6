import { sql } from "kysely";
import { DAY_MS, type Instant } from "#base/time.ts";
import type { Scope } from "#domain/permission.ts";
import { registers, verdicts } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { type ReportFilter, reportMeters } from "./report-filter.ts";

/** Days of one meter that its own percentage is of. */
export const METER_DAYS = 31;

type Asked = ReportFilter & { profiles: readonly string[] };

/** Meters in the scope by concentrator: how many freeze days, since when, and how many do not. */
export async function expectedByConcentrator(tx: Tx, scope: Scope, asked: Asked & { midnights: readonly Instant[] }) {
  const freezes = asked.profiles.length === 0 ? sql`0` : sql`meter.profile in (${sql.join([...asked.profiles])})`;
  const rows = await reportMeters(tx, scope, asked)
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .select(["concentrator.id", "concentrator.code", "concentrator.name", "concentrator.online"])
    .select(sql<number>`sum(case when ${freezes} then 0 else 1 end)`.as("without"))
    .select(
      asked.midnights.map((midnight, i) =>
        sql<number>`sum(case when ${freezes} and meter.created_at < ${midnight}
          and (meter.retired_at is null or meter.retired_at > ${midnight}) then 1 else 0 end)`.as(`day${i}`),
      ),
    )
    .groupBy(["concentrator.id", "concentrator.code", "concentrator.name", "concentrator.online"])
    .orderBy("concentrator.code")
    .execute();
  return rows.map((row) => ({
    concentratorId: row.id,
    code: row.code,
    name: row.name,
    online: row.online === 1,
    without: Number(row.without),
    expected: asked.midnights.map((_, i) => Number((row as Record<string, unknown>)[`day${i}`])),
  }));
}

/** Freezes that are there, by concentrator and midnight, and how many of them are of a wrong clock. Key: `concentrator:midnight`. */
export async function heldByConcentrator(
  tx: Tx,
  scope: Scope,
  asked: Asked & { midnights: readonly Instant[] },
): Promise<Map<string, { held: number; drifted: number }>> {
  if (asked.profiles.length === 0 || asked.midnights.length === 0) return new Map();
  const drifted = verdicts.indexOf("drifted");
  const rows = await reportMeters(tx, scope, asked)
    .innerJoin("reading", "reading.meter_id", "meter.id")
    .where("meter.profile", "in", [...asked.profiles])
    .where("reading.register", "=", registers.energyFrozen)
    .where("reading.measured_at", "in", [...asked.midnights])
    .whereRef("meter.created_at", "<", "reading.measured_at")
    .where((eb) =>
      eb.or([eb("meter.retired_at", "is", null), eb("meter.retired_at", ">", eb.ref("reading.measured_at"))]),
    )
    .select(["meter.concentrator_id", "reading.measured_at"])
    .select((eb) => eb.fn.countAll<number>().as("held"))
    .select(sql<number>`sum(case when reading.verdict = ${drifted} then 1 else 0 end)`.as("drifted"))
    .groupBy(["meter.concentrator_id", "reading.measured_at"])
    .execute();
  return new Map(
    rows.map((row) => [
      `${row.concentrator_id}:${row.measured_at}`,
      { held: Number(row.held), drifted: Number(row.drifted) },
    ]),
  );
}

type Missing = Asked & { midnight: Instant; concentratorId?: number | undefined };

function missingAt(tx: Tx, scope: Scope, asked: Missing) {
  return reportMeters(tx, scope, asked)
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("meter_memory", (join) =>
      join
        .onRef("meter_memory.meter_id", "=", "meter.id")
        .onRef("meter_memory.installation", "=", "meter.installation"),
    )
    .leftJoin("freeze_none", (join) =>
      join.onRef("freeze_none.meter_id", "=", "meter.id").on("freeze_none.at", "=", asked.midnight),
    )
    .where("meter.profile", "in", asked.profiles.length === 0 ? [""] : [...asked.profiles])
    .where("meter.created_at", "<", asked.midnight)
    .where((eb) => eb.or([eb("meter.retired_at", "is", null), eb("meter.retired_at", ">", asked.midnight)]))
    .$if(asked.concentratorId !== undefined, (query) =>
      query.where("meter.concentrator_id", "=", asked.concentratorId ?? 0),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("reading")
            .select("reading.meter_id")
            .whereRef("reading.meter_id", "=", "meter.id")
            .where("reading.register", "=", registers.energyFrozen)
            .where("reading.measured_at", "=", asked.midnight),
        ),
      ),
    );
}

/** Meters whose freeze of a midnight is not there, in order, after one of them, with what explains it. */
export async function missingFreezes(tx: Tx, scope: Scope, asked: Missing & { after: number; limit: number }) {
  return missingAt(tx, scope, asked)
    .where("meter.id", ">", asked.after)
    .select([
      "meter.id",
      "meter.label",
      "meter.number",
      "meter.profile",
      "meter.created_at",
      "area.name as area_name",
      "customer.name as customer_name",
      "concentrator.code",
      "concentrator.online",
      "meter_state.silent_rounds",
      "meter_state.last_answer_at",
      "meter_memory.since_at",
      "meter_memory.trouble",
      "meter_memory.next_at",
      "freeze_none.told_at",
    ])
    .orderBy("meter.id")
    .limit(asked.limit)
    .execute();
}

/** How many there are. */
export async function countMissing(tx: Tx, scope: Scope, asked: Missing): Promise<number> {
  const row = await missingAt(tx, scope, asked)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Freezes of each meter in the {@link METER_DAYS} midnights up to one. */
export async function heldByMeter(
  tx: Tx,
  meterIds: readonly number[],
  midnight: Instant,
): Promise<Map<number, number>> {
  if (meterIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom("reading")
    .where("meter_id", "in", [...meterIds])
    .where("register", "=", registers.energyFrozen)
    .where("measured_at", ">", midnight - METER_DAYS * DAY_MS)
    .where("measured_at", "<=", midnight)
    .select((eb) => ["meter_id", eb.fn.countAll<number>().as("held")])
    .groupBy("meter_id")
    .execute();
  return new Map(rows.map((row) => [row.meter_id, Number(row.held)]));
}
