import { addDays, type Day, daysOfMonth, type Month } from "#base/time.ts";
import type { LossMeterLine, LossPart, LossPlace, LossReport, LossRow } from "#contract/losses.ts";
import {
  isComplete,
  type LossDay,
  type LossMeter,
  type LossPoint,
  lossOf,
  lossPoints,
  type MasterPlace,
  worstFirst,
} from "#domain/loss.ts";
import type { Scope } from "#domain/permission.ts";
import { lastClosedDay } from "./days.ts";
import type { Tx } from "./db.ts";
import { type CountedMeter, expectedDays, type LossDays, lossDays } from "./loss-days.ts";
import { bareReportMeters } from "./report-filter.ts";
import type { MeterKind } from "./schema-archive.ts";

type Asked = { period: string; kind: MeterKind };
/** Which losses: of a day, month or year, of one kind, with what the list is narrowed to. */
export type LossAsked = Asked & {
  areaId?: number | undefined;
  search: string;
  sort: "percent" | "wh";
  only: "all" | "negative" | "incomplete";
};
type Page = { after: number; limit: number };
type Place = LossPoint & { name: string; path: string[]; areaIds: readonly number[] };
type Known = LossMeter & CountedMeter & { label: string; number: string };

/** Losses (线损) of every box and area of the scope that has a master meter, by the archive as it is now; the worst first. */
export async function lossReport(tx: Tx, scope: Scope, asked: LossAsked & Page): Promise<LossReport> {
  const { rows, hidden, closedUpTo } = await lossRows(tx, scope, asked);
  const known = rows.filter((row) => row.lossWh !== null);
  const shown = rows.filter(
    (row) =>
      asked.only === "all" ||
      (asked.only === "negative" ? (row.lossWh ?? 0) < 0 : row.daysIncomplete > 0 || row.lossWh === null),
  );
  const last = asked.after + asked.limit;
  return {
    ...{ period: asked.period, kind: asked.kind, closedUpTo, hidden },
    items: shown.slice(asked.after, last),
    next: shown.length > last ? last : null,
    total: shown.length,
    lossWh: known.length === 0 ? null : known.reduce((sum, row) => sum + (row.lossWh ?? 0), 0),
    negative: known.filter((row) => (row.lossWh ?? 0) < 0).length,
    incomplete: rows.filter((row) => row.daysIncomplete > 0).length,
    unknown: rows.length - known.length,
  };
}

async function lossRows(tx: Tx, scope: Scope, asked: LossAsked) {
  const closedUpTo = await lastClosedDay(tx);
  const { places, meters, hidden } = await placesSeen(tx, scope, asked.kind);
  const wanted = places.filter(
    (place) =>
      (asked.areaId === undefined || place.areaIds.includes(asked.areaId)) &&
      (asked.search === "" || [place.name, ...place.path].some((name) => name.includes(asked.search))),
  );
  const found = await lossDays(tx, wanted, meters, rangeOf(asked.period, closedUpTo));
  const rows = wanted.map((place, i) => rowOf(place, found.points[i] ?? [], missingOf(place, meters, found)));
  return { rows: worstFirst(rows, asked.sort), hidden, closedUpTo };
}

/** One place with its meters and its parts; null when there is none, or not all of it lies in the scope. */
export async function lossPlace(
  tx: Tx,
  scope: Scope,
  asked: Asked & { type: MasterPlace; id: number },
): Promise<LossPlace | null> {
  const closedUpTo = await lastClosedDay(tx);
  const { places, meters } = await placesSeen(tx, scope, asked.kind);
  const place = places.find((each) => each.type === asked.type && each.id === asked.id);
  if (place === undefined) return null;
  const found = await lossDays(tx, [place], meters, rangeOf(asked.period, closedUpTo));
  const [sums = []] = found.points;
  const missing = missingOf(place, meters, found);
  const complete = sums.map(isComplete);
  const lineOf = (id: number, role: "master" | "sub"): LossMeterLine => {
    const meter = meters.get(id);
    const own = found.usages.get(id) ?? [];
    const known = own.filter((wh, i): wh is number => complete[i] === true && wh !== null);
    const opens = role === "master" ? undefined : places.find((each) => each !== place && each.masters.includes(id));
    return {
      ...{ meterId: id, label: meter?.label ?? "", number: meter?.number ?? "", role },
      opens: opens === undefined ? null : { type: opens.type, id: opens.id },
      usageWh: complete.includes(true) ? known.reduce((sum, wh) => sum + wh, 0) : null,
      missing: missing.get(id) ?? [],
    };
  };
  return {
    ...{ period: asked.period, kind: asked.kind, closedUpTo },
    ...rowOf(place, sums, missing),
    meters: [...place.masters.map((id) => lineOf(id, "master")), ...place.subs.map((id) => lineOf(id, "sub"))],
    parts: partsOf(asked.period, found.days, sums),
  };
}

