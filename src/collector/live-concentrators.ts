import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { SECOND_MS } from "#base/time.ts";
import { type LinkChannel, type LinkKind, provesIdentity } from "#domain/link.ts";
import type { FlowContext } from "#flows/context.ts";
import {
  CONCENTRATOR_LEASE_MS,
  type OwnedConcentrator,
  releaseConcentrator,
  renewConcentrators,
} from "#flows/own-concentrators.ts";
import type { Arrivals } from "./arrivals.ts";
import { fillGaps } from "./backfill.ts";
import { type Bell, createBell } from "./bell.ts";
import { type Bus, createBus } from "./bus.ts";
import type { Capture } from "./capture/capture.ts";
import type { CollectorConfig } from "./config.ts";
import { type ExchangeCounts, exchange } from "./exchange.ts";
import type { Ingest } from "./ingest.ts";
import type { CollectorMetrics } from "./metrics.ts";
import { openSession } from "./open-session.ts";
import { createPatience } from "./patience.ts";
import type { Registered } from "./registrar.ts";
import { readOnSchedule } from "./scheduler.ts";
import type { Session } from "./session.ts";
import type { LinkTally } from "./status.ts";

/** A concentrator in session: spoken to through its buses, read on schedule, owned under an epoch. */
export type LiveConcentrator = OwnedConcentrator & {
  session: Session;
  channel: LinkChannel;
  /** Monotonic milliseconds. */
  startedAt: number;
  bus(number: number): Bus;
  /** Rung when its archive has changed. */
  archive: Bell;
  /** Speeds of buses whose channel names one. */
  bauds: Map<number, number>;
  kind: LinkKind;
  buses(): Iterable<Bus>;
  /** Monotonic milliseconds until which it is surely still ours: the lease was renewed so lately. */
  ownedUntil: number;
  /** No question more; resolves when the exchange in flight has ended. */
  hush(): Promise<void>;
};

/** All concentrators in session with this collector. */
export type LiveConcentrators = {
  welcome(socket: Socket, registered: Registered<OwnedConcentrator>): void;
  /** Those that can be spoken to. */
  all(): LiveConcentrator[];
  count(): number;
  /** Whether this one is in session here. */
  has(id: number): boolean;
  /** The archive of this one has changed: its meters, cycles and items are looked at at once. */
  archiveChanged(id: number): void;
  /** Whether there is no session with this code, or one that is not fresh. */
  mayTakeOver(code: string): boolean;
  /** Renews every ownership; sessions of concentrators that were claimed elsewhere are closed. */
  renew(): Promise<void>;
  /** Lets the exchange in flight end, says goodbye to all and gives them up. */
  close(): Promise<void>;
};

/**
 * A session without proof of identity is left alone for so long: two devices with one code, or one that pretends, must
 * not throw each other out several times a second. A device whose line has died comes back later than this.
 */
export const TAKE_OVER_MS_MIN = 5 * SECOND_MS;

/** Ownership counts as lost so long before it is: clocks and messages take their time. */
const OWNED_MS = CONCENTRATOR_LEASE_MS - 3 * SECOND_MS;

/** A session that was heard so lately is no half-dead line: two devices may have one code. */
const TALKING_MS = 5 * SECOND_MS;

