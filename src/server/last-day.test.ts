import { describe, expect, test } from "vitest";
import { HOUR_MS, instant } from "#base/time.ts";
import type { MeterLastDay } from "#contract/metering.ts";
import { lastDayFrom } from "#domain/last-day.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import { addLinkHours } from "#store/collectors.ts";
import { addEvents } from "#store/events.ts";
import { insertRows } from "#store/portable.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { buildTown, enrol, testApp } from "./test-town.ts";

const now = instant(480_000 * HOUR_MS + 90_000);
const begin = lastDayFrom(now);

describe.each(testDatabases)("the last day of a meter on $name", ({ name, available }) => {
  test.skipIf(!available)("is told hour by hour from what is stored, and only inside the scope", async () => {
    const db = await freshDatabase(name);
    await buildTown(db);
    const hour = (nth: number) => begin + nth * HOUR_MS;
    await db.transact(async (tx) => {
      const row = { meter_id: 11, register: registers.energyTotal, value: 1, verdict: verdictCode("ok") };
      const at = [hour(0) - 1, hour(0), hour(0) + 1, hour(9), now, now + 1];
      await insertRows(tx, "reading", [
        ...at.map((measured_at) => ({ ...row, measured_at, received_at: now })),
        // Neither another meter's, nor what a meter kept by itself and was asked for later.
        { ...row, meter_id: 12, measured_at: hour(5), received_at: now },
        { ...row, register: registers.energyFrozen, measured_at: hour(5), received_at: now },
      ]);
      await addEvents(tx, [
        { ...{ id: "a", meterId: 11, at: hour(-30), kind: "silent", severity: "alarm" }, detail: { lastAnswerAt: 1 } },
        { id: "b", meterId: 11, at: hour(-20), kind: "answering", severity: "info" },
        { id: "c", meterId: 11, at: hour(9), kind: "tripped", severity: "warning" },
        { id: "d", meterId: 12, at: hour(3), kind: "tripped", severity: "warning" },
      ]);
      await addLinkHours(tx, [{ concentratorId: 1, asked: 5, answered: 4 }], instant(hour(1) + 7));
      await addLinkHours(tx, [{ concentratorId: 2, asked: 5, answered: 4 }], instant(hour(2)));
      await addLinkHours(tx, [{ concentratorId: 1, asked: 0, answered: 0 }], instant(hour(3)));
      await tx
        .updateTable("meter_state")
        .set({ relay: "open", last_answer_at: now })
        .where("meter_id", "=", 11)
        .execute();
      await tx
        .updateTable("concentrator")
        .set({ online: 0, online_changed_at: hour(20) + 1 })
        .where("id", "=", 1)
        .execute();
    });
    const app = await testApp(db, { clock: () => now });
    const ask = (cookie: string, id: number | string) =>
      app.inject({ url: `/api/meters/${id}/last-day`, headers: { cookie } });
    const mine = await enrol(db, { permissions: ["meter.view"], areas: [1] });
    const { asOf, hours } = (await ask(mine.cookie, 11)).json<MeterLastDay>();
    expect(asOf).toBe(now);
    expect(hours.map(({ at }) => at)).toEqual(Array.from({ length: 24 }, (_, i) => hour(i)));
    expect(hours.map(({ readings }) => readings)).toEqual([2, ...zeros(8), 1, ...zeros(13), 1]);
    const heard = ["answered", "none", ...unasked(7), "answered", ...unasked(10), "offline", "offline", "offline"];
    expect(hours.map((each) => each.heard)).toEqual([...heard, "answered"]);
    expect(hours.map(({ offMinutes }) => offMinutes)).toEqual([...zeros(9), ...Array(14).fill(60), 2]);

    for (const id of [21, 99, "11x", "0"]) {
      const refused = await ask(mine.cookie, id);
      expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([404, "meter_not_found"]);
    }
    const blind = await enrol(db, { permissions: ["board.view"] });
    expect((await ask(blind.cookie, 11)).statusCode).toBe(403);
    await app.close();
    await db.drop();
  });
});

const zeros = (count: number) => Array<number>(count).fill(0);
const unasked = (count: number) => Array<string>(count).fill("unasked");
