import { DAY_MS, HOUR_MS, type Instant, later, MINUTE_MS } from "#base/time.ts";
import { OPEN_STATES } from "./commands.ts";
import type { Tx } from "./db.ts";

/** Commands that have not ended, by the time since they were asked for; questions are left out, they end by themselves. */
export async function openCommandAges(read: Tx, now: Instant) {
  const rows = await read
    .selectFrom("command")
    .select((eb) => [
      eb
        .case()
        .when("created_at", ">", later(now, -MINUTE_MS))
        .then("minute")
        .when("created_at", ">", later(now, -HOUR_MS))
        .then("hour")
        .when("created_at", ">", later(now, -DAY_MS))
        .then("day")
        .else("older")
        .end()
        .as("age"),
      eb.fn.countAll<number>().as("count"),
      eb.fn.min("created_at").as("oldest"),
      eb.fn.sum<number>(eb.case().when("state", "=", "unknown").then(1).else(0).end()).as("unknown"),
    ])
    .where("state", "in", [...OPEN_STATES])
    .where("kind", "<>", "read")
    .groupBy("age")
    .execute();
  const of = (age: string) => Number(rows.find((row) => row.age === age)?.count ?? 0);
  const oldest = rows.map((row) => Number(row.oldest));
  return {
    minute: of("minute"),
    hour: of("hour"),
    day: of("day"),
    older: of("older"),
    unknown: rows.reduce((sum, row) => sum + Number(row.unknown), 0),
    oldestAt: oldest.length === 0 ? null : Math.min(...oldest),
  };
}

/** How many meters have answered lately, the last answer of all, and how many concentrators are there. */
export async function readingFreshness(read: Tx, since: Instant) {
  const meters = await read
    .selectFrom("meter_state")
    .select((eb) => [
      eb.fn.countAll<number>().as("meters"),
      eb.fn.sum<number | null>(eb.case().when("last_answer_at", ">=", since).then(1).else(0).end()).as("fresh"),
      eb.fn.max("last_answer_at").as("last"),
    ])
    .executeTakeFirstOrThrow();
  const links = await read
    .selectFrom("concentrator")
    .select((eb) => [eb.fn.countAll<number>().as("all"), eb.fn.sum<number | null>("online").as("online")])
    .executeTakeFirstOrThrow();
  return {
    meters: Number(meters.meters),
    fresh: Number(meters.fresh ?? 0),
    lastAt: Number(meters.last ?? 0) || null,
    concentrators: Number(links.all),
    online: Number(links.online ?? 0),
  };
}
