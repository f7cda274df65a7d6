import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { pause } from "#system/clock.ts";
import { GALERA } from "../tools/test/machine.ts";
import { freePort } from "./free-port.ts";
import { find } from "./mariadb.ts";

/** A node of the cluster: a real mariadbd that is killed, stopped and started again. */
export type GaleraNode = {
  readonly name: string;
  /** `mysql://root@127.0.0.1:port`. */
  readonly url: string;
  readonly port: number;
  /** As after a power cut. */
  kill(): Promise<void>;
  /** As an administrator does it. */
  end(): Promise<void>;
  /** A machine that stands still: it is connected and says nothing. */
  freeze(): void;
  thaw(): void;
  /** Cuts it off from the other nodes, and not from its clients. */
  isolate(): Promise<void>;
  heal(): Promise<void>;
  /** Starts it again after it has died; `inFirst`: it begins a new cluster. */
  start(inFirst?: boolean): Promise<void>;
  isAlive(): boolean;
  /** What it says about itself (`wsrep_local_state_comment`); "" without an answer, and when it is not of the cluster's greater part. */
  state(): Promise<string>;
  log(): string;
};

/** Three nodes on the loopback address; they are gone when it is stopped, or when this process ends in any way. */
export type Galera = {
  readonly nodes: readonly [GaleraNode, GaleraNode, GaleraNode];
  /** The address of a database on all nodes, as JICHAO_DB wants it. */
  url(database: string): string;
  /** Resolves when all nodes are alive and in step. */
  synced(): Promise<void>;
  stop(): Promise<void>;
};

/** A copy of a whole node on a busy machine. */
const SYNC_MS_MAX = 120_000;
const RECOVER_MS_MAX = 30_000;

/** Why no cluster can be had here; null when one can. */
export function noGaleraHere(): string | null {
  const provider = GALERA.find((path) => existsSync(path));
  if (find("mariadbd") === null || find("mariadb-install-db") === null) return "no MariaDB: install mariadb-server";
  if (provider === undefined || find("rsync") === null) return "no Galera: install galera-4 and rsync";
  return null;
}

/** Starts three nodes from nothing: the first forms the cluster, the others copy it. */
export async function startGalera(): Promise<Galera> {
  const missing = noGaleraHere();
  if (missing !== null) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), "jichao-galera-"));
  const owned = userInfo().uid === 0; // the server refuses to run as root
  const sweeper = sweeping(folder);
  const ports: Ports[] = [];
  for (let i = 0; i < 3; i++) {
    ports.push({ sql: await freePort(), group: await freePort(), ist: await freePort(), sst: await freePort() });
  }
  const members = ports.map(({ group }) => `127.0.0.1:${group}`).join();
  const made = ports.map((own, i) =>
    member({ folder: join(folder, `n${i + 1}`), name: `n${i + 1}`, own, members, owned }),
  );
  const [first, second, third] = made;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three were made");
  const nodes = [first.node, second.node, third.node] as const;
  const cluster: Galera = {
    nodes,
    url: (database) => `mysql://root@${ports.map(({ sql }) => `127.0.0.1:${sql}`).join()}/${database}`,
    synced: () => allSynced(nodes),
    async stop() {
      await Promise.all(made.map(({ stop }) => stop()));
      sweeper.stdin?.end();
      await once(sweeper, "exit");
    },
  };
  try {
    const data = join(folder, "n1", "data");
    execFileSync(
      find("mariadb-install-db") ?? "",
      ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db"],
      { stdio: "ignore", env: { ...process.env, TMPDIR: folder } },
    );
    for (const name of ["n2", "n3"]) cpSync(data, join(folder, name, "data"), { recursive: true });
    if (owned) execFileSync("chown", ["-R", "mysql", folder]);
    await first.node.start(true);
    await isSynced(first.node);
    await ask(first.node.url, "create user if not exists root@'127.0.0.1'");
    await ask(first.node.url, "grant all on *.* to root@'127.0.0.1' with grant option");
    await second.node.start();
    await isSynced(second.node);
    await third.node.start();
    await cluster.synced();
    return cluster;
  } catch (error) {
    const logs = nodes.map((node) => `${node.name}: ${node.log()}`).join("\n");
    await cluster.stop();
    throw new Error(`the cluster did not start: ${String(error)}\n${logs}`);
  }
}

