import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOUR_MS, instant } from "#base/time.ts";
import { STATIC_RULE } from "#domain/static-rule.ts";
import { testDatabases } from "#store/test-databases.ts";
import { saveAlarmRule } from "./handle-alarm.ts";
import { recordReadings } from "./record-readings.ts";
import { type Building, boss, building } from "./test-building.ts";
import { watchStill } from "./watch-still.ts";

const START = Date.UTC(2026, 5, 1);
const at = (hours: number) => instant(START + hours * HOUR_MS);

describe.each(testDatabases.filter(({ available }) => available))("meters that stand still on $name", ({ name }) => {
  let b: Building;
  let [still, used, water, vacant, off, lamp]: number[] = [];
  beforeAll(async () => {
    const water188 = { kind: "water", switchKind: "valve", address: "00000000000003" } as const;
    const waterMeter = { ...water188, profile: "cjt188-2004-water" };
    const archives = [{}, {}, waterMeter, {}, {}, { mode: "public" as const }];
    b = await building(
      name,
      at(0),
      archives.map((each) => ({ openingIndexWh: 1_000, ...each })),
    );
    [still, used, water, vacant, off, lamp] = b.meters;
    await b.db.transact(async (tx) => {
      await tx.updateTable("concentrator").set({ online: 1 }).execute();
      await tx
        .updateTable("meter")
        .set({ account_id: null })
        .where("id", "=", vacant ?? 0)
        .execute();
      await tx
        .updateTable("meter_state")
        .set({ relay: "open" })
        .where("meter_id", "=", off ?? 0)
        .execute();
    });
  });
  afterAll(() => b.db.drop());

  /** All meters are read at a time; only the one in use moves. */
  async function readAll(hours: number, indexes: Readonly<Record<number, number>> = {}): Promise<void> {
    b.at(at(hours));
    const reports = b.meters.map((meterId) => ({
      meterId,
      measuredAt: at(hours),
      values: { energyWh: indexes[meterId] ?? (meterId === used ? 1_000 + hours * 10 : 1_000) },
    }));
    await recordReadings(b.ctx, { collector: "test", reports, silences: [], frames: [] });
  }
  async function look() {
    let sum = { opened: 0, closed: 0 };
    for (let more = true; more; ) {
      const looked = await watchStill(b.ctx, 4);
      sum = { opened: sum.opened + looked.opened, closed: sum.closed + looked.closed };
      more = looked.more;
    }
    return sum;
  }
  const alarms = () => b.db.read.selectFrom("alarm").selectAll().orderBy("id").execute();

  test("an alarm comes with the first reading after the period, once, for the meters that it is meant for", async () => {
    for (let hours = 0; hours <= 66; hours += 6) {
      await readAll(hours);
      expect(await look()).toEqual({ opened: 0, closed: 0 });
    }
    await readAll(71.9);
    expect(await look()).toEqual({ opened: 0, closed: 0 });
    await readAll(72);
    // Two servers look at once, and again.
    const looks = await Promise.all([look(), look(), look()]);
    expect(looks.reduce((sum, each) => sum + each.opened, 0)).toBe(2);
    expect(await look()).toEqual({ opened: 0, closed: 0 });
    const rows = await alarms();
    expect(rows.map((row) => row.meter_id).sort()).toEqual([still, water].sort());
    expect(rows[0]).toMatchObject({ kind: "static", level: "warning", open_mark: 1, since_at: at(0) });
    expect(JSON.parse(rows[0]?.evidence ?? "")).toMatchObject({ fromWh: 1_000, toWh: 1_000, readings: 14, usedWh: 0 });
    const told = await b.db.read
      .selectFrom("meter_event")
      .select("meter_id")
      .where("kind", "=", "alarm_opened")
      .execute();
    expect(told.map((row) => row.meter_id).sort()).toEqual([still, water].sort());
    const state = await b.db.read
      .selectFrom("meter_state")
      .selectAll()
      .where("meter_id", "=", still ?? 0)
      .execute();
    expect(state[0]?.changed_at).toBe(at(72));
  });

  test("it ends by itself when the meter moves, and says so; an exchange ends nothing", async () => {
    await b.db.transact((tx) =>
      tx
        .insertInto("line_break")
        .values({
          ...{ id: "break-of-the-water-m", meter_id: water ?? 0, at: at(73), cause: "exchange" as const },
          ...{ close_wh: 1_000, open_wh: 0, ratio_before: 1, ratio_after: 1, reference: "" },
        })
        .execute(),
    );
    await b.db.transact((tx) =>
      tx
        .updateTable("meter_state")
        .set({ index_wh: 0, index_at: at(73) })
        .where("meter_id", "=", water ?? 0)
        .execute(),
    );
    await readAll(78, { [water ?? 0]: 0, [still ?? 0]: 1_010 });
    const looks = await Promise.all([look(), look()]);
    expect(looks.reduce((sum, each) => sum + each.closed, 0)).toBe(1);
    const rows = await alarms();
    expect(rows.find((row) => row.meter_id === still)).toMatchObject({
      ...{ open_mark: null, closed_at: at(78), closed_how: "moved", finding: null },
    });
    expect(rows.find((row) => row.meter_id === water)).toMatchObject({ open_mark: 1, index_wh: 0 });
    const told = await b.db.read
      .selectFrom("meter_event")
      .select(["meter_id", "detail"])
      .where("kind", "=", "alarm_closed")
      .execute();
    expect(told.map((row) => [row.meter_id, JSON.parse(row.detail).ended])).toEqual([[still, "moved"]]);
  });

  test("a tenant who left ends it, and a shorter period of the project is felt at once", async () => {
    await b.db.transact((tx) =>
      tx
        .updateTable("meter")
        .set({ account_id: null })
        .where("id", "=", water ?? 0)
        .execute(),
    );
    expect(await look()).toMatchObject({ closed: 1 });
    expect((await alarms()).find((row) => row.meter_id === water)).toMatchObject({ closed_how: "left" });
    for (let hours = 84; hours <= 96; hours += 6) await readAll(hours, { [still ?? 0]: 1_010, [water ?? 0]: 0 });
    expect(await look()).toEqual({ opened: 0, closed: 0 });
    const { project_id: projectId } = await b.db.read
      .selectFrom("meter")
      .select("project_id")
      .executeTakeFirstOrThrow();
    const rule = { ...STATIC_RULE, periodHours: 18, projectId, version: 0, reason: "夜间试点", ip: "" };
    await saveAlarmRule(b.ctx, boss, rule);
    await expect(saveAlarmRule(b.ctx, boss, rule)).rejects.toMatchObject({ code: "archive_changed" });
    expect(await look()).toMatchObject({ opened: 1 });
    expect((await alarms()).filter((row) => row.meter_id === still)).toHaveLength(2);
  });

  test("a meter that fell silent is a fault of its own; when it answers again, it is an alarm by what it shows", async () => {
    await readAll(99, { [still ?? 0]: 1_020, [water ?? 0]: 0 });
    expect(await look()).toMatchObject({ closed: 1 });
    const silent = (rounds: number) =>
      b.db.transact((tx) =>
        tx
          .updateTable("meter_state")
          .set({ silent_rounds: rounds })
          .where("meter_id", "=", still ?? 0)
          .execute(),
      );
    for (let hours = 102; hours <= 117; hours += 5) await readAll(hours, { [still ?? 0]: 1_020, [water ?? 0]: 0 });
    await silent(3);
    b.at(at(118));
    expect(await look()).toEqual({ opened: 0, closed: 0 });
    await readAll(119, { [still ?? 0]: 1_020, [water ?? 0]: 0 });
    expect(await look()).toMatchObject({ opened: 1 });
    expect(lamp).toBeGreaterThan(0);
  });
});
