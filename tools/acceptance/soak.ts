import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomStream } from "#simulator/random.ts";
import { startSharedMariadb } from "../../test/mariadb.ts";
import { people, type Took } from "../bench/http-callers.ts";
import { percentile, round2 } from "../bench/line-format.ts";
import { quiet, sumOfAll } from "../chaos/books.ts";
import { type Cashier, cashier } from "../chaos/cashier.ts";
import { judge } from "../chaos/oracle.ts";
import { type Victim, victim } from "../chaos/programs.ts";
import { type Stage, stage } from "../chaos/stage.ts";
import type { SoakLine, SoakSample } from "./soak-sample.ts";

const usage = `usage: npm run acceptance -- --only soak --soak-hours 72
The real server and collector under a steady load: operators who ask, recharges, rounds over lines that lose a little; each minute memory,
response times, and whether money was lost or doubled, as a line of JSON.`;

const OPERATORS = 20;
const THINK_MS = 3_000;
const RECHARGE_EVERY_SECONDS = 10;
const READ_EVERY_SECONDS = 15;
const SAMPLE_SECONDS_MAX = 60;
/** So many at least in a soak of minutes. */
const SAMPLES_MIN = 5;
/** Sessions end; whoever works for days logs in again. */
const SESSION_SECONDS = 3_600;
const WEATHER = { loseRequest: 0.01, loseAnswer: 0.01, corrupt: 0.002 };
const SEED = 1;
/** What people at a desk look at, on a site whose books begin with the soak. */
const ASKED = [
  { name: "board", weight: 2, path: () => "/api/board" },
  { name: "customers", weight: 3, path: () => "/api/customers" },
  { name: "recharges", weight: 2, path: () => "/api/recharges" },
  { name: "current", weight: 3, path: () => "/api/reports/current" },
] as const;

const { values } = parseArgs({ options: { hours: { type: "string", default: "72" } } });
const hours = Number(values.hours);
if (!(hours > 0)) {
  console.error(usage);
  process.exit(2);
}
// What was started goes with us: programs at the event `exit`, databases when their standard input ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
process.exit(await soak(hours));

async function soak(hours: number): Promise<0 | 1> {
  const dataDir = mkdtempSync(join(tmpdir(), "jichao-soak-"));
  process.on("exit", () => rmSync(dataDir, { recursive: true, force: true }));
  const mariadb = await startSharedMariadb();
  // Only now: it looks for the server when it is loaded.
  const { freshDatabase } = await import("#store/test-databases.ts");
  const db = await freshDatabase(mariadb === null ? "sqlite" : "mariadb");
  const site = await stage({ db, dataDir, seed: SEED, weather: WEATHER, speed: 1 });
  const env = { ...site.env, JICHAO_READ_INTERVAL_SECONDS: String(READ_EVERY_SECONDS) };
  const programs = [victim("server", env, () => {}), victim("collector", env, () => {})] as const;
  for (const each of programs) await each.start("");
  site.town.dial({ host: "127.0.0.1", port: site.linkPort });
  const seconds = hours * 3_600;
  const sampleSeconds = Math.max(1, Math.min(SAMPLE_SECONDS_MAX, seconds / SAMPLES_MIN));
  const begun = performance.now();
  const passed = () => (performance.now() - begun) / 1_000;
  const shared = {
    hours,
    database: await db.version(),
    meters: site.town.snapshot().meters.length,
    operators: OPERATORS,
  };
  say({ begun: { ...shared, rechargeEverySeconds: RECHARGE_EVERY_SECONDS, sampleSeconds } });

  const random = randomStream(SEED, 72);
  const password = site.env.JICHAO_ADMIN_PASSWORD ?? "";
  const tills: Cashier[] = [];
  let loggedInAt = 0;
  const till = async (): Promise<Cashier> => {
    const known = tills.at(-1);
    if (known !== undefined && passed() - loggedInAt < SESSION_SECONDS) return known;
    loggedInAt = passed();
    const fresh = await cashier({ port: site.httpPort, password, random, name: `soak-desk-${tills.length + 1}` });
    tills.push(fresh);
    return fresh;
  };
  const recharging = setInterval(() => tills.at(-1)?.recharge(), RECHARGE_EVERY_SECONDS * 1_000);
  try {
    while (passed() < seconds) {
      const desk = await till();
      if (desk.intents.length === 0) desk.recharge();
      const desks = Array.from({ length: OPERATORS }, () => ({ port: site.httpPort, cookie: desk.cookie() }));
      let failures = 0;
      const failed = (why: string) => {
        failures++;
        if (failures < 5) console.error(why);
      };
      const left = Math.min(sampleSeconds, Math.max(1, seconds - passed()));
      const took = await people(desks, ASKED, { seconds: left, thinkMs: Math.min(THINK_MS, left * 250), failed });
      const deaths = await revived(programs);
      const seen = await booksOf(site, tills);
      say({
        sample: { seconds: Math.round(passed()), ...memory(programs), ...times(took), failures, deaths, ...seen },
      });
    }
    clearInterval(recharging);
    for (const each of tills) await each.allAcknowledged();
    site.town.setFaults({ everywhere: {} });
    const ran = Math.round(passed());
    await quiet(site.ctx);
    const intents = tills.flatMap((each) => each.intents);
    const verdict = await judge(site.ctx, site.town.snapshot(), intents);
    say({ end: { ...verdict, seconds: ran } });
    const wrong =
      verdict.lost + verdict.doubled + verdict.unresolved + verdict.problems.length + Math.abs(verdict.ledgerSum);
    return wrong === 0 ? 0 : 1;
  } finally {
    clearInterval(recharging);
    for (const each of programs) each.kill();
    await Promise.all([...programs.map((each) => each.died()), site.town.close()]);
    await db.drop();
    await mariadb?.stop();
  }
}

