import { type Instant, SECOND_MS } from "#base/time.ts";
import { returnCommand } from "#flows/claim-commands.ts";
import type { ClaimedCommand } from "#flows/claimed-command.ts";
import type { FlowContext } from "#flows/context.ts";
import { type CommandOutcome, type NextStep, settleCommand } from "#flows/settle-command.ts";
import { fromHex } from "#protocol/bytes.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { SecurityModule } from "#system/security-module.ts";
import { type Bus, PRIORITY } from "./bus.ts";
import type { Driver, Item } from "./drivers/driver.ts";
import { driverOf } from "./drivers/drivers.ts";
import type { Exchanged } from "./exchange.ts";
import type { Ingest } from "./ingest.ts";
import { type MeterTold, meterQuestion, READ_TRIES, readMeter } from "./meter-readings.ts";
import type { OwnClock } from "./own-clock.ts";

/** The session ended under a command; the concentrator dials again within seconds. */
export const OFFLINE_RETRY_MS = SECOND_MS;

/** A command that has failed to reach its meter so often only knocks once: it goes before all scheduled reads. */
const PATIENT_ATTEMPTS = 3;

/** Who goes first on a bus: what people wait for before what nobody waits for. */
const LEVELS: Readonly<Record<ClaimedCommand["kind"], number>> = {
  trip: PRIORITY.control,
  close: PRIORITY.control,
  permit_close: PRIORITY.control,
  top_up: PRIORITY.recharge,
  deduct: PRIORITY.recharge,
  clear: PRIORITY.recharge,
  set_mode: PRIORITY.recharge,
  read: PRIORITY.onDemand,
  change_key: PRIORITY.onDemand,
  set_clock: PRIORITY.onDemand,
  set_load_guard: PRIORITY.onDemand,
  release_load_guard: PRIORITY.control,
};

/** One claimed command being carried out: what its procedure may use. */
export type CommandRun = {
  readonly ctx: FlowContext;
  readonly startedAt: Instant;
  readonly claimed: ClaimedCommand;
  readonly driver: Driver;
  readonly bus: Bus;
  readonly ingest: Ingest;
  /** Holds the root keys, and makes what a meter takes only from us. */
  readonly security: SecurityModule;
  readonly ownClock: OwnClock;
  /** Asks the meter, with the command's priority; what it told also goes on record. */
  read(items: readonly Item[]): Promise<MeterTold>;
  /** Reads the meter to find out what it has done; a place where a crash must do no harm. */
  readBack(items: readonly Item[]): Promise<MeterTold>;
  /** Sends what has an effect, once. The bytes are those that were marked as sent. */
  send(markedHex: string): Promise<Exchanged>;
  settle(outcome: CommandOutcome): Promise<NextStep>;
  /** Gives the command back as not sent by this run. */
  giveBack(retryInMs: number, why: string): Promise<void>;
};

/** Prepares the run of a claimed command on its bus. `held` tells whether the claim is surely still ours. */
export function commandRun(options: {
  ctx: FlowContext;
  startedAt: Instant;
  claimed: ClaimedCommand;
  bus: Bus;
  ingest: Ingest;
  held(): boolean;
  /** Told what a settled step was settled by. */
  settled(outcome: CommandOutcome["kind"]): void;
  security: SecurityModule;
  ownClock: OwnClock;
}): CommandRun {
  const { ctx, claimed, bus, ingest } = options;
  const { kind } = claimed;
  const level = LEVELS[kind];

  let isThere = claimed.attempts <= PATIENT_ATTEMPTS;
  let wasHeard = false;

  async function read(items: readonly Item[]): Promise<MeterTold> {
    const asking = { priority: level, order: 0, tries: isThere ? READ_TRIES : 1, commandId: claimed.id };
    const told = await readMeter(bus, claimed, items, asking);
    if (told.kind === "answered") {
      isThere = true;
      wasHeard = true;
      const { meterId, installation } = claimed;
      ingest.report({ meterId, installation, measuredAt: told.at, values: told.values });
    }
    return told;
  }

  return {
    ...options,
    driver: driverOf(claimed),
    read,
    async readBack(items) {
      faultPoint("read-back:before");
      const told = await read(items);
      faultPoint("read-back:after-answer");
      return told;
    },
    async send(markedHex) {
      const bytes = fromHex(markedHex) ?? new Uint8Array();
      const question = { ...meterQuestion(claimed, bytes, claimed.id), effect: "once" as const };
      const told = await bus.ask({ ...question, mayStillGo: options.held }, { priority: level, order: 0, tries: 1 });
      if (told.kind === "answered") {
        wasHeard = true;
        faultPoint("pump:after-answer");
      }
      return told;
    },
    async settle(outcome) {
      const step = await settleCommand(ctx, claimed, outcome.kind === "silent" ? { ...outcome, wasHeard } : outcome);
      options.settled(outcome.kind);
      return step;
    },
    giveBack: (retryInMs, why) => returnCommand(ctx, claimed, { retryInMs, why }),
  };
}
