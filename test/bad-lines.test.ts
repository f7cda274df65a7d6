import { expect, test } from "vitest";
import type { LineRates } from "#simulator/faults.ts";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import type { MeterPlan } from "#simulator/plan.ts";
import { pause } from "#system/clock.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

const BAD_LINE: LineRates = { split: 0.3, merge: 0.2, interrupt: 0.3, flap: 0.02 };
const BAD_BUS = { loseRequest: 0.03, loseAnswer: 0.03, corrupt: 0.05, duplicate: 0.05, lateAnswer: 0.05, lateMs: 150 };

/** Some dozens of connections come and go in this time. */
const FLAPPING_MS = 4_000;

async function badWorld() {
  const plan = mixedTownPlan({
    seed: 2,
    concentrators: 1,
    metersPer: 2,
    listenPort: await freePort(),
    heartbeatMs: 300,
  });
  const lines = Object.fromEntries(plan.concentrators.map(({ id }) => [id, BAD_LINE]));
  const w = await world({ database: "sqlite", plan, faults: { everywhere: BAD_BUS, lines } });
  return { w, plan };
}

/** One of each kind, with credit in the meter. */
function holders(w: World): MeterPlan[] {
  return w.plan.concentrators.map(({ id }) => {
    const holder = w.plan.meters.find((meter) => meter.concentrator === id && meter.creditAt === "meter");
    if (!holder) throw new Error(`${id} has no meter with credit`);
    return holder;
  });
}

test("over lines that break, cut, merge and interrupt no kind of link reads or credits anything wrong", async () => {
  const { w, plan } = await badWorld();
  const orders = new Map<string, string[]>();
  for (const meter of holders(w)) {
    const { id } = await w.meterAt(meter.label);
    orders.set(meter.label, [await w.recharge(id, "20"), await w.recharge(id, "30")]);
  }
  for (const meter of plan.meters) {
    await until(`${meter.label} is read`, async () => (await w.meterAt(meter.label)).last_answer_at > 0);
  }
  for (const [room, placed] of orders) {
    for (const orderNo of placed) {
      await until(`${room} is recharged`, async () => (await w.order(orderNo)).state === "confirmed");
    }
  }
  for (const meter of holders(w)) {
    const truth = w.town.meter(meter.number);
    expect(
      truth?.topUps.map((each) => each.count),
      meter.label,
    ).toEqual([1, 2]);
  }
  const truth = new Map<number, MeterPlan>();
  for (const meter of plan.meters) truth.set((await w.meterAt(meter.label)).id, meter);
  const readings = await w.db.read
    .selectFrom("reading")
    .select(["meter_id", "value"])
    .where("register", "=", 1)
    .execute();
  expect(readings.length).toBeGreaterThanOrEqual(plan.meters.length);
  for (const { meter_id, value } of readings) {
    const meter = truth.get(meter_id)!;
    const now = w.town.meter(meter.number)?.indexWh ?? 0;
    expect(value, meter.label).toBeGreaterThanOrEqual(meter.initialIndexWh - (meter.initialIndexWh % 10));
    expect(value, meter.label).toBeLessThanOrEqual(now);
  }
  expect((await w.verify()).problems).toEqual([]);
}, 180_000);

test.each(["JC000001", "510100901", "DTU00902", "DTU00903"])(
  "a connection of %s that breaks now and then under a recharge does not make it happen twice",
  async (code) => {
    const plan = mixedTownPlan({ seed: 2, concentrators: 1, metersPer: 2, listenPort: await freePort() });
    const w = await world({ database: "sqlite", plan });
    const holder = holders(w).find((meter) => meter.concentrator === code)!;
    const { id } = await w.meterAt(holder.label);
    await until("it is read", async () => (await w.meterAt(holder.label)).last_answer_at > 0);
    w.town.setFaults({ lines: { [code]: { flap: 0.12 } } });
    const orderNo = await w.recharge(id, "50");
    await pause(FLAPPING_MS);
    w.town.setFaults({ lines: { [code]: { flap: 0 } } });
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    expect(w.town.meter(holder.number)?.topUps).toHaveLength(1);
    expect((await w.verify()).problems).toEqual([]);
  },
  90_000,
);
