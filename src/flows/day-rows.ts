import { addDays, type Day, endOfDay, type Instant, startOfDay } from "#base/time.ts";
import { believedAlong, ratiosAlong } from "#domain/line-break.ts";
import { closeDay, EDGE_TOLERANCE_MS, type MeterLine } from "#domain/meter-day.ts";
import { chargedByDay, type MeterToClose } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { firstPoints, linesAround, type StoredLine } from "#store/index-line.ts";
import type { DayCause, MeterDayTable } from "#store/schema-days.ts";

type As = { rev: number; cause: DayCause; now: Instant };

/**
 * The rows of some meters for some days as they follow from readings and charges now. A day before a meter came into the archive has
 * none. Always the same for the same readings: what is closed can be checked, and closed again.
 */
export async function dayRows(
  tx: Tx,
  meters: readonly MeterToClose[],
  days: { from: Day; to: Day },
  as: As,
): Promise<MeterDayTable[]> {
  const ids = meters.map((meter) => meter.id);
  const stored = await linesAround(tx, ids, days);
  const costs = await chargedByDay(tx, ids, days);
  const openings = await firstPoints(
    tx,
    ids.filter((id) => mayBegin(stored.get(id), days.from)),
  );
  return meters.flatMap((meter) => {
    const line = lineOf(meter, stored.get(meter.id), openings.get(meter.id));
    const rows: MeterDayTable[] = [];
    for (let day = days.from; day <= days.to; day = addDays(day, 1)) {
      if (meter.createdAt >= endOfDay(day)) continue;
      // What was charged stays the cost of its day, also when nobody is charged any more.
      const cost = costs.get(`${meter.id}:${startOfDay(day)}`) ?? (meter.charged ? 0 : null);
      rows.push(...rowsOfDay(meter.id, day, line, cost, as));
    }
    return rows;
  });
}

/** The line of a meter may begin within these days: nothing is known before them. */
function mayBegin(line: StoredLine | undefined, from: Day): boolean {
  return line === undefined || !line.points.some((point) => point.at <= startOfDay(from) + EDGE_TOLERANCE_MS);
}

function lineOf(
  meter: MeterToClose,
  stored: StoredLine | undefined,
  first: StoredLine["points"][number] | undefined,
): MeterLine {
  const all = stored?.points ?? [];
  const { ratio, breaks } = ratiosAlong(stored?.breaks ?? [], meter.ratio);
  const points = believedAlong(first && !all.some((point) => point.at === first.at) ? [first, ...all] : all, breaks);
  return { points, breaks, ratio, since: first === undefined ? null : first.at };
}

function rowsOfDay(meterId: number, day: Day, line: MeterLine, cost: number | null, as: As): MeterDayTable[] {
  const segments = closeDay(day, line);
  return segments.map(({ segment, ratio, open, close, usageWh, quality }, i) => ({
    meter_id: meterId,
    day,
    rev: as.rev,
    segment,
    latest: 1 as const,
    ratio,
    open_wh: open?.indexWh ?? null,
    open_at: open?.at ?? null,
    open_source: open?.source ?? null,
    close_wh: close?.indexWh ?? null,
    close_at: close?.at ?? null,
    close_source: close?.source ?? null,
    usage_wh: usageWh,
    cost_e4: i === segments.length - 1 ? cost : null,
    quality,
    cause: as.cause,
    made_at: as.now,
    looked_at: as.now,
  }));
}

/** Whether two sets of rows of a day say the same: when they do, there is nothing to correct. */
export function isSameDay(a: readonly MeterDayTable[], b: readonly MeterDayTable[]): boolean {
  return (
    a.length === b.length &&
    a.every((row, i) => {
      const other = b[i];
      return other !== undefined && figures.every((column) => row[column] === other[column]);
    })
  );
}

const figures = [
  "segment",
  "ratio",
  "open_wh",
  "open_at",
  "open_source",
  "close_wh",
  "close_at",
  "close_source",
  "usage_wh",
  "cost_e4",
  "quality",
] as const;
