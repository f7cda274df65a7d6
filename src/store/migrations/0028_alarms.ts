import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { actor, bytes, code, id, int, type Kind, long, makeTables, maybe, reason, type Table } from "./make-tables.ts";

/** Tables of alarms; their meaning is told in `schema-alarms.ts`. */
const tables: Readonly<Record<string, Table>> = {
  alarm: {
    columns: {
      id,
      meter_id: int,
      kind: code,
      level: code,
      open_mark: maybe(int),
      opened_at: int,
      since_at: int,
      evidence: long,
      index_wh: int,
      index_at: int,
      acknowledged_by: maybe(actor),
      acknowledged_at: maybe(int),
      acknowledge_note: reason,
      closed_at: maybe(int),
      closed_how: maybe(code),
      finding: maybe(code),
      visited_by: maybe(actor),
      visited_at: maybe(int),
      visit_note: reason,
    },
    key: ["id"],
    unique: [["meter_id", "kind", "open_mark"]],
    indexes: [
      ["open_mark", "kind"],
      ["meter_id", "visited_at"],
    ],
  },
  alarm_photo: { columns: { alarm_id: id, type: code, bytes }, key: ["alarm_id"] },
  static_watch: { columns: { meter_id: int, due_at: int }, key: ["meter_id"], indexes: [["due_at"]] },
};

/** Who sees alarms, and who handles them, among the roles of a new installation. */
const granted: Readonly<Record<string, readonly string[]>> = {
  admin: ["alarm.view", "alarm.handle"],
  maintenance: ["alarm.view", "alarm.handle"],
  area_manager: ["alarm.view", "alarm.handle"],
  auditor: ["alarm.view"],
};

/** Makes the tables; roles of an installation that is there already may do what seed roles of a new one may. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  for (const role of await db.selectFrom("role").selectAll().execute()) {
    const more = granted[role.code];
    if (more === undefined) continue;
    const has = new Set(JSON.parse(role.permissions) as string[]);
    for (const each of more) has.add(each);
    const permissions = JSON.stringify([...has]);
    await db.updateTable("role").set({ permissions }).where("id", "=", role.id).execute();
  }
}