/** None yet; each that is welcomed is read on schedule until its session ends. */
export function createLiveConcentrators(options: {
  ctx: FlowContext;
  config: CollectorConfig;
  ingest: Ingest;
  counts: ExchangeCounts;
  tally: LinkTally;
  metrics: Pick<CollectorMetrics, "registered" | "exchanged" | "round" | "past">;
  arrivals: Pick<Arrivals, "collided">;
  capture: Capture;
}): LiveConcentrators {
  const { ctx, config, ingest, counts, metrics, tally, arrivals, capture } = options;
  const live = new Map<number, LiveConcentrator>();
  const lives = new Set<Promise<void>>();

  function welcome(socket: Socket, registered: Registered<OwnedConcentrator>): void {
    const { claim: owned, code, kind, channel } = registered;
    const log = ctx.log.child({ concentrator: code });
    const { session, begin } = openSession(socket, registered, { config, clock: ctx.clock, log, capture });
    const present = live.get(owned.id);
    // Two sockets may have registered at once; the later claim has the higher epoch, whoever gets here first.
    if (present && present.epoch > owned.epoch) {
      session.close("replaced");
      return;
    }
    const buses = new Map<number, Bus>();
    const bauds = new Map<number, number>();
    const reading = new AbortController();
    const hush = async () => {
      reading.abort();
      for (const bus of buses.values()) bus.close();
      await Promise.all([...buses.values()].map((bus) => bus.idle()));
    };
    const startedAt = performance.now();
    const entry: LiveConcentrator = {
      ...owned,
      session,
      channel,
      startedAt,
      bus: (number) => busOf({ buses, bauds, entry }, number),
      ownedUntil: startedAt + OWNED_MS,
      archive: createBell(),
      bauds,
      kind,
      buses: () => buses.values(),
      hush,
    };
    live.set(owned.id, entry);
    if (present?.session.isUp()) {
      const { remoteAddress: source = "unknown" } = socket;
      const lastHeardMs = ctx.clock() - present.session.lastSeenAt;
      if (lastHeardMs < TALKING_MS) arrivals.collided(code, source);
      if (!provesIdentity({ kind, channel })) {
        log.warn(
          { source, lastHeardMs },
          "a concentrator without proof of identity was taken over by a new connection",
        );
      }
    }
    present?.session.close("replaced");
    begin();
    metrics.registered(kind);
    log.info({ epoch: owned.epoch, kind }, "concentrator registered");
    const life = spend(entry, reading.signal).catch((error) =>
      log.error({ error: String(error) }, "a session ended badly"),
    );
    lives.add(life);
    void life.finally(() => lives.delete(life));
  }

  function busOf(
    line: { buses: Map<number, Bus>; bauds: Map<number, number>; entry: LiveConcentrator },
    number: number,
  ): Bus {
    const { buses, bauds, entry } = line;
    const known = buses.get(number);
    if (known) return known;
    const deps = {
      forward: entry.session.forward,
      record: ingest.frame,
      counts,
      clock: ctx.clock,
      replyAllowanceMs: config.replyAllowanceMs,
      patience: createPatience(),
      baud: () => bauds.get(number) ?? null,
    };
    const bus = createBus(async (question) => {
      // A program that stood still may wake as the owner of what another one speaks to by now. To read harms nobody then.
      if (question.effect === "once" && performance.now() > entry.ownedUntil) return { kind: "closed" };
      const told = await exchange(question, deps);
      if (told.kind !== "closed") tally.count(entry.id, told.kind === "answered");
      return told;
    }, metrics.exchanged);
    buses.set(number, bus);
    return bus;
  }

  /** The life of a session, until everything that belonged to it is at rest. */
  async function spend(entry: LiveConcentrator, signal: AbortSignal): Promise<void> {
    const { id: concentratorId, code, session, bus, archive, bauds } = entry;
    const intervalMs = config.readIntervalMs;
    const { round } = metrics;
    const read = readOnSchedule({ ctx, concentratorId, bus, ingest, intervalMs, archive, bauds, signal, round });
    const filling = fillGaps({ ctx, concentratorId, bus, signal, count: metrics.past });
    const why = await session.ended;
    if (live.get(concentratorId) === entry) live.delete(concentratorId);
    ctx.log.info({ concentrator: code, why, late: session.lateAnswers }, "concentrator session ended");
    await entry.hush();
    await Promise.all([read, filling]);
    if (why !== "replaced") await giveUp(entry);
  }

  async function giveUp({ id, epoch, code }: LiveConcentrator): Promise<void> {
    try {
      await releaseConcentrator(ctx, { id, epoch });
    } catch (error) {
      ctx.log.warn(
        { concentrator: code, error: String(error) },
        "a concentrator could not be given up; its lease will end",
      );
    }
  }

  return {
    welcome,
    all: () => [...live.values()].filter(({ session }) => session.isUp()),
    count: () => live.size,
    has: (id) => live.has(id),
    archiveChanged: (id) => live.get(id)?.archive.ring(),
    mayTakeOver(code) {
      const present = [...live.values()].find((each) => each.code === code && each.session.isUp());
      return !present || performance.now() - present.startedAt >= TAKE_OVER_MS_MIN;
    },
    async renew() {
      if (live.size === 0) return;
      const owned = [...live.values()].map(({ id, epoch, channel, session }) => ({
        id,
        epoch,
        channel,
        lastSeenAt: session.lastSeenAt,
        rssiDbm: session.rssiDbm,
      }));
      const epochs = new Map(owned.map(({ id, epoch }) => [id, epoch]));
      const askedAt = performance.now();
      const { lost } = await renewConcentrators(ctx, { collector: config.collectorId, owned });
      for (const id of lost) {
        const entry = live.get(id);
        if (entry && entry.epoch === epochs.get(id)) entry.session.close("replaced");
      }
      for (const [id, epoch] of epochs) {
        const entry = live.get(id);
        if (entry?.epoch === epoch && !lost.includes(id)) entry.ownedUntil = askedAt + OWNED_MS;
      }
    },
    async close() {
      await Promise.all([...live.values()].map((each) => each.hush()));
      for (const { session } of live.values()) session.close("closing");
      await Promise.all(lives);
    },
  };
}
