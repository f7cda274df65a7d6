import type { MysqlPool, MysqlPoolConnection } from "kysely";
import { createPool, type PoolConnection } from "mysql2";
import { bindable } from "./bind.ts";
import { failureKind } from "./database-failures.ts";
import { hostName, loginAt, type MysqlAddress, type MysqlHost } from "./mysql-address.ts";
import { CONNECT_TIMEOUT_MS, CONNECTION_OPTIONS, SESSION_SETTINGS } from "./mysql-session.ts";
import type { Writer } from "./mysql-writer.ts";

/** How a pool is to behave. A frozen server accepts and never answers: `queryTimeoutMs` ends that wait. */
export type PoolUse = {
  connections: number;
  readOnly: boolean;
  queryTimeoutMs: number;
  /** Throws when the caller must not use this pool now. */
  onUse(): void;
  /** Gives an error of the connection its meaning before Kysely's caller sees it. */
  translate(error: unknown): unknown;
};

/**
 * A pool whose connections are set up before first use, refuse what must not be bound, and die when they hang. All of them are on the node
 * that `writer` has chosen; when it is left they go with it.
 */
export function mysqlPool(address: MysqlAddress, writer: Writer, use: PoolUse): MysqlPool {
  let held: OnNode | null = null;
  let isEnded = false;
  writer.onLeave((host, how) => {
    if (held?.host !== host) return;
    if (how === "gone") held.abandon();
    else held.retire();
    held = null;
  });
  return {
    getConnection(callback) {
      try {
        use.onUse();
      } catch (error) {
        return callback(error, unusable);
      }
      writer.current().then(
        (host) => {
          if (isEnded) return callback(use.translate(ended()), unusable);
          if (held?.host !== host) {
            held?.retire();
            held = onNode(address, host, writer, use);
          }
          held.take(callback);
        },
        (error) => callback(use.translate(error), unusable),
      );
    },
    end(callback) {
      isEnded = true;
      if (held === null) callback(undefined);
      else held.end(callback);
    },
  };
}

function ended(): Error {
  return Object.assign(new Error("the database was closed"), { code: "POOL_CLOSED" });
}

/** The connections of one pool to one node. */
type OnNode = {
  readonly host: MysqlHost;
  take: MysqlPool["getConnection"];
  end: MysqlPool["end"];
  /** Whoever has a connection may finish with it. */
  retire(): void;
  /** The node is gone: whoever waits for its answer is told so, since none will come. */
  abandon(): void;
};

function onNode(address: MysqlAddress, host: MysqlHost, writer: Writer, use: PoolUse): OnNode {
  const pool = createPool({ ...CONNECTION_OPTIONS, ...loginAt(address, host), connectionLimit: use.connections });
  const made = new Set<PoolConnection>();
  const idle = new Set<PoolConnection>();
  const guarded = new WeakMap<PoolConnection, MysqlPoolConnection>();
  const waiting = new Set<(error: Error) => void>();
  let isLeft = false;

  const failed = (error: unknown) => {
    const told = isLeft ? gone(host) : error;
    if (failureKind(told) === "away") writer.suspect(host);
    return use.translate(told);
  };
  const forget = (raw: PoolConnection) => {
    made.delete(raw);
    idle.delete(raw);
  };
  const drop = (raw: PoolConnection) => {
    forget(raw);
    raw.destroy();
  };

  async function prepare(raw: PoolConnection): Promise<MysqlPoolConnection> {
    const known = guarded.get(raw);
    if (known) return known;
    made.add(raw);
    for (const end of ["error", "end"]) raw.on(end, () => forget(raw)); // mysql2 itself tells whoever waits for it
    const settings = [...SESSION_SETTINGS, ...(use.readOnly ? ["set session transaction read only"] : [])];
    for (const setting of settings) await raw.promise().query({ sql: setting, timeout: CONNECT_TIMEOUT_MS });
    const fresh = guard(raw);
    guarded.set(raw, fresh);
    return fresh;
  }

  function guard(raw: PoolConnection): MysqlPoolConnection {
    return {
      config: raw.config,
      get threadId() {
        return raw.threadId ?? 0;
      },
      connect: (callback) => raw.connect(callback),
      destroy: () => drop(raw),
      release() {
        if (isLeft) return drop(raw);
        idle.add(raw);
        raw.release();
      },
      query(sql: string, parameters: readonly unknown[], callback) {
        const values = bindable(parameters, sql);
        if (!callback) return raw.query({ sql, values });
        let answer = (error: unknown, result?: unknown) => {
          waiting.delete(answer);
          answer = () => {};
          // What comes after a fence belongs to the old question: the socket must not be used again.
          if (isError(error) && error.code === "PROTOCOL_SEQUENCE_TIMEOUT") drop(raw);
          if (error) callback(failed(error), []);
          else callback(null, result as Parameters<typeof callback>[1]);
        };
        waiting.add(answer);
        return raw.query({ sql, values, timeout: use.queryTimeoutMs }, (error, result) => answer(error, result));
      },
    };
  }

  return {
    host,
    take(callback) {
      pool.getConnection((error, raw) => {
        if (error) return callback(failed(error), unusable);
        idle.delete(raw);
        prepare(raw).then(
          (ready) => callback(null, ready),
          (failure) => {
            drop(raw);
            callback(failed(failure), unusable);
          },
        );
      });
    },
    end: (callback) => pool.end(callback),
    retire() {
      isLeft = true;
      for (const raw of [...idle]) drop(raw);
    },
    abandon() {
      isLeft = true;
      pool.end(() => {});
      for (const answer of [...waiting]) answer(gone(host));
      for (const raw of [...made]) drop(raw);
    },
  };
}

/** As if the socket had broken: what the node did last is not known. */
function gone(host: MysqlHost): Error {
  return Object.assign(new Error(`${hostName(host)} was left`), { code: "PROTOCOL_CONNECTION_LOST" });
}

function isError(error: unknown): error is { code?: unknown } {
  return typeof error === "object" && error !== null;
}

/** Stands where mysql2 hands nothing over beside an error. */
const unusable = null as unknown as MysqlPoolConnection;
