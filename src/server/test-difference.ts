import { sql } from "kysely";
import type { Db } from "#store/db.ts";
import { creditFacts, noteDifference } from "#store/reconcile.ts";

/** Makes it so that a meter has just shown more credit than it was sold, and that the difference was found: `difference-<meter>`. */
export async function differ(db: Db, meterId: number): Promise<void> {
  const id = `difference-${meterId}`;
  await db.transact(async (tx) => {
    const lots = await sql<{ left: number | null }>`select sum(units_wh - used_wh) as ${sql.ref("left")}
      from credit_lot where meter_id = ${meterId}`.execute(tx);
    const shown = Math.max(0, Number(lots.rows[0]?.left ?? 0)) + 7_000;
    await sql`update meter_state set remaining_wh = ${shown}, remaining_at = index_at, settled_at = index_at,
      purchase_count_read_at = index_at, purchase_count_read = purchase_count, top_up_open = null, suspect_wh = null
      where meter_id = ${meterId}`.execute(tx);
    await tx.updateTable("recharge_order").set({ state: "confirmed" }).where("meter_id", "=", meterId).execute();
    const facts = (await creditFacts(tx, meterId))[0];
    await tx.deleteFrom("difference").where("id", "=", id).execute();
    const figures = { expected: Number(facts?.books ?? 0), actual: shown, value_e4: 0, cause: "unknown" as const };
    const ends = { ended_at: null, ended_by: null, reason: "", transfer_id: null };
    await noteDifference(tx, {
      ...{ id, open_key: `remaining|${id}`, kind: "remaining", object: `meter:${meterId}`, project_id: 1 },
      ...{ meter_id: meterId, detail: "{}", state: "open", found_at: 1, seen_at: 1, version: 0, ...figures, ...ends },
    });
  });
}
