import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, type Day, endOfDay, HOUR_MS, type Instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import { CLOSE_AFTER_MS } from "#domain/meter-day.ts";
import { latestDays } from "#store/days.ts";
import { testDatabases } from "#store/test-databases.ts";
import { closeDueDays } from "./close-days.ts";
import { recloseDays } from "./reclose-days.ts";
import { type Building, building } from "./test-building.ts";

const FIRST = "2026-07-30" as Day;
const day = (n: number) => addDays(FIRST, n);
const at = (n: number, hours: number): Instant => later(startOfDay(day(n)), hours * HOUR_MS);
const ALL = { from: FIRST, to: day(20) };

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`days on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    let shop: number;
    let office: number;
    beforeAll(async () => {
      b = await building(name, at(0, 10), [{}, { creditAt: "server", ratio: 30 }]);
      [shop = 0, office = 0] = b.meters;
    });
    afterAll(() => b?.db.drop());

    const figures = async (meterId: number) =>
      (await latestDays(b.db.read, [meterId], ALL)).map((row) => [row.day, row.usage_wh, row.cost_e4, row.quality]);
    const close = async () => {
      let closed = 0;
      for (let more = true; more; ) {
        const done = await closeDueDays(b.ctx);
        closed += done.closed;
        more = done.more;
      }
      return closed;
    };
    const month = (meterId: number, of: string) =>
      b.db.read
        .selectFrom("meter_month")
        .select(["usage_wh", "cost_e4", "days", "days_estimated", "days_missing"])
        .where("meter_id", "=", meterId)
        .where("month", "=", of)
        .executeTakeFirst();

    test("a day is closed half an hour after its end, from the take-over on, with its charges", async () => {
      for (const [meter, factor] of [
        [shop, 1],
        [office, 2],
      ] as const) {
        b.at(at(0, 20));
        await b.read(meter, at(0, 20), 4_000 * factor);
        b.at(at(1, 0));
        await b.read(meter, later(endOfDay(day(0)), -3 * MINUTE_MS), 5_000 * factor);
        await b.settle();
      }
      b.at(later(endOfDay(day(0)), CLOSE_AFTER_MS - 1));
      expect(await close()).toBe(0);
      b.at(later(endOfDay(day(0)), CLOSE_AFTER_MS));
      expect(await close()).toBe(2);
      expect(await figures(shop)).toEqual([[day(0), 5_000, 40_000, "measured"]]);
      expect(await figures(office)).toEqual([[day(0), 300_000, 2_400_000, "measured"]]);
      expect(await close()).toBe(0);
    });

    test("closing one day twice at once books once", async () => {
      for (const meter of [shop, office]) {
        b.at(at(2, 0));
        await b.read(meter, at(2, 0), 15_000);
        await b.settle();
      }
      b.at(at(2, 1));
      const both = await Promise.all([closeDueDays(b.ctx), closeDueDays(b.ctx)]);
      expect(both[0].closed + both[1].closed).toBe(2);
      expect(await figures(shop)).toEqual([
        [day(0), 5_000, 40_000, "measured"],
        [day(1), 10_000, 80_000, "measured"],
      ]);
      expect(await month(shop, "2026-07")).toEqual({
        usage_wh: 15_000,
        cost_e4: 120_000,
        days: 2,
        days_estimated: 0,
        days_missing: 0,
      });
    });

    test("a meter that is silent over midnight has no usage, and gets it when it speaks again", async () => {
      b.at(at(3, 1));
      await b.read(office, at(3, 0), 16_000);
      await b.settle();
      await close();
      expect((await figures(shop)).at(-1)).toEqual([day(2), null, 0, "missing"]);
      b.at(at(5, 1));
      await close();
      expect((await figures(shop)).slice(-2)).toEqual([
        [day(3), null, 0, "missing"],
        [day(4), null, 0, "missing"],
      ]);
      expect(await month(shop, "2026-08")).toMatchObject({ usage_wh: null, days: 3, days_missing: 3 });
      b.at(at(5, 12));
      await b.read(shop, at(5, 12), 15_000 + 84_000); // 1000 Wh in each of 84 hours
      await b.settle();
      b.at(at(5, 13));
      expect((await recloseDays(b.ctx, 100)).corrected).toBe(3);
      expect((await figures(shop)).slice(-3)).toEqual([
        [day(2), 24_000, 0, "estimated"],
        [day(3), 24_000, 0, "estimated"],
        [day(4), 24_000, 0, "estimated"],
      ]);
      b.at(at(5, 15));
      // The other one stays unknown, and nothing is written for it.
      expect((await recloseDays(b.ctx, 100)).corrected).toBe(0);
    });

    test("a late reading that lies on the line corrects the days around it by a new revision; one that does not changes nothing", async () => {
      b.at(at(5, 16));
      await b.read(shop, at(4, 0), 15_000 + 30_000);
      await b.read(shop, at(3, 12), 15_000 + 200_000); // more than the meter showed afterwards
      expect((await recloseDays(b.ctx, 100)).corrected).toBe(3);
      expect((await figures(shop)).slice(-3).map(([, usage]) => usage)).toEqual([15_000, 15_000, 36_000]);
      expect(await month(shop, "2026-08")).toMatchObject({ usage_wh: 66_000 });
      const rows = await b.db.read
        .selectFrom("meter_day")
        .select(["rev", "latest", "usage_wh", "cause"])
        .where("meter_id", "=", shop)
        .where("day", "=", day(3))
        .orderBy("rev")
        .execute();
      expect(rows).toEqual([
        { rev: 0, latest: 0, usage_wh: null, cause: "close" },
        { rev: 1, latest: 0, usage_wh: 24_000, cause: "gap" },
        { rev: 2, latest: 1, usage_wh: 15_000, cause: "late" },
      ]);
    });

    test("days, months and the register agree to the last digit, and so do costs and the ledger", async () => {
      b.at(at(6, 1));
      for (const meter of [shop, office]) await b.read(meter, at(6, 0), 123_456);
      await b.settle();
      b.at(at(7, 1));
      for (const meter of [shop, office]) await b.read(meter, at(7, 0), 123_466);
      await b.settle();
      await close();
      await recloseDays(b.ctx, 100);
      for (const [meter, ratio] of [
        [shop, 1],
        [office, 30],
      ] as const) {
        const rows = await latestDays(b.db.read, [meter], ALL);
        expect(rows.map((row) => row.day)).toEqual([0, 1, 2, 3, 4, 5, 6].map(day));
        const sum = rows.reduce((all, row) => all + (row.usage_wh ?? 0), 0);
        expect(sum).toBe(123_466 * ratio);
        const months = await b.db.read.selectFrom("meter_month").selectAll().where("meter_id", "=", meter).execute();
        expect(months.reduce((all, row) => all + (row.usage_wh ?? 0), 0)).toBe(sum);
      }
      expect(await b.verify()).toMatchObject({ ok: true });
    });
  });
}
