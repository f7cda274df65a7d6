import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "#simulator/random.ts";
import { createDatabase } from "#store/create-database.ts";
import { openDatabase } from "#store/db.ts";
import { pause, systemClock } from "#system/clock.ts";
import { ask, type Galera, type GaleraNode, startGalera } from "../../test/galera.ts";
import { quiet, watchBooks } from "./books.ts";
import { cashier } from "./cashier.ts";
import { judge, type Verdict } from "./oracle.ts";
import { victim } from "./programs.ts";
import { stage } from "./stage.ts";
import { teller } from "./teller.ts";

/** What happens to nodes while server and collector are at work. `writer` is the node that they use, `spare` another one. */
export const galeraEvents = [
  "kill-writer",
  "freeze-writer",
  "stop-writer",
  "isolate-writer",
  "kill-spare",
  "freeze-spare",
  "freeze-both-spares",
  "kill-all",
] as const;
export type GaleraEvent = (typeof galeraEvents)[number];

/** `rounds`: every one of `events` (all when left out) so many times, in an order drawn by the seed. */
export type GaleraOptions = { rounds: number; seed: number; events?: readonly GaleraEvent[] };

/** One event: how long nothing was acknowledged, and how long until programs had one node again and all nodes were in step. */
export type Struck = { event: GaleraEvent; node: string; silentS: number; healedS: number };

export type GaleraReport = Verdict & {
  database: string;
  seed: number;
  ok: boolean;
  seconds: number;
  struck: Struck[];
  /** The worst of all events, by kind, in seconds. */
  silentS: Record<string, number>;
  /** Rows that two more processes were told to be stored, and how many of them are not there, or twice. */
  rowsTold: number;
  rowsLost: number;
  /** Nodes that programs were using at the end: 1. */
  nodesInUse: number;
  /** Tables that are not the same on all nodes at the end: none. */
  unlike: string[];
  looks: number;
  worstSum: number;
};

const DATABASE = "jichao";
/** Long enough to be given up by the others (2 s here), and for programs to go elsewhere. */
const FROZEN_MS = 8_000;
/** Below what the server allows one desk in a minute: what waits for leave to pay proves nothing here. */
const RECHARGE_EVERY_MS = 1_200;
const CALM_MS = 1_500;
const TOGETHER_MS_MAX = 60_000;

/** Breaks the nodes of a real cluster one way after another under real programs, then heals everything and counts what is wrong. */
export async function galeraChaos(options: GaleraOptions, say: (line: string) => void): Promise<GaleraReport> {
  const began = systemClock();
  const random = randomStream(options.seed, 2_611);
  const dataDir = mkdtempSync(join(tmpdir(), "jichao-chaos-"));
  const ending: (() => unknown)[] = [() => rmSync(dataDir, { recursive: true, force: true })];
  try {
    const cluster = await startGalera();
    ending.push(() => cluster.stop());
    say(`three nodes after ${seconds(systemClock() - began)} s`);
    const made = await createDatabase({ admin: cluster.url(""), name: DATABASE, from: "%" });
    const migrating = await openDatabase(made.migrate);
    ending.push(() => migrating.close());
    await migrating.migrate();
    const url = made.programs; // as in production: programs that may change no table
    const db = await openDatabase(url);
    ending.push(() => db.close());
    const { ctx, town, env, httpPort, linkPort } = await stage({
      db: { ...db, url },
      dataDir,
      seed: options.seed,
      weather: {},
    });
    const server = victim("server", env, () => {});
    const collector = victim("collector", env, () => {});
    ending.push(async () => {
      server.kill();
      collector.kill();
      await Promise.all([server.died(), collector.died(), town.close()]);
    });
    const watch = watchBooks(ctx);
    ending.push(() => watch.stop());
    await Promise.all([server.start(""), collector.start("")]);
    town.dial({ host: "127.0.0.1", port: linkPort });
    const desk = await cashier({ port: httpPort, password: env.JICHAO_ADMIN_PASSWORD ?? "", random });
    const tellers = [await teller(url, "a"), await teller(url, "b")];
    ending.push(() => Promise.all(tellers.map((each) => each.end())));

    const paying = setInterval(() => desk.recharge(), RECHARGE_EVERY_MS);
    ending.push(() => clearInterval(paying));
    const struck: Struck[] = [];
    for (const event of drawn(options, random)) {
      await pause(CALM_MS);
      const began = performance.now();
      for (const each of tellers) each.worstGap();
      const node = await strike(event, cluster);
      await Promise.all(tellers.map((each) => each.next()));
      await Promise.all([cluster.synced(), together(cluster)]);
      const silentS = seconds(Math.max(...tellers.map((each) => each.worstGap())));
      struck.push({ event, node, silentS, healedS: seconds(performance.now() - began) });
      say(JSON.stringify(struck.at(-1)));
    }

    say("no more faults: what is under way ends");
    clearInterval(paying);
    await Promise.all(tellers.map((each) => each.end()));
    say("tellers have gone");
    await desk.allAcknowledged();
    say(`${desk.intents.length} payments are acknowledged`);
    await quiet(ctx);
    const looks = await watch.stop();
    const nodesInUse = (await nodesWithPrograms(cluster)).length;
    const verdict = await judge(ctx, town.snapshot(), desk.intents);
    await Promise.all([server.end(), collector.end()]);
    await cluster.synced(); // what programs wrote when they ended is on all nodes
    const rows = await db.read.selectFrom("tally").select("name").execute();
    const stored = new Set(rows.map(({ name }) => name));
    const told = tellers.flatMap((each) => each.told);
    const rowsLost = told.filter((name) => !stored.has(name)).length;
    const unlike = await unlikeTables(cluster);
    const wrong =
      verdict.lost + verdict.doubled + verdict.unresolved + verdict.problems.length + rowsLost + unlike.length;
    return {
      database: await db.version(),
      seed: options.seed,
      ...verdict,
      ok: wrong === 0 && verdict.ledgerSum === 0 && looks.worstSum === 0 && nodesInUse === 1,
      seconds: seconds(systemClock() - began),
      struck,
      silentS: worstByEvent(struck),
      rowsTold: told.length,
      rowsLost,
      nodesInUse,
      unlike,
      ...looks,
    };
  } finally {
    for (const end of ending.reverse()) await end();
  }
}

