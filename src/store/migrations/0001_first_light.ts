import { type CreateTableBuilder, type Kysely, type RawBuilder, sql } from "kysely";
import type { Schema } from "../schema.ts";

type Kind = "sqlite" | "mysql";
type Column = { type: "int" | "text"; chars: number; nullable: boolean };
type Table = {
  columns: Readonly<Record<string, Column>>;
  key: readonly string[];
  /** SQLite: rows live in the key itself. For keys that are not one integer, and rows that are short. */
  withoutRowid?: true;
  unique?: readonly (readonly string[])[];
  indexes?: readonly (readonly string[])[];
};

/** Whole numbers are 64 bits wide everywhere: what counts watt-hours or milliseconds outgrows 32. */
const int: Column = { type: "int", chars: 0, nullable: false };
/** Text of at most so many characters; SQLite does not count, the contracts do. */
const text = (chars: number): Column => ({ type: "text", chars, nullable: false });
const maybe = (column: Column): Column => ({ ...column, nullable: true });

const id = text(20);
const code = text(32);
const name = text(100);
const key = text(128);
const actor = text(64);
const reason = text(500);
/** JSON and other text that nobody searches: beyond what a VARCHAR of an indexed row should hold. */
const long = text(60_000);

/** The tables of the first release; their meaning is told in `schema.ts`. */
const tables = (kind: Kind): Readonly<Record<string, Table>> => ({
  project: { columns: { id: int, name }, key: ["id"] },
  area: {
    columns: { id: int, project_id: int, parent_id: maybe(int), name, sort: int },
    key: ["id"],
    indexes: [["parent_id"]],
  },
  area_ancestor: {
    columns: { area_id: int, ancestor_id: int },
    key: ["area_id", "ancestor_id"],
    withoutRowid: true,
    indexes: [["ancestor_id", "area_id"]],
  },
  box: { columns: { id: int, area_id: int, name }, key: ["id"], indexes: [["area_id"]] },
  room: { columns: { id: int, area_id: int, name }, key: ["id"], indexes: [["area_id"]] },
  customer: {
    columns: { id: int, project_id: int, name, phone: code, created_at: int },
    key: ["id"],
    indexes: [["name"], ["phone"]],
  },
  account: {
    columns: {
      id: int,
      customer_id: int,
      number: code,
      credit_at: code,
      overdraft_e4: int,
      arrears_evaluations: int,
      arrears_reading_at: int,
      version: int,
    },
    key: ["id"],
    unique: [["number"]],
    indexes: [["customer_id"]],
  },
  concentrator: {
    columns: {
      id: int,
      project_id: int,
      area_id: int,
      code,
      name,
      key_sealed: text(500),
      meters_max: int,
      owner: maybe(actor),
      epoch: int,
      lease_until: int,
      online: int,
      online_changed_at: int,
      last_seen_at: int,
      rssi_dbm: maybe(int),
    },
    key: ["id"],
    unique: [["code"]],
    indexes: [["lease_until"]],
  },
  meter: {
    columns: {
      id: int,
      project_id: int,
      area_id: int,
      room_id: maybe(int),
      box_id: maybe(int),
      account_id: maybe(int),
      number: code,
      label: name,
      kind: code,
      profile: code,
      address: code,
      concentrator_id: int,
      bus: int,
      mode: code,
      switch_kind: code,
      closes_by: code,
      price_e4: int,
      ratio: int,
      power_max_w: int,
      low_credit_wh: int,
      supply_guard: int,
      created_at: int,
    },
    key: ["id"],
    unique: [["number"]],
    indexes: [["concentrator_id", "bus", "address"], ["area_id"], ["account_id"], ["room_id"], ["box_id"]],
  },
  meter_state: {
    columns: {
      meter_id: int,
      index_wh: maybe(int),
      index_at: int,
      remaining_wh: maybe(int),
      remaining_at: int,
      purchase_count: int,
      purchase_count_read: maybe(int),
      purchase_count_read_at: int,
      relay: maybe(code),
      relay_at: int,
      relay_commanded: maybe(code),
      relay_commanded_at: int,
      relay_commanded_for: maybe(code),
      off_cause: maybe(code),
      status_word3: maybe(int),
      voltage_mv: maybe(int),
      current_ma: maybe(int),
      power_w: maybe(int),
      instant_at: int,
      last_answer_at: int,
      silent_rounds: int,
      silent_at: int,
      settled_index_wh: maybe(int),
      suspect_wh: maybe(int),
      suspect_at: int,
      settled_at: int,
      settled_residue: int,
      low_credit: int,
      top_ups_stopped: int,
      top_up_open: maybe(id),
      frame_count: int,
      changed_at: int,
      version: int,
    },
    key: ["meter_id"],
    indexes: [["changed_at"]],
  },
  // Time first on SQLite: readings arrive in that order, so one page takes many. A meter's history goes by its index,
  // which the primary key completes. On the MySQL family the key itself is the history.
  reading: {
    columns: { meter_id: int, register: int, measured_at: int, value: int, verdict: int, received_at: int },
    key: kind === "sqlite" ? ["measured_at", "register", "meter_id"] : ["meter_id", "register", "measured_at"],
    withoutRowid: true,
    indexes: kind === "sqlite" ? [["meter_id", "register", "measured_at"]] : [["measured_at"]],
  },
  meter_event: {
    columns: { id, meter_id: int, at: int, kind: code, severity: code, detail: text(2_000) },
    key: ["id"],
    indexes: [["meter_id", "at"], ["at"]],
  },
  frame_log: {
    columns: {
      meter_id: int,
      slot: int,
      at: int,
      direction: code,
      hex: text(2_000),
      command_id: maybe(id),
      took_ms: int,
    },
    key: ["meter_id", "slot"],
  },
  ledger_account: {
    columns: {
      id: text(64),
      kind: code,
      ref_id: int,
      balance_e4: int,
      reserved_e4: int,
      floor_e4: maybe(int),
      version: int,
    },
    key: ["id"],
    withoutRowid: true,
    unique: [["kind", "ref_id"]],
  },
  ledger_transfer: {
    columns: {
      id: key,
      kind: code,
      pending: int,
      at: int,
      actor,
      order_no: maybe(code),
      meter_id: maybe(int),
      memo: reason,
    },
    key: ["id"],
    indexes: [["at"], ["order_no"], ["meter_id", "at"]],
  },
  ledger_entry: {
    columns: { transfer_id: key, line: int, account_id: text(64), amount_e4: int },
    key: ["transfer_id", "line"],
    withoutRowid: true,
    indexes: [["account_id"]],
  },
  ledger_resolution: {
    columns: { transfer_id: key, outcome: code, at: int, actor },
    key: ["transfer_id"],
    withoutRowid: true,
  },
  credit_lot: {
    columns: {
      id: key,
      meter_id: int,
      sequence: int,
      units_wh: int,
      cost_e4: int,
      used_wh: int,
      used_e4: int,
      order_no: maybe(code),
      made_at: int,
    },
    key: ["id"],
    unique: [["meter_id", "sequence"]],
    indexes: [["order_no"]],
  },
  recharge_order: {
    columns: {
      order_no: code,
      idem_key: key,
      request_hash: text(64),
      meter_id: int,
      account_id: int,
      customer_id: int,
      channel: code,
      amount_e4: int,
      price_e4: int,
      wallet_before_e4: int,
      debts_e4: int,
      units_wh: int,
      units_cost_e4: int,
      wallet_after_e4: int,
      state: code,
      state_reason: reason,
      command_id: maybe(id),
      purchase_number: maybe(int),
      remaining_after_wh: maybe(int),
      created_by: actor,
      created_at: int,
      confirmed_at: maybe(int),
      note: reason,
      updated_at: int,
    },
    key: ["order_no"],
    unique: [["idem_key"]],
    indexes: [
      ["meter_id", "created_at"],
      ["account_id", "created_at"],
      ["customer_id", "created_at"],
      ["created_at"],
      ["updated_at"],
      ["command_id"],
      ["state", "created_at"],
    ],
  },
  command: {
    columns: {
      id,
      idem_key: key,
      meter_id: int,
      concentrator_id: int,
      kind: code,
      cause: code,
      priority: int,
      payload: text(2_000),
      order_no: maybe(code),
      purchase_number: maybe(int),
      frame_hex: maybe(text(2_000)),
      state: code,
      state_reason: reason,
      reason,
      requested_by: actor,
      not_before: int,
      expires_at: int,
      attempts: int,
      lease_token: maybe(actor),
      lease_until: int,
      lease_epoch: int,
      created_at: int,
      sent_at: maybe(int),
      done_at: maybe(int),
      result: maybe(text(2_000)),
      updated_at: int,
    },
    key: ["id"],
    unique: [["idem_key"]],
    indexes: [
      ["concentrator_id", "state", "not_before"],
      ["meter_id", "state"],
      ["meter_id", "created_at"],
      ["state", "lease_until"],
      ["order_no"],
      ["updated_at"],
    ],
  },
  off_evidence: {
    columns: {
      command_id: id,
      meter_id: int,
      balance_e4: int,
      floor_e4: int,
      reading_at: int,
      index_wh: int,
      evaluations: int,
      decided_at: int,
    },
    key: ["command_id"],
    indexes: [["meter_id", "decided_at"]],
  },
  audit: {
    columns: {
      id,
      at: int,
      actor,
      action: actor,
      object: key,
      before: maybe(long),
      after: maybe(long),
      reason,
      ip: actor,
    },
    key: ["id"],
    indexes: [["at"], ["object", "at"], ["actor", "at"]],
  },
  user: {
    columns: {
      id: int,
      login: actor,
      name,
      password_hash: text(255),
      disabled: int,
      all_meters: int,
      created_at: int,
    },
    key: ["id"],
    unique: [["login"]],
  },
  role: { columns: { id: int, code, name, permissions: text(4_000) }, key: ["id"], unique: [["code"]] },
  user_role: {
    columns: { user_id: int, role_id: int },
    key: ["user_id", "role_id"],
    withoutRowid: true,
    indexes: [["role_id"]],
  },
  user_scope: {
    columns: { user_id: int, kind: code, ref_id: int },
    key: ["user_id", "kind", "ref_id"],
    withoutRowid: true,
  },
  session: {
    columns: { token_hash: text(64), user_id: int, created_at: int, seen_at: int, expires_at: int, ip: actor },
    key: ["token_hash"],
    withoutRowid: true,
    indexes: [["expires_at"], ["user_id"]],
  },
  login_failure: {
    columns: { subject: key, failures: int, last_at: int },
    key: ["subject"],
    withoutRowid: true,
    indexes: [["last_at"]],
  },
  setting: { columns: { key: actor, value: long, updated_by: actor, updated_at: int }, key: ["key"] },
  sequence: { columns: { name: actor, next: int }, key: ["name"], withoutRowid: true },
  tally: { columns: { name: actor, value: int }, key: ["name"], withoutRowid: true },
});

