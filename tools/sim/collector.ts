import { later, SECOND_MS } from "#base/time.ts";
import type { Bus } from "#collector/bus.ts";
import { carryOut } from "#collector/command-pump.ts";
import { commandRun } from "#collector/command-run.ts";
import { exchange, exchangeCounts } from "#collector/exchange.ts";
import type { Ingest } from "#collector/ingest.ts";
import { type MeterOnBus, readMeter } from "#collector/meter-readings.ts";
import { COMMAND_LEASE_MS, claimCommands } from "#flows/claim-commands.ts";
import type { ClaimedCommand } from "#flows/claimed-command.ts";
import type { FlowContext } from "#flows/context.ts";
import type { OwnedConcentrator } from "#flows/own-concentrators.ts";
import { type MeterReport, recordReadings } from "#flows/record-readings.ts";
import { builtInModule } from "#system/security-module.ts";
import type { Line } from "./line.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import { MASTER_KEY } from "./site.ts";

/** One life of a collector, from its registration to its death: the real procedures over a simulated line. */
export type CollectorLife = {
  readonly owner: Owner;
  /** Claims commands; what it got is carried out as tasks of their own. */
  claim(): Promise<void>;
  start(command: ClaimedCommand): Promise<void>;
  claimed: ClaimedCommand[];
  /** Asks a meter as the schedule does; the answer waits to be recorded. */
  read(meter: MeterOnBus): Promise<void>;
  /** Records what waits: all of it, in any order, some of it twice, some of it later. */
  record(choose: (reports: MeterReport[]) => MeterReport[]): Promise<void>;
  waits(): number;
};

/** Starts a life: the concentrator has dialled in, and is its own from now on. */
export function startCollector(options: {
  ctx: FlowContext;
  owned: OwnedConcentrator;
  owner: Owner;
  line: Line;
  scheduler: Scheduler;
}): CollectorLife {
  const { ctx, owner, owned, line, scheduler } = options;
  const startedAt = ctx.clock();
  let reports: MeterReport[] = [];
  const security = builtInModule(async () => MASTER_KEY);

  async function record(batch: MeterReport[]): Promise<void> {
    if (batch.length === 0) return;
    await recordReadings(ctx, { collector: owner.name, reports: batch, silences: [], frames: [] });
  }

  const ingest: Ingest = {
    report: (report) => reports.push(report),
    silence: () => {},
    frame: () => {},
    room: async () => {},
    async flush() {
      const all = reports.splice(0);
      await record(all);
      return true;
    },
    state: () => ({ waiting: reports.length, paused: 0, framesDropped: 0, refused: 0 }),
    close: async () => {},
  };

  // First come, first served, as on the real bus between questions of one priority.
  const queue: symbol[] = [];
  const bus: Bus = {
    async ask(question, { tries }) {
      const mine = Symbol("question");
      queue.push(mine);
      while (queue[0] !== mine) await scheduler.gate(owner, "bus");
      try {
        for (let tried = 1; ; tried++) {
          const told = await exchange(question, {
            async forward(request) {
              await scheduler.gate(owner, "line");
              return line.forward(request);
            },
            record: () => {},
            counts: exchangeCounts(),
            clock: ctx.clock,
            replyAllowanceMs: 0,
          });
          if (told.kind !== "silent" || tried >= tries) return told;
        }
      } finally {
        queue.shift();
      }
    },
    serial: () => 0,
    hold: () => () => {},
    load: () => ({ waiting: { control: 0, recharge: 0, onDemand: 0, scheduled: 0, backfill: 0 } }),
    close: () => {},
    idle: async () => {},
  };

  const life: CollectorLife = {
    owner,
    claimed: [],
    async claim() {
      const got = await claimCommands(ctx, { collector: owner.name, concentrators: [owned], limit: 8 });
      life.claimed.push(...got);
    },
    async start(claimed) {
      const heldUntil = later(ctx.clock(), COMMAND_LEASE_MS - 3 * SECOND_MS);
      const run = commandRun({
        ctx,
        startedAt,
        claimed,
        ownClock: { isSound: async () => true },
        bus,
        ingest,
        held: () => ctx.clock() < heldUntil,
        settled: () => {},
        security,
      });
      await carryOut(run);
    },
    async read(meter) {
      const asking = { priority: 3, order: 0, tries: 1, commandId: null };
      const told = await readMeter(bus, meter, ["index", "status", "remaining", "count"], asking);
      if (told.kind === "answered") reports.push({ meterId: meter.meterId, measuredAt: told.at, values: told.values });
    },
    async record(choose) {
      const batch = choose(reports);
      reports = reports.filter((report) => !batch.includes(report));
      await record(batch);
    },
    waits: () => reports.length,
  };
  return life;
}
