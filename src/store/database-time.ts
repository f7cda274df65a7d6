import { sql } from "kysely";
import type { Tx } from "./db.ts";
import { kindOf } from "./portable.ts";

/** What the clock of the database's machine shows, in epoch ms; null for an embedded database, which has none of its own. */
export async function databaseTime(tx: Tx): Promise<number | null> {
  if (kindOf(tx) === "sqlite") return null;
  const { rows } = await sql<{ at: number | string }>`select unix_timestamp(now(3)) * 1000 as at`.execute(tx);
  return Number(rows[0]?.at ?? Number.NaN);
}
