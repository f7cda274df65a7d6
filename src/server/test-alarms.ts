import type { Db } from "#store/db.ts";
import type { AlarmTable } from "#store/schema-alarms.ts";
import { systemClock } from "#system/clock.ts";

/** The id of the alarm that {@link alarmed} opens at a meter. */
export const alarmIdOf = (meterId: number): string => `alarm${String(meterId).padStart(15, "0")}`;

/** An alarm of a meter that stood still for three days, as the job would have opened it. */
export function stillAlarm(meterId: number, over: Partial<AlarmTable> = {}): AlarmTable {
  const now = systemClock();
  const evidence = { sinceAt: now - 3 * 86_400_000, untilAt: now, fromWh: 1_000_000, toWh: 1_000_000, usedWh: 0 };
  return {
    ...{ id: alarmIdOf(meterId), meter_id: meterId, kind: "static", level: "warning", open_mark: 1, opened_at: now },
    since_at: evidence.sinceAt,
    evidence: JSON.stringify({ ...evidence, readings: 72, periodHours: 72, floorWh: 0 }),
    ...{ index_wh: 1_000_000, index_at: now, acknowledged_by: null, acknowledged_at: null, acknowledge_note: "" },
    ...{ closed_at: null, closed_how: null, finding: null, visited_by: null, visited_at: null, visit_note: "" },
    ...over,
  };
}

/** Leaves each of these meters with one open alarm, and with no other. `photo`: and somebody has been there with a camera. */
export async function alarmed(db: Db, meterIds: readonly number[], photo = false): Promise<void> {
  await db.transact(async (tx) => {
    await tx
      .deleteFrom("alarm")
      .where("meter_id", "in", [...meterIds])
      .execute();
    await tx.deleteFrom("alarm_photo").where("alarm_id", "in", meterIds.map(alarmIdOf)).execute();
    for (const meterId of meterIds) {
      const visit = { open_mark: null, closed_at: 2, closed_how: "visit", finding: "abnormal" } as const;
      const by = { visited_by: "user1", visited_at: 2, visit_note: "门锁着" };
      await tx
        .insertInto("alarm")
        .values(stillAlarm(meterId, photo ? { ...visit, ...by } : {}))
        .execute();
      const bytes = Buffer.from(SMALL_PNG, "base64");
      if (photo)
        await tx
          .insertInto("alarm_photo")
          .values({ alarm_id: alarmIdOf(meterId), type: "image/png", bytes })
          .execute();
    }
  });
}

/** One red pixel. */
export const SMALL_PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/** Sees to it that a route about alarms has something to do. */
export async function prepareAlarms(db: Db, path: string): Promise<void> {
  if (path.startsWith("/api/alarms")) await alarmed(db, [11, 21], path.endsWith("/photo"));
}

/** Bodies of requests about the alarm of a meter. */
export const alarmBodies = (of: { meter: number }): Record<string, object> => ({
  "/api/alarms/acknowledge": { alarmIds: [alarmIdOf(of.meter)], note: "已安排上门" },
  "/api/reports/running-out/told": { key: `told-of-${of.meter}`, meterIds: [of.meter], note: "已电话通知" },
  "/api/alarms/:id/visit": { finding: "normal_vacancy", note: "住户回老家", photo: SMALL_PNG },
  "/api/alarm-rules": {
    ...{ projectId: 1, enabled: true, periodHours: 48, floorWh: 0, readingsMin: 3, version: 0 },
    reason: "试",
  },
});
