import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { addDays, type Day, dayOf, startOfDay } from "#base/time.ts";
import { enrol } from "#server/test-town.ts";
import { insertRows } from "#store/portable.ts";
import { concentratorRow } from "#store/test-concentrator.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { freePort } from "../../test/free-port.ts";
import { victim } from "../chaos/programs.ts";
import { makeHistory } from "./history.ts";
import { type Asked, flood, people } from "./http-callers.ts";
import { type BenchLine, type BenchOptions, median, percentile, round2 } from "./line-format.ts";
import { onDatabases, SITE_POOL_BYTES } from "./on-databases.ts";

const OPERATORS = 50;
/** Somebody who works without a rest asks for something else about as often. */
const THINK_MS = 3_000;
const P99_MS_MAX = 300;
const RATIO_MIN = 0.5;
const METERS_OF_ONE = 500;
const FLOOD_SECONDS = 5;
const FLOODERS = 10;
const program = fileURLToPath(new URL("./http-static.ts", import.meta.url));

/**
 * The console's server as a program of its own under `--operators` (50), each with a session and with the live channel open, on a site of
 * `--meters` (10 000) with `--days` (35) behind it, for `--seconds` (60): how long answers take, and how many come when they are asked for
 * without a pause. Floor: the same texts, held in memory, over the same headers and compression.
 */
export async function bench({
  meters = 10_000,
  days = 35,
  operators = OPERATORS,
  seconds = 60,
  database,
}: BenchOptions): Promise<BenchLine[]> {
  const last = addDays(dayOf(systemClock()), -1);
  const measured = async (name: string, fresh: () => Promise<TestDatabase>) => {
    const db = await fresh();
    await makeHistory(db, { meters, days, last, youngDays: 1, lies: "by_key" });
    await addPeople(db, meters);
    return measure(name, db, { meters, last, operators, seconds });
  };
  return onDatabases(measured, { database, poolBytes: SITE_POOL_BYTES });
}

type Site = { meters: number; last: Day; operators: number; seconds: number };

async function measure(name: string, db: TestDatabase, site: Site): Promise<BenchLine[]> {
  const folder = await mkdtemp(join(tmpdir(), "jichao-http-"));
  const port = await freePort();
  const env = {
    JICHAO_DB: db.url,
    JICHAO_DATA: folder,
    JICHAO_HTTP_PORT: String(port),
    JICHAO_MASTER_KEY: "5a".repeat(32),
  };
  const server = victim("server", env, () => {});
  await server.start("");
  try {
    const operators = await Promise.all(Array.from({ length: site.operators }, () => enrol(db, {})));
    const desks = operators.map(({ cookie }) => ({ port, cookie }));
    const asked = questions(site);
    const texts = await textsOf(asked, desks[0]);
    const hearing = await Promise.all(desks.map(({ cookie }) => listen(port, cookie)));
    const resting = await withFloor(texts, async (at) => {
      const there = desks.map((desk) => ({ ...desk, port: at }));
      const plain = asked.map((each) => ({ ...each, path: () => `/api/${each.name}` }));
      const ours = await people(desks, asked, { seconds: site.seconds, thinkMs: THINK_MS });
      const floors = await people(there, plain, { seconds: site.seconds / 2, thinkMs: THINK_MS });
      const lines: BenchLine[] = asked.map(({ name: question }) => {
        const [all, bare] = [ours.get(question) ?? [], floors.get(question) ?? []];
        return lineOfPeople(`${question} of ${site.operators} operators on ${name}`, site.operators, all, bare);
      });
      for (const [i, question] of asked.entries()) {
        const mine = await flood(desks.slice(0, FLOODERS), question, FLOOD_SECONDS);
        const floor = await flood(there.slice(0, FLOODERS), plain[i] ?? question, FLOOD_SECONDS);
        const kb = Math.round((texts[question.name]?.length ?? 0) / 1_024);
        lines.push({
          bench: "http",
          case: `${question.name} without a pause on ${name}`,
          value: round2(mine),
          unit: "answers/s",
          floor: `the same ${kb} kB from memory: ${round2(floor)} answers/s`,
          ratio: round2(mine / floor),
          target: RATIO_MIN,
          met: mine / floor >= RATIO_MIN,
        });
      }
      return lines;
    });
    for (const each of hearing) each.abort();
    return resting;
  } finally {
    await server.end();
    await rm(folder, { recursive: true, force: true });
  }
}

