import { type AddressInfo, createServer, type Socket } from "node:net";
import { SECOND_MS } from "#base/time.ts";
import type { Log } from "#system/log.ts";
import type { CollectorConfig } from "./config.ts";
import type { Registered, Registrar } from "./registrar.ts";
import { register } from "./registration.ts";

/** The open door for concentrators. */
export type Listener = {
  readonly port: number;
  /** Connections that have not registered. */
  strangers(): number;
  /** Lets nobody in any more and hangs up on those who have not registered; sessions stay. */
  close(): Promise<void>;
};

/** Refusals are logged together, at most one line in this time: a flood must not fill the disk. */
const REFUSAL_LOG_MS = 10 * SECOND_MS;

/**
 * Listens for concentrators. Whoever registers is handed to `welcome`, in the same turn in which the registration lets go
 * of the socket, so no byte is lost. `sessions` counts those who are in.
 */
export async function listen<Claim>(options: {
  config: CollectorConfig;
  registrar: Registrar<Claim>;
  sessions(): number;
  welcome(socket: Socket, registered: Registered<Claim>): void;
  log: Log;
}): Promise<Listener> {
  const { config, registrar, log } = options;
  const strangers = new Map<Socket, string>();
  const perSource = new Map<string, number>();
  const refusals = createRefusalLog(log);

  function onConnection(socket: Socket): void {
    const source = socket.remoteAddress ?? "unknown";
    socket.setNoDelay(true);
    socket.on("error", (error) => log.debug({ source, error: error.message }, "a connection broke"));
    const full = strangers.size >= config.strangersMax || options.sessions() >= config.sessionsMax;
    if (full || (perSource.get(source) ?? 0) >= config.strangersPerSourceMax) {
      refusals.count(source);
      registrar.refused("over_limit");
      socket.destroy();
      return;
    }
    void admit(socket, source);
  }

  async function admit(socket: Socket, source: string): Promise<void> {
    strangers.set(socket, source);
    perSource.set(source, (perSource.get(source) ?? 0) + 1);
    try {
      const registered = await register(socket, source, registrar);
      if (registered) options.welcome(socket, registered);
    } catch (error) {
      // The database did not answer: the concentrator dials again by itself.
      log.warn({ source, error: String(error) }, "a registration failed");
      socket.destroy();
    } finally {
      strangers.delete(socket);
      const left = (perSource.get(source) ?? 1) - 1;
      if (left > 0) perSource.set(source, left);
      else perSource.delete(source);
    }
  }

  const server = createServer(onConnection);
  server.maxConnections = config.sessionsMax + config.strangersMax;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(config.linkPort, config.linkHost, resolve);
  await promise;
  server.off("error", reject);
  server.on("error", (error) => log.error({ error: error.message }, "the port for concentrators had an error"));
  return {
    port: (server.address() as AddressInfo).port,
    strangers: () => strangers.size,
    close() {
      for (const socket of strangers.keys()) socket.destroy();
      refusals.close();
      server.close();
      return Promise.resolve();
    },
  };
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
