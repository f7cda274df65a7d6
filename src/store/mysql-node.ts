import { type Connection, createConnection } from "mysql2";
import { hostName, loginAt, type MysqlAddress, type MysqlHost } from "./mysql-address.ts";
import { CONNECTION_OPTIONS } from "./mysql-session.ts";

/**
 * What a node can do. `ready`: everything. `behind`: it answers, but lends its data to another node or catches up, and may stand still.
 * `apart`: it has lost the others, or has not found them yet, and refuses; or it is a MariaDB of a list that is in no cluster. `read_only`: somebody has set it so. `away`: no answer.
 */
export type NodeState = "ready" | "behind" | "apart" | "read_only" | "away";

/** One node as it was when it was looked at. */
export type NodeLook = {
  host: MysqlHost;
  /** `10.0.0.1:3306`. */
  name: string;
  state: NodeState;
  /** Names its cluster, whatever part of it this is; null where there is none, or no answer. */
  cluster: string | null;
  /** Nodes in its part of the cluster; null where there is no cluster, or no answer. */
  size: number | null;
  /** Sessions of ours in this database: those of all programs that log in as the same user. */
  sessions: number;
};

/** Looks at one node again and again, over a connection of its own. */
export type NodeWatch = {
  readonly host: MysqlHost;
  /** Never throws: no answer is an answer. */
  look(): Promise<NodeLook>;
  /** Resolves when the node has applied everything that the cluster had ordered before; throws when it does not come to that. */
  catchUp(): Promise<void>;
  close(): void;
};

/** A node on its feet answers this in a millisecond, also while the cluster argues about who is in it. */
const LOOK_MS = 2_000;
/** Longer than a cluster takes to give up a silent node (evs.suspect_timeout, 5 s, and the vote): until then nothing is ordered. */
const CATCH_UP_MS = 12_000;

/** Makes a watch; it connects when it is asked. The login names no database, so its sessions are not taken for those of a program. */
export function nodeWatch(address: MysqlAddress, host: MysqlHost): NodeWatch {
  let connection: Connection | null = null;
  const nothing = { host, name: hostName(host), state: "away", cluster: null, size: null, sessions: 0 } as const;

  async function ask(sql: string, timeout: number): Promise<Record<string, unknown>[]> {
    connection ??= connected(address, host);
    const asked = connection;
    try {
      return await answered(asked, sql, timeout);
    } catch (error) {
      asked.destroy();
      if (connection === asked) connection = null;
      throw error;
    }
  }

  async function lookOnce(): Promise<NodeLook> {
    const status = pairs(await ask(STATUS, LOOK_MS));
    const settings = pairs(await ask(SETTINGS, LOOK_MS));
    const state = stateBy(status, settings, address.hosts.length > 1);
    const cluster = settings.get("wsrep_on") === "ON" ? (status.get("wsrep_cluster_state_uuid") ?? null) : null;
    if (state === "apart") return { ...nothing, state, cluster, size: sizeBy(status) };
    const sessions = (await ask("show processlist", LOOK_MS)).filter(
      (each) => each.db === address.database && each.User === address.user,
    );
    return { ...nothing, state, cluster, size: sizeBy(status), sessions: sessions.length };
  }

  return {
    host,
    async look() {
      const isOld = connection !== null;
      try {
        return await lookOnce();
      } catch (error) {
        if (!isOld || isSilence(error)) return nothing;
      }
      // A session may have been ended by the server alone; a node is away when a new one does not come about.
      return lookOnce().catch(() => nothing);
    },
    async catchUp() {
      const settings = pairs(await ask(SETTINGS, LOOK_MS));
      if (settings.get("wsrep_on") !== "ON") return;
      await ask("set session wsrep_sync_wait = 1", LOOK_MS);
      await ask("select 1 from information_schema.schemata limit 1", CATCH_UP_MS);
      await ask("set session wsrep_sync_wait = 0", LOOK_MS);
    },
    close() {
      connection?.destroy();
      connection = null;
    },
  };
}

// SHOW is answered also by a node that refuses everything else, and needs no right beyond a login.
const STATUS =
  "show global status where variable_name in ('wsrep_ready','wsrep_cluster_status','wsrep_cluster_size','wsrep_cluster_state_uuid','wsrep_local_state_comment')";
const SETTINGS = "show global variables where variable_name in ('version','wsrep_on','read_only','super_read_only')";

function stateBy(
  status: ReadonlyMap<string, string>,
  settings: ReadonlyMap<string, string>,
  isOneOfMany: boolean,
): NodeState {
  // A server that could be in a cluster and is in none has a past of its own: a copy that follows later, or a leftover. What was paid a moment
  // ago on another one would not be in its books, and its keys would not be known.
  const isMariadb = /mariadb/i.test(settings.get("version") ?? "");
  if (isOneOfMany && isMariadb && settings.get("wsrep_on") !== "ON") return "apart";
  if (settings.get("wsrep_on") === "ON") {
    if (status.get("wsrep_ready") !== "ON" || status.get("wsrep_cluster_status") !== "Primary") return "apart";
  }
  // MariaDB 11 and later tell read_only by word.
  if (![undefined, "OFF"].includes(settings.get("read_only")) || settings.get("super_read_only") === "ON")
    return "read_only";
  if (settings.get("wsrep_on") === "ON" && status.get("wsrep_local_state_comment") !== "Synced") return "behind";
  return "ready";
}

function sizeBy(status: ReadonlyMap<string, string>): number | null {
  const size = Number(status.get("wsrep_cluster_size"));
  return Number.isSafeInteger(size) && size > 0 ? size : null;
}

function pairs(rows: readonly Record<string, unknown>[]): Map<string, string> {
  return new Map(rows.map((row) => [String(row.Variable_name).toLowerCase(), String(row.Value)]));
}

/** It is connected and says nothing: a second try would cost the same time again. */
function isSilence(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "PROTOCOL_SEQUENCE_TIMEOUT";
}

function connected(address: MysqlAddress, host: MysqlHost): Connection {
  const { database: _, ...login } = loginAt(address, host);
  const connection = createConnection({ ...CONNECTION_OPTIONS, ...login, connectTimeout: LOOK_MS });
  connection.on("error", () => {}); // told by the question under way, or by the next one
  return connection;
}

function answered(connection: Connection, sql: string, timeout: number): Promise<Record<string, unknown>[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>[]>();
  connection.query({ sql, timeout }, (error, rows) =>
    error ? reject(error) : resolve(Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []),
  );
  return promise;
}
