import { createConnection } from "mysql2/promise";
import { assert } from "#base/errors.ts";
import { randomToken } from "#system/crypto.ts";
import { loginAt, mysqlServers, mysqlUrl } from "./mysql-address.ts";
import { CONNECTION_OPTIONS } from "./mysql-session.ts";
import { oneNode } from "./mysql-writer.ts";

/** The three users of a database: one that changes tables, one that the programs run as, one that only reads. */
export type MadeDatabase = { migrate: string; programs: string; readOnly: string };

const ROLES = [
  { role: "migrate", user: (name: string) => `${name}_migrate`, rights: "all privileges" },
  { role: "programs", user: (name: string) => name, rights: "select, insert, update, delete" },
  { role: "readOnly", user: (name: string) => `${name}_read`, rights: "select" },
] as const;

const PASSWORD_BYTES = 24;

/** How many tables a database has, asked as an administrator of its server; 0 also where there is no such database. */
export async function tablesInDatabase(admin: string, name: string): Promise<number> {
  const servers = mysqlServers(admin, name);
  const { database: _, ...login } = loginAt(servers, await oneNode(servers));
  const connection = await createConnection({ ...CONNECTION_OPTIONS, ...login });
  try {
    const asked = "select count(*) as count from information_schema.tables where table_schema = ?";
    const [rows] = await connection.query(asked, [name]);
    const [row] = rows as { count: number }[];
    assert(row !== undefined, "a count has one row");
    return Number(row.count);
  } finally {
    await connection.end();
  }
}

/**
 * Makes a database and its three users on a MySQL 8 or MariaDB, as an administrator of it: `admin` is an address without a database, of one server or of the nodes of a cluster. Passwords are made up and
 * answered this once; run again, it gives the users new ones and leaves the data alone. `from`: the host that they may come from, `%` for any.
 */
export async function createDatabase(input: { admin: string; name: string; from: string }): Promise<MadeDatabase> {
  const { name, from } = input;
  assert(/^[a-z][a-z0-9_]{0,24}$/.test(name), "the name of a database: small letters, digits, _");
  assert(/^[\w.%:-]{1,60}$/.test(from), "a host, or % for any");
  const admin = mysqlServers(input.admin, name);
  const { database: _, ...login } = loginAt(admin, await oneNode(admin));
  const connection = await createConnection({ ...CONNECTION_OPTIONS, ...login });
  const made: MadeDatabase = { migrate: "", programs: "", readOnly: "" };
  try {
    await connection.query(`create database if not exists \`${name}\` character set utf8mb4 collate utf8mb4_bin`);
    for (const { role, user, rights } of ROLES) {
      const password = randomToken(PASSWORD_BYTES);
      const who = `'${user(name)}'@'${from}'`;
      await connection.query(`create user if not exists ${who} identified by '${password}'`);
      await connection.query(`alter user ${who} identified by '${password}'`);
      await connection.query(`grant ${rights} on \`${name}\`.* to ${who}`);
      made[role] = mysqlUrl({ ...admin, user: user(name), password });
    }
  } finally {
    await connection.end();
  }
  return made;
}