function partsOf(period: string, days: readonly Day[], sums: readonly LossDay[]): LossPart[] {
  const numbered = days.map((day, i) => ({ part: period.length === 4 ? day.slice(0, 7) : day, sum: sums[i] }));
  return [...Map.groupBy(numbered, ({ part }) => part)].map(([part, own]) => ({
    part,
    ...lossOf(own.flatMap(({ sum }) => (sum === undefined ? [] : [sum]))),
  }));
}

function rowOf(place: Place, sums: readonly LossDay[], missing: ReadonlyMap<number, readonly string[]>): LossRow {
  const { type, id, name, path, masters, subs } = place;
  return {
    ...{ type, id, name, path, masters: masters.length, subs: subs.length },
    metersMissing: [...missing.values()].filter((days) => days.length > 0).length,
    ...lossOf(sums),
  };
}

/** Of each meter of a place the days on which it ought to have a value and has none. */
function missingOf(
  place: LossPoint,
  meters: ReadonlyMap<number, CountedMeter>,
  { days, usages }: LossDays,
): Map<number, string[]> {
  return new Map(
    [...place.masters, ...place.subs].map((id) => {
      const [first, last] = expectedDays(meters.get(id), days);
      const own = usages.get(id) ?? [];
      return [id, days.filter((_, i) => i >= first && i <= last && (own[i] ?? null) === null)];
    }),
  );
}

/** The closed days of a day, month or year; none when nothing of it is closed yet. */
function rangeOf(period: string, closedUpTo: Day | null): { from: Day; to: Day } {
  const from = (period.length === 10 ? period : period.length === 7 ? `${period}-01` : `${period}-01-01`) as Day;
  const end =
    period.length === 10
      ? from
      : (daysOfMonth((period.length === 7 ? period : `${period}-12`) as Month).at(-1) ?? from);
  const to = closedUpTo === null ? addDays(from, -1) : closedUpTo < end ? closedUpTo : end;
  return { from, to };
}

/** Places of which every meter lies in the scope, and how many have a master meter in it but not all the rest. */
async function placesSeen(tx: Tx, scope: Scope, kind: MeterKind) {
  const meters = new Map<number, Known>();
  const rows = await tx
    .selectFrom("meter")
    .where("kind", "=", kind)
    .select(["id", "label", "number", "area_id", "box_id", "master_of", "created_at", "retired_at"])
    .orderBy("id")
    .execute();
  for (const row of rows) {
    meters.set(row.id, {
      ...{ id: row.id, label: row.label, number: row.number, areaId: row.area_id, boxId: row.box_id },
      ...{ masterOf: row.master_of, createdAt: row.created_at, retiredAt: row.retired_at },
    });
  }
  const areas = new Map(
    (await tx.selectFrom("area").select(["id", "parent_id", "name"]).execute()).map((row) => [row.id, row]),
  );
  const boxes = new Map((await tx.selectFrom("box").selectAll().execute()).map((row) => [row.id, row]));
  const above = (areaId: number): number[] => {
    const path: number[] = [];
    for (let next: number | null = areaId; next !== null; next = areas.get(next)?.parent_id ?? null) path.push(next);
    return path;
  };
  const points = lossPoints([...meters.values()], { areaOfBox: (id) => boxes.get(id)?.area_id ?? null, above });
  const seen = scope.all ? null : await metersSeen(tx, scope, kind);
  const sees = (id: number) => seen === null || seen.has(id);
  const open = points.filter((point) => point.masters.every(sees) && point.subs.every(sees));
  const places = open.map((point): Place => {
    const areaIds = above(point.type === "area" ? point.id : (boxes.get(point.id)?.area_id ?? 0));
    const names = areaIds.map((id) => areas.get(id)?.name ?? "").reverse();
    const name = point.type === "area" ? (names.pop() ?? "") : (boxes.get(point.id)?.name ?? "");
    return { ...point, name, path: names, areaIds };
  });
  return { places, meters, hidden: points.filter((point) => point.masters.some(sees)).length - open.length };
}

async function metersSeen(tx: Tx, scope: Scope, kind: MeterKind): Promise<Set<number>> {
  const rows = await bareReportMeters(tx, scope, { kind, search: "" }).select("meter.id").execute();
  return new Set(rows.map((row) => row.id));
}
