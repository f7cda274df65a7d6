import { describe, expect, test } from "vitest";
import { DAY_MS, type Day, HOUR_MS, instant, MINUTE_MS, startOfDay } from "#base/time.ts";
import { registers, verdicts } from "#domain/reading.ts";
import { closeDueDays } from "#flows/close-days.ts";
import { recloseDays } from "#flows/reclose-days.ts";
import { latestDays } from "#store/days.ts";
import { testDatabases } from "#store/test-databases.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

const START = instant(Date.parse("2026-08-01T18:00:00+08:00"));
const midnight = (day: string) => startOfDay(day as Day);

async function closeDays(w: World): Promise<void> {
  await w.settle();
  while ((await closeDueDays(w.ctx)).more);
  while ((await recloseDays(w.ctx, 500)).more);
}

/** What the system holds of daily freezes, by meter number and midnight. */
async function freezesIn(w: World) {
  return w.db.read
    .selectFrom("reading")
    .innerJoin("meter", "meter.id", "reading.meter_id")
    .where("register", "=", registers.energyFrozen)
    .select(["meter.number", "measured_at", "value", "verdict", "received_at"])
    .orderBy("meter.number")
    .orderBy("measured_at")
    .execute();
}

/** The same as the meters themselves hold it. */
function freezesOfTown(w: World) {
  return w.town
    .snapshot()
    .meters.flatMap(({ number, freezes }) =>
      freezes.map(({ at, indexWh }) => ({ number, measured_at: at, value: indexWh })),
    )
    .toSorted((a, b) => a.number.localeCompare(b.number) || a.measured_at - b.measured_at);
}

const figures = (rows: readonly { number: string; measured_at: number; value: number }[]) =>
  rows.map(({ number, measured_at, value }) => [number, measured_at, value]);

/** Moves time on; the collector hears of it when its session begins anew, as after any outage. */
async function outage(w: World, ms: number): Promise<void> {
  const [concentrator = ""] = w.plan.concentrators.map((each) => each.id);
  w.town.setConcentratorOffline(concentrator, true);
  w.letPass(ms);
  w.town.step();
  w.town.setConcentratorOffline(concentrator, false);
  await w.town.whenOnline(concentrator);
}

