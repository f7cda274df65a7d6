import { sql } from "kysely";
import type { Db } from "./db.ts";
import { appliedMigrations, engineSettings } from "./engine-settings.ts";

/** What is counted, by which columns: codes of our own, never anything that a person has typed. */
const COUNTED: Readonly<Record<string, readonly string[]>> = {
  command: ["kind", "state"],
  recharge_order: ["state", "channel"],
  meter: ["kind", "profile", "mode", "switch_kind"],
  concentrator: ["online", "link_kind", "trust"],
  meter_event: ["kind", "severity"],
  difference: ["kind", "state", "cause"],
  approval: ["kind", "state"],
  backup_run: ["kind", "checked", "ok"],
  quarantine_meter: ["state", "reason"],
  meter_exchange: ["state"],
  refund: ["state"],
};

/** What of a database may leave the house: versions, numbers of rows, states; no names, numbers, texts or keys. */
export async function databaseFacts(db: Db): Promise<Record<string, unknown>> {
  const tables = await db.read.introspection.getTables();
  const rows: Record<string, number> = {};
  for (const { name } of tables) {
    const found = await sql<{ n: number }>`select count(*) as n from ${sql.table(name)}`.execute(db.read);
    rows[name] = Number(found.rows[0]?.n ?? 0);
  }
  const states: Record<string, unknown> = {};
  for (const [table, columns] of Object.entries(COUNTED)) {
    const named = sql.join(columns.map((column) => sql.ref(column)));
    const found = await sql<
      Record<string, unknown>
    >`select ${named}, count(*) as n from ${sql.table(table)} group by ${named}`.execute(db.read);
    states[table] = found.rows;
  }
  return {
    engine: await db.version(),
    settings: Object.fromEntries(await engineSettings(db.read)),
    migrations: (await appliedMigrations(db.read))?.map(({ name }) => name) ?? null,
    rows,
    states,
  };
}
