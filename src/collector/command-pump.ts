import { performance } from "node:perf_hooks";
import { type Instant, SECOND_MS } from "#base/time.ts";
import { COMMAND_LEASE_MS, claimCommands, renewCommandLease, returnCommand } from "#flows/claim-commands.ts";
import type { ClaimedCommand } from "#flows/claimed-command.ts";
import type { FlowContext } from "#flows/context.ts";
import { metersToRead } from "#store/meters.ts";
import { pause } from "#system/clock.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { SecurityModule } from "#system/security-module.ts";
import { createBell } from "./bell.ts";
import { type Bus, PRIORITY } from "./bus.ts";
import { setMeterClock } from "./clock-procedure.ts";
import { type CommandRun, commandRun, OFFLINE_RETRY_MS } from "./command-run.ts";
import type { Item } from "./drivers/driver.ts";
import { driverNamed } from "./drivers/drivers.ts";
import type { Ingest } from "./ingest.ts";
import { changeMeterKey } from "./key-procedure.ts";
import { releaseMeterGuard, setMeterGuard } from "./load-guard-procedure.ts";
import { readClock } from "./meter-clock.ts";
import { READ_TRIES } from "./meter-readings.ts";
import type { CollectorMetrics } from "./metrics.ts";
import { watchOwnClock } from "./own-clock.ts";
import { switchSupply } from "./switch-procedure.ts";
import { changeCredit } from "./top-up-procedure.ts";

/** A concentrator that can be spoken to now. */
export type Reachable = { id: number; epoch: number; bus(number: number): Bus };

/** Carries commands from the database to the meters. */
export type CommandPump = {
  /** There may be a new command: look at once. */
  nudge(): void;
  running(): number;
  /** Claims nothing more; resolves when no procedure is running, or after `ms`. */
  stop(ms: number): Promise<void>;
};

/** A customer notices a second, a database does not notice four small questions in it. */
const LOOK_MS = 250;
/** While the database is away. */
const OUTAGE_LOOK_MS = 2 * SECOND_MS;
/** Procedures at one time: they mostly wait for buses. */
const RUNNING_MAX = 400;
/** Commands of one concentrator at one time: a claim must not wait for its bus until its lease is gone. */
const RUNNING_PER_CONCENTRATOR = 8;
/** A lease is renewed this often; two renewals may fail. */
const RENEW_MS = COMMAND_LEASE_MS / 3;
/** A claim counts as lost so long before it is: clocks and messages take their time. */
const LEASE_MARGIN_MS = 3 * SECOND_MS;
const UNKNOWN_PROFILE_RETRY_MS = 60 * SECOND_MS;

const SHOWN: readonly Item[] = ["index", "status", "power", "voltage", "current"];
/** Only of meters that hold credit: what a plain meter shows there would be taken for its account's. */
const CREDIT: readonly Item[] = ["remaining", "count"];

/** Starts the pump. `reachable` gives the concentrators whose sessions are up. */
export function startCommandPump(options: {
  ctx: FlowContext;
  collector: string;
  startedAt: Instant;
  reachable(): Iterable<Reachable>;
  security: SecurityModule;
  ingest: Ingest;
  metrics: Pick<CollectorMetrics, "settled">;
}): CommandPump {
  const { ctx, collector } = options;
  const bell = createBell();
  const ownClock = watchOwnClock(ctx.clock);
  const end = new AbortController();
  const running = new Map<string, { concentratorId: number; done: Promise<void> }>();
  let failing = false;
  const loop = look();

  async function look(): Promise<void> {
    while (!end.signal.aborted) {
      const claimed = await claim();
      for (const command of claimed) start(command);
      if (claimed.length === 0) await bell.wait(failing ? OUTAGE_LOOK_MS : LOOK_MS, end.signal);
    }
  }

  async function claim(): Promise<ClaimedCommand[]> {
    const busy = new Map<number, number>();
    for (const { concentratorId } of running.values()) busy.set(concentratorId, (busy.get(concentratorId) ?? 0) + 1);
    const concentrators = [...options.reachable()]
      .filter(({ id }) => (busy.get(id) ?? 0) < RUNNING_PER_CONCENTRATOR)
      .map(({ id, epoch }) => ({ id, epoch }));
    const limit = Math.min(RUNNING_PER_CONCENTRATOR * concentrators.length, RUNNING_MAX - running.size);
    if (limit <= 0) return [];
    try {
      const claimed = await claimCommands(ctx, { collector, concentrators, limit });
      if (failing) ctx.log.info({}, "commands can be claimed again");
      failing = false;
      return claimed;
    } catch (error) {
      if (!failing) ctx.log.error({ error: String(error) }, "commands could not be claimed");
      failing = true;
      return [];
    }
  }

  function start(claimed: ClaimedCommand): void {
    // The token is new with every claim, so a run whose lease was lost never stands in the way of the next.
    const done = run(claimed).finally(() => {
      running.delete(claimed.leaseToken);
      bell.ring();
    });
    running.set(claimed.leaseToken, { concentratorId: claimed.concentratorId, done });
  }

  async function run(claimed: ClaimedCommand): Promise<void> {
    faultPoint("pump:after-claim");
    const lease = keepLease(ctx, claimed);
    const { id: command, kind, meterId: meter } = claimed;
    try {
      ctx.log.debug({ command, kind, meter, attempts: claimed.attempts }, "command claimed");
      const concentrator = [...options.reachable()].find((each) => each.id === claimed.concentratorId);
      const settled = (outcome: string) => {
        const sinceCommitMs = ctx.clock() - claimed.createdAt;
        options.metrics.settled({ kind, outcome, sinceCommitMs });
        bell.ring();
      };
      const prepared = (bus: Bus) => commandRun({ ...options, ownClock, claimed, bus, held: lease.held, settled });
      if (!concentrator) await giveBack(claimed, OFFLINE_RETRY_MS, "concentrator_offline");
      else if (!driverNamed(claimed.profile)) await giveBack(claimed, UNKNOWN_PROFILE_RETRY_MS, "unknown_profile");
      else await carryOut(prepared(concentrator.bus(claimed.bus)));
    } catch (error) {
      // Whatever was sent is marked so; the lease runs out and the next holder reads the meter first.
      ctx.log.warn({ command, kind, meter, error: String(error) }, "a command was left to its next holder");
    } finally {
      lease.stop();
    }
  }

  function giveBack(claimed: ClaimedCommand, retryInMs: number, why: string): Promise<void> {
    return returnCommand(ctx, claimed, { retryInMs, why });
  }

  return {
    nudge: () => bell.ring(),
    running: () => running.size,
    async stop(ms) {
      end.abort();
      await loop;
      const over = new AbortController();
      const all = Promise.all([...running.values()].map((each) => each.done)).then(() => over.abort());
      await Promise.race([all, pause(ms, over.signal)]);
    },
  };
}

