import { existsSync } from "node:fs";
import { createDatabase, tablesInDatabase } from "#store/create-database.ts";
import { embeddedDatabase, openDatabase } from "#store/db.ts";
import { appliedMigrations } from "#store/engine-settings.ts";
import type { MigrationMark } from "#store/migration-marks.ts";
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
