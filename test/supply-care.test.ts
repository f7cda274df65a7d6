import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { DAY_MS, type Day, dayOf, HOUR_MS, type Instant, instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { CutPreview, NoCutWindowView, Supply } from "#contract/supply.ts";
import { settleDueMeters } from "#flows/settle-usage.ts";
import { whyNotDue } from "#flows/still-due.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import { asked, buildTown, contextOf, enrol, type TestUser, testApp } from "#server/test-town.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";

const EVERY_DAY = ["workday", "weekend", "holiday"];

describe.each(testDatabases)("what keeps supply on, on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let db: TestDatabase;
  let app: FastifyInstance;
  afterEach(async () => {
    await app?.close();
    await db?.drop();
  });

  /** The town at some hour of some day; meters 12 and 22 have their credit on the server. */
  async function town(start: Instant) {
    db = await freshDatabase(name);
    await buildTown(db);
    let aheadMs = start - systemClock();
    const clock = () => later(systemClock(), aheadMs);
    app = await testApp(db, { clock });
    const ctx = { ...contextOf(db), clock };
    await db.transact(async (tx) => {
      const settled = { index_at: later(start, -HOUR_MS), settled_at: later(start, -HOUR_MS), remaining_at: start };
      await tx.updateTable("meter_state").set(settled).execute();
    });
    const boss = await enrol(db, {});
    const awake = () =>
      db.transact((tx) =>
        tx
          .updateTable("session")
          .set({ seen_at: clock(), expires_at: later(clock(), DAY_MS) })
          .execute(),
      );
    await awake();
    const send = async <T>(user: TestUser, method: "GET" | "POST" | "DELETE", url: string, body?: object) => {
      const answer = await app.inject(asked(user, method, url, body));
      return { status: answer.statusCode, code: answer.json().code as string, ...(answer.json() as T) };
    };
    let index = 1_000_000;
    return {
      ctx,
      boss,
      send,
      awake,
      letPass(ms: number): void {
        aheadMs += ms;
      },
      /** Two good looks at a meter that uses up more than there is, then settlement. */
      async drain(meterId: number, looks = 2): Promise<void> {
        for (let look = 0; look < looks; look++) {
          aheadMs += MINUTE_MS;
          index += 1_000;
          const change = { index_wh: index, index_at: clock() };
          await db.transact((tx) =>
            tx.updateTable("meter_state").set(change).where("meter_id", "=", meterId).execute(),
          );
          await settleDueMeters(ctx, { limit: 10, after: 0 });
        }
      },
      trips: async (meterId: number) =>
        db.read
          .selectFrom("command")
          .selectAll()
          .where("meter_id", "=", meterId)
          .where("kind", "=", "trip")
          .orderBy("created_at")
          .execute(),
      supply: (meterId: number) => send<Supply>(boss, "GET", `/api/meters/${meterId}/supply`),
      pay: (meterId: number, amount: string, key: string) =>
        send(boss, "POST", "/api/recharges", { key, meterId, amount, channel: "cash" }),
      window: (over: object) =>
        send<{ items: NoCutWindowView[] }>(boss, "POST", "/api/no-cut-windows", {
          scope: "area",
          refId: 1,
          name: "夜间",
          days: EVERY_DAY,
          fromMinute: 17 * 60,
          toMinute: 8 * 60 + 30,
          ...over,
        }),
    };
  }
  const at = (day: string, hour: number) => instant(startOfDay(day as Day) + hour * HOUR_MS);

  on("a no-cut window of an area spares its meters until it ends, and only them", async () => {
    const w = await town(at("2026-08-05", 20));
    expect((await w.window({})).status).toBe(200);
    await w.drain(12);
    await w.drain(22);
    expect(await w.trips(12)).toEqual([]);
    expect(await w.trips(22)).toHaveLength(1);
    expect(await w.supply(12)).toMatchObject({ inArrears: true, noCutUntil: at("2026-08-06", 8) + 30 * MINUTE_MS });
    w.letPass(13 * HOUR_MS);
    await w.drain(12, 1);
    expect(await w.trips(12)).toHaveLength(1);
  });

  on(
    "a trip that was decided before the evening does not leave in it: it is asked again before it is sent",
    async () => {
      const w = await town(at("2026-08-05", 16));
      await w.window({});
      await w.drain(12);
      const [trip] = await w.trips(12);
      if (trip === undefined) throw new Error("no trip was decided");
      const why = () => db.transact((tx) => whyNotDue(tx, trip, w.ctx.clock()));
      expect(await why()).toBeNull();
      await w.send(w.boss, "POST", "/api/meters/12/guard", { on: true, reason: "诊所有病人" });
      expect(await why()).toBe("guarded");
      await w.send(w.boss, "POST", "/api/meters/12/guard", { on: false, reason: "已转走" });
      expect(await why()).toBeNull();
      w.letPass(HOUR_MS);
      const late = { reading_at: w.ctx.clock() };
      await db.transact((tx) => tx.updateTable("off_evidence").set(late).where("command_id", "=", trip.id).execute());
      expect(await why()).toBe("no_cut_window");
    },
  );

  on("holidays are spared, a worked weekend is not, and the calendar decides which is which", async () => {
    const w = await town(at("2026-12-25", 10)); // a Friday
    await w.window({ scope: "project", name: "节假日", days: ["weekend", "holiday"], fromMinute: 0, toMinute: 1_440 });
    const set = (day: string, kind: string | null) =>
      w.send<{ items: object[] }>(w.boss, "POST", "/api/calendar", { days: [{ day, kind, name: "试" }] });
    expect(await set("2026-12-26", "workday")).toMatchObject({ status: 200 });
    expect((await w.supply(12)).noCutUntil).toBeNull();
    w.letPass(DAY_MS);
    await w.awake();
    expect((await w.supply(12)).noCutUntil).toBeNull(); // a Saturday on which people work
    w.letPass(DAY_MS);
    await w.awake();
    expect((await w.supply(12)).noCutUntil).toBe(at("2026-12-28", 0));
    expect((await set("2026-12-27", "holiday")).code).toBe("calendar_day_past");
    expect((await set("2026-12-26", null)).code).toBe("calendar_day_past");
    expect((await set("2026-12-26", "workday")).status).toBe(200); // as it is already
    expect((await set("2027-02-30", "holiday")).code).toBe("day_invalid");
    const year = await w.send<{ items: { day: string; provisional: boolean }[] }>(
      w.boss,
      "GET",
      "/api/calendar?year=2027",
    );
    expect(year.items.length).toBeGreaterThan(10);
    expect(year.items.every((day) => day.provisional)).toBe(true);
  });

  on("windows that make no sense, of foreign places, or changed by two are refused", async () => {
    const w = await town(at("2026-08-05", 10));
    expect((await w.window({ days: [] })).code).toBe("no_cut_window_invalid");
    expect((await w.window({ fromMinute: 60, toMinute: 60 })).code).toBe("no_cut_window_invalid");
    expect((await w.window({ toMinute: 1_441 })).code).toBe("invalid_input");
    expect((await w.window({ refId: 99 })).code).toBe("area_not_found");
    expect((await w.window({ scope: "meter", refId: 99 })).code).toBe("meter_not_found");
    const made = (await w.window({})).items[0];
    const body = { ...made, refId: 1, name: "改" };
    expect((await w.window({ ...body, rev: 0 })).status).toBe(200);
    expect((await w.window({ ...body, rev: 0 })).code).toBe("no_cut_window_changed");
    const manager = await enrol(db, { areas: [2] });
    await w.awake();
    expect((await w.send(manager, "DELETE", `/api/no-cut-windows/${made?.id}?rev=1`)).code).toBe(
      "no_cut_window_not_found",
    );
    expect((await w.send(manager, "POST", "/api/no-cut-windows", { ...body, rev: 1 })).code).toBe("area_not_found");
    expect((await w.send(manager, "POST", "/api/calendar", { days: [{ day: "2027-01-01", kind: null }] })).code).toBe(
      "forbidden",
    );
    expect((await w.send<{ items: object[] }>(manager, "GET", "/api/no-cut-windows")).items).toEqual([]);
    expect((await w.send(w.boss, "DELETE", `/api/no-cut-windows/${made?.id}?rev=1`)).status).toBe(200);
  });

  on("emergency credit is drawn once in arrears, gives supply back, and is repaid by the next recharge", async () => {
    const w = await town(at("2026-08-05", 10));
    const draw = (meterId: number, amount: string, key: string) =>
      w.send<Supply>(w.boss, "POST", `/api/meters/${meterId}/emergency`, { key, amount, reason: "夜里没钱" });
    await w.pay(12, "100", "first-payment");
    expect((await draw(12, "5", "draw-while-in-credit")).code).toBe("emergency_not_in_arrears");
    expect((await draw(11, "5", "draw-in-the-meter")).code).toBe("emergency_needs_server");
    await w.drain(22);
    expect(await w.trips(22)).toHaveLength(1);
    for (const amount of ["0", "-1", "30.01", "x", "1.001"])
      expect((await draw(22, amount, "draw-of-nonsense")).code).toBe("emergency_too_much");
    const drawn = await draw(22, "5", "draw-of-the-night");
    expect(drawn).toMatchObject({ status: 200, inArrears: false, emergency: { amount: "5.00", reason: "夜里没钱" } });
    expect((await draw(22, "5", "draw-of-the-night")).status).toBe(200);
    expect((await draw(22, "6", "draw-of-the-night")).code).toBe("command_key_conflict");
    expect((await w.trips(22))[0]).toMatchObject({ state: "cancelled" });
    const raced = await Promise.all([draw(22, "7", "draw-raced-one"), draw(22, "7", "draw-raced-two")]);
    expect(raced.every((each) => each.code === "emergency_not_in_arrears")).toBe(true);

    // Down to −5 it lasts; then it is cut off, whatever is asked for.
    for (let i = 0; i < 5; i++) await w.drain(22);
    expect(await w.supply(22)).toMatchObject({ inArrears: true });
    expect((await draw(22, "5", "draw-again")).code).toBe("emergency_open");
    expect(await w.trips(22)).toHaveLength(2);
    await w.pay(22, "2", "too-little");
    expect((await w.supply(22)).emergency).not.toBeNull();
    await w.pay(22, "50", "enough-for-now");
    expect(await w.supply(22)).toMatchObject({ emergency: null, inArrears: false });
    const rows = await db.read.selectFrom("emergency_credit").selectAll().where("account_id", "=", 22).execute();
    expect(rows).toMatchObject([{ open_account: null, amount_e4: 50_000 }]);
    expect((await verifyLedger(w.ctx)).problems).toEqual([]);
  });

  on("an overdraft lets an account go below zero, within bounds", async () => {
    const w = await town(at("2026-08-05", 10));
    const set = (meterId: number, amount: string) =>
      w.send<Supply>(w.boss, "POST", `/api/meters/${meterId}/overdraft`, { amount, reason: "老客户" });
    for (const amount of ["-1", "10000.01", "1.234", ""])
      expect((await set(12, amount)).code).toBe("overdraft_invalid");
    expect((await set(11, "5")).code).toBe("emergency_needs_server");
    expect(await set(12, "5")).toMatchObject({ overdraft: "5.00", inArrears: false });
    await w.drain(12);
    expect(await w.trips(12)).toEqual([]);
    for (let i = 0; i < 3; i++) await w.drain(12);
    expect(await w.trips(12)).toHaveLength(1);
    expect(await set(12, "50")).toMatchObject({ inArrears: false });
    expect((await w.trips(12))[0]).toMatchObject({ state: "cancelled" });
  });

  on("tomorrow's cuts are told beforehand: who, why, and what spares whom", async () => {
    const w = await town(at("2026-08-05", 10));
    await w.pay(12, "10", "a-little-money");
    await w.drain(22);
    await db.transact(async (tx) => {
      await tx.updateTable("meter_state").set({ remaining_wh: 0 }).where("meter_id", "=", 21).execute();
      const day = {
        rev: 1,
        segment: 1,
        latest: 1 as const,
        ratio: 1,
        quality: "full" as never,
        cause: "close" as const,
      };
      const none = {
        open_wh: null,
        open_at: null,
        open_source: null,
        close_wh: null,
        close_at: null,
        close_source: null,
      };
      for (const back of [1, 2, 3]) {
        const row = { meter_id: 12, day: dayOf(later(w.ctx.clock(), -back * DAY_MS)), usage_wh: 20_000, cost_e4: null };
        await tx
          .insertInto("meter_day")
          .values({ ...day, ...none, ...row, made_at: 0, looked_at: 0 })
          .execute();
      }
    });
    const preview = (user: TestUser, when: number) => w.send<CutPreview>(user, "GET", `/api/cuts/preview?at=${when}`);
    const nine = at("2026-08-06", 9);
    const told = await preview(w.boss, nine);
    expect(told.items).toMatchObject([
      { meterId: 12, why: "expected", hold: null, balance: "10.00" },
      { meterId: 21, why: "arrears", creditAt: "meter", hold: null },
      { meterId: 22, why: "arrears", hold: null },
    ]);
    await w.send(w.boss, "POST", "/api/meters/22/guard", { on: true, reason: "诊所" });
    await w.window({ fromMinute: 0, toMinute: 1_440 });
    expect((await preview(w.boss, nine)).items).toMatchObject([
      { meterId: 12, hold: "no_cut_window" },
      { meterId: 21, hold: null },
      { meterId: 22, hold: "guard" },
    ]);
    expect((await preview(w.boss, w.ctx.clock())).items.map((line) => line.meterId)).toEqual([21, 22]);
    const manager = await enrol(db, { areas: [1] });
    await w.awake();
    expect((await preview(manager, nine)).items.map((line) => line.meterId)).toEqual([12]);
  });
});
