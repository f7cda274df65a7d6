import { HOUR_MS, type Instant, SECOND_MS } from "#base/time.ts";
import type { Collectors } from "#contract/collection.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows, upsert } from "./portable.ts";
import type { CollectorStatusTable } from "./schema-collection.ts";
import { saveSetting, setting } from "./settings.ts";

/** A collector that has said nothing for so long is not at work; it speaks every five seconds. */
export const COLLECTOR_GONE_MS = 20 * SECOND_MS;
/** Hours that are kept of how questions ended: the last day, and some. */
const HOURS_KEPT = 48;

/** A collector says of itself that it is at work. */
export async function saveCollectorStatus(tx: Tx, row: CollectorStatusTable): Promise<void> {
  await upsert(
    tx,
    "collector_status",
    [row],
    ["name"],
    ["started_at", "seen_at", "sessions", "readings_waiting", "lag_ms", "link_host", "link_port", "link_tls_port"],
  );
}

/** The setting in which collectors write down how often concentrators are asked to be heard, in seconds. */
const HEARTBEAT_SETTING = "link.heartbeat_seconds";
/** What is meant while no collector has said it. */
const HEARTBEAT_S = 30;

/** A collector says how often the concentrators of JCP/1 are heard. */
export async function saveHeartbeat(tx: Tx, seconds: number, at: Instant): Promise<void> {
  await saveSetting(tx, { key: HEARTBEAT_SETTING, value: String(seconds), by: "system", at });
}

/** How often a concentrator of JCP/1 is heard at least, in ms. */
export async function heartbeatInUse(tx: Tx): Promise<number> {
  return Number((await setting(tx, HEARTBEAT_SETTING)) ?? HEARTBEAT_S) * SECOND_MS;
}

/** Collectors as they last said of themselves, with the leases that they hold now. */
export async function collectorsNow(tx: Tx, now: Instant): Promise<Collectors> {
  const rows = await tx.selectFrom("collector_status").selectAll().orderBy("name").execute();
  const owned = await tx
    .selectFrom("concentrator")
    .select("owner")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("owner", "is not", null)
    .where("lease_until", ">=", now)
    .groupBy("owner")
    .execute();
  const leases = new Map(owned.map((each) => [each.owner, Number(each.count)]));
  const items = rows.map((row) => ({
    name: row.name,
    startedAt: row.started_at,
    seenAt: row.seen_at,
    isUp: now - row.seen_at <= COLLECTOR_GONE_MS,
    sessions: row.sessions,
    leases: leases.get(row.name) ?? 0,
    readingsWaiting: row.readings_waiting,
    lagMs: row.lag_ms,
    linkHost: row.link_host,
    linkPort: row.link_port,
    linkTlsPort: row.link_tls_port,
  }));
  return { asOf: now, items };
}

/** Adds how many questions were asked and answered behind each concentrator, to the hour in which that was. */
export async function addLinkHours(
  tx: Tx,
  counts: readonly { concentratorId: number; asked: number; answered: number }[],
  at: Instant,
): Promise<void> {
  const hour_at = Math.floor(at / HOUR_MS) * HOUR_MS;
  for (const { concentratorId: concentrator_id, asked, answered } of counts) {
    const grown = await tx
      .updateTable("link_hour")
      .set((eb) => ({ asked: eb("asked", "+", asked), answered: eb("answered", "+", answered) }))
      .where("concentrator_id", "=", concentrator_id)
      .where("hour_at", "=", hour_at)
      .executeTakeFirst();
    if (updatedRows(grown) > 0) continue;
    await insertIgnore(
      tx,
      "link_hour",
      [{ concentrator_id, hour_at, asked, answered }],
      ["concentrator_id", "hour_at"],
    );
    await tx
      .deleteFrom("link_hour")
      .where("hour_at", "<", hour_at - HOURS_KEPT * HOUR_MS)
      .execute();
  }
}
