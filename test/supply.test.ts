import { describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { later } from "#base/time.ts";
import { recordReadings } from "#flows/record-readings.ts";
import { testDatabases } from "#store/test-databases.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

/** Puts an account with credit on the server into arrears by two readings that use up everything. */
async function runOut(w: World, label: string): Promise<void> {
  const meter = await w.meterAt(label);
  await until("the meter was read", async () => (await w.meterAt(label)).index_wh !== null);
  w.town.setMeterOffline(meter.address, true);
  const { index_wh } = await w.meterAt(label);
  for (const step of [400_000, 400_001]) {
    w.letPass(11_000);
    await recordReadings(w.ctx, {
      collector: "test",
      reports: [{ meterId: meter.id, measuredAt: w.ctx.clock(), values: { energyWh: (index_wh ?? 0) + step } }],
      silences: [],
      frames: [],
    });
    await w.settle();
  }
  w.town.setMeterOffline(meter.address, false);
}

describe.each(testDatabases)("supply on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("is cut by an operator and given back, each proved by the relay, not by a queue", async () => {
    const w = await world({ database: name });
    const label =
      w.plan.meters.find((meter) => meter.closesBy === "direct" && meter.initialCreditWh > 50_000)?.room ?? "";
    const meter = await w.meterAt(label);
    const trip = await w.command(meter.id, "trip");
    await until("tripped", async () => (await w.commandNow(trip)).state === "confirmed");
    expect(w.town.meter(meter.address)?.relay).toBe("open");
    expect(await w.meterAt(label)).toMatchObject({ relay: "open", relay_commanded: "open", off_cause: "operator" });
    const close = await w.command(meter.id, "close");
    await until("closed", async () => (await w.commandNow(close)).state === "confirmed");
    expect(w.town.meter(meter.address)?.relay).toBe("closed");
    expect(await w.meterAt(label)).toMatchObject({ relay: "closed", off_cause: null });
  });

  on("that an operator has cut stays off after a recharge", async () => {
    const w = await world({ database: name });
    const label =
      w.plan.meters.find((meter) => meter.creditAt === "meter" && meter.initialCreditWh > 50_000)?.room ?? "";
    const meter = await w.meterAt(label);
    const trip = await w.command(meter.id, "trip");
    await until("tripped", async () => (await w.commandNow(trip)).state === "confirmed");
    const orderNo = await w.recharge(meter.id, "100");
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    expect((await w.order(orderNo)).reconnection).toBe("none");
    expect(w.town.meter(meter.address)?.relay).toBe("open");
  });

  on("of a server account is cut after two evaluations with evidence, and comes back with a payment", async () => {
    const w = await world({ database: name, metersPer: 40 });
    const plan = w.plan.meters.find((meter) => meter.creditAt === "server" && meter.closesBy === "direct");
    const label = plan?.room ?? "";
    const meter = await w.meterAt(label);
    await w.settle();
    await w.db.transact((tx) =>
      tx.updateTable("meter").set({ power_max_w: 1_000_000_000_000 }).where("id", "=", meter.id).execute(),
    );
    await runOut(w, label);
    const trips = await w.db.read
      .selectFrom("command")
      .selectAll()
      .where("meter_id", "=", meter.id)
      .where("kind", "=", "trip")
      .execute();
    expect(trips).toHaveLength(1);
    const evidence = await w.db.read
      .selectFrom("off_evidence")
      .selectAll()
      .where("command_id", "=", trips[0]?.id ?? "")
      .execute();
    expect(evidence[0]).toMatchObject({ evaluations: 2, meter_id: meter.id });

    // The collector's own guard holds trips back right after a start; a payment meanwhile takes the trip off the queue.
    const orderNo = await w.recharge(meter.id, "5000");
    expect(await w.order(orderNo)).toMatchObject({ state: "confirmed", unitsWh: 0, walletAfter: "0.00" });
    expect((await w.commandNow(trips[0]?.id ?? "")).state).toBe("cancelled");
    expect((await w.verify()).problems).toEqual([]);
  });

  on("is never cut by one reading, nor under supply guard, and a guarded meter refuses an operator too", async () => {
    const w = await world({ database: name, metersPer: 40 });
    const label = w.plan.meters.find((meter) => meter.creditAt === "server")?.room ?? "";
    const meter = await w.meterAt(label);
    await w.db.transact((tx) =>
      tx
        .updateTable("meter")
        .set({ supply_guard: 1, power_max_w: 1_000_000_000_000 })
        .where("id", "=", meter.id)
        .execute(),
    );
    await runOut(w, label);
    const trips = await w.db.read
      .selectFrom("command")
      .select("id")
      .where("meter_id", "=", meter.id)
      .where("kind", "=", "trip")
      .execute();
    expect(trips).toEqual([]);
    const refused = await w.command(meter.id, "trip").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AppError);
    expect((refused as AppError).code).toBe("meter_protected");
  });

  on("of a meter that wants its button pressed is permitted, and the order says so", async () => {
    const w = await world({ database: name, metersPer: 40 });
    const plan = w.plan.meters.find((meter) => meter.closesBy === "button" && meter.creditAt === "meter");
    const label = plan?.room ?? "";
    const meter = await w.meterAt(label);
    w.town.setCredit(meter.address, 0);
    await until("it tripped by itself", async () => (await w.meterAt(label)).off_cause === "arrears");
    const orderNo = await w.recharge(meter.id, "100");
    await until("permission given", async () => (await w.order(orderNo)).reconnection === "press_button");
    expect(w.town.meter(meter.address)?.relay).toBe("open");
    expect(w.town.pressButton(meter.address)).toBe(true);
    await until("closed", async () => (await w.order(orderNo)).reconnection === "closed");
  });
});

