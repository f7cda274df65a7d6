import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { createConnection } from "mysql2/promise";
import { pause } from "#system/clock.ts";
import { freePort } from "./free-port.ts";

/** A MariaDB of our own, on the loopback address, that is gone when it is stopped. `url` has no database's name yet. */
export type Mariadb = { url: string; stop(): Promise<void> };

const START_MS_MAX = 60_000;
/** What the server said last, for the person whose tests did not start. */
const COMPLAINT_CHARS_MAX = 4_000;

/** The server that this run of tests shares: the one of JICHAO_TEST_MYSQL, else a fresh one; null when none can be had. */
export async function startSharedMariadb(): Promise<Mariadb | null> {
  const given = process.env.JICHAO_TEST_MYSQL;
  if (given) return { url: given, stop: async () => {} };
  const server = await startMariadb();
  if (server) process.env.JICHAO_TEST_MYSQL = server.url;
  return server;
}

/** Starts a MariaDB in a folder of its own; null when it is not installed. */
export async function startMariadb(): Promise<Mariadb | null> {
  const [program, installer] = [find("mariadbd", "mysqld"), find("mariadb-install-db")];
  if (program === null || installer === null) return null;
  const folder = mkdtempSync(join(tmpdir(), "jichao-mariadb-"));
  const asUser = userInfo().uid === 0 ? ["--user=mysql"] : []; // the server refuses to run as root
  if (asUser.length > 0) execFileSync("chown", ["mysql", folder]);
  const data = `--datadir=${join(folder, "data")}`;
  execFileSync(
    installer,
    ["--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db", ...asUser],
    { stdio: "ignore", env: { ...process.env, TMPDIR: folder } },
  );
  const port = await freePort();
  const { exited, complaint, stop } = guarded(folder, [
    program,
    "--no-defaults",
    data,
    `--socket=${join(folder, "socket")}`,
    `--port=${port}`,
    `--tmpdir=${folder}`, // a server that starts clears its own of what another one is using
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-flush-log-at-trx-commit=1", // as in production: tests measure and kill
    "--innodb-buffer-pool-size=256M",
    "--performance-schema=OFF",
    "--max-connections=400",
    ...asUser,
  ]);
  const url = `mysql://root@127.0.0.1:${port}`;
  try {
    await Promise.race([
      answering(url),
      exited.then(() => {
        throw new Error("it ended");
      }),
    ]);
  } catch (cause) {
    await stop();
    throw new Error(`MariaDB did not start: ${complaint()}`, { cause });
  }
  return { url, stop };
}

/** Kills the server and removes its folder when standard input ends: however we go, also by kill -9, it goes too. */
const GUARD = `
exec 3<&0
folder=$1; shift
"$@" >/dev/null & server=$!
exec 2>/dev/null # nobody may be left to read what the shell says
( read -r _ <&3; kill -9 $server ) & watcher=$!
wait $server
kill $watcher 2>/dev/null
rm -rf "$folder"
`;

function guarded(folder: string, command: readonly string[]) {
  const child = spawn("sh", ["-c", GUARD, "sh", folder, ...command], {
    stdio: ["pipe", "ignore", "pipe"],
    detached: true, // Ctrl-C is for us; the guard outlives us by a moment
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-COMPLAINT_CHARS_MAX);
  });
  const exited = once(child, "exit");
  return {
    exited,
    complaint: () => said,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

async function answering(url: string): Promise<void> {
  const giveUpAt = performance.now() + START_MS_MAX;
  for (;;) {
    try {
      const connection = await createConnection(url);
      return await connection.end();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await pause(50);
    }
  }
}

/** Where a program of the database server lies; null when it is not installed. */
export function find(...names: string[]): string | null {
  const places = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"];
  return names.flatMap((name) => places.map((place) => join(place, name))).find((path) => existsSync(path)) ?? null;
}
