import type { Tx } from "./db.ts";

/** How many meters there are and how many readings were stored so far, for the health page. */
export async function healthCounts(tx: Tx): Promise<{ meters: number; readings: number }> {
  const meters = await tx
    .selectFrom("meter")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  const readings = await tx
    .selectFrom("tally")
    .select((eb) => eb.fn.sum<number>("value").as("sum"))
    .where("name", "like", "readings:%")
    .executeTakeFirst();
  return { meters: Number(meters.count), readings: Number(readings?.sum ?? 0) };
}
