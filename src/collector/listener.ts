import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { SECOND_MS } from "#base/time.ts";
import type { Log } from "#system/log.ts";
import type { CollectorConfig } from "./config.ts";
import type { Caller, Registered, Registrar } from "./registrar.ts";
import { register } from "./registration.ts";
import type { TlsDoor } from "./tls-door.ts";

/** The open door for concentrators. */
export type Listener = {
  readonly port: number;
  /** Of the door in TLS; null when there is none. */
  readonly tlsPort: number | null;
  /** Sockets that have not registered. */
  strangers(): number;
  /** Lets nobody in any more and hangs up on those who have not registered; sessions stay. */
  close(): Promise<void>;
};

/** Refusals are logged together, at most one line in this time: a flood must not fill the disk. */
const REFUSAL_LOG_MS = 10 * SECOND_MS;

/**
 * Listens for concentrators, by plain TCP and, with a `tls` door, inside TLS. Whoever registers is handed to `welcome`, in the same
 * turn in which the registration lets go of the socket, so no byte is lost. `sessions` counts those who are in. Strangers of both
 * ports share one hall: its limits hold for them together.
 */
export async function listen<Claim>(options: {
  config: CollectorConfig;
  registrar: Registrar<Claim>;
  tls: TlsDoor | null;
  sessions(): number;
  welcome(socket: Socket, registered: Registered<Claim>): void;
  log: Log;
}): Promise<Listener> {
  const { config, registrar, log, tls } = options;
  const strangers = new Map<Socket, string>();
  const perSource = new Map<string, number>();
  const refusals = createRefusalLog(log);

  function onConnection(raw: Socket, door: TlsDoor | null): void {
    const source = addressOf(raw);
    raw.setNoDelay(true);
    raw.on("error", (error) => log.debug({ source, error: error.message }, "a connection broke"));
    const full = strangers.size >= config.strangersMax || options.sessions() >= config.sessionsMax;
    if (full || (perSource.get(source) ?? 0) >= config.strangersPerSourceMax) {
      refusals.count(source);
      registrar.refused("over_limit");
      raw.destroy();
      return;
    }
    void admit(raw, source, door);
  }

  async function admit(raw: Socket, source: string, door: TlsDoor | null): Promise<void> {
    strangers.set(raw, source);
    perSource.set(source, (perSource.get(source) ?? 0) + 1);
    let isCounted = true;
    /** Who has proved itself and waits to be let in does not stand in the way of others of its address. */
    const leaveSource = () => {
      if (!isCounted) return;
      isCounted = false;
      const left = (perSource.get(source) ?? 1) - 1;
      if (left > 0) perSource.set(source, left);
      else perSource.delete(source);
    };
    try {
      const met = await meet(raw, source, door);
      if (met === null) return;
      const { socket, caller } = met;
      const registered = await register(socket, caller, {
        ...registrar,
        claim(code, kind, from) {
          leaveSource();
          return registrar.claim(code, kind, from);
        },
      });
      if (registered) options.welcome(socket, registered);
    } catch (error) {
      // The database did not answer: the concentrator dials again by itself.
      log.warn({ source, error: String(error) }, "a registration failed");
      raw.destroy();
    } finally {
      strangers.delete(raw);
      leaveSource();
    }
  }

  async function meet(raw: Socket, source: string, door: TlsDoor | null): Promise<Met | null> {
    const isThere = () => !raw.destroyed;
    if (door === null) return { socket: raw, caller: { source, channel: "plain", proved: null, isThere } };
    const secured = await door.secure(raw, config.registrationMs);
    if (!secured.ok) {
      registrar.refused(secured.why === "timeout" || secured.why === "hung_up" ? secured.why : "tls_failed");
      log.info({ source, why: secured.why }, "a connection was closed before it was in TLS");
      return null;
    }
    return { socket: secured.socket, caller: { source, channel: "tls", proved: secured.code, isThere } };
  }

  const limit = config.sessionsMax + config.strangersMax;
  const server = await open({ port: config.linkPort, host: config.linkHost, limit, log }, (raw) =>
    onConnection(raw, null),
  );
  let tlsServer: Server | null = null;
  try {
    if (tls !== null && config.linkTls !== null) {
      tlsServer = await open({ port: config.linkTls.port, host: config.linkHost, limit, log }, (raw) =>
        onConnection(raw, tls),
      );
    }
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    port: portOf(server),
    tlsPort: tlsServer && portOf(tlsServer),
    strangers: () => strangers.size,
    close() {
      for (const socket of strangers.keys()) socket.destroy();
      refusals.close();
      server.close();
      tlsServer?.close();
      return Promise.resolve();
    },
  };
}

type Met = { socket: Socket; caller: Caller };

async function open(
  at: { port: number; host: string; limit: number; log: Log },
  onConnection: (raw: Socket) => void,
): Promise<Server> {
  const server = createServer(onConnection);
  server.maxConnections = at.limit;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(at.port, at.host, resolve);
  await promise;
  server.off("error", reject);
  server.on("error", (error) => at.log.error({ error: error.message }, "the port for concentrators had an error"));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** IPv4 that comes through a socket of IPv6 is told as IPv4, as people write it. */
function addressOf(raw: Socket): string {
  return raw.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, "") ?? "unknown";
}

function createRefusalLog(log: Log) {
  let refused = 0;
  let last = "";
  let timer: NodeJS.Timeout | undefined;
  const say = () => {
    timer = undefined;
    if (refused > 0) log.warn({ refused, source: last }, "connections over the limit were refused");
    refused = 0;
  };
  return {
    count(source: string) {
      refused++;
      last = source;
      timer ??= setTimeout(say, REFUSAL_LOG_MS).unref();
    },
    close() {
      clearTimeout(timer);
      say();
    },
  };
}
