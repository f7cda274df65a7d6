import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "mysql2/promise";
import { startMariadb } from "../test/mariadb.ts";

/**
 * Runs a command with a MariaDB of its own, which is gone afterwards:
 *   node tools/node24.mjs --run tools/mariadb.ts -- node tools/node24.mjs start
 * `JICHAO_DB` is an empty database in it, `JICHAO_TEST_MYSQL` the server for tests. Without a command it prints the
 * address and runs until Ctrl-C.
 */
async function main(): Promise<number> {
  const server = await startMariadb();
  if (server === null) {
    console.error("没有找到 MariaDB。安装 / No MariaDB found; install it: sudo apt-get install -y mariadb-server");
    return 1;
  }
  try {
    const connection = await createConnection(server.url);
    await connection.query("create database jichao character set utf8mb4 collate utf8mb4_bin");
    await connection.end();
    const url = `${server.url}/jichao`;
    console.error(`MariaDB: ${url}`);
    return await run({ ...process.env, JICHAO_DB: url, JICHAO_TEST_MYSQL: server.url });
  } finally {
    await server.stop();
  }
}

async function run(env: NodeJS.ProcessEnv): Promise<number> {
  const given = process.argv.slice(2);
  const [program, ...args] = given[0] === "--" ? given.slice(1) : given;
  if (program === undefined) {
    const stays = setInterval(() => {}, 60_000);
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    clearInterval(stays);
    return 0;
  }
  const child = spawn(program, args, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

process.exitCode = await main();