async function everyMeterRead(w: World): Promise<void> {
  const since = w.ctx.clock();
  await until("every meter is read", async () => {
    const rows = await w.db.read.selectFrom("meter_state").select("index_at").execute();
    return rows.every((row) => row.index_at >= since);
  });
}

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`what meters keep themselves, on ${name}${why ? ` (${why})` : ""}`, () => {
    test("twelve hours without a line over midnight: every freeze is there afterwards, once, and days are as the meters had them", async () => {
      const w = await world({ database: name, metersPer: 12, sharedClock: true, startAt: START });
      await everyMeterRead(w);
      await outage(w, 12 * HOUR_MS);
      await everyMeterRead(w);
      const held = freezesOfTown(w);
      expect(held.length).toBeGreaterThan(8);
      await until("all freezes", async () => (await freezesIn(w)).length === held.length);
      const stored = await freezesIn(w);
      expect(figures(stored)).toEqual(figures(held));
      expect(stored.every((row) => row.verdict === verdicts.indexOf("ok"))).toBe(true);
      expect(
        stored.every((row) => row.measured_at === midnight("2026-08-02") && row.received_at > row.measured_at),
      ).toBe(true);

      w.letPass(DAY_MS);
      await closeDays(w);
      const rows = await latestDays(w.db.read, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], {
        from: "2026-08-01" as Day,
        to: "2026-08-01" as Day,
      });
      const meters = await w.db.read.selectFrom("meter").select(["id", "number"]).execute();
      for (const { number, value } of held) {
        const id = meters.find((each) => each.number === number)?.id;
        const day = rows.find((row) => row.meter_id === id);
        expect(day, number).toMatchObject({
          close_wh: value,
          close_source: "frozen",
          close_at: midnight("2026-08-02"),
        });
        expect(day?.usage_wh).toBe(value - (day?.open_wh ?? 0));
      }
      // What the outage left out of the hours came from load records.
      const hours = await w.db.read
        .selectFrom("reading")
        .where("register", "=", registers.energyRecorded)
        .select(["meter_id", "measured_at"])
        .execute();
      expect(hours.length).toBeGreaterThanOrEqual(held.length * 10);
      expect(new Set(hours.map((row) => `${row.meter_id}:${row.measured_at}`)).size).toBe(hours.length);
      expect((await w.verify()).problems).toEqual([]);
    });

    test("forty days without a line: all of them come from memory, newest first; what was before a meter came here is not asked for", async () => {
      const w = await world({ database: name, metersPer: 4, sharedClock: true, startAt: START });
      await everyMeterRead(w);
      await outage(w, 40 * DAY_MS);
      const held = freezesOfTown(w);
      await until("all freezes", async () => (await freezesIn(w)).length === held.length);
      const stored = await freezesIn(w);
      expect(figures(stored)).toEqual(figures(held));
      const own = stored.filter((row) => row.number === stored[0]?.number);
      expect(own).toHaveLength(40);
      // Each visit takes some, the newest before the older ones.
      const received = own.map((row) => row.received_at);
      expect(received).toEqual(received.toSorted((a, b) => b - a));
      await until("nothing is open", async () => {
        const rows = await w.db.read.selectFrom("meter_memory").select("frozen_to").execute();
        return rows.every((row) => row.frozen_to === 0 || row.frozen_to >= START);
      });
    });

    test("a clock that is twenty minutes off is an alarm once; what it froze is kept, not believed, and closes no day", async () => {
      const w = await world({ database: name, metersPer: 2, sharedClock: true, startAt: START });
      await everyMeterRead(w);
      const { number } = w.plan.meters[1] ?? { number: "" };
      w.town.setClockOffset(number, 20 * MINUTE_MS);
      await outage(w, 12 * HOUR_MS);
      await until("both freezes", async () => (await freezesIn(w)).length === 2);
      const row = (await freezesIn(w)).find((each) => each.number === number);
      expect(row).toMatchObject({ measured_at: midnight("2026-08-02"), verdict: verdicts.indexOf("drifted") });
      const told = await w.db.read
        .selectFrom("meter_event")
        .select(["kind", "detail"])
        .where("kind", "in", ["clock_wrong", "clock_right"])
        .execute();
      expect(told.map((each) => each.kind)).toEqual(["clock_wrong"]);
      // A meter shows whole seconds.
      expect(JSON.parse(told[0]?.detail ?? "{}").offsetSeconds).toBeOneOf([1199, 1200]);
      w.letPass(DAY_MS);
      await closeDays(w);
      const meter = await w.db.read
        .selectFrom("meter")
        .select("id")
        .where("number", "=", number)
        .executeTakeFirstOrThrow();
      const [day] = await latestDays(w.db.read, [meter.id], { from: "2026-08-01" as Day, to: "2026-08-01" as Day });
      expect(day?.close_source).not.toBe("frozen");
    });

    test("a meter whose clock has lost its date, or that keeps nothing of the night, is not asked for ever", async () => {
      const w = await world({ database: name, metersPer: 2, sharedClock: true, startAt: START });
      await everyMeterRead(w);
      const [one = "", other = ""] = w.plan.meters.map((meter) => meter.number);
      w.town.setClockOffset(one, Date.parse("2036-01-01") - START);
      w.town.setClockOffset(other, -2 * DAY_MS);
      await outage(w, 12 * HOUR_MS);
      const memories = () => w.db.read.selectFrom("meter_memory").select(["trouble", "tries", "next_at"]).execute();
      await until("both are left alone", async () => (await memories()).every((row) => row.trouble === "clock"));
      expect((await memories()).every((row) => row.tries === 1 && row.next_at > w.ctx.clock())).toBe(true);
      expect(await freezesIn(w)).toEqual([]);
      w.town.setClockOffset(one, 0);
      await outage(w, HOUR_MS);
      await outage(w, DAY_MS);
      const none = () => w.db.read.selectFrom("freeze_none").select("at").execute();
      // It was right again before the second midnight, and says that it kept nothing of the first.
      await until("the second midnight", async () =>
        (await freezesIn(w)).some((row) => row.measured_at === midnight("2026-08-03")),
      );
      await until("nothing of the first", async () => (await none()).some((row) => row.at === midnight("2026-08-02")));
    });
  });
}
