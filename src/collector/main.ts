import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Clock, SECOND_MS } from "#base/time.ts";
import { linkKeyPurpose } from "#flows/meter-keys.ts";
import { claimConcentrator, type OwnedConcentrator } from "#flows/own-concentrators.ts";
import { recordReadings } from "#flows/record-readings.ts";
import { builtInSecurity } from "#flows/root-keys.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { type LinkArchive, linkArchive } from "#store/concentrators.ts";
import type { Db } from "#store/db.ts";
import { pause } from "#system/clock.ts";
import type { NewId } from "#system/ids.ts";
import type { Log } from "#system/log.ts";
import type { Sealer } from "#system/seal.ts";
import type { SecurityModule } from "#system/security-module.ts";
import { createAdmission } from "./admission.ts";
import { watchArchive } from "./archive-watch.ts";
import { createArrivals } from "./arrivals.ts";
import { type Capture, createCapture, noCapture } from "./capture/capture.ts";
import { startCommandPump } from "./command-pump.ts";
import type { CollectorConfig } from "./config.ts";
import { startDialer } from "./dialer.ts";
import { type Door, openDoor } from "./door/door.ts";
import { createDtus } from "./dtus.ts";
import { type ExchangeCounts, exchangeCounts } from "./exchange.ts";
import { createIngest, type Ingest } from "./ingest.ts";
import { createNonceMemory } from "./jichao-proof.ts";
import { createLinkAlarms } from "./link-alarms.ts";
import { listen } from "./listener.ts";
import { createLiveConcentrators, type LiveConcentrators } from "./live-concentrators.ts";
import { collectorMetrics } from "./metrics.ts";
import type { Registrar } from "./registrar.ts";
import { createLinkTally, reportStatus } from "./status.ts";
import { createTlsDoor } from "./tls-door.ts";
import { loadTlsIdentities } from "./tls-identities.ts";

/** What a collector is given. It touches the database only through flows and the store. */
export type CollectorDeps = {
  db: Db;
  clock: Clock;
  newId: NewId;
  log: Log;
  sealer: Sealer;
  /** 0 … 1, for pauses between dials; real chance when left out. */
  random?: () => number;
  /** Where the root keys of the meters live; sealed in the database when nothing else is said. */
  security?: SecurityModule;
  /** Where raw frames are kept, in a folder of this collector; nowhere when left out. */
  captureFolder?: string;
};

/** A collector (抄表前置机) at work. */
export type RunningCollector = {
  linkPort: number;
  /** Of the door in TLS; null when it is not open. */
  linkTlsPort: number | null;
  /** Where its own HTTP door is. */
  doorPort: number;
  /** There is a new command: do not wait for the next look. */
  nudge(): void;
  /** How exchanges ended since the start, and what waits to be recorded. */
  state(): { sessions: number; commands: number; exchanges: ExchangeCounts; ingest: ReturnType<Ingest["state"]> };
  /** Finishes what is on the buses, records it, gives the concentrators up. Safe to call again. */
  close(): Promise<void>;
};

/** A third of the lease of a concentrator: two renewals may fail. */
const RENEW_MS = 5 * SECOND_MS;
/** A recharge takes some exchanges; what is not finished then is read back by the next holder. */
const DRAIN_COMMANDS_MS = 10 * SECOND_MS;
const DRAIN_READINGS_MS = 5 * SECOND_MS;

const MIB = 1 << 20;
/** A segment is what is taken away at a time; a small ring has smaller ones. */
const CAPTURE_SEGMENT_BYTES = 8 * MIB;
const CAPTURE_SEGMENTS_MIN = 4;
/** Left free on the disk, which is mostly the database's. */
const CAPTURE_RESERVE_BYTES = 64 * MIB;

