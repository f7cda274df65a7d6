import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import {
  actor,
  addColumns,
  code,
  id,
  int,
  type Kind,
  key,
  long,
  makeTables,
  maybe,
  reason,
  type Table,
} from "./make-tables.ts";

/** Sheets of move-outs, and the lots that refunds took from; their meaning is told in `schema-refunds.ts`. */
const tables: Readonly<Record<string, Table>> = {
  move_out_sheet: {
    columns: {
      move_out_no: code,
      rev: int,
      is_final: int,
      sheet: long,
      payable_e4: int,
      owed_e4: int,
      rest_e4: int,
      approval_id: maybe(id),
      made_by: actor,
      made_at: int,
    },
    key: ["move_out_no", "rev"],
    indexes: [["approval_id"]],
  },
  refund_lot: {
    columns: { refund_no: code, lot_id: id, sequence: int, order_no: maybe(code), taken_wh: int, taken_e4: int },
    key: ["refund_no", "lot_id"],
  },
};

/** Makes what is missing. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addColumns(db, kind, "move_out", {
    confirmed_by: { column: maybe(actor) },
    paid_by: { column: maybe(actor) },
    payout_note: { column: reason, fill: "" },
  });
  await addColumns(db, kind, "move_out_meter", {
    source: { column: code, fill: "" },
    source_reason: { column: reason, fill: "" },
    source_by: { column: maybe(actor) },
    override_e4: { column: maybe(int) },
    override_reason: { column: reason, fill: "" },
    override_by: { column: maybe(actor) },
    reads: { column: int, fill: 0 },
  });
  await addColumns(db, kind, "tenancy", { idem_key: { column: maybe(key) } });
}
