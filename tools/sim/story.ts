import { createHash } from "node:crypto";
import { AppError, assert } from "#base/errors.ts";
import { HOUR_MS, type Instant, instant, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { MeterOnBus } from "#collector/meter-readings.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { claimConcentrator } from "#flows/own-concentrators.ts";
import { recharge } from "#flows/recharge.ts";
import { recheckTopUp } from "#flows/recheck-top-up.ts";
import { requestCommand } from "#flows/request-command.ts";
import { settleDueMeters } from "#flows/settle-usage.ts";
import { withdrawRecharge } from "#flows/withdraw-recharge.ts";
import { type Meter, newMeter } from "#simulator/meters.ts";
import type { Db } from "#store/db.ts";
import { onFaultPoints } from "#system/fault-point.ts";
import { silentLog } from "#system/log.ts";
import { chanceOf, drawWeather } from "./chance.ts";
import { type CollectorLife, startCollector } from "./collector.ts";
import { createLine, passTime } from "./line.ts";
import { checkAlways, checkAtRest, checkTopUp, checkTrip, type Intent, type Known } from "./oracle.ts";
import { createScheduler, type Owner } from "./scheduler.ts";
import { CONCENTRATOR, plans, STORY_BEGINS } from "./site.ts";

/** How one seed ended. `trace` names what happened in order; its hash tells whether a repeat went the same way. */
export type Ending = {
  seed: number;
  violations: string[];
  deeds: Record<string, number>;
  trace: string[];
  hash: string;
};

/** A program has died here. */
class Crash extends Error {}

/** Steps of a story before it heals. */
export const STEPS = 30;
const CHECK_EVERY = 15;
const HEALING_ROUNDS_MAX = 60;

const WEIGHTS = {
  pay: 8,
  payAgain: 4,
  payOther: 1,
  withdraw: 2,
  recheck: 2,
  trip: 1,
  close: 2,
  guard: 1,
  price: 1,
  read: 8,
  record: 8,
  settle: 7,
  claim: 10,
  resume: 60,
  time: 14,
  offline: 1,
  late: 3,
  collectorDies: 1,
  collectorReplaced: 1,
} as const;

const boss: Actor = { userId: 1, login: "boss", name: "老板", permissions: new Set(permissions), scope: SCOPE_ALL };

/** Tells the story of one seed on a database of its own: trouble first, then healing, with the checks of both. */
export async function tell(db: Db, seed: number, steps = STEPS): Promise<Ending> {
  const chance = chanceOf(seed);
  const weather = drawWeather(chance);
  const trace: string[] = [];
  const deeds: Record<string, number> = {};
  const violations: string[] = [];
  const checks: (() => Promise<string[]>)[] = [];
  let crash = weather.crash;
  let now: Instant = STORY_BEGINS;
  let ids = 0;
  const scheduler = createScheduler((error) => error instanceof Crash || error instanceof AppError);
  let running: Owner = { name: "nobody", alive: true };

  const note = (deed: string, detail = "") => {
    deeds[deed] = (deeds[deed] ?? 0) + 1;
    trace.push(`${now - STORY_BEGINS} ${deed} ${detail}`);
  };

  /** The database as one program sees it: other programs may act before any of its transactions. */
  function contextOf(owner: () => Owner): FlowContext {
    return {
      db: {
        ...db,
        async transact(body) {
          if (crash > 0 && chance.is(weather.interleave)) await scheduler.gate(owner(), "database");
          return db.transact(body);
        },
      },
      clock: () => now,
      newId: (at) => `${at.toString(36).padStart(10, "0")}${(ids++).toString(36).padStart(10, "0")}`,
      log: silentLog,
    };
  }

  onFaultPoints((name) => {
    if (crash === 0 || !chance.is(crash)) return;
    note("crash", `${running.name} ${name}`);
    throw new Crash(name);
  });

  const rows = await db.read
    .selectFrom("meter")
    .select(["id", "account_id", "address", "bus", "profile"])
    .orderBy("id")
    .execute();
  const known: Known[] = rows.map((row, i) => {
    const plan = plans[i];
    if (plan === undefined) throw new Error("more meters than plans");
    const meter = newMeter(plan, seed, STORY_BEGINS);
    meter.state.loadW = chance.pick([0, 200, 2_000]);
    return { id: row.id, accountId: row.account_id ?? 0, meter };
  });
  const onBus: MeterOnBus[] = rows.map((row) => ({ ...row, meterId: row.id, via: null }));
  const seen = new Map(
    known.map(({ id, meter }) => [id, { topUps: meter.state.topUps.length, open: meter.state.relayOpen }]),
  );

  /** Called after everything a meter does. The checks run when the task at hand has come to rest: by then all is committed. */
  function watch(meter: Meter): void {
    const each = known.find((one) => one.meter === meter);
    const before = each && seen.get(each.id);
    if (!each || !before) return;
    const { topUps, relayOpen, tripCause } = meter.state;
    for (const { count, amount } of topUps.slice(before.topUps))
      checks.push(() => checkTopUp(ctx, each, count, amount));
    if (relayOpen && !before.open && tripCause === "command") checks.push(() => checkTrip(ctx, each));
    seen.set(each.id, { topUps: topUps.length, open: relayOpen });
  }

  const meters = known.map(({ meter }) => meter);
  const line = createLine({ meters, chance, weather, now: () => now, watch });
  const server: Owner = { name: "server", alive: true };
  const ctx: FlowContext = { ...contextOf(() => server), db };
  const serverCtx = contextOf(() => server);
  const intents: Intent[] = [];
  let lives = 0;
  let collector = await newLife();

  async function newLife(): Promise<CollectorLife> {
    const owner: Owner = { name: `collector-${++lives}`, alive: true };
    const owned = await claimConcentrator(ctx, { code: CONCENTRATOR, kind: "jichao", collector: owner.name });
    assert(owned !== null, "the concentrator of the story is known");
    return startCollector({ ctx: contextOf(() => owner), owner, owned, line, scheduler });
  }

  /** Runs a task until it waits or ends. A crash in it takes its whole program down. */
  async function run(owner: Owner, what: string, body: () => Promise<unknown>): Promise<void> {
    note(what, owner.name);
    running = owner;
    await scheduler.spawn(() =>
      body().catch((error) => {
        if (error instanceof Crash) owner.alive = false;
        if (error instanceof AppError) note("refused", error.code);
        throw error;
      }),
    );
    await afterTurn();
  }

  async function afterTurn(): Promise<void> {
    for (const check of checks.splice(0)) violations.push(...(await check()));
    if (!collector.owner.alive) {
      note("restart", collector.owner.name);
      collector = await newLife();
    }
    server.alive = true;
  }

  async function resumeOne(): Promise<void> {
    const waiting = scheduler.waiting();
    if (waiting.length === 0) return;
    const gate = chance.pick(waiting);
    note("resume", `${gate.owner.name} ${gate.what}`);
    running = gate.owner;
    await scheduler.resume(gate);
    await afterTurn();
  }

  function pay(intent: Intent): Promise<unknown> {
    return recharge(serverCtx, boss, { ...intent, channel: "cash", note: "", ip: "" })
      .then(({ orderNo }) => {
        if (intent.orderNo !== null && intent.orderNo !== orderNo)
          violations.push(`${intent.key} was answered twice: ${orderNo}`);
        intent.orderNo = orderNo;
        intent.refused = false;
      })
      .catch((error) => {
        // Refused before anything was booked: the cashier keeps the money in his hand.
        if (error instanceof AppError && error.code !== "database_unavailable")
          intent.refused = intent.orderNo === null;
        throw error;
      });
  }

  async function someOrder(
    states: readonly ("booked" | "sent" | "unknown" | "stopped")[],
  ): Promise<string | undefined> {
    const orders = await db.read
      .selectFrom("recharge_order")
      .select("order_no")
      .where("state", "in", [...states])
      .orderBy("order_no")
      .execute();
    return orders.length === 0 ? undefined : chance.pick(orders).order_no;
  }

  function jump(ms: number): void {
    now = instant(now + ms);
    passTime(meters, ms, watch);
  }

  async function startClaimed(): Promise<void> {
    const life = collector;
    for (const command of life.claimed.splice(0)) {
      if (life.owner.alive) await run(life.owner, `start ${command.kind}`, () => life.start(command));
    }
  }

  const key = () => `sim-${seed}-${ids++}`;
  const asked = (kind: "trip" | "close") =>
    requestCommand(serverCtx, boss, { key: key(), meterId: chance.pick(known).id, kind, reason: "sim", ip: "" });

  const doing: Record<keyof typeof WEIGHTS, () => Promise<void>> = {
    async pay() {
      const amount = chance.pick(["1", "10", "100", "0.5", "33.33"]);
      const intent = { key: key(), meterId: chance.pick(known).id, amount, orderNo: null, refused: false };
      intents.push(intent);
      await run(server, "pay", () => pay(intent));
      if (chance.is(0.2)) await run(server, "pay", () => pay(intent));
    },
    async payAgain() {
      const intent = intents.length === 0 ? null : chance.pick(intents);
      if (intent && !intent.refused) await run(server, "payAgain", () => pay(intent));
    },
    async payOther() {
      const intent = intents.find(({ orderNo }) => orderNo !== null);
      if (!intent) return;
      const other: Intent = { ...intent, amount: "77" };
      await run(server, "payOther", () =>
        pay(other).then(() => violations.push(`${intent.key} was taken with another amount`)),
      );
    },
    async withdraw() {
      const orderNo = await someOrder(["booked", "sent", "unknown"]);
      if (orderNo)
        await run(server, "withdraw", () => withdrawRecharge(serverCtx, boss, { orderNo, reason: "sim", ip: "" }));
    },
    async recheck() {
      const orderNo = await someOrder(["stopped"]);
      if (orderNo)
        await run(server, "recheck", () => recheckTopUp(serverCtx, boss, { orderNo, reason: "sim", ip: "" }));
    },
    trip: () => run(server, "trip", () => asked("trip")),
    close: () => run(server, "close", () => asked("close")),
    async guard() {
      const { id } = chance.pick(known);
      const guarded = chance.is(0.5) ? 1 : 0;
      note("guard", `${id} ${guarded}`);
      await db.transact((tx) => tx.updateTable("meter").set({ supply_guard: guarded }).where("id", "=", id).execute());
    },
    async price() {
      const { id } = chance.pick(known);
      const priceE4 = chance.pick([5_000, 7_500, 11_000, 12_345]);
      note("price", `${id} ${priceE4}`);
      await db.transact((tx) => tx.updateTable("meter").set({ price_e4: priceE4 }).where("id", "=", id).execute());
    },
    read: () => run(collector.owner, "read", () => collector.read(chance.pick(onBus))),
    record: () =>
      run(collector.owner, "record", () =>
        collector.record((reports) => {
          const chosen = reports.filter(() => chance.is(0.8));
          if (chance.is(0.3)) chosen.reverse();
          return chance.is(0.2) ? [...chosen, ...chosen] : chosen;
        }),
      ),
    settle: () => run(server, "settle", () => settleDueMeters(serverCtx, { limit: 10, after: 0 })),
    async claim() {
      const life = collector;
      await run(life.owner, "claim", () => life.claim());
      await startClaimed();
    },
    resume: resumeOne,
    async time() {
      const ms = chance.pick([50, 500, 2_000, 12_000, 35_000, 10 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS]);
      note("time", String(ms));
      jump(ms);
    },
    async offline() {
      const meter = chance.below(meters.length);
      const off = chance.is(0.5);
      note("offline", `${meter} ${off}`);
      line.setOffline(meter, off);
    },
    async late() {
      if (line.hasLate()) await run(collector.owner, "late", () => line.deliverLate());
    },
    async collectorDies() {
      note("collectorDies");
      collector.owner.alive = false;
      await afterTurn();
    },
    async collectorReplaced() {
      // The old one does not know it yet: whatever it was about to do, it will still try.
      note("collectorReplaced");
      collector = await newLife();
    },
  };

  for (let step = 0; step < steps && violations.length === 0; step++) {
    await doing[chance.weighted(WEIGHTS)]();
    await startClaimed();
    if (step % CHECK_EVERY === 0) violations.push(...(await checkAlways(ctx)));
  }

  if (violations.length === 0) await heal();
  onFaultPoints(null);
  violations.push(
    ...scheduler.failures.map((error) => (error instanceof Error ? (error.stack ?? String(error)) : String(error))),
  );
  return {
    seed,
    violations,
    deeds,
    trace,
    hash: createHash("sha256").update(trace.join("\n")).digest("hex").slice(0, 12),
  };

  /** No more trouble: every program lives, the line is good, nobody interferes. Everything must come to its end. */
  async function heal(): Promise<void> {
    crash = 0;
    line.heal();
    await db.transact((tx) => tx.updateTable("meter").set({ supply_guard: 0 }).execute());
    for (const meter of meters) meter.state.loadW = 0;
    collector = await newLife();
    for (let gates = scheduler.waiting(); gates.length > 0 && violations.length === 0; gates = scheduler.waiting())
      await resumeOne();
    for (const intent of intents) if (intent.orderNo === null) await run(server, "pay", () => pay(intent));
    let quietRounds = 0;
    for (let round = 0; round < HEALING_ROUNDS_MAX && quietRounds < 2 && violations.length === 0; round++) {
      jump(20 * SECOND_MS);
      const stopped = await someOrder(["stopped"]);
      if (stopped) await doing.recheck();
      for (const meter of onBus) await toEnd(() => run(collector.owner, "read", () => collector.read(meter)));
      await toEnd(() => run(collector.owner, "record", () => collector.record((reports) => [...reports])));
      await toEnd(() => run(server, "settle", () => settleDueMeters(serverCtx, { limit: 10, after: 0 })));
      await toEnd(doing.claim);
      quietRounds = (await isQuiet()) ? quietRounds + 1 : 0;
    }
    violations.push(...(await checkAtRest(ctx, known, intents)));
  }

  async function toEnd(act: () => Promise<void>): Promise<void> {
    await act();
    while (scheduler.waiting().length > 0) {
      await resumeOne();
      await startClaimed();
    }
  }

  async function isQuiet(): Promise<boolean> {
    const open = await db.read
      .selectFrom("command")
      .select("id")
      .where("state", "in", ["waiting", "sent", "unknown", "stopped"])
      .limit(1)
      .executeTakeFirst();
    return open === undefined;
  }
}
