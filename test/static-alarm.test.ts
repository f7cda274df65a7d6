import { describe, expect, test } from "vitest";
import { HOUR_MS, instant } from "#base/time.ts";
import { watchStill } from "#flows/watch-still.ts";
import { testDatabases } from "#store/test-databases.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

const START = instant(Date.parse("2026-08-01T18:00:00+08:00"));

/** Time passes for meters and programs alike, in steps between which every meter that answers is read. */
async function letPass(w: World, hours: number, without: readonly string[]): Promise<void> {
  const [concentrator = ""] = w.plan.concentrators.map((each) => each.id);
  w.town.setConcentratorOffline(concentrator, true);
  w.letPass(hours * HOUR_MS);
  w.town.step();
  w.town.setConcentratorOffline(concentrator, false);
  await w.town.whenOnline(concentrator);
  const since = w.ctx.clock();
  await until("every meter is read", async () => {
    const rows = await w.db.read
      .selectFrom("meter_state")
      .innerJoin("meter", "meter.id", "meter_state.meter_id")
      .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
      .select(["index_at", "address", "concentrator.online"])
      .execute();
    return rows.every((row) => row.online === 1 && (row.index_at >= since || without.includes(row.address)));
  });
}

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`meters of a town that stand still, on ${name}${why ? ` (${why})` : ""}`, () => {
    test("after 72 hours the one with a tenant that answers is alarmed about, and no other; the first step of its register ends it", async () => {
      const w = await world({ database: name, metersPer: 10, sharedClock: true, startAt: START });
      await letPass(w, 1, []);
      const meters = await w.db.read
        .selectFrom("meter")
        .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
        .select(["id", "address", "relay", "low_credit"])
        .orderBy("id")
        .execute();
      const [home, vacant, silent, ...used] = meters.filter((each) => each.relay === "closed" && each.low_credit === 0);
      if (!home || !vacant || !silent) throw new Error("a town has meters");
      for (const { address } of [home, vacant, silent]) w.town.setLoad(address, 0);
      for (const { address } of used) w.town.setLoad(address, 500);
      await w.db.transact((tx) =>
        tx.updateTable("meter").set({ account_id: null }).where("id", "=", vacant.id).execute(),
      );
      await letPass(w, 1, []);
      w.town.setMeterOffline(silent.address, true);
      const alarms = () => w.db.read.selectFrom("alarm").selectAll().orderBy("id").execute();
      for (const hours of [30, 30, 10]) {
        await letPass(w, hours, [silent.address]);
        await watchStill(w.ctx, 500);
        expect(await alarms()).toEqual([]);
      }
      await letPass(w, 2, [silent.address]);
      await Promise.all([watchStill(w.ctx, 500), watchStill(w.ctx, 500)]);
      expect((await alarms()).map((row) => [row.meter_id, row.kind, row.open_mark])).toEqual([[home.id, "static", 1]]);

      w.town.setLoad(home.address, 500);
      await letPass(w, 1, [silent.address]);
      await watchStill(w.ctx, 500);
      expect(await alarms()).toMatchObject([{ meter_id: home.id, open_mark: null, closed_how: "moved" }]);
      expect((await w.verify()).problems).toEqual([]);
    });
  });
}
