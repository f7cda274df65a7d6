import type { Socket } from "node:net";
import type { FlowContext } from "#flows/context.ts";
import { type OwnedConcentrator, releaseConcentrator, renewConcentrators } from "#flows/own-concentrators.ts";
import { type Bus, createBus } from "./bus.ts";
import type { CollectorConfig } from "./config.ts";
import { type ExchangeCounts, exchange } from "./exchange.ts";
import type { Ingest } from "./ingest.ts";
import { createJichaoSession } from "./jichao-session.ts";
import type { Registered } from "./registration.ts";
import { readOnSchedule } from "./scheduler.ts";
import type { Session } from "./session.ts";

/** A concentrator in session: spoken to through its buses, read on schedule, owned under an epoch. */
export type LiveConcentrator = OwnedConcentrator & {
  session: Session;
  bus(number: number): Bus;
  /** No question more; resolves when the exchange in flight has ended. */
  hush(): Promise<void>;
};

/** All concentrators in session with this collector. */
export type LiveConcentrators = {
  welcome(socket: Socket, registered: Registered<OwnedConcentrator>): void;
  /** Those that can be spoken to. */
  all(): LiveConcentrator[];
  count(): number;
  /** Renews every ownership; sessions of concentrators that were claimed elsewhere are closed. */
  renew(): Promise<void>;
  /** Lets the exchange in flight end, says goodbye to all and gives them up. */
  close(): Promise<void>;
};

/** None yet; each that is welcomed is read on schedule until its session ends. */
export function createLiveConcentrators(options: {
  ctx: FlowContext;
  config: CollectorConfig;
  ingest: Ingest;
  counts: ExchangeCounts;
}): LiveConcentrators {
  const { ctx, config, ingest, counts } = options;
  const live = new Map<number, LiveConcentrator>();
  const lives = new Set<Promise<void>>();

  function welcome(socket: Socket, registered: Registered<OwnedConcentrator>): void {
    const { claim: owned, code, deframer, protocols } = registered;
    const { heartbeatSeconds, linkAllowanceMs } = config;
    const log = ctx.log.child({ concentrator: code });
    const how = { code, deframer, protocols, heartbeatSeconds, linkAllowanceMs, clock: ctx.clock, log };
    const session = createJichaoSession(socket, how);
    const present = live.get(owned.id);
    // Two sockets may have registered at once; the later claim has the higher epoch, whoever gets here first.
    if (present && present.epoch > owned.epoch) {
      session.close("replaced");
      return;
    }
    const buses = new Map<number, Bus>();
    const reading = new AbortController();
    const hush = async () => {
      reading.abort();
      for (const bus of buses.values()) bus.close();
      await Promise.all([...buses.values()].map((bus) => bus.idle()));
    };
    const entry: LiveConcentrator = { ...owned, session, bus: (number) => busOf(buses, session, number), hush };
    live.set(owned.id, entry);
    present?.session.close("replaced");
    session.welcome(registered.seq, registered.mac, heartbeatSeconds, registered.early);
    log.info({ epoch: owned.epoch }, "concentrator registered");
    const life = spend(entry, reading.signal).catch((error) =>
      log.error({ error: String(error) }, "a session ended badly"),
    );
    lives.add(life);
    void life.finally(() => lives.delete(life));
  }

  function busOf(buses: Map<number, Bus>, session: Session, number: number): Bus {
    const known = buses.get(number);
    if (known) return known;
    const bus = createBus((question) =>
      exchange(question, {
        forward: (request) => session.forward(request),
        record: ingest.frame,
        counts,
        clock: ctx.clock,
        replyAllowanceMs: config.replyAllowanceMs,
      }),
    );
    buses.set(number, bus);
    return bus;
  }

  /** The life of a session, until everything that belonged to it is at rest. */
  async function spend(entry: LiveConcentrator, signal: AbortSignal): Promise<void> {
    const { id: concentratorId, code, session, bus } = entry;
    const read = readOnSchedule({ ctx, concentratorId, bus, ingest, intervalMs: config.readIntervalMs, signal });
    const why = await session.ended;
    if (live.get(concentratorId) === entry) live.delete(concentratorId);
    ctx.log.info({ concentrator: code, why, late: session.lateAnswers }, "concentrator session ended");
    await entry.hush();
    await read;
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
    async renew() {
      if (live.size === 0) return;
      const owned = [...live.values()].map(({ id, epoch, session }) => ({
        id,
        epoch,
        lastSeenAt: session.lastSeenAt,
        rssiDbm: session.rssiDbm,
      }));
      const epochs = new Map(owned.map(({ id, epoch }) => [id, epoch]));
      const { lost } = await renewConcentrators(ctx, { collector: config.collectorId, owned });
      for (const id of lost) {
        const entry = live.get(id);
        if (entry && entry.epoch === epochs.get(id)) entry.session.close("replaced");
      }
    },
    async close() {
      await Promise.all([...live.values()].map((each) => each.hush()));
      for (const { session } of live.values()) session.close("closing");
      await Promise.all(lives);
    },
  };
}