/** Carries out one claimed command by the procedure of its kind. */
export function carryOut(run: CommandRun): Promise<void> {
  switch (run.claimed.kind) {
    case "top_up":
    case "deduct":
    case "clear":
    case "set_mode":
      return changeCredit(run);
    case "trip":
    case "close":
    case "permit_close":
      return switchSupply(run, run.claimed.kind);
    case "read":
      return readNow(run);
    case "change_key":
      return changeMeterKey(run);
    case "set_clock":
      return setMeterClock(run);
    case "set_load_guard":
      return setMeterGuard(run);
    case "release_load_guard":
      return releaseMeterGuard(run);
  }
}

/** An operator wants to see a meter as it is: everything is asked and recorded before the command counts as done. */
async function readNow(run: CommandRun): Promise<void> {
  const { ctx, claimed } = run;
  const meters = await metersToRead(ctx.db.read, claimed.concentratorId);
  const meter = meters.find((each) => each.meterId === claimed.meterId);
  const guard: Item[] = meter?.watchesLoad ? ["loadGuard"] : [];
  const told = await run.read([...SHOWN, ...(meter?.creditAt === "meter" ? CREDIT : []), ...guard]);
  if (told.kind === "closed") return run.giveBack(OFFLINE_RETRY_MS, "concentrator_offline");
  if (told.kind === "silent") return void (await run.settle({ kind: "silent" }));
  const clock = claimed.withClock ? await clockOf(run) : {};
  await run.ingest.flush();
  const { status, loadGuard, loadGuardSettings: _, ...values } = told.values;
  const shown = { ...(status && { relayOpen: status.relayOpen }), ...(loadGuard && { guard: loadGuard.state }) };
  await run.settle({ kind: "confirmed", result: { ...values, ...shown, ...clock } });
}

/** How far its clock is ahead, in seconds; null when it showed none that can be believed, and nothing of a model without one. */
async function clockOf({ driver, bus, claimed }: CommandRun): Promise<{ clockSeconds?: number | null }> {
  if (driver.clock === null) return {};
  const asking = { priority: PRIORITY.onDemand, order: 0, tries: READ_TRIES };
  const shown = await readClock(bus, claimed, driver.clock, asking);
  if (shown.kind !== "told" || shown.clock.offsetMs === null) return { clockSeconds: null };
  return { clockSeconds: Math.round(shown.clock.offsetMs / SECOND_MS) };
}

/** Renews a claim until stopped. `held` is told by monotonic time, so a process that slept knows that it lost it. */
function keepLease(ctx: FlowContext, claimed: ClaimedCommand): { held(): boolean; stop(): void } {
  let goodUntil = performance.now() + COMMAND_LEASE_MS - LEASE_MARGIN_MS;
  const renew = async () => {
    const askedAt = performance.now();
    try {
      const ours = await renewCommandLease(ctx, claimed);
      goodUntil = ours ? askedAt + COMMAND_LEASE_MS - LEASE_MARGIN_MS : Number.NEGATIVE_INFINITY;
    } catch (error) {
      ctx.log.warn({ command: claimed.id, error: String(error) }, "a command's lease could not be renewed");
    }
  };
  const timer = setInterval(() => void renew(), RENEW_MS);
  return { held: () => performance.now() < goodUntil, stop: () => clearInterval(timer) };
}
