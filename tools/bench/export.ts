import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Day, endOfDay } from "#base/time.ts";
import { permissions, SCOPE_ALL } from "#domain/permission.ts";
import { askExport } from "#flows/ask-export.ts";
import type { FlowContext } from "#flows/context.ts";
import { insertRows } from "#store/portable.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { makeRecharges } from "./export-recharges.ts";
import { closedDay, packedDay } from "./history.ts";
import type { BenchLine, BenchOptions } from "./line-format.ts";
import { onDatabases } from "./on-databases.ts";
import { buildSettleTown, METERS } from "./settle-town.ts";

const DAY = "2026-10-31" as Day;
const SLOTS_A_DAY = 96;
/** So many meters hang in a part of the site that their quarters of an hour are a hundred thousand rows. */
const PART_METERS = 1_045;
const PART = 2;
const METERS_AT_ONCE = 200;
/** The most that a hundred thousand and a million rows may take, and the memory of the process meanwhile. */
const SECONDS_OF_100_000 = 20;
const SECONDS_OF_1_000_000 = 240;
const PEAK_MB_MAX = 300;
/** So many recharges, and the longest that their file may take. */
const RECHARGES = 100_000;
const SECONDS_OF_RECHARGES = 60;
const ROWS_OF = { readings: "rows", recharges: "recharges" } as const;
const USER = { id: 1, login: "bench", name: "bench" };
const program = fileURLToPath(new URL("./export-run.ts", import.meta.url));

/**
 * How long the job of an export takes for the quarters of an hour of a day, rests included, and the memory of its process: a hundred thousand
 * rows, and all of 10 000 meters; and a hundred thousand recharges. Floor: the same rows read in the same way and written as bare text without rests.
 */
export async function bench({ database }: BenchOptions): Promise<BenchLine[]> {
  const measured = async (name: string, fresh: () => Promise<TestDatabase>) => {
    const db = await fresh();
    await makeDay(db);
    await makeRecharges(db, RECHARGES);
    const folder = mkdtempSync(join(tmpdir(), "jichao-bench-"));
    const slots = (areaId: number) =>
      ({ report: "readings", filter: { from: DAY, to: DAY, minutes: "15", areaId: String(areaId) } }) as const;
    const parts: Part[] = [
      { ...slots(PART), rows: PART_METERS * SLOTS_A_DAY, limit: SECONDS_OF_100_000 },
      { ...slots(1), rows: METERS * SLOTS_A_DAY, limit: SECONDS_OF_1_000_000 },
      { report: "recharges", filter: { channel: "cash" }, rows: RECHARGES, limit: SECONDS_OF_RECHARGES },
    ];
    try {
      const lines: BenchLine[] = [];
      for (const each of parts) lines.push(...(await measure(name, db, folder, each)));
      return lines;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return onDatabases(measured, { database });
}

type Part = {
  report: "readings" | "recharges";
  filter: Readonly<Record<string, string>>;
  rows: number;
  limit: number;
};

async function measure(name: string, db: TestDatabase, folder: string, of: Part): Promise<BenchLine[]> {
  const ctx: FlowContext = { db, clock: systemClock, newId, log: silentLog };
  const { report, filter } = of;
  const file = { title: "bench", filterText: "", fileName: "bench", rowsOf: of.rows, ip: "" };
  const actor = { ...USER, userId: USER.id, permissions: new Set(permissions), scope: SCOPE_ALL };
  const wish = {
    key: `bench-${report}-${of.rows}-key`,
    report,
    filter,
    language: "zh-CN" as const,
    ...file,
  };
  const { exportId } = await askExport(ctx, actor, wish);
  const told = { url: db.url, folder, report, day: DAY, areaId: Number(filter.areaId ?? 0) };
  const ours = await inItsOwnProcess({ ...told, as: "job" });
  const row = await db.read.selectFrom("export_job").selectAll().where("id", "=", exportId).executeTakeFirstOrThrow();
  if (row.state !== "done" || row.rows_done !== of.rows) throw new Error(`the export ended as ${JSON.stringify(row)}`);
  const floor = await inItsOwnProcess({ ...told, as: "csv" });
  const shared = {
    bench: "export",
    floor: `the same rows as bare text: ${round1(floor.seconds)} s, ${Math.round(floor.peakMb)} MB`,
  };
  return [
    {
      ...{ ...shared, case: `${of.rows} ${ROWS_OF[report]} to Excel in the background on ${name}`, unit: "s" },
      ...{ value: round1(ours.seconds), ratio: round1(ours.seconds / floor.seconds) },
      ...{ target: of.limit, met: ours.seconds <= of.limit },
    },
    {
      ...{ ...shared, case: `peak memory of ${of.rows} ${ROWS_OF[report]} on ${name}`, unit: "MB" },
      ...{ value: Math.round(ours.peakMb), ratio: round1(ours.peakMb / floor.peakMb) },
      ...{ target: PEAK_MB_MAX, met: ours.peakMb <= PEAK_MB_MAX },
    },
  ];
}

/** Memory is the process's: each is measured in one that does nothing else. */
async function inItsOwnProcess(told: object): Promise<{ seconds: number; peakMb: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(told)]);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { seconds: number; peakMb: number };
}

/** 10 000 meters with one packed and closed day, a part of them in an area of its own, and somebody who asks. */
async function makeDay(db: TestDatabase): Promise<void> {
  await buildSettleTown(db, endOfDay(DAY));
  for (let first = 1; first <= METERS; first += METERS_AT_ONCE) {
    const ids = Array.from({ length: METERS_AT_ONCE }, (_, i) => first + i);
    await db.transact(async (tx) => {
      await insertRows(
        tx,
        "reading_day",
        ids.map((id) => packedDay(id, DAY, 1_000_000 + id)),
      );
      await insertRows(
        tx,
        "meter_day",
        ids.map((id) => closedDay(id, DAY, 1_000_000 + id)),
      );
    });
  }
  await db.transact(async (tx) => {
    await insertRows(tx, "area", [{ id: PART, project_id: 1, parent_id: 1, name: "part", sort: 1 }]);
    await insertRows(tx, "area_ancestor", [
      { area_id: PART, ancestor_id: PART },
      { area_id: PART, ancestor_id: 1 },
    ]);
    await tx.updateTable("meter").set({ area_id: PART }).where("id", "<=", PART_METERS).execute();
    const role = { id: 1, code: "bench", name: "bench", permissions: JSON.stringify(permissions), version: 0 };
    await insertRows(tx, "role", [role]);
    const times = { created_at: 0, seen_at: 0 };
    await insertRows(tx, "user", [
      { ...USER, ...times, password_hash: "none", disabled: 0, all_meters: 1, must_change: 0, version: 0 },
    ]);
    await insertRows(tx, "user_role", [{ user_id: USER.id, role_id: role.id }]);
  });
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
