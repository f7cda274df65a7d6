import { onTestFinished } from "vitest";
import { type Instant, later } from "#base/time.ts";
import { type CollectorConfig, collectorConfig } from "#collector/config.ts";
import { type CollectorDeps, type RunningCollector, runCollector } from "#collector/main.ts";
import type { Recharge } from "#contract/money.ts";
import type { Actor } from "#domain/permission.ts";
import { permissions, SCOPE_ALL } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { recharge } from "#flows/recharge.ts";
import { requestCommand } from "#flows/request-command.ts";
import { settleDueMeters } from "#flows/settle-usage.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import type { FaultSettings } from "#simulator/faults.ts";
import { type TownPlan, townPlan } from "#simulator/plan.ts";
import { createTown } from "#simulator/town.ts";
import { commandView } from "#store/commands.ts";
import { rechargeView } from "#store/orders.ts";
import { freshDatabase, type testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { enrollTown } from "../src/cli/demo.ts";

/** Seals link keys in every {@link world}. */
export const SEALER = createSealer("5e".repeat(32));

/** An administrator who sees every meter. */
export const boss: Actor = {
  userId: 1,
  login: "boss",
  name: "老板",
  permissions: new Set(permissions),
  scope: SCOPE_ALL,
};

/** Makes somebody of these stories a user: what is driven for him later looks at what he may do then. */
export async function employ({ db }: Pick<World, "db">, who: Actor): Promise<void> {
  const { userId: id, login, name } = who;
  const role = { id: 9_000 + id, code: `role-${login}`, name, permissions: JSON.stringify(permissions), version: 0 };
  const usual = { password_hash: "none", disabled: 0, all_meters: 1, created_at: 1, must_change: 0 } as const;
  await db.transact(async (tx) => {
    await tx.insertInto("role").values(role).execute();
    await tx
      .insertInto("user")
      .values({ id, login, name, ...usual, seen_at: 0, version: 0 })
      .execute();
    await tx.insertInto("user_role").values({ user_id: id, role_id: role.id }).execute();
  });
}

export type World = Awaited<ReturnType<typeof world>>;

type WorldOptions = {
  database: (typeof testDatabases)[number]["name"];
  metersPer?: number;
  /** Another town than that of one concentrator. */
  plan?: TownPlan;
  speed?: number;
  faults?: FaultSettings;
  /** The town lives by the clock of this world, which `letPass` moves, and not by the real one. */
  sharedClock?: boolean;
  /** What that clock shows at the beginning; the present when left out. */
  startAt?: Instant;
  /** How long a meter takes to answer; on a line without end and delay hundreds of meters would say more than a concentrator may. */
  replyDelayMs?: number;
  /** Where the town's meters remember, for who lets another town wake from it. */
  stateFile?: string;
  /** False: the collector is started by the test. */
  collector?: boolean;
  /** False: some of the town's concentrators are not meant to get in. */
  awaitTown?: boolean;
};

/**
 * The whole of Jichao but the web: a temporary database, the real collector, and a simulated town that dials it over TCP. Everything
 * is closed after the test.
 */
export async function world(options: WorldOptions) {
  const { metersPer = 12, speed = 1 } = options;
  const db = await freshDatabase(options.database);
  let aheadMs = options.startAt === undefined ? 0 : options.startAt - systemClock();
  const clock = () => later(systemClock(), aheadMs);
  const ctx: FlowContext = { db, clock, newId, log: silentLog };
  const plan = options.plan ?? townPlan({ seed: 1, concentrators: 1, metersPer, waterPer: 0 });
  await enrollTown(ctx, SEALER, { plan, stateFile: null });
  const town = createTown({
    plan,
    speed,
    stateFile: options.stateFile,
    bus: { baud: "instant", replyDelayMs: options.replyDelayMs ?? 0 },
    ...(options.faults ? { faults: options.faults } : {}),
    seed: 1,
    ...(options.sharedClock === true && { now: clock }),
  });
  const ending = new AbortController();
  const collectors: RunningCollector[] = [];

  async function startCollector(
    change: Partial<CollectorConfig> = {},
    deps: Partial<CollectorDeps> = {},
  ): Promise<RunningCollector> {
    const config = { ...collectorConfig({}), ...fast, ...change };
    const collector = await runCollector(config, { ...ctx, sealer: SEALER, ...deps }, ending.signal);
    collectors.push(collector);
    const { linkPort: port, linkTlsPort: tlsPort } = collector;
    town.dial({ host: "127.0.0.1", port, ...(tlsPort === null ? {} : { tlsPort }) });
    if (options.awaitTown !== false) await town.whenOnline();
    return collector;
  }

  let isClosed = false;
  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    await town.close();
    for (const collector of collectors) await collector.close();
    ending.abort();
    await db.drop();
  }
  onTestFinished(close);
  if (options.collector !== false) await startCollector();

  async function meterAt(label: string) {
    const row = await db.read
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .selectAll("meter_state")
      .select([
        "meter.id",
        "meter.number",
        "meter.address",
        "meter.account_id",
        "meter.label",
        "meter.price_e4",
        "meter.closes_by",
      ])
      .where("meter.label", "=", label)
      .executeTakeFirstOrThrow();
    return row;
  }

  return {
    ctx,
    db,
    town,
    plan,
    /** The story's hero: A座-0101, 0.75 yuan, no credit, tripped. */
    hero: plan.meters[0]?.room ?? "",
    startCollector,
    /** Lets time pass for everything that asks the clock; timers and the simulated town go on as they were. */
    letPass(ms: number): void {
      aheadMs += ms;
    },
    meterAt,
    close,
    recharge: async (meterId: number, amount: string, key = newId(systemClock())) =>
      (await recharge(ctx, boss, { key, meterId, amount, channel: "cash", note: "", ip: "" })).orderNo,
    command: async (meterId: number, kind: "trip" | "close" | "read", key = newId(systemClock())) =>
      (await requestCommand(ctx, boss, { key, meterId, kind, reason: "test", ip: "" })).commandId,
    settle: async () => {
      let after: number | null = 0;
      while (after !== null) after = (await settleDueMeters(ctx, { limit: 500, after })).next;
    },
    order: async (orderNo: string): Promise<Recharge> => {
      const order = await rechargeView(db.read, SCOPE_ALL, orderNo);
      if (!order) throw new Error(`no order ${orderNo}`);
      return order;
    },
    commandNow: async (id: string) => {
      const command = await commandView(db.read, SCOPE_ALL, id);
      if (!command) throw new Error(`no command ${id}`);
      return command;
    },
    verify: () => verifyLedger(ctx),
  };
}

/** Timeouts that suit a bus without line time. */
const fast: Partial<CollectorConfig> = {
  linkHost: "127.0.0.1",
  linkPort: 0,
  doorPort: 0,
  collectorId: "test",
  readIntervalMs: 300,
  replyAllowanceMs: 120,
  linkAllowanceMs: 400,
  heartbeatSeconds: 2,
};
