import { createWriteStream, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Day } from "#base/time.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { createShelf } from "#server/exports/shelf.ts";
import { exportsJob } from "#server/jobs/exports.ts";
import { openDatabase } from "#store/db.ts";
import { everyRecharge } from "#store/order-records.ts";
import { slotRows } from "#store/reading-steps.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";

/** What a run is told by its starter, and what it prints: seconds, and the most memory that its process ever held. */
type Told = {
  url: string;
  folder: string;
  as: "job" | "csv";
  report: "readings" | "recharges";
  day: Day;
  areaId: number;
};

const told = JSON.parse(process.argv[2] ?? "{}") as Told;
const db = await openDatabase(told.url);
const ctx: FlowContext = { db, clock: systemClock, newId, log: silentLog };
const began = performance.now();
await (told.as === "job" ? runJob() : writeCsv());
const seconds = (performance.now() - began) / 1000;
await db.close();
console.log(JSON.stringify({ seconds, peakMb: process.resourceUsage().maxRSS / 1024 }));

/** The job that waits, as the server runs it: with its rests, its progress and its booking. */
async function runJob(): Promise<void> {
  const shelf = createShelf({ folder: told.folder, bytesMax: 4 * 1024 ** 3 });
  await exportsJob(ctx, { shelf, signal: new AbortController().signal }, 1).run();
}

/** The same rows as text, as fast as they can be read and written: what no export can be quicker than by much. */
async function writeCsv(): Promise<void> {
  const file = join(told.folder, "floor.csv");
  async function* recharges(): AsyncGenerator<string> {
    const all = everyRecharge(db.read, SCOPE_ALL, { channel: "cash" });
    for await (const order of all) yield `${Object.values(order).join(",")}\n`;
  }
  async function* slots(): AsyncGenerator<string> {
    for (let after: number | null = 0; after !== null; ) {
      const wanted = { kind: "electricity" as const, areaId: told.areaId, search: "" };
      const filter = { ...wanted, days: [told.day], minutes: 15, after, limit: 1 };
      const page: Awaited<ReturnType<typeof slotRows>> = await slotRows(db.read, SCOPE_ALL, filter);
      yield page.items.map((row) => `${Object.values(row).join(",")}\n`).join("");
      after = page.next;
    }
  }
  const lines = told.report === "recharges" ? recharges() : slots();
  await pipeline(Readable.from(lines), createWriteStream(file));
  rmSync(file);
}
