import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import {
  claimToDial,
  dialFailed,
  dialSucceeded,
  type OwnedConcentrator,
  releaseConcentrator,
} from "#flows/own-concentrators.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { type LinkArchive, linksToDial } from "#store/concentrators.ts";
import { pause } from "#system/clock.ts";
import type { CollectorConfig } from "./config.ts";
import type { Dtus } from "./dtus.ts";
import type { Caller, KnownLink, Registered, Registrar } from "./registrar.ts";
import { registerDialled } from "./registration.ts";

/** Dials concentrators that listen (TCP client mode), again and again, as long as it is not told to stop. */
export type Dialer = { stop(): Promise<void> };

/** How often the archive is looked at for concentrators to dial. */
const LOOK_MS = SECOND_MS;
const CONNECT_MS = 5 * SECOND_MS;
/** With the time to connect, shorter than the lease under which is dialled. */
const REGISTRATION_MS_MAX = 8 * SECOND_MS;
/** After a failure: doubling, and with chance in it, so that a hundred devices of one site are not dialled as one. */
const RETRY_MS_MIN = SECOND_MS;
const RETRY_MS_MAX = MINUTE_MS;
/** At once: a site that is down must not use up all sockets. */
const DIALS_MAX = 64;

type Retry = { at: number; pauseMs: number };

/** Begins to dial what the archive says is to be dialled and is not in session here. */
export function startDialer(options: {
  ctx: FlowContext;
  config: CollectorConfig;
  registrar: Registrar<OwnedConcentrator>;
  dtus: Dtus;
  keyOf(archive: LinkArchive): Bytes | null;
  isLive(id: number): boolean;
  sessions(): number;
  welcome(socket: Socket, registered: Registered<OwnedConcentrator>): void;
  random: () => number;
}): Dialer {
  const { ctx, config, dtus } = options;
  const collector = config.collectorId;
  const retries = new Map<number, Retry>();
  const dialling = new Map<number, Promise<void>>();
  const end = new AbortController();
  const loop = keepDialling();

  async function keepDialling(): Promise<void> {
    let failing = false;
    while (!end.signal.aborted) {
      try {
        for (const each of await linksToDial(ctx.db.read)) consider(each);
        failing = false;
      } catch (error) {
        if (!failing) ctx.log.warn({ error: String(error) }, "the concentrators to dial could not be loaded");
        failing = true;
      }
      await pause(LOOK_MS, end.signal);
    }
  }

  function consider(archive: LinkArchive): void {
    const { id } = archive;
    const isDue = (retries.get(id)?.at ?? 0) <= performance.now();
    const isFull = dialling.size >= DIALS_MAX || options.sessions() + dialling.size >= config.sessionsMax;
    if (!isDue || isFull || end.signal.aborted || dialling.has(id) || options.isLive(id)) return;
    const done = dial(archive)
      .catch((error: unknown) => ctx.log.warn({ concentrator: archive.code, error: String(error) }, "a dial failed"))
      .finally(() => dialling.delete(id));
    dialling.set(id, done);
  }

  async function dial(archive: LinkArchive): Promise<void> {
    putOff(archive.id);
    const { address, code } = archive;
    const dtu = archive.kind === "transparent" ? dtus.config(code, archive.dtuPackets) : null;
    if (address === null || (archive.kind === "transparent" && dtu === null)) return;
    const owned = await claimToDial(ctx, { id: archive.id, collector });
    if (owned === null) return;
    const source = `${address.host}:${address.port}`;
    const socket = connect({ ...address, noDelay: true });
    socket.on("error", (error) => ctx.log.debug({ source, error: error.message }, "a connection broke"));
    let isIn = false;
    let isOnline = false;
    try {
      if (await isConnected(socket, end.signal)) {
        const link: KnownLink = { ...archive, key: options.keyOf(archive) };
        const caller: Caller = { source, channel: "plain", proved: null, isThere: () => !socket.destroyed };
        const registered = await registerDialled(socket, caller, { link, dtu }, registrarFor(link, owned));
        isOnline = registered !== null;
        isIn = isOnline && !end.signal.aborted;
        if (registered && isIn) {
          retries.set(archive.id, { at: performance.now() + RETRY_MS_MIN, pauseMs: RETRY_MS_MIN / 2 });
          options.welcome(socket, registered);
        }
      }
    } finally {
      if (!isIn) {
        socket.destroy();
        await (isOnline ? releaseConcentrator(ctx, owned) : dialFailed(ctx, { ...owned, collector }));
        const retryInMs = Math.round(retries.get(archive.id)?.pauseMs ?? 0);
        ctx.log.info({ concentrator: code, source, retryInMs }, "a concentrator that listens was not reached");
      }
    }
  }

  /** Registration as for one that calls, but only this one is known, and it is ours already. */
  function registrarFor(link: KnownLink, owned: OwnedConcentrator): Registrar<OwnedConcentrator> {
    const dtu = link.kind === "transparent" ? dtus.config(link.code, link.dtuPackets) : null;
    return {
      ...options.registrar,
      timeoutMs: Math.min(options.registrar.timeoutMs, REGISTRATION_MS_MAX),
      known: async (code) =>
        code === link.code ? { ...link, direction: "dials_in", sources: null, lockedTo: null } : null,
      dtuWays: async () => (dtu ? [{ packets: link.dtuPackets, config: dtu }] : []),
      mayTakeOver: () => true,
      claim: async () => ((await dialSucceeded(ctx, { ...owned, collector })) ? owned : null),
    };
  }

  function putOff(id: number): void {
    const pauseMs = Math.min((retries.get(id)?.pauseMs ?? RETRY_MS_MIN / 2) * 2, RETRY_MS_MAX);
    retries.set(id, { at: performance.now() + pauseMs * (0.5 + options.random() / 2), pauseMs });
  }

  return {
    async stop() {
      end.abort();
      await loop;
      await Promise.all(dialling.values());
    },
  };
}

/** False when nobody answers in time, or the signal aborts. */
async function isConnected(socket: Socket, signal: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
  try {
    await once(socket, "connect", { signal: limit });
    return true;
  } catch {
    return false;
  }
}