function drawn({ rounds, events = galeraEvents }: GaleraOptions, random: () => number): GaleraEvent[] {
  return Array.from({ length: rounds }, () =>
    events
      .map((event) => ({ event, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ event }) => event),
  ).flat();
}

/** Lets one event happen and undoes it: at the end every node is alive again. Answers the node that it was about. */
async function strike(event: GaleraEvent, cluster: Galera): Promise<string> {
  const [writer] = await nodesWithPrograms(cluster);
  if (writer === undefined) throw new Error("no node is in use");
  const [spare, other] = cluster.nodes.filter((node) => node !== writer);
  if (spare === undefined || other === undefined) throw new Error("three nodes");
  const node = event.endsWith("spare") ? spare : writer;
  switch (event) {
    case "kill-writer":
    case "kill-spare":
      await node.kill();
      await pause(FROZEN_MS);
      await node.start();
      return node.name;
    case "stop-writer":
      await node.end();
      await node.start();
      return node.name;
    case "freeze-writer":
    case "freeze-spare":
      node.freeze();
      await pause(FROZEN_MS);
      node.thaw();
      return node.name;
    case "isolate-writer":
      await node.isolate();
      await pause(FROZEN_MS);
      await node.heal();
      return node.name;
    case "freeze-both-spares":
      for (const each of [spare, other]) each.freeze();
      await pause(FROZEN_MS);
      for (const each of [spare, other]) each.thaw();
      return `${spare.name} ${other.name}`;
    case "kill-all":
      await Promise.all(cluster.nodes.map((each) => each.kill()));
      await Promise.all(cluster.nodes.map((each) => each.start()));
      return "all";
  }
}

/** Resolves when all programs use one node. */
async function together(cluster: Galera): Promise<void> {
  const giveUpAt = performance.now() + TOGETHER_MS_MAX;
  while ((await nodesWithPrograms(cluster)).length !== 1) {
    if (performance.now() > giveUpAt) throw new Error("the programs did not meet on one node");
    await pause(100);
  }
}

/** Nodes on which sessions of programs are. */
async function nodesWithPrograms(cluster: Galera): Promise<GaleraNode[]> {
  const used: GaleraNode[] = [];
  for (const node of cluster.nodes) {
    const sessions = await ask(node.url, "show processlist").catch(() => []);
    if (sessions.some(({ db }) => db === DATABASE)) used.push(node);
  }
  return used;
}

/**
 * Compares every table on all nodes: by its checksum, and where that differs by its rows. Checksums alone do not do: those of `meter_state`, which has a computed
 * column and columns added in place, differ after a node was started again while every row is the same.
 */
async function unlikeTables(cluster: Galera): Promise<string[]> {
  const [first] = cluster.nodes;
  const tables = await ask(
    first.url,
    `select table_name as name from information_schema.tables where table_schema = '${DATABASE}'`,
  );
  const unlike: string[] = [];
  for (const { name } of tables) {
    const at = (sql: string) => Promise.all(cluster.nodes.map((node) => ask(`${node.url}/${DATABASE}`, sql)));
    const sums = await at(`checksum table \`${name}\``);
    if (new Set(sums.map(([sum]) => String(sum?.Checksum))).size === 1) continue;
    const rows = (await at(`select * from \`${name}\``)).map((found) => found.map((row) => JSON.stringify(row)).sort());
    const [own = [], ...others] = rows;
    const odd = others.flatMap((other) => [
      ...own.filter((row) => !other.includes(row)),
      ...other.filter((row) => !own.includes(row)),
    ]);
    if (odd.length > 0) unlike.push(`${name}: ${odd.slice(0, 2).join(" ")}`);
  }
  return unlike;
}

function worstByEvent(struck: readonly Struck[]): Record<string, number> {
  const worst: Record<string, number> = {};
  for (const { event, silentS } of struck) worst[event] = Math.max(worst[event] ?? 0, silentS);
  return worst;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
