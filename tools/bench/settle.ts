import { pathToFileURL } from "node:url";
import { assert } from "#base/errors.ts";
import { HOUR_MS, instant, MINUTE_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { settleDueMeters } from "#flows/settle-usage.ts";
import { METERS_MAX } from "#server/jobs/settle.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { pause } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { type BenchLine, median } from "./line-format.ts";
import { onDatabases } from "./on-databases.ts";
import { type Recorded, recording, replay } from "./recorded.ts";
import { buildSettleTown, METERS, readAll } from "./settle-town.ts";

/** How long all meters may take on two cores. */
const TARGET_MS = { sqlite: 6_000, mariadb: 10_000 } as const;
/** How much more than its bare statements settlement may take. */
const RATIO_TARGET = 2;
const ROUNDS = 3;
const NOON = instant(Date.UTC(2026, 2, 2, 4));

/**
 * Settles 10 000 due meters, half with credit in the meter, half on the server under flat, time-of-use and step tariffs, by the job's
 * own batches; against the very same statements, recorded from it and sent through the bare driver to an equal database.
 */
export async function bench(): Promise<BenchLine[]> {
  return onDatabases(async (name, fresh) => measure(name, await fresh(), await fresh()));
}

async function measure(name: keyof typeof TARGET_MS, ours: TestDatabase, theirs: TestDatabase): Promise<BenchLine[]> {
  await buildSettleTown(ours, NOON);
  await buildSettleTown(theirs, NOON);
  const tookOurs: number[] = [];
  const tookBare: number[] = [];
  let round = 0;
  const next = (): number => NOON + ++round * 15 * MINUTE_MS;
  for (let i = 0; i < ROUNDS; i++) {
    const at = next();
    await readAll(ours, at, round);
    await readAll(theirs, at, round);
    const log: Recorded[] = [];
    await settleAll({ db: recording(ours, log), at });
    await pause(200); // lets the disk rest before either is timed
    tookBare.push(await replay(theirs.url, log));
    const again = next();
    await readAll(ours, again, round);
    const start = performance.now();
    await settleAll({ db: ours, at: again });
    tookOurs.push(performance.now() - start);
    await readAll(theirs, again, round);
    const rest: Recorded[] = [];
    await settleAll({ db: recording(theirs, rest), at: again }); // keeps the two databases equal
  }
  const [took, bare] = [median(tookOurs), median(tookBare)];
  const common = { bench: "settle", floor: "the same statements through the bare driver, in the same run" };
  const ratio = took / bare;
  return [
    {
      ...common,
      case: `${METERS} due meters on ${name}, ${METERS_MAX} a transaction`,
      value: Math.round(took),
      unit: "ms",
      ratio,
      target: RATIO_TARGET,
      met: ratio <= RATIO_TARGET,
    },
    {
      bench: "settle",
      case: `${METERS} due meters on ${name}, time allowed`,
      value: Math.round(took),
      unit: "ms",
      floor: `${TARGET_MS[name]} ms for all of them on two cores`,
      ratio: took / TARGET_MS[name],
      target: 1,
      met: took <= TARGET_MS[name],
    },
  ];
}

async function settleAll({ db, at }: { db: FlowContext["db"]; at: number }): Promise<void> {
  const ctx: FlowContext = { db, clock: () => instant(at + HOUR_MS / 60), newId, log: silentLog };
  let settled = 0;
  let after: number | null = 0;
  while (after !== null) {
    const done: { settled: number; next: number | null } = await settleDueMeters(ctx, { limit: METERS_MAX, after });
    settled += done.settled;
    after = done.next;
  }
  assert(settled === METERS, `all meters were settled: ${settled}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(JSON.stringify(await bench()));
