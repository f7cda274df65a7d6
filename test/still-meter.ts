import { HOUR_MS, SECOND_MS } from "#base/time.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import { insertIgnore } from "#store/portable.ts";
import type { Opened } from "./browser-stories.ts";
import { until } from "./until.ts";

/** Between readings of what has passed. */
const READ_EVERY_MS = 6 * HOUR_MS;
/** Rounds after the load was taken away; what was under way when it was has come by then. */
const SETTLED_MS = 6 * SECOND_MS;

/** Takes the load from simulated meters and waits until readings show that their registers stand. Those of `silent` fall silent afterwards. */
export async function standStill(
  { site, db, ctx }: Opened,
  { meters, silent }: { meters: readonly number[]; silent: readonly number[] },
): Promise<void> {
  const addresses = new Map<number, string>();
  for (const id of meters) {
    const { address } = await site.ask<{ address: string }>(`/api/meters/${id}`);
    addresses.set(id, address);
    await site.town(`/meters/${address}/load`, { watts: 0 });
  }
  const since = ctx.clock();
  await until("the registers stand", async () => {
    const rows = await db.read
      .selectFrom("meter_state")
      .select("index_at")
      .where("meter_id", "in", [...meters])
      .execute();
    return rows.every((row) => row.index_at > since + SETTLED_MS);
  });
  for (const id of silent) await site.town(`/meters/${addresses.get(id)}/offline`, { offline: true });
}

/**
 * Lets so many hours pass for some meters, as far as anybody can see: what was read of them is so much older, and every six hours since they
 * showed the same. It is due to look at them.
 */
export async function letHoursPass({ db, ctx }: Opened, meters: readonly number[], hours: number): Promise<void> {
  const now = ctx.clock();
  await db.transact(async (tx) => {
    // A past that it was given besides says something else of these hours.
    await tx
      .deleteFrom("reading")
      .where("meter_id", "in", [...meters])
      .where("measured_at", ">", now - (hours + 1) * HOUR_MS)
      .where("measured_at", "<=", now - HOUR_MS)
      .execute();
    const states = await tx
      .selectFrom("meter_state")
      .selectAll()
      .where("meter_id", "in", [...meters])
      .execute();
    await tx
      .updateTable("reading")
      .set((eb) => ({ measured_at: eb("measured_at", "-", hours * HOUR_MS) }))
      .where("meter_id", "in", [...meters])
      .where("measured_at", ">", now - HOUR_MS)
      .execute();
    const shown = states.flatMap(({ meter_id, index_wh }) =>
      Array.from({ length: Math.floor((hours * HOUR_MS) / READ_EVERY_MS) }, (_, i) => ({
        ...{ meter_id, register: registers.energyTotal, value: index_wh ?? 0, verdict: verdictCode("ok") },
        ...{ measured_at: now - (i + 1) * READ_EVERY_MS, received_at: now },
      })),
    );
    await insertIgnore(tx, "reading", shown, ["meter_id", "register", "measured_at"]);
    await tx
      .updateTable("static_watch")
      .set({ due_at: 0 })
      .where("meter_id", "in", [...meters])
      .execute();
  });
}
