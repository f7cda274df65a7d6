import { type Kysely, sql } from "kysely";
import type { Schema } from "../schema.ts";
import {
  actor,
  addColumns,
  code,
  int,
  type Kind,
  key,
  long,
  makeTables,
  maybe,
  name,
  type Table,
  text,
} from "./make-tables.ts";

const edited = { version: int, updated_by: actor, updated_at: int };

/** Tables of how meters are read; their meaning is told in `schema-collection.ts`. */
const tables: Readonly<Record<string, Table>> = {
  archive_revision: {
    columns: { concentrator_id: int, revision: int },
    key: ["concentrator_id"],
    indexes: [["revision"]],
  },
  collection_default: {
    columns: { project_id: int, read_interval_s: maybe(int), item_set_id: maybe(int), ...edited },
    key: ["project_id"],
  },
  channel: {
    columns: {
      concentrator_id: int,
      bus: int,
      name,
      kind: code,
      baud: maybe(int),
      enabled: int,
      read_interval_s: maybe(int),
      item_set_id: maybe(int),
      ...edited,
    },
    key: ["concentrator_id", "bus"],
    indexes: [["item_set_id"]],
  },
  item_set: {
    columns: { id: int, project_id: int, name, items: long, ...edited },
    key: ["id"],
    unique: [["project_id", "name"]],
  },
  archive_change: {
    columns: { idem_key: key, request_hash: text(64), object_id: int, at: int },
    key: ["idem_key"],
  },
  link_hour: {
    columns: { concentrator_id: int, hour_at: int, asked: int, answered: int },
    key: ["concentrator_id", "hour_at"],
    withoutRowid: true,
    indexes: [["hour_at"]],
  },
  collector_status: {
    columns: { name: code, started_at: int, seen_at: int, sessions: int, readings_waiting: int, lag_ms: int },
    key: ["name"],
  },
  collector_key: {
    columns: {
      name: code,
      key_hash: text(64),
      permissions: text(1_000),
      created_at: int,
      revoked_at: maybe(int),
      used_at: int,
    },
    key: ["name"],
    unique: [["key_hash"]],
  },
};

/** Makes every table that is missing; each bus that has meters becomes a channel. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addColumns(db, kind, "concentrator", {
    read_interval_s: { column: maybe(int) },
    version: { column: int, fill: 0 },
    retired_at: { column: maybe(int) },
  });
  await addColumns(db, kind, "meter", {
    item_set_id: { column: maybe(int) },
    version: { column: int, fill: 0 },
    retired_at: { column: maybe(int) },
  });
  await grant(db);
  await sql`insert into channel (concentrator_id, bus, name, kind, enabled, version, updated_by, updated_at)
    select meter.concentrator_id, meter.bus, concat('通道 ', meter.bus), 'rs485', 1, 0, 'system', 0
    from meter left join channel on channel.concentrator_id = meter.concentrator_id and channel.bus = meter.bus
    where channel.bus is null group by meter.concentrator_id, meter.bus`.execute(db);
}

/** Roles of an installation that is there already get what seed roles of a new one have. */
async function grant(db: Kysely<Schema>): Promise<void> {
  for (const role of await db.selectFrom("role").selectAll().execute()) {
    if (role.code !== "admin" && role.code !== "maintenance") continue;
    const has = new Set(JSON.parse(role.permissions) as string[]);
    for (const permission of ["meter.manage", "concentrator.manage"]) has.add(permission);
    await db
      .updateTable("role")
      .set({ permissions: JSON.stringify([...has]) })
      .where("id", "=", role.id)
      .execute();
  }
}
