import { type Day, endOfDay, startOfDay } from "#base/time.ts";
import type { DoubtEvidence, DoubtRow, ReadingRow } from "#contract/doubts.ts";
import type { ReadingsReport } from "#contract/reports.ts";
import type { Scope } from "#domain/permission.ts";
import { registerPowerMaxW, registers, verdictCode, verdicts } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { pointsWithin } from "./index-line.ts";
import { LATEST, readingsWithin, someReadings } from "./reading-history.ts";
import { stepsOfDay } from "./reading-steps.ts";
import { dayRowsOf, sumKnown } from "./report-days.ts";
import { reportMeters } from "./report-filter.ts";

const DOUBTED = {
  registers: [registers.energyTotal],
  verdicts: [verdictCode("jump"), verdictCode("backwards")],
};

/** Good readings shown before a doubt, and all rows shown at most. */
const GOOD_SHOWN = 24;
const READINGS_SHOWN = 500;

/** Meters whose last reading is doubted, the longest waiting first. */
export async function doubtRows(tx: Tx, scope: Scope, only?: number): Promise<DoubtRow[]> {
  const rows = await reportMeters(tx, scope, { search: "" })
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("meter_state.suspect_wh", "is not", null)
    .$if(only !== undefined, (query) => query.where("meter.id", "=", only ?? 0))
    .select([
      "meter.id",
      "meter.label",
      "meter.number",
      "meter.kind",
      "area.name as area_name",
      "customer.name as customer_name",
      "meter_state.index_wh",
      "meter_state.index_at",
      "meter_state.suspect_wh",
      "meter_state.suspect_at",
    ])
    .execute();
  const found: DoubtRow[] = [];
  for (const row of rows) {
    const range = { from: row.index_at + 1, to: LATEST };
    const waiting = await readingsWithin(tx, [row.id], DOUBTED, range);
    found.push({
      meterId: row.id,
      label: row.label,
      number: row.number,
      kind: row.kind,
      areaName: row.area_name,
      customer: row.customer_name,
      goodWh: row.index_wh,
      goodAt: row.index_at,
      suspectWh: row.suspect_wh ?? 0,
      suspectAt: row.suspect_at,
      verdict: (row.suspect_wh ?? 0) < (row.index_wh ?? 0) ? "backwards" : "jump",
      since: waiting[0]?.measured_at ?? row.suspect_at,
      waiting: waiting.length,
    });
  }
  return found.sort((a, b) => a.since - b.since);
}

/** What there is to see before somebody decides about a meter's readings; null outside the scope. */
export async function doubtEvidence(tx: Tx, scope: Scope, meterId: number): Promise<DoubtEvidence | null> {
  const meter = await reportMeters(tx, scope, { search: "" })
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("meter.id", "=", meterId)
    .select([
      "meter.label",
      "meter.number",
      "meter.kind",
      "meter.ratio",
      "meter.power_max_w",
      "meter_state.index_at",
      "meter_state.settled_index_wh",
    ])
    .executeTakeFirst();
  if (!meter) return null;
  const wanted = { registers: [registers.energyTotal, registers.energyFrozen] };
  const newest = (range: { from: number; to: number }, limit: number) =>
    someReadings(tx, meterId, wanted, { ...range, limit, newestFirst: true });
  const before = await newest({ from: 0, to: meter.index_at }, GOOD_SHOWN);
  const after = await newest({ from: meter.index_at + 1, to: LATEST }, READINGS_SHOWN);
  const rows = [...after, ...before];
  const decisions = await tx
    .selectFrom("reading_correction")
    .selectAll()
    .where("meter_id", "=", meterId)
    .orderBy("id")
    .execute();
  const decided = new Map(decisions.map((row) => [row.measured_at, row]));
  return {
    doubt: (await doubtRows(tx, scope, meterId))[0] ?? null,
    label: meter.label,
    number: meter.number,
    kind: meter.kind,
    ratio: meter.ratio,
    hourMaxWh: registerPowerMaxW({ powerMaxW: meter.power_max_w, ratio: meter.ratio }),
    settledWh: meter.settled_index_wh,
    readings: rows.map((row): ReadingRow => {
      const verdict = verdicts[row.verdict] ?? "stale";
      const decision = row.register === registers.energyTotal ? decided.get(row.measured_at) : undefined;
      const counts = verdict === "ok" || verdict === "rollover" ? row.value : null;
      return {
        measuredAt: row.measured_at,
        receivedAt: row.received_at,
        valueWh: row.value,
        frozen: row.register === registers.energyFrozen,
        verdict,
        decision: decision?.decision ?? null,
        countsWh: decision ? decision.value_wh : counts,
        reason: decision?.reason ?? null,
        decidedBy: decision?.made_by ?? null,
        decidedAt: decision?.made_at ?? null,
      };
    }),
  };
}

/** The readings of a day as they count, from edge to edge, each with what was used since; null outside the scope. */
export async function readingsReport(tx: Tx, scope: Scope, meterId: number, day: Day): Promise<ReadingsReport | null> {
  const meter = await reportMeters(tx, scope, { search: "" })
    .where("meter.id", "=", meterId)
    .select(["meter.label", "meter.number", "meter.kind", "meter.ratio"])
    .executeTakeFirst();
  if (!meter) return null;
  const segments = await dayRowsOf(tx, [meterId], { from: day, to: day });
  const points = await pointsWithin(tx, meterId, startOfDay(day), endOfDay(day));
  return {
    day,
    label: meter.label,
    number: meter.number,
    kind: meter.kind,
    ratio: segments.at(-1)?.ratio ?? meter.ratio,
    steps: stepsOfDay(day, segments, points),
    usageWh: sumKnown(segments.map((row) => row.usage_wh)),
  };
}
