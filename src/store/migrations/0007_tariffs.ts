import { type Kysely, sql } from "kysely";
import type { Schema } from "../schema.ts";
import {
  actor,
  addIndex,
  code,
  id,
  int,
  type Kind,
  key,
  long,
  makeTables,
  maybe,
  name,
  reason,
  type Table,
  text,
} from "./make-tables.ts";
import { holidays2026, holidays2027 } from "./seed-holidays.ts";

const tables: Readonly<Record<string, Table>> = {
  tariff: {
    columns: { id: int, project_id: int, name, kind: code, note: reason, rev: int, created_by: actor, created_at: int },
    key: ["id"],
    unique: [["project_id", "name"]],
  },
  tariff_version: {
    columns: {
      id,
      tariff_id: int,
      from_at: int,
      terms: long,
      change_id: id,
      approved_by: actor,
      approved_at: int,
      applied_at: int,
    },
    key: ["id"],
    unique: [["tariff_id", "from_at"]],
    indexes: [["applied_at", "from_at"]],
  },
  meter_tariff: {
    columns: {
      meter_id: int,
      from_at: int,
      tariff_id: maybe(int),
      price_e4: maybe(int),
      change_id: maybe(id),
      approved_by: actor,
      approved_at: int,
      applied_at: int,
    },
    key: ["meter_id", "from_at"],
    withoutRowid: true,
    indexes: [["applied_at", "from_at"], ["tariff_id"], ["change_id"]],
  },
  price_change: {
    columns: {
      id,
      idem_key: key,
      request_hash: text(64),
      project_id: int,
      kind: code,
      tariff_id: maybe(int),
      from_at: int,
      content: long,
      state: code,
      rev: int,
      reason,
      made_by: actor,
      made_at: int,
      decided_by: maybe(actor),
      decided_at: maybe(int),
      decided_reason: reason,
      approval_id: maybe(id),
      updated_at: int,
    },
    key: ["id"],
    unique: [["idem_key"]],
    indexes: [["project_id", "made_at"], ["tariff_id", "from_at"], ["state"]],
  },
  price_change_meter: {
    columns: { change_id: id, meter_id: int },
    key: ["change_id", "meter_id"],
    withoutRowid: true,
    indexes: [["meter_id"]],
  },
  usage_charge: {
    columns: {
      meter_id: int,
      reading_at: int,
      line: int,
      rev: int,
      account_id: int,
      source: code,
      from_reading_at: int,
      from_index_wh: int,
      index_wh: int,
      ratio: int,
      from_at: int,
      to_at: int,
      tariff_id: maybe(int),
      version_id: maybe(id),
      rate: maybe(code),
      tier: maybe(int),
      period_at: maybe(int),
      period_wh: maybe(int),
      usage_wh: int,
      price_e4: maybe(int),
      amount_e4: int,
      residue_before: int,
      residue: int,
      estimated: int,
      transfer_id: maybe(key),
      booked_at: int,
    },
    key: ["meter_id", "reading_at", "line", "rev"],
    indexes: [["account_id", "reading_at"]],
  },
  tier_count: {
    columns: { meter_id: int, tariff_id: int, period_at: int, account_id: int, used_wh: int },
    key: ["meter_id", "tariff_id"],
    withoutRowid: true,
  },
  calendar_day: {
    columns: { day: text(10), kind: code, name, provisional: int, updated_by: actor, updated_at: int },
    key: ["day"],
    withoutRowid: true,
  },
  no_cut_window: {
    columns: {
      id,
      scope: code,
      ref_id: int,
      name,
      days: text(64),
      from_minute: int,
      to_minute: int,
      rev: int,
      updated_by: actor,
      updated_at: int,
    },
    key: ["id"],
    indexes: [["scope", "ref_id"]],
  },
  emergency_credit: {
    columns: {
      id,
      idem_key: key,
      account_id: int,
      open_account: maybe(int),
      amount_e4: int,
      granted_by: actor,
      reason,
      granted_at: int,
      repaid_at: maybe(int),
    },
    key: ["id"],
    unique: [["idem_key"], ["open_account"]],
    indexes: [["account_id", "granted_at"]],
  },
};

/** Prices with history, lines of settlements, the calendar, and an index of the meters that are due for settlement. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addDueColumn(db, kind);
  await addIndex(db, kind, "meter_state", ["settle_due", "meter_id"]);
  const days = [
    ...holidays2026.map((day) => ({ ...day, provisional: 0 })),
    ...holidays2027.map((day) => ({ ...day, provisional: 1 })),
  ];
  const orIgnore = kind === "mysql" ? sql`ignore` : sql`or ignore`;
  for (const { day, kind: of, name: called, provisional } of days) {
    await sql`insert ${orIgnore} into calendar_day (day, kind, name, provisional, updated_by, updated_at)
      values (${day}, ${of}, ${called}, ${provisional}, 'system', 0)`.execute(db);
  }
}

/**
 * `settle_due` is computed by the database from the two times that it is about, so nobody can forget to keep it: 1 while the latest
 * good index is newer than the settled one. It exists for its index and is never written.
 */
async function addDueColumn(db: Kysely<Schema>, kind: Kind): Promise<void> {
  const { rows } =
    kind === "sqlite"
      ? await sql`select name from pragma_table_xinfo('meter_state') where name = 'settle_due'`.execute(db)
      : await sql`select column_name from information_schema.columns where table_schema = database()
          and table_name = 'meter_state' and column_name = 'settle_due'`.execute(db);
  if (rows.length > 0) return;
  const type = kind === "sqlite" ? sql`integer` : sql`bigint`;
  await sql`alter table meter_state add column settle_due ${type}
    generated always as (case when index_at > settled_at then 1 else 0 end) virtual`.execute(db);
}
