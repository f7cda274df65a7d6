import { type Kysely, sql } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, addColumns, code, int, type Kind, long, makeTables, maybe, type Table } from "./make-tables.ts";

const tables: Readonly<Record<string, Table>> = {
  root_key: {
    columns: {
      version: int,
      state: code,
      sealed: maybe(long),
      check_value: code,
      made_by: actor,
      made_at: int,
      activated_by: actor,
      activated_at: int,
    },
    key: ["version"],
  },
  meter_key: {
    columns: { meter_id: int, version: int, next_version: maybe(int), asked_at: int, changed_at: int },
    key: ["meter_id"],
    indexes: [["version"]],
  },
};

/**
 * Root keys get versions. The one key that there was is version 1, every meter of our own profile has it, and so has every top-up that
 * was made. Its check value is filled in when it is next used: nothing here can open it.
 */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addColumns(db, kind, "command", { key_version: { column: maybe(int) } });
  await sql`insert into root_key (version, state, sealed, check_value, made_by, made_at, activated_by, activated_at)
    select 1, 'active', value, '', updated_by, updated_at, updated_by, updated_at from setting
    where setting.${sql.ref("key")} = 'meter_master_key' and not exists (select 1 from root_key)`.execute(db);
  await sql`insert into meter_key (meter_id, version, next_version, asked_at, changed_at)
    select id, 1, null, 0, created_at from meter
    where profile = 'jc1' and id not in (select meter_id from meter_key)`.execute(db);
  await sql`update command set key_version = 1
    where kind = 'top_up' and frame_hex is not null and key_version is null`.execute(db);
  await sql`delete from setting where setting.${sql.ref("key")} = 'meter_master_key'`.execute(db);
}
