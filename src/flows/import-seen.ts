import type { Instant } from "#base/time.ts";
import type { ImportRow } from "#domain/import-fault.ts";
import { countUp } from "#domain/number-range.ts";
import type { Actor } from "#domain/permission.ts";
import { registers } from "#domain/reading.ts";
import type { Tx } from "#store/db.ts";
import {
  areasByPath,
  concentratorsByCode,
  customersByNumber,
  exchangedNumbers,
  type ImportedMeter,
  metersBehindAll,
  metersByNumber,
  placesOfProject,
  tariffsByName,
  tariffsOfMeters,
} from "#store/import-snapshot.ts";
import { nearestReading } from "#store/reading-history.ts";
import { pause } from "#system/clock.ts";

/** A meter that has the number of a row, and what an import compares; null where it lies outside the actor's area. */
export type MeterSeen = ImportedMeter & { tariff: string | null; openIndex: string | null };

/** The part of the archive that a file is about, as it stands now. */
export type ArchiveSeen = Awaited<ReturnType<typeof seeArchive>>;

/** Meters whose first reading is looked up before others get their turn. */
const AT_ONCE = 50;

/** Looks up all that the rows of a file name. Large files take a while: others get their turn in between. */
export async function seeArchive(
  tx: Tx,
  actor: Actor,
  of: { projectId: number; rows: readonly ImportRow[]; now: Instant },
) {
  const { projectId, rows, now } = of;
  const { scope } = actor;
  const of_ = (sheet: string, key: string) =>
    rows.flatMap((row) => (row.sheet === sheet && row.values[key] ? [row.values[key]] : []));
  const meterRows = rows.filter((row) => row.sheet === "meters");
  const numbers = meterRows.flatMap((row) => countUp(row.values.number ?? "", Number(row.values.count ?? 1)) ?? []);
  const asked = [...numbers, ...of_("meters", "gateway")];
  const areas = await areasByPath(tx, scope, projectId);
  await pause(0);
  const found = await metersByNumber(tx, scope, asked);
  await pause(0);
  const tariffs = await tariffsByName(tx, projectId, now);
  const names = new Map([...tariffs.values()].map((each) => [each.id, each.name]));
  const seen = found.rows.filter((row) => found.visible.has(row.id));
  const byTariff = await tariffsOfMeters(
    tx,
    seen.map((row) => row.id),
    now,
  );
  const opened = await openIndexes(tx, seen, meterRows);
  const meters = new Map<string, MeterSeen | null>();
  for (const row of found.rows) {
    const tariff = names.get(byTariff.get(row.id) ?? 0) ?? null;
    const isSeen = found.visible.has(row.id) && row.project_id === projectId;
    meters.set(row.number, isSeen ? { ...row, tariff, openIndex: opened.get(row.number) ?? null } : null);
  }
  const codes = [...of_("concentrators", "code"), ...of_("meters", "concentrator")];
  const concentrators = new Map((await concentratorsByCode(tx, codes)).map((row) => [row.code, row]));
  const behind = await metersBehindAll(
    tx,
    [...concentrators.values()].map((row) => row.id),
  );
  const lived = [...meters.values()].flatMap((meter) => (meter?.customer ? [meter.customer] : []));
  const customers = await customersByNumber(tx, scope, {
    projectId,
    numbers: [...of_("customers", "number"), ...of_("meters", "customer"), ...lived],
  });
  return {
    areas,
    paths: new Map([...areas].flatMap(([path, ids]) => ids.map((id) => [id, path] as const))),
    rooms: await placesOfProject(tx, "room", projectId),
    boxes: await placesOfProject(tx, "box", projectId),
    concentrators,
    behind,
    meters,
    exchanged: await exchangedNumbers(tx, numbers),
    customers,
    tariffs,
  };
}

/** The first index of meters that are there, where a row names one: an import does not change it. */
async function openIndexes(tx: Tx, seen: readonly ImportedMeter[], rows: readonly ImportRow[]) {
  const wanted = new Set(
    rows.flatMap((row) =>
      row.values.openIndex === undefined ? [] : (countUp(row.values.number ?? "", Number(row.values.count ?? 1)) ?? []),
    ),
  );
  const found = new Map<string, string>();
  let looked = 0;
  for (const meter of seen) {
    if (!wanted.has(meter.number)) continue;
    const first = await nearestReading(tx, meter.id, { registers: [registers.energyTotal] }, "after", 0);
    if (first) found.set(meter.number, unitsText(first.value));
    if (++looked % AT_ONCE === 0) await pause(0);
  }
  return found;
}

/** Wh or litres as units with as many places as are needed: the form of a cell. */
export function unitsText(value: number): string {
  return `${Math.floor(value / 1000)}.${String(value % 1000).padStart(3, "0")}`.replace(/\.?0+$/, "");
}
