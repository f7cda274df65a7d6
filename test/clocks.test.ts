import { expect, test } from "vitest";
import { HOUR_MS, instant, MINUTE_MS } from "#base/time.ts";
import { CLOCK_SETTING } from "#store/collection.ts";
import { saveSetting } from "#store/settings.ts";
import { until } from "./until.ts";
import { world } from "./world.ts";

const at = (time: string) => instant(Date.parse(`2026-08-01T${time}+08:00`));
/** Lies within one hour with what meters show that are twenty minutes slow. */
const CALM = at("14:40:00");

async function town(policy: string | null, startAt = CALM) {
  const w = await world({ database: "sqlite", metersPer: 4, sharedClock: true, startAt, collector: false });
  if (policy !== null) {
    await w.db.transact((tx) => saveSetting(tx, { key: CLOCK_SETTING, value: policy, by: "boss", at: startAt }));
  }
  const numbers = w.plan.meters.map((meter) => meter.number);
  const off = (i: number) => w.town.meter(numbers[i] ?? "")?.clockOffsetMs ?? Number.NaN;
  const putOff = (i: number, ms: number) => w.town.setClockOffset(numbers[i] ?? "", ms);
  const commands = () =>
    w.db.read
      .selectFrom("command")
      .where("kind", "=", "set_clock")
      .select(["meter_id", "state", "state_reason", "sent_at"])
      .orderBy("meter_id")
      .execute();
  const clocksRead = (count: number) =>
    until("clocks are read", async () => {
      const rows = await w.db.read.selectFrom("meter_memory").where("clock_read_at", ">", 0).selectAll().execute();
      return rows.length >= count;
    });
  /** The line breaks for a moment: when it is back, gaps are looked for at once. */
  const lookAgain = async () => {
    const [id = ""] = w.plan.concentrators.map((each) => each.id);
    w.town.setConcentratorOffline(id, true);
    w.town.setConcentratorOffline(id, false);
    await w.town.whenOnline(id);
  };
  const start = async () => {
    await w.startCollector();
    await until("every meter answers", async () => {
      const rows = await w.db.read.selectFrom("meter_state").select("last_answer_at").execute();
      return rows.every((row) => row.last_answer_at > 0);
    });
    await lookAgain();
  };
  return { ...w, start, lookAgain, off, putOff, commands, clocksRead };
}

test("clocks that are off are set, by a call or by a write, read back, and audited; one that is right is left alone", async () => {
  const w = await town("auto");
  w.putOff(0, 3 * MINUTE_MS);
  w.putOff(1, -20 * MINUTE_MS);
  w.putOff(2, Date.parse("2036-01-01") - CALM);
  await w.start();
  await until("three clocks are set", async () => {
    const rows = await w.commands();
    return rows.length === 3 && rows.every((row) => row.state === "confirmed");
  });
  for (const i of [0, 1, 2, 3]) expect(Math.abs(w.off(i)), `meter ${i}`).toBeLessThan(10_000);
  const audits = await w.db.read.selectFrom("audit").where("action", "=", "meter.set_clock").select("actor").execute();
  expect(audits).toHaveLength(3);
});

test("nothing is set while that is switched off, which it is unless somebody switches it on", async () => {
  const w = await town(null);
  w.putOff(1, -20 * MINUTE_MS);
  await w.start();
  await w.clocksRead(4);
  expect(await w.commands()).toEqual([]);
  expect(w.off(1)).toBe(-20 * MINUTE_MS);
});

test("no clock is set over a full hour: the command waits, and nothing was sent", async () => {
  const w = await town("auto", at("14:10:00"));
  w.putOff(1, -20 * MINUTE_MS);
  await w.start();
  await until("it waits", async () => (await w.commands()).some((row) => row.state_reason === "near_freeze"));
  expect((await w.commands()).map((row) => row.sent_at)).toEqual([null]);
  expect(w.off(1)).toBe(-20 * MINUTE_MS);
});

test("no clock is set by ours after it has jumped", async () => {
  const w = await town(null);
  w.putOff(1, -4 * MINUTE_MS);
  await w.start();
  await w.clocksRead(4);
  w.letPass(HOUR_MS);
  await w.db.transact((tx) => saveSetting(tx, { key: CLOCK_SETTING, value: "auto", by: "boss", at: CALM }));
  await w.db.transact((tx) => tx.updateTable("meter_memory").set({ clock_read_at: 0 }).execute());
  await w.lookAgain();
  await until("it waits", async () => (await w.commands()).some((row) => row.state_reason === "own_clock_doubtful"));
  expect((await w.commands()).every((row) => row.sent_at === null)).toBe(true);
  expect(w.off(1)).toBe(-4 * MINUTE_MS);
});
