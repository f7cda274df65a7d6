import { later } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { openDatabase } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { armFaults } from "#system/fault-point.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createShelf } from "../exports/shelf.ts";
import { exportsJob } from "./exports.ts";

/** A server that makes one file and is killed at a fault point on its way: for tests, as a process of its own. */
const [url = "", folder = "", fault = "", ahead = "0"] = process.argv.slice(2);
armFaults(`${fault}=1`, () => console.log("killed"));
const db = await openDatabase(url);
const ctx: FlowContext = { db, clock: () => later(systemClock(), Number(ahead)), newId, log: silentLog };
const shelf = createShelf({ folder, bytesMax: 100_000_000 });
await exportsJob(ctx, { shelf, signal: new AbortController().signal }, 1).run();
console.log("survived");