function say(line: SoakLine): void {
  console.log(JSON.stringify(line));
}

/** Starts again what has died by itself, and counts it: a soak goes on, and says so. */
async function revived(programs: readonly Victim[]): Promise<number> {
  const dead = programs.filter((each) => !each.isAlive());
  for (const each of dead) await each.start("");
  return dead.length;
}

function times(took: Took): Pick<SoakSample, "answers" | "p50" | "p95" | "p99"> {
  const all = [...took.values()].flat();
  const of = (share: number) => (all.length === 0 ? null : round2(percentile(all, share)));
  return { answers: all.length, p50: of(0.5), p95: of(0.95), p99: of(0.99) };
}

function memory([server, collector]: readonly [Victim, Victim]): Pick<SoakSample, "serverMb" | "collectorMb"> {
  return { serverMb: residentMb(server.pid()), collectorMb: residentMb(collector.pid()) };
}

/** What of a process is in memory; null where the system has no /proc. */
function residentMb(pid: number | null): number | null {
  try {
    const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kb === undefined ? null : Math.round(Number(kb) / 102.4) / 10;
  } catch {
    return null;
  }
}

type Books = Pick<
  SoakSample,
  "asked" | "acknowledged" | "booked" | "confirmed" | "lost" | "doubled" | "ledgerSum" | "readings"
>;

async function booksOf({ ctx }: Stage, tills: readonly Cashier[]): Promise<Books> {
  // Told before they are counted: what is acknowledged now is in the books by then.
  const intents = tills.flatMap((each) => each.intents);
  const acknowledged = intents.filter(({ orderNo }) => orderNo !== null).length;
  const orders = await ctx.db.read
    .selectFrom("recharge_order")
    .select((eb) => [
      eb.fn.countAll<number>().as("booked"),
      eb.fn.count<number>("idem_key").distinct().as("keys"),
      eb.fn.sum<number>(eb.case().when("state", "=", "confirmed").then(1).else(0).end()).as("confirmed"),
    ])
    .executeTakeFirstOrThrow();
  const [booked, keys] = [Number(orders.booked), Number(orders.keys)];
  const tally = await ctx.db.read.selectFrom("tally").select("value").where("name", "like", "readings:%").execute();
  const asked = tills.flatMap((each) => each.intents).length;
  return {
    ...{ asked, acknowledged, booked, confirmed: Number(orders.confirmed ?? 0) },
    lost: Math.max(0, acknowledged - keys),
    doubled: booked - keys + Math.max(0, keys - asked),
    ledgerSum: (await sumOfAll(ctx)) ?? 0,
    readings: tally.reduce((sum, { value }) => sum + Number(value), 0),
  };
}
