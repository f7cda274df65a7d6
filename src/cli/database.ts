import { parseArgs } from "node:util";
import { createDatabase } from "#store/create-database.ts";
import { embeddedDatabase, openDatabase } from "#store/db.ts";
import { type Environment, installationConfig } from "#system/environment.ts";
import { adminAddress, terminal } from "./admin-address.ts";

const USAGE = `用法 usage: jichao database create --admin mysql://管理员ADMIN@主机HOST:3306 | --admin-file 文件FILE  [--name jichao] [--from 来源HOST]
  --admin 不写密码,随后会问 the password is left out and asked for`;

/**
 * `jichao database create`: a database with three users (one changes tables, one is what the programs run as, one only reads) and all its tables. Prints their addresses,
 * once.
 */
export async function databaseCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      admin: { type: "string" },
      "admin-file": { type: "string" },
      name: { type: "string", default: "jichao" },
      from: { type: "string", default: "%" },
    },
  });
  const { name, from } = values;
  const isRight = positionals.join() === "create" && /^[a-z][a-z0-9_]{0,24}$/.test(name);
  const admin = isRight ? await adminAddress(values, { isTrial: false, ask: terminal() }) : null;
  if (admin === null) {
    console.error(USAGE);
    return 2;
  }
  const made = await createDatabase({ admin, name, from });
  await applied(made.migrate);
  console.log(
    [
      "# 升级时使用 for upgrades: JICHAO_DB=… jichao migrate",
      `#JICHAO_DB=${made.migrate}`,
      "# 只读,供报表工具使用 read only, for tools of reports",
      `#JICHAO_DB=${made.readOnly}`,
      "# 程序运行时使用,写入 /etc/jichao/jichao.env what the programs run as",
      `JICHAO_DB=${made.programs}`,
    ].join("\n"),
  );
  return 0;
}

/** `jichao migrate`: brings the tables up to date. Stopped anywhere, it is run again and goes on. */
export async function migrateCommand(env: Environment): Promise<number> {
  const { databaseUrl, dataDir } = installationConfig(env);
  console.log(JSON.stringify({ applied: await applied(databaseUrl ?? embeddedDatabase(dataDir)) }));
  return 0;
}

async function applied(url: string): Promise<string[]> {
  const db = await openDatabase(url);
  try {
    return await db.migrate();
  } finally {
    await db.close();
  }
}