/** Makes every table that is missing, each with its indexes in one statement where the engine commits each by itself. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  for (const [table, { columns, key, withoutRowid, unique = [], indexes = [] }] of Object.entries(tables(kind))) {
    let making: CreateTableBuilder<string, string> = db.schema.createTable(table).ifNotExists();
    for (const [column, spec] of Object.entries(columns)) {
      making = making.addColumn(column, columnType(kind, spec), (made) => (spec.nullable ? made : made.notNull()));
    }
    making = making.addPrimaryKeyConstraint(`${table}_key`, [...key]);
    for (const each of unique) making = making.addUniqueConstraint(`${table}_${each.join("_")}`, [...each]);
    if (kind === "mysql") {
      for (const each of indexes) making = making.addIndex(`${table}_by_${each.join("_")}`, [...each]);
    }
    await making.modifyEnd(tableEnd(kind, withoutRowid ?? false)).execute();
    if (kind === "mysql") continue;
    for (const each of indexes) {
      await db.schema
        .createIndex(`${table}_by_${each.join("_")}`)
        .ifNotExists()
        .on(table)
        .columns([...each])
        .execute();
    }
  }
}

function columnType(kind: Kind, { type, chars }: Column): RawBuilder<unknown> {
  if (kind === "sqlite") return type === "int" ? sql`integer` : sql`text`;
  if (type === "int") return sql`bigint`;
  return chars > VARCHAR_CHARS_MAX ? sql`mediumtext` : sql`varchar(${sql.lit(chars)})`;
}

/** A row of InnoDB holds 65 535 bytes of VARCHARs, four to a character. */
const VARCHAR_CHARS_MAX = 4_000;

function tableEnd(kind: Kind, withoutRowid: boolean): RawBuilder<unknown> {
  if (kind === "mysql") return sql`engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin row_format=dynamic`;
  return withoutRowid ? sql`strict, without rowid` : sql`strict`;
}
