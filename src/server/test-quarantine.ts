import type { Db } from "#store/db.ts";

const why = { reason: "已核对收据" };

/** What is sent to the routes of the quarantine. */
export const quarantineBodies: Readonly<Record<string, object>> = {
  "/api/quarantine/meters/:id/release": why,
  "/api/quarantine/trips/release": why,
};

/** As if the system had been restored from a backup, and one meter not been read since. */
export async function quarantined(db: Db, meterId: number): Promise<void> {
  await db.transact(async (tx) => {
    const restore = { id: "restore", file: "jichao.tar.gz", snapshot_at: 1, restored_at: 2, restored_by: "host" };
    await tx.deleteFrom("quarantine_meter").execute();
    await tx.deleteFrom("restore_run").execute();
    await tx
      .insertInto("restore_run")
      .values({ ...restore, trips_released_at: null, trips_released_by: null })
      .execute();
    const ended = { looked_at: null, ended_at: null, ended_by: null, ended_reason: "" };
    await tx
      .insertInto("quarantine_meter")
      .values({
        ...{ meter_id: meterId, restore_id: "restore", state: "waiting", reason: "not_read" },
        ...{ booked: null, shown: null, since: 2, version: 0 },
        ...ended,
      })
      .execute();
  });
}
