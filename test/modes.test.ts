import { describe, expect, test } from "vitest";
import { type Day, HOUR_MS, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { MeterMode } from "#domain/meter-mode.ts";
import { changeMode, previewMode } from "#flows/change-mode.ts";
import { recheckMode, withdrawMode } from "#flows/end-mode.ts";
import { openExchange } from "#flows/exchange.ts";
import { recharge } from "#flows/recharge.ts";
import { building } from "#flows/test-building.ts";
import { refusal } from "#flows/test-refusal.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss, world } from "./world.ts";

describe.each(testDatabases)("a change of mode on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on("is told to a meter that counts its own credit, and holds when the meter shows it", async () => {
    const w = await world({ database: name });
    const hero = await w.meterAt(w.hero);
    const orderNo = await w.recharge(hero.id, "15"); // 20 kWh
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    await until("on", async () => w.town.meter(hero.number)?.relay === "closed");
    w.town.setLoad(hero.number, 0);
    await until("read", async () => (await w.meterAt(w.hero)).remaining_wh === 20_000);
    const ask = (to: MeterMode, over: { confirmed?: boolean; key?: string } = {}) =>
      changeMode(w.ctx, boss, {
        key: over.key ?? newId(systemClock()),
        meterId: hero.id,
        to,
        reason: "合同变更",
        confirmed: over.confirmed ?? false,
        ip: "",
      });
    const row = () =>
      w.db.read
        .selectFrom("meter")
        .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
        .selectAll("meter_state")
        .select("meter.mode")
        .where("meter.id", "=", hero.id)
        .executeTakeFirstOrThrow();
    const reached = (mode: MeterMode) => until(mode, async () => (await row()).mode === mode);

    expect(await refusal(ask("prepaid"))).toBe("mode_unchanged");
    expect(await refusal(ask("public"))).toBe("mode_public_with_credit");
    w.town.setMeterOffline(hero.number, true);
    const first = await ask("postpaid", { key: "mode-key-1" });
    expect(await ask("postpaid", { key: "mode-key-1" })).toEqual({ changeNo: first.changeNo, created: false });
    expect(await refusal(ask("public", { key: "mode-key-1" }))).toBe("mode_key_conflict");
    const exchange = { key: "exchange-in-mode", meterId: hero.id, reason: "x", ip: "" };
    expect(await refusal(openExchange(w.ctx, boss, exchange))).toBe("mode_change_open");
    expect((await row()).mode).toBe("prepaid"); // not before the meter shows it
    w.town.setMeterOffline(hero.number, false);
    await reached("postpaid");
    expect(w.town.meter(hero.number)).toMatchObject({ counts: true, purchaseCount: 2, creditWh: 20_000 });
    // It runs on below zero.
    w.town.setCredit(hero.number, -3_000);
    await until("below zero", async () => (await row()).remaining_wh === -3_000);
    expect(w.town.meter(hero.number)?.relay).toBe("closed");
    expect((await row()).low_credit).toBe(0);
    expect(
      await refusal(
        recharge(w.ctx, boss, {
          key: "pay-postpaid",
          meterId: hero.id,
          amount: "10",
          channel: "cash",
          note: "",
          ip: "",
        }),
      ),
    ).toBe("meter_not_prepaid");
    // Back again cuts it off at once: that has to be confirmed.
    const preview = await previewMode(w.ctx, boss, { meterId: hero.id, to: "prepaid" });
    expect(preview).toMatchObject({
      supply: "goes_off",
      how: "at_once",
      toldToMeter: true,
      remainingWh: -3_000,
      obstacle: null,
    });
    expect(await refusal(ask("prepaid"))).toBe("mode_needs_confirmation");
    await ask("prepaid", { confirmed: true });
    await reached("prepaid");
    await until("off", async () => w.town.meter(hero.number)?.relay === "open");
    expect(w.town.meter(hero.number)).toMatchObject({ counts: false, tripCause: "credit", purchaseCount: 3 });
    await until("seen off", async () => (await row()).off_cause === "arrears");
    // Postpaid again: it comes back by itself.
    await ask("postpaid");
    await until("on again", async () => w.town.meter(hero.number)?.relay === "closed");
    expect((await w.verify()).problems).toEqual([]);
  });

  on("is taken back while the meter was not told, and a stopped one is looked at again", async () => {
    const w = await world({ database: name });
    const hero = await w.meterAt(w.hero);
    w.town.setMeterOffline(hero.number, true);
    const ask = (key: string) =>
      changeMode(w.ctx, boss, { key, meterId: hero.id, to: "postpaid", reason: "合同", confirmed: false, ip: "" });
    const ending = { meterId: hero.id, reason: "搞错了", ip: "" };
    expect(await refusal(withdrawMode(w.ctx, boss, ending))).toBe("mode_step");
    const first = await ask("mode-first");
    expect(await refusal(recheckMode(w.ctx, boss, ending))).toBe("mode_step");
    expect(await refusal(withdrawMode(w.ctx, boss, { ...ending, reason: "" }))).toBe("reason_required");
    expect(await withdrawMode(w.ctx, boss, ending)).toBe(first.changeNo);
    const second = await ask("mode-second");
    // The meter contradicted the books, somebody has been there, and its count decides.
    await w.db.transact(async (tx) => {
      await tx.updateTable("command").set({ state: "stopped" }).where("meter_id", "=", hero.id).execute();
      await tx.updateTable("mode_change").set({ state: "stopped" }).where("change_no", "=", second.changeNo).execute();
      await tx.updateTable("meter_state").set({ top_ups_stopped: 1 }).where("meter_id", "=", hero.id).execute();
    });
    expect(await refusal(withdrawMode(w.ctx, boss, ending))).toBe("mode_step");
    expect(await recheckMode(w.ctx, boss, { ...ending, reason: "现场看过" })).toBe(second.changeNo);
    w.town.setMeterOffline(hero.number, false);
    await until("postpaid", async () => {
      const row = await w.db.read.selectFrom("meter").select("mode").where("id", "=", hero.id).executeTakeFirst();
      return row?.mode === "postpaid";
    });
    expect((await w.meterAt(w.hero)).top_ups_stopped).toBe(0);
  });

  on("is refused by a model that cannot be told, with what to do instead", async () => {
    const w = await world({ database: name, metersPer: 14 });
    const old = await w.db.read
      .selectFrom("meter")
      .select(["id", "profile"])
      .where("profile", "=", "jc97")
      .executeTakeFirstOrThrow();
    const wanted = {
      key: "mode-97-key",
      meterId: old.id,
      to: "postpaid" as const,
      reason: "x",
      confirmed: true,
      ip: "",
    };
    expect(await refusal(changeMode(w.ctx, boss, wanted))).toBe("mode_not_supported");
    expect(await previewMode(w.ctx, boss, wanted)).toMatchObject({
      obstacle: "mode_not_supported",
      obstacleDetails: { profile: "jc97" },
    });
  });

  on("of an account on the server lets it go below zero, and back cuts it off on readings", async () => {
    const opened = later(startOfDay("2026-08-03" as Day), 10 * HOUR_MS);
    const b = await building(name, opened, [{ openingCreditWh: 5_000 }, { openingCreditWh: 5_000 }]);
    try {
      const [shop = 0] = b.meters;
      const minute = (n: number) => later(opened, n * MINUTE_MS);
      const read = async (n: number, energyWh: number) => {
        b.at(minute(n));
        await b.read(shop, minute(n), energyWh);
        await b.settle();
      };
      const trips = async () =>
        (await b.db.read.selectFrom("command").select("kind").where("kind", "=", "trip").execute()).length;
      const ask = (to: MeterMode, confirmed = false) =>
        changeMode(b.ctx, boss, { key: newId(systemClock()), meterId: shop, to, reason: "x", confirmed, ip: "" });
      const shown = () =>
        b.db.read.selectFrom("meter_state").selectAll().where("meter_id", "=", shop).executeTakeFirstOrThrow();
      await read(10, 2_000);
      // Two at once: one change.
      const both = await Promise.all([refusal(ask("postpaid")), refusal(ask("postpaid"))]);
      expect(both.toSorted()).toEqual(["mode_unchanged", "nothing"]);
      await read(20, 8_000);
      await read(30, 9_000);
      expect(await trips()).toBe(0);
      expect(await shown()).toMatchObject({ remaining_wh: -4_000, low_credit: 0 });
      // Public is charged to nobody; what was used until then is.
      b.at(minute(40));
      await b.read(shop, minute(40), 10_000);
      await ask("public");
      await read(50, 15_000);
      expect(await shown()).toMatchObject({ remaining_wh: -5_000 });
      expect(await trips()).toBe(0);
      const preview = await previewMode(b.ctx, boss, { meterId: shop, to: "prepaid" });
      expect(preview).toMatchObject({
        supply: "goes_off",
        how: "after_readings",
        balance: "-4.00",
        toldToMeter: false,
      });
      expect(await refusal(ask("prepaid"))).toBe("mode_needs_confirmation");
      await ask("prepaid", true);
      await read(51, 15_100);
      expect(await trips()).toBe(0);
      await read(52, 15_200);
      expect(await trips()).toBe(1);
      expect((await b.verify()).problems).toEqual([]);
    } finally {
      await b.db.drop();
    }
  });
});
