import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "#simulator/random.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { pause, systemClock } from "#system/clock.ts";
import type { FaultPoint } from "#system/fault-point.ts";
import { startSharedMariadb } from "../../test/mariadb.ts";
import { quiet, watchBooks } from "./books.ts";
import { cashier } from "./cashier.ts";
import { judge, type Verdict } from "./oracle.ts";
import { type Victim, victim } from "./programs.ts";
import { stage } from "./stage.ts";

export type ChaosOptions = { runs: number; seed: number; database: "sqlite" | "mariadb"; perRun: number };

export type ChaosReport = Verdict & {
  database: string;
  seed: number;
  runs: number;
  ok: boolean;
  seconds: number;
  /** Kills by place: fault points, and programs at random moments. */
  kills: Record<string, number>;
  /** Looks at the books while programs were dying, and the worst sum seen: must be 0. */
  looks: number;
  worstSum: number;
};

/** A line worse than any that a site would keep. */
const WEATHER = { loseRequest: 0.08, loseAnswer: 0.12, corrupt: 0.04, duplicate: 0.05, lateAnswer: 0.05, lateMs: 150 };
/** Places by program: together they are every step of a recharge. */
const POINTS: Record<Victim["name"], readonly FaultPoint[]> = {
  server: ["recharge:before-commit", "recharge:after-commit", "settle-usage:after-commit"],
  collector: [
    "pump:after-claim",
    "pump:after-sent-mark",
    "exchange:after-write",
    "pump:after-answer",
    "settle-command:before-commit",
    "settle-command:after-commit",
    "read-back:before",
    "read-back:after-answer",
    "ingest:before-commit",
  ],
};
/** An armed point does not strike at its first passing, or only the first step would ever be hit. */
const STRIKE_CHANCE = 0.6;
const RUN_MS_MAX = 2_500;
const RANDOM_KILL_MS_MAX = 900;

/** Kills real programs while recharges are under way over a bad line, then heals everything and counts what is wrong. */
export async function rechargeChaos(options: ChaosOptions, say: (line: string) => void): Promise<ChaosReport> {
  const began = systemClock();
  const random = randomStream(options.seed, 4_711);
  const dataDir = mkdtempSync(join(tmpdir(), "jichao-chaos-"));
  const mariadb = options.database === "mariadb" ? await startSharedMariadb() : null;
  const db = await freshDatabase(options.database);
  const { ctx, town, env, httpPort, linkPort } = await stage({ db, dataDir, seed: options.seed, weather: WEATHER });
  const kills: Record<string, number> = {};
  const count = (where: string) => {
    kills[where] = (kills[where] ?? 0) + 1;
  };
  const server = victim("server", env, count);
  const collector = victim("collector", env, count);
  const watch = watchBooks(ctx);
  try {
    await Promise.all([server.start(""), collector.start("")]);
    town.dial({ host: "127.0.0.1", port: linkPort });
    const desk = await cashier({ port: httpPort, password: env.JICHAO_ADMIN_PASSWORD ?? "", random });
    for (let run = 1; run <= options.runs; run++) {
      const plan = drawPlan(random);
      await prepare({ server, collector }, plan);
      for (let i = 0; i < options.perRun; i++) desk.recharge();
      await oneRun({ server, collector, plan, random, count });
      if (run % 10 === 0) say(`run ${run} of ${options.runs}, kills ${JSON.stringify(kills)}`);
    }
    say("healing: no more kills, no more losses");
    town.setFaults({ everywhere: {} });
    await prepare({ server, collector }, { doomed: "server", point: null, both: false });
    await desk.allAcknowledged();
    await quiet(ctx);
    const looks = await watch.stop();
    const verdict = await judge(ctx, town.snapshot(), desk.intents);
    const wrong =
      verdict.lost +
      verdict.doubled +
      verdict.unresolved +
      verdict.problems.length +
      Math.abs(verdict.ledgerSum) +
      Math.abs(looks.worstSum);
    return {
      database: await db.version(),
      seed: options.seed,
      runs: options.runs,
      ...verdict,
      ok: wrong === 0,
      seconds: Math.round((systemClock() - began) / 1000),
      kills,
      ...looks,
    };
  } finally {
    await watch.stop();
    server.kill();
    collector.kill();
    await Promise.all([server.died(), collector.died(), town.close()]);
    await db.drop();
    await mariadb?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

type Programs = { server: Victim; collector: Victim };
/** Who is to die in a run, where (null: at a random moment), and whether the other one goes with it. */
type Plan = { doomed: Victim["name"]; point: FaultPoint | null; both: boolean };

function drawPlan(random: () => number): Plan {
  const doomed = random() < 0.35 ? "server" : "collector";
  const points = POINTS[doomed];
  const point = random() < 0.7 ? (points[Math.floor(random() * points.length)] ?? null) : null;
  return { doomed, point, both: point === null && random() < 0.3 };
}

/** Brings up what is dead, and restarts the doomed one when it has to carry other fault points than it does. */
async function prepare(programs: Programs, plan: Plan): Promise<void> {
  await Promise.all(
    [programs.server, programs.collector].map(async (each) => {
      const faults = each.name === plan.doomed && plan.point !== null ? `${plan.point}=${STRIKE_CHANCE}` : "";
      if (each.isAlive() && each.faults() === faults) return;
      each.kill();
      await each.died();
      await each.start(faults);
    }),
  );
}

/** Some recharges begin, and somebody dies. They need not be answered within the run: the cashier repeats until they are. */
async function oneRun(at: Programs & { plan: Plan; random: () => number; count(where: string): void }): Promise<void> {
  const { plan } = at;
  const doomed = at[plan.doomed];
  if (plan.point !== null) {
    const ended = new AbortController();
    await Promise.race([doomed.died(), pause(RUN_MS_MAX, ended.signal)]);
    ended.abort();
    return;
  }
  await pause(at.random() * RANDOM_KILL_MS_MAX);
  for (const each of plan.both ? [at.server, at.collector] : [doomed]) {
    if (each.kill()) at.count(`${each.name} at a random moment`);
    await each.died();
  }
}
