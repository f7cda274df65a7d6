import { sql } from "kysely";
import { AppError } from "#base/errors.ts";
import type { FlowContext } from "#flows/context.ts";
import { pause, systemClock } from "#system/clock.ts";

const LOOK_MS = 200;
const HEAL_MS_MAX = 120_000;

/** Looks at the books all the time on a connection of its own: the sum must be zero in every look, not only at the end. */
export function watchBooks(ctx: FlowContext) {
  const ending = new AbortController();
  let looks = 0;
  let worstSum = 0;
  const looking = (async () => {
    while (!ending.signal.aborted) {
      const total = await sumOfAll(ctx);
      if (total !== null) looks++;
      if (total !== null && Math.abs(total) > Math.abs(worstSum)) worstSum = total;
      await pause(LOOK_MS, ending.signal);
    }
  })();
  return {
    async stop() {
      ending.abort();
      await looking;
      return { looks, worstSum };
    },
  };
}

/** The sum of all entries, 1/10000 yuan; null while the database is away. */
export async function sumOfAll({ db }: FlowContext): Promise<number | null> {
  try {
    const found = await sql<{ total: number | null }>`select sum(amount_e4) as total from ledger_entry`.execute(
      db.read,
    );
    return Number(found.rows[0]?.total ?? 0);
  } catch (error) {
    if (error instanceof AppError && error.code === "database_unavailable") return null;
    throw error;
  }
}

/** Waits until no recharge is under way any more. */
export async function quiet(ctx: FlowContext): Promise<void> {
  const deadline = systemClock() + HEAL_MS_MAX;
  while (systemClock() < deadline) {
    const open = await ctx.db.read
      .selectFrom("recharge_order")
      .select("order_no")
      .where("state", "in", ["booked", "sent", "unknown"])
      .limit(1)
      .executeTakeFirst();
    if (!open) return;
    await pause(LOOK_MS);
  }
}