/** Until it says so of itself; a node that has just been thawed may still believe to be what it was. */
async function isSynced(node: GaleraNode): Promise<void> {
  const giveUpAt = performance.now() + SYNC_MS_MAX;
  while ((await node.state()) !== "Synced") {
    if (performance.now() > giveUpAt) throw new Error(`${node.name} did not come into step:\n${node.log()}`);
    if (!node.isAlive()) throw new Error(`${node.name} has died:\n${node.log()}`);
    await pause(100);
  }
}

/** All of them are in step with each other: each counts all, and what one has just ordered every one has applied. */
async function allSynced(nodes: readonly GaleraNode[]): Promise<void> {
  const giveUpAt = performance.now() + SYNC_MS_MAX;
  for (;;) {
    for (const node of nodes) await isSynced(node);
    const sizes = await Promise.all(nodes.map((node) => status(node, "wsrep_cluster_size")));
    const views = await Promise.all(nodes.map((node) => status(node, "wsrep_cluster_conf_id")));
    if (sizes.every((size) => size === String(nodes.length)) && new Set(views).size === 1) break;
    if (performance.now() > giveUpAt) throw new Error(`nodes count ${sizes.join()}, views ${views.join()}`);
    await pause(100);
  }
  for (const node of nodes) {
    const connection = await createConnection({ uri: node.url, connectTimeout: ASK_MS });
    await connection.query("set session wsrep_sync_wait = 1");
    await connection.query("select count(*) from mysql.db");
    await connection.end();
  }
}

async function status(node: GaleraNode, name: string): Promise<string> {
  const [row] = await ask(node.url, `show global status like '${name}'`).catch(() => []);
  return String(row?.Value ?? "");
}

type Ports = { sql: number; group: number; ist: number; sst: number };
type Member = { folder: string; name: string; own: Ports; members: string; owned: boolean };

function member({ folder, name, own, members, owned }: Member): { node: GaleraNode; stop(): Promise<void> } {
  for (const each of ["data", "tmp"]) mkdirSync(join(folder, each), { recursive: true });
  const errorLog = join(folder, "error.log");
  const settings = join(folder, "my.cnf");
  writeFileSync(settings, settingsFile({ folder, name, own, members, owned }));
  const url = `mysql://root@127.0.0.1:${own.sql}`;
  const program = find("mariadbd") ?? "";
  let server: Guarded | null = null;

  /** After kill -9 the state file knows no position; without one the node would copy everything again. */
  async function recoveredPosition(): Promise<string | null> {
    const file = join(folder, "data", "grastate.dat");
    if (!existsSync(file) || !/seqno:\s*-1/.test(readFileSync(file, "utf8"))) return null;
    const recoverLog = join(folder, "recover.log");
    rmSync(recoverLog, { force: true });
    const position = () => {
      const said = existsSync(recoverLog) ? readFileSync(recoverLog, "utf8") : "";
      return [...said.matchAll(/Recovered position:\s*(\S+)/g)].at(-1)?.[1] ?? null;
    };
    const recovering = guarded([
      program,
      `--defaults-file=${settings}`,
      "--wsrep-recover",
      `--log-error=${recoverLog}`,
    ]);
    // It has been seen to tell the position and then to hang, taking all memory: what was told is all that is wanted.
    const giveUpAt = performance.now() + RECOVER_MS_MAX;
    while (position() === null && recovering.isAlive() && performance.now() < giveUpAt) await pause(50);
    await recovering.stop();
    return position();
  }

  const signal = (what: NodeJS.Signals) => {
    if (server?.isAlive() && server.pid() > 0) process.kill(server.pid(), what);
  };

  const node: GaleraNode = {
    name,
    url,
    port: own.sql,
    async kill() {
      signal("SIGKILL");
      await server?.gone;
    },
    async end() {
      signal("SIGTERM");
      await server?.gone;
    },
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    isolate: () => ask(url, "set global wsrep_provider_options = 'gmcast.isolate=1'").then(() => {}),
    heal: () => ask(url, "set global wsrep_provider_options = 'gmcast.isolate=0'").then(() => {}),
    async start(inFirst = false) {
      await server?.gone;
      const position = await recoveredPosition();
      const args = [
        `--defaults-file=${settings}`,
        ...(inFirst ? ["--wsrep-new-cluster"] : []),
        ...(position === null ? [] : [`--wsrep-start-position=${position}`]),
      ];
      server = guarded([program, ...args]);
      await server.started;
    },
    isAlive: () => server?.isAlive() ?? false,
    async state() {
      const isPrimary = (await status(node, "wsrep_cluster_status")) === "Primary";
      return isPrimary ? status(node, "wsrep_local_state_comment") : "";
    },
    log: () => (existsSync(errorLog) ? readFileSync(errorLog, "utf8").slice(-3_000) : ""),
  };
  return {
    node,
    async stop() {
      await server?.stop();
    },
  };
}