/** Starts a collector; resolves when it listens. Ends by `close` or by the signal. */
export async function runCollector(
  config: CollectorConfig,
  deps: CollectorDeps,
  signal: AbortSignal,
): Promise<RunningCollector> {
  const { sealer, security = builtInSecurity(deps, sealer), random = Math.random, captureFolder: _, ...ctx } = deps;
  const { clock, log, db } = ctx;
  const collector = config.collectorId;
  const startedAt = clock();
  const counts = exchangeCounts();
  const metrics = collectorMetrics();
  const ingest = createIngest({
    record: (batch) => recordReadings(ctx, { collector, ...batch }),
    probe: () => db.version(),
    log,
    recorded: metrics.recorded,
  });
  const capture = startCapture(config, deps);
  const alarms = createLinkAlarms(ctx);
  const arrivals = createArrivals({ nowMs: () => performance.now(), alarm: alarms.raise });
  const admission = createAdmission({ perSecond: config.admissionsPerSecond });
  const tally = createLinkTally();
  const live = createLiveConcentrators({ ctx, config, ingest, counts, metrics, tally, arrivals, capture });
  const keyOf = (archive: LinkArchive) => linkKey(sealer, archive);
  const dtus = createDtus(db, log, () => performance.now());
  const registrar: Registrar<OwnedConcentrator> = {
    async known(code) {
      const archive = await linkArchive(db.read, code);
      return archive && { ...archive, key: keyOf(archive) };
    },
    dtuWays: dtus.ways,
    mayTakeOver: live.mayTakeOver,
    claim(code, kind, { source, channel, isThere }) {
      arrivals.arrived(code, source);
      return admission.turn({ code, isThere, pauseMs: arrivals.pauseMs(code) }, () =>
        claimConcentrator(ctx, { code, kind, collector, channel, source }),
      );
    },
    alarm: alarms.raise,
    collided: arrivals.collided,
    nonces: createNonceMemory(),
    capture,
    refused: metrics.refused,
    now: clock,
    log,
    timeoutMs: config.registrationMs,
  };
  const identities =
    config.linkTls && (await loadTlsIdentities({ db, log, keyOf: (archive) => anyLinkKey(sealer, archive) }));
  const certificate = config.linkTls && (await readCertificate(config.linkTls));
  const tls = identities && createTlsDoor({ identities, certificate });
  const listener = await listen({ config, registrar, tls, sessions: live.count, welcome: live.welcome, log });
  const { count: sessions, has: isLive, welcome } = live;
  const dialer = startDialer({ ctx, config, registrar, dtus, keyOf, isLive, sessions, welcome, random });
  const pump = startCommandPump({ ctx, collector, startedAt, reachable: live.all, security, ingest, metrics });
  metrics.watch({
    counts,
    sessions: () => live.all().map(({ kind, session }) => ({ link: kind, lateAnswers: session.lateAnswers })),
    strangers: listener.strangers,
    buses: () => live.all().flatMap((each) => [...each.buses()].map((bus) => bus.load())),
    commands: pump.running,
    ingest,
    capture,
  });
  const end = new AbortController();
  const renewing = keepOwned(live, log, end.signal);
  const watching = watchArchive({ db, log, changed: live.archiveChanged, signal: end.signal });
  const status = () => ({ sessions: sessions(), readingsWaiting: ingest.state().waiting });
  const reporting = reportStatus({
    ...{ ctx, collector, startedAt, tally, now: status, signal: end.signal },
    heartbeatSeconds: config.heartbeatSeconds,
    door: { host: config.linkHost, port: listener.port, tlsPort: listener.tlsPort },
  });
  let door: Door | null = null;
  let closing: Promise<void> | null = null;

  async function shutDown(): Promise<void> {
    admission.close();
    await Promise.all([listener.close(), dialer.stop(), door?.close(), identities?.stop()]);
    await pump.stop(DRAIN_COMMANDS_MS);
    end.abort();
    await Promise.all([renewing, watching, reporting]);
    await live.close();
    await Promise.all([alarms.close(), capture.close()]);
    await ingest.close(DRAIN_READINGS_MS);
    metrics.close();
    log.info({ collector }, "collector stopped");
  }

  function close(): Promise<void> {
    closing ??= shutDown();
    return closing;
  }

  try {
    door = await openDoor({
      ctx,
      config,
      sealer,
      nudge: pump.nudge,
      metrics,
      state: () => ({ sessions: sessions(), commands: pump.running(), readingsWaiting: ingest.state().waiting }),
    });
  } catch (error) {
    await close();
    throw error;
  }
  if (signal.aborted) await close();
  else signal.addEventListener("abort", () => void close(), { once: true });
  log.info(
    { collector, linkPort: listener.port, doorPort: door.port, readIntervalMs: config.readIntervalMs },
    "collector started",
  );
  return {
    linkPort: listener.port,
    linkTlsPort: listener.tlsPort,
    doorPort: door.port,
    nudge: pump.nudge,
    state: () => ({
      sessions: live.count(),
      commands: pump.running(),
      exchanges: { ...counts },
      ingest: ingest.state(),
    }),
    close,
  };
}

async function keepOwned(live: LiveConcentrators, log: Log, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(RENEW_MS, signal);
    if (signal.aborted) return;
    try {
      await live.renew();
    } catch (error) {
      log.warn({ error: String(error) }, "the ownership of concentrators could not be renewed");
    }
  }
}

function linkKey(sealer: Sealer, { kind, code, keySealed }: LinkArchive): Bytes | null {
  return kind === "jichao" ? sealer.unseal(keySealed, linkKeyPurpose(code)) : null;
}

/** In TLS also a device of another make may have a key; an empty one stands for none. */
function anyLinkKey(sealer: Sealer, { code, keySealed }: LinkArchive): Bytes | null {
  return sealer.unseal(keySealed, linkKeyPurpose(code));
}

function startCapture(
  { captureMb, collectorId }: CollectorConfig,
  { captureFolder, clock, log }: CollectorDeps,
): Capture {
  if (captureFolder === undefined || captureMb === 0) return noCapture;
  const folder = join(captureFolder, collectorId);
  const bytesMax = captureMb * MIB;
  const segmentBytes = Math.min(CAPTURE_SEGMENT_BYTES, bytesMax / CAPTURE_SEGMENTS_MIN);
  return createCapture({ folder, bytesMax, segmentBytes, reserveBytes: CAPTURE_RESERVE_BYTES, clock, log });
}

async function readCertificate({ certFile, keyFile }: { certFile: string | null; keyFile: string | null }) {
  if (certFile === null || keyFile === null) return null;
  const [cert, key] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
  return { cert, key };
}
