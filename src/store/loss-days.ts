import { addDays, addMonths, DAY_MS, type Day, dayOf, instant, monthOf, startOfDay } from "#base/time.ts";
import type { LossDay, LossPoint } from "#domain/loss.ts";
import type { Tx } from "./db.ts";
import { DAY_COLUMNS } from "./month-days.ts";

/** A meter as losses count it: it is expected to have a value from the day that it came until the day that it went. */
export type CountedMeter = { id: number; createdAt: number; retiredAt: number | null };
/** What was found of some places: their days in order, and of each meter its usage by day; null where it is not known. */
export type LossDays = { days: readonly Day[]; points: LossDay[][]; usages: Map<number, (number | null)[]> };

/** Meters whose months are fetched at once: some milliseconds, then others get their turn. */
const METERS_AT_ONCE = 1_000;

/** What master and sub meters of each place have counted on each of some days. A day of which a segment is missing is not known. */
export async function lossDays(
  tx: Tx,
  points: readonly LossPoint[],
  meters: ReadonlyMap<number, CountedMeter>,
  { from, to }: { from: Day; to: Day },
): Promise<LossDays> {
  const days: Day[] = [];
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day);
  const usages = await usagesOf(tx, [...new Set(points.flatMap((point) => [...point.masters, ...point.subs]))], days);
  const found = points.map((point) => {
    const sums = days.map((): LossDay => ({ masterWh: 0, subsWh: 0, expected: 0, known: 0 }));
    const mastersThere = days.map(() => 0);
    const add = (id: number, isMaster: boolean) => {
      const [first, last] = expectedDays(meters.get(id), days);
      const own = usages.get(id);
      for (let i = first; i <= last; i++) {
        const sum = sums[i];
        if (sum === undefined) continue;
        const wh = own?.[i] ?? null;
        sum.expected++;
        if (isMaster) mastersThere[i] = (mastersThere[i] ?? 0) + 1;
        if (wh === null) continue;
        sum.known++;
        if (isMaster) sum.masterWh += wh;
        else sum.subsWh += wh;
      }
    };
    for (const id of point.masters) add(id, true);
    for (const id of point.subs) add(id, false);
    // Before its first master meter came a place has no loss at all.
    return sums.map((sum, i) => (mastersThere[i] === 0 ? { masterWh: 0, subsWh: 0, expected: 0, known: 0 } : sum));
  });
  return { days, points: found, usages };
}

/** The first and the last of some days, by their index, on which a meter ought to have a value; none when the last is before the first. */
export function expectedDays(meter: CountedMeter | undefined, days: readonly Day[]): [number, number] {
  const begin = days[0];
  if (meter === undefined || begin === undefined) return [0, -1];
  const place = (at: number) => Math.round((startOfDay(dayOf(instant(at))) - startOfDay(begin)) / DAY_MS);
  const last = meter.retiredAt === null ? days.length - 1 : Math.min(days.length - 1, place(meter.retiredAt));
  return [Math.max(0, place(meter.createdAt)), last];
}

async function usagesOf(tx: Tx, ids: readonly number[], days: readonly Day[]): Promise<Map<number, (number | null)[]>> {
  const usages = new Map<number, (number | null)[]>();
  const [from, to] = [days[0], days.at(-1)];
  if (from === undefined || to === undefined) return usages;
  for (const id of ids) usages.set(id, new Array<number | null>(days.length).fill(null));
  const placeOf = new Map<string, number>(days.map((day, i) => [day, i]));
  for (let month = monthOf(from); month <= monthOf(to); month = addMonths(month, 1)) {
    const columns = DAY_COLUMNS.flatMap((column) => {
      const place = placeOf.get(`${month}-${column.slice(1, 3)}`);
      return place === undefined ? [] : [{ column, place }];
    });
    for (let i = 0; i < ids.length; i += METERS_AT_ONCE) {
      const rows = await tx
        .selectFrom("month_days")
        .where("month", "=", month)
        .where("meter_id", "in", ids.slice(i, i + METERS_AT_ONCE))
        .select(["meter_id", ...columns.map(({ column }) => column)])
        .execute();
      for (const row of rows) {
        const own = usages.get(row.meter_id);
        if (own === undefined) continue;
        for (const { column, place } of columns) own[place] = row[column];
      }
    }
  }
  // A day of two segments of which one is not known has a sum all the same: it tells of a part of the day only.
  const partly = await tx
    .selectFrom("meter_day")
    .where("quality", "=", "missing")
    .where("latest", "=", 1)
    .where("day", ">=", from)
    .where("day", "<=", to)
    .select(["meter_id", "day"])
    .execute();
  for (const { meter_id, day } of partly) {
    const own = usages.get(meter_id);
    const place = placeOf.get(day);
    if (own !== undefined && place !== undefined) own[place] = null;
  }
  return usages;
}