function lineOfPeople(what: string, concurrent: number, all: readonly number[], bare: readonly number[]): BenchLine {
  const [p99, floor] = [percentile(all, 0.99), percentile(bare, 0.99)];
  const middle = `p50 ${round2(median(all))} ms of ${all.length}`;
  const p95 = round2(percentile(all, 0.95));
  return {
    bench: "http",
    case: `${what}, p99`,
    value: round2(p99),
    unit: "ms",
    floor: `the same from memory, p99: ${round2(floor)} ms; ${middle}`,
    ratio: round2(p99 / floor),
    target: P99_MS_MAX,
    met: p99 <= P99_MS_MAX,
    responses: { concurrent, answers: all.length, p50: round2(median(all)), p95, p99: round2(p99) },
  };
}

/** What people at a desk ask for most, each time of somebody else. */
function questions({ meters, last }: Site): Asked[] {
  const meterOf = (round: number) => 1 + ((round * 613) % meters);
  return [
    { name: "board", weight: 1, path: () => "/api/board" },
    {
      name: "search",
      weight: 4,
      path: (round) => `/api/customers?search=${encodeURIComponent(`客户${meterOf(round)}`)}`,
    },
    { name: "account", weight: 3, path: (round) => `/api/customers/${meterOf(round)}` },
    { name: "day-report", weight: 2, path: (round) => `/api/reports/day?day=${addDays(last, -(round % 20))}` },
  ];
}

async function textsOf(asked: readonly Asked[], desk: { port: number; cookie: string } | undefined) {
  const texts: Record<string, string> = {};
  for (const { name, path } of asked) {
    const answer = await fetch(`http://127.0.0.1:${desk?.port}${path(1)}`, { headers: { cookie: desk?.cookie ?? "" } });
    texts[name] = await answer.text();
    if (!answer.ok) throw new Error(`${path(1)}: ${texts[name]}`);
  }
  return texts;
}

async function listen(port: number, cookie: string): Promise<AbortController> {
  const end = new AbortController();
  const { body } = await fetch(`http://127.0.0.1:${port}/api/live`, { headers: { cookie }, signal: end.signal });
  void body?.pipeTo(new WritableStream()).catch(() => {}); // it ends when we hang up
  return end;
}

async function withFloor<T>(texts: Record<string, string>, doing: (port: number) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    child.stdin.write(`${JSON.stringify(texts)}\n`);
    const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    return await doing(Number(port));
  } finally {
    child.kill();
  }
}

/** What the history of a site leaves out: concentrators, and people with names and rooms behind the meters. */
async function addPeople(db: TestDatabase, meters: number): Promise<void> {
  const now = systemClock();
  const boxes = Math.ceil(meters / METERS_OF_ONE);
  await db.transact(async (tx) => {
    for (let id = 1; id <= boxes; id++) {
      const row = concentratorRow({ id, area_id: 1, code: `C${id}`, name: `${id} 号集中器`, online: 1 });
      await insertRows(tx, "concentrator", [{ ...row, online_changed_at: startOfDay(dayOf(now)), last_seen_at: now }]);
    }
    const ids = Array.from({ length: meters }, (_, i) => i + 1);
    const named = (id: number) => ({
      project_id: 1,
      number: String(id).padStart(8, "0"),
      name: `客户${id}`,
      phone: `138${String(id).padStart(8, "0")}`,
    });
    await insertRows(
      tx,
      "room",
      ids.map((id) => ({ id, area_id: 1, name: `A-${id}` })),
    );
    await insertRows(
      tx,
      "customer",
      ids.map((id) => ({ id, ...named(id), created_at: 1 })),
    );
    await tx
      .updateTable("meter")
      .set((eb) => ({ concentrator_id: eb(eb("id", "%", boxes), "+", 1) }))
      .execute();
  });
}