/** A server that dies with us. `started` resolves when its process id is known. */
type Guarded = {
  started: Promise<unknown>;
  gone: Promise<unknown>;
  pid(): number;
  isAlive(): boolean;
  stop(): Promise<void>;
};

function guarded(command: readonly string[]): Guarded {
  const child = spawn("sh", ["-c", GUARD, "sh", ...command], { stdio: ["pipe", "pipe", "ignore"], detached: true });
  const gone = once(child, "exit");
  let pid = 0;
  const started = once(createInterface({ input: child.stdout }), "line").then(([line]) => {
    pid = Number(line);
  });
  return {
    started,
    gone,
    pid: () => pid,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}

/** Tells the server's process id, and kills it when standard input ends: however we go, it goes too, also when it stands still. */
const GUARD = `
exec 3<&0
"$@" </dev/null >/dev/null 2>&1 3<&- & server=$!
echo $server
exec >/dev/null
( read -r _ <&3; kill -9 $server ) & watcher=$!
wait $server
kill $watcher 2>/dev/null
`;

/** When standard input ends: what nodes have started to copy one another dies as well, and the folder goes. */
const SWEEP = `
read -r _
for try in 1 2 3 4 5 6 7 8 9 10; do
  for file in "$1"/*/data/*.pid; do [ -f "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null; done
  rm -rf "$1" && [ ! -e "$1" ] && exit 0
  sleep 0.5
done
`;

function sweeping(folder: string): ChildProcess {
  return spawn("sh", ["-c", SWEEP, "sh", folder], { stdio: ["pipe", "ignore", "ignore"], detached: true });
}

/** The settings of ops/galera with the ports of one machine, small memory, and short patience with a silent node. */
function settingsFile({ folder, name, own, members, owned }: Member): string {
  const provider = GALERA.find((path) => existsSync(path)) ?? "";
  const options = [
    `gmcast.listen_addr=tcp://127.0.0.1:${own.group}`,
    `ist.recv_addr=127.0.0.1:${own.ist}`,
    "gcache.size=64M;gcache.recover=yes;pc.recovery=true",
    "evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.5S;evs.suspect_timeout=PT2S",
    "evs.inactive_timeout=PT6S;evs.install_timeout=PT6S",
  ].join(";");
  return `[mariadbd]
${owned ? "user = mysql" : ""}
datadir = ${join(folder, "data")}
tmpdir = ${join(folder, "tmp")}
socket = ${join(folder, "socket")}
pid-file = ${join(folder, "data", "server.pid")}
log-error = ${join(folder, "error.log")}
bind-address = 127.0.0.1
port = ${own.sql}
skip-name-resolve
character-set-server = utf8mb4
collation-server = utf8mb4_bin
binlog_format = ROW
default_storage_engine = InnoDB
innodb_autoinc_lock_mode = 2
innodb_flush_log_at_trx_commit = 1
innodb_buffer_pool_size = 64M
innodb_log_file_size = 32M
innodb_lock_wait_timeout = 5
performance_schema = OFF
max_connections = 200
wsrep_on = ON
wsrep_provider = ${provider}
wsrep_provider_options = "${options}"
wsrep_cluster_name = jichao
wsrep_cluster_address = gcomm://${members}
wsrep_node_name = ${name}
wsrep_node_address = 127.0.0.1:${own.group}
wsrep_node_incoming_address = 127.0.0.1:${own.sql}
wsrep_sst_receive_address = 127.0.0.1:${own.sst}
wsrep_sst_method = rsync
wsrep_slave_threads = 2
`;
}

const ASK_MS = 3_000;

/** One question to one node, over a connection of its own. */
export async function ask(url: string, sql: string): Promise<RowDataPacket[]> {
  const connection = await createConnection({ uri: url, connectTimeout: ASK_MS });
  connection.on("error", () => {});
  try {
    const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: ASK_MS });
    return Array.isArray(rows) ? rows : [];
  } finally {
    connection.destroy();
  }
}
