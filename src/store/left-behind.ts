import { sql } from "kysely";
import type { Db } from "./db.ts";
import { LEFT_BEHIND } from "./migration-marks.ts";

/** Shuts all programs out of a database that is left for another one; everything in it can still be read. Done again it changes nothing. */
export async function leaveBehind(db: Db): Promise<void> {
  await db.transact(async (tx) => {
    const { rows } = await sql`select name from migration where name = ${LEFT_BEHIND}`.execute(tx);
    if (rows.length === 0) await sql`insert into migration (name) values (${LEFT_BEHIND})`.execute(tx);
  });
}

/** Lets programs work on it again. */
export async function takeUpAgain(db: Db): Promise<void> {
  await db.transact(async (tx) => {
    await sql`delete from migration where name = ${LEFT_BEHIND}`.execute(tx);
  });
}