describe.each(testDatabases)("usage on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("is charged once, whatever settles at the same time, and bought minus used is what the meter holds", async () => {
    const w = await world({ database: name, speed: 3_600 });
    const label =
      w.plan.meters.find((meter) => meter.creditAt === "meter" && meter.initialCreditWh > 100_000)?.room ?? "";
    const meter = await w.meterAt(label);
    const orderNo = await w.recharge(meter.id, "40");
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    for (let i = 0; i < 5; i++) {
      const { index_at } = await w.meterAt(label);
      await until("a newer reading", async () => (await w.meterAt(label)).index_at > index_at);
      await Promise.all([w.settle(), w.settle(), w.settle()]);
    }
    await w.town.close();
    const lots = await w.db.read.selectFrom("credit_lot").selectAll().where("meter_id", "=", meter.id).execute();
    const state = await w.meterAt(label);
    await w.settle();
    const used = lots.reduce((sum, lot) => sum + lot.used_wh, 0);
    const opening = w.plan.meters.find((each) => each.room === label)?.initialIndexWh ?? 0;
    const settled = await w.meterAt(label);
    expect(settled.settled_index_wh).toBe(state.index_wh);
    const now_used = (
      await w.db.read.selectFrom("credit_lot").selectAll().where("meter_id", "=", meter.id).execute()
    ).reduce((sum, lot) => sum + lot.used_wh, 0);
    expect(now_used).toBe((settled.settled_index_wh ?? 0) - opening);
    expect(used).toBeGreaterThan(0);
    expect((await w.verify()).problems).toEqual([]);
  });

  on("that jumps or runs backwards is kept and shown but never billed", async () => {
    const w = await world({ database: name, collector: false });
    const meter = await w.meterAt(w.plan.meters[1]?.room ?? "");
    const start = w.plan.meters[1]?.initialIndexWh ?? 0;
    await w.db.transact((tx) =>
      tx.updateTable("meter").set({ power_max_w: 5_000 }).where("id", "=", meter.id).execute(),
    );
    const at = w.ctx.clock();
    const report = (energyWh: number, secondsLater: number) =>
      recordReadings(w.ctx, {
        collector: "test",
        reports: [{ meterId: meter.id, measuredAt: later(at, secondsLater * 1_000), values: { energyWh } }],
        silences: [],
        frames: [],
      });
    await report(start + 100, 0);
    await report(start + 900_000, 60); // 54 MW
    await report(start - 5_000, 120);
    await report(start + 150, 180);
    await report(start + 150, 180); // the same again
    await w.settle();
    const readings = await w.db.read
      .selectFrom("reading")
      .select(["value", "verdict"])
      .where("meter_id", "=", meter.id)
      .where("register", "=", 1)
      .orderBy("measured_at")
      .execute();
    expect(readings.map((row) => row.verdict)).toEqual([0, 0, 3, 2, 0]); // the first was written down at the take-over
    const events = await w.db.read
      .selectFrom("meter_event")
      .select("kind")
      .where("meter_id", "=", meter.id)
      .where("kind", "=", "reading_suspect")
      .execute();
    expect(events).toHaveLength(1); // the doubt is told once, and ends when readings follow the old line again
    const lots = await w.db.read.selectFrom("credit_lot").select("used_wh").where("meter_id", "=", meter.id).execute();
    expect(lots.reduce((sum, lot) => sum + lot.used_wh, 0)).toBe(150);
  });
});
