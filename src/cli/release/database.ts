import { existsSync } from "node:fs";
import { createDatabase, tablesInDatabase } from "#store/create-database.ts";
import { embeddedDatabase, openDatabase } from "#store/db.ts";
import { appliedMigrations } from "#store/engine-settings.ts";
import { leaveBehind, takeUpAgain } from "#store/left-behind.ts";
import { ANNOUNCED_MS } from "#store/migrate.ts";
import { LEFT_BEHIND, type MigrationMark } from "#store/migration-marks.ts";
import { pause } from "#system/clock.ts";
import { type Place, settingsIn } from "./site.ts";
import { Refused } from "./steps.ts";

/** The database of an installation: as the programs use it, and as tables are changed in it. */
export function databaseOf(place: Place): { programs: string; migrate: string } {
  const programs = settingsIn(place.settings).JICHAO_DB ?? embeddedDatabase(place.dataDir);
  return { programs, migrate: settingsIn(place.migrateSettings).JICHAO_DB ?? programs };
}

/** What was applied to a database; null while it has no tables. */
export async function marksIn(url: string): Promise<MigrationMark[] | null> {
  if (!/^(mysql|mariadb):/.test(url) && !existsSync(url.replace(/^sqlite:/, ""))) return null;
  const db = await openDatabase(url);
  try {
    return await appliedMigrations(db.read);
  } finally {
    await db.close();
  }
}

/** Whether a database was left behind for a restored one. */
export async function isLeft(url: string): Promise<boolean> {
  return (await marksIn(url))?.some(({ name }) => name === LEFT_BEHIND) ?? false;
}

/** Shuts the programs of all servers out of a database, and waits until those that run have seen it; an embedded one has none elsewhere. */
export async function leave(url: string): Promise<void> {
  const db = await openDatabase(url);
  try {
    await leaveBehind(db);
    if (db.kind === "mysql") await pause(ANNOUNCED_MS);
  } finally {
    await db.close();
  }
}

/** Lets programs work on a database again that was left behind; on any other nothing is done. */
export async function takeUp(url: string): Promise<void> {
  if (!(await isLeft(url))) return;
  const db = await openDatabase(url);
  try {
    await takeUpAgain(db);
  } finally {
    await db.close();
  }
}

/** The addresses of a database by their users; a file has only one. */
export type Addresses = { programs: string; migrate: string | null; readOnly: string | null };

/** Makes a database with its users, and refuses one that holds tables: somebody's books are in it. */
export async function newDatabase(input: { admin: string; name: string; from: string }): Promise<Addresses> {
  const { name } = input;
  if (!/^[a-z][a-z0-9_]{0,24}$/.test(name))
    throw new Refused("库名只能用小写字母、数字和 _", "the name of a database: small letters, digits, _");
  const there = await tablesInDatabase(input.admin, name);
  if (there === 0) return await createDatabase(input);
  throw new Refused(
    `数据库 ${name} 里已有 ${there} 张表,未作任何改动。请用 --name 另取库名;要接着用它,请把它的地址写进 jichao.env 的 JICHAO_DB`,
    `the database ${name} already holds ${there} tables; nothing was changed. Choose another by --name; to go on with this one, write its address into jichao.env as JICHAO_DB`,
  );
}
