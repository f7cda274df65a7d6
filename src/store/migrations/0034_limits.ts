import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { addIndex, int, type Kind, makeTables, maybe } from "./make-tables.ts";

/**
 * Limits of users, and indexes by which the day of one of them is summed. Nobody is limited at first. Programs that do not know the limits
 * would sell past them: none may go on beside this one.
 */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, {
    user_limit: {
      columns: {
        user_id: int,
        recharge_day_e4: maybe(int),
        recharge_one_e4: maybe(int),
        refund_day_e4: maybe(int),
        batch_meters: maybe(int),
        turn: int,
      },
      key: ["user_id"],
    },
  });
  await addIndex(db, kind, "recharge_order", ["created_by", "created_at"]);
  await addIndex(db, kind, "refund", ["created_by", "created_at"]);
  await addIndex(db, kind, "move_out", ["paid_by", "done_at"]);
}
