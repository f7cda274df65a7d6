import { describe, expect, test } from "vitest";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import type { MeterPlan } from "#simulator/plan.ts";
import { testDatabases } from "#store/test-databases.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

/** The whole town: a concentrator of each kind, and two meters behind a radio meter. */
async function mixedWorld(database: "sqlite" | "mariadb") {
  const plan = mixedTownPlan({
    seed: 1,
    concentrators: 1,
    metersPer: 3,
    listenPort: await freePort(),
    heartbeatMs: 500,
  });
  const w = await world({ database, plan, faults: {} });
  return { w, plan };
}

const KINDS = ["JC000001", "510100901", "DTU00902", "DTU00903"];

const stateOf = async (w: World, { room }: MeterPlan) => w.meterAt(room);

async function isRead(w: World, meter: MeterPlan): Promise<void> {
  await until(`${meter.room} is read`, async () => {
    const { last_answer_at, relay } = await stateOf(w, meter);
    return last_answer_at > 0 && relay !== null;
  });
}

async function command(w: World, meter: MeterPlan, kind: "trip" | "close"): Promise<void> {
  const { id } = await stateOf(w, meter);
  const command = await w.command(id, kind);
  await until(`${meter.room} ${kind}`, async () => (await w.commandNow(command)).state === "confirmed");
}

describe.each(testDatabases)("a town of all kinds on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on(
    "is read, tripped, closed and recharged, whatever its concentrators speak",
    async () => {
      const { w, plan } = await mixedWorld(name);
      expect(new Set(plan.meters.map((meter) => meter.concentrator))).toEqual(new Set(KINDS));
      for (const meter of plan.meters) await isRead(w, meter);
      for (const meter of plan.meters) {
        const known = await stateOf(w, meter);
        const truth = w.town.meter(meter.address);
        expect(Math.abs((known.index_wh ?? 0) - (truth?.indexWh ?? 0)), meter.room).toBeLessThan(20);
        expect(known.relay, meter.room).toBe(truth?.relay);
      }
      const behind = plan.meters.filter((meter) => meter.gateway !== undefined);
      expect(behind).toHaveLength(2);
      for (const code of KINDS) {
        const own = plan.meters.filter((meter) => meter.concentrator === code && meter.closesBy === "direct");
        const closed = own.find((meter) => w.town.meter(meter.address)?.relay === "closed");
        const holder = own.find((meter) => meter.creditAt === "meter");
        if (!closed || !holder) throw new Error(`${code} has no meter to switch or to recharge`);
        await command(w, closed, "trip");
        expect(w.town.meter(closed.address)?.relay, closed.room).toBe("open");
        await command(w, closed, "close");
        expect(w.town.meter(closed.address)?.relay, closed.room).toBe("closed");
        await recharged(w, holder);
      }
      for (const meter of behind) await recharged(w, meter);
      expect((await w.verify()).problems).toEqual([]);
    },
    120_000,
  );
});

async function recharged(w: World, meter: MeterPlan): Promise<void> {
  const { id } = await stateOf(w, meter);
  const before = w.town.meter(meter.address)?.purchaseCount ?? 0;
  const orderNo = await w.recharge(id, "50");
  await until(`${meter.room} is recharged`, async () => (await w.order(orderNo)).state === "confirmed");
  expect(w.town.meter(meter.address)?.purchaseCount, meter.room).toBe(before + 1);
}
