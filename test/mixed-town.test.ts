import { describe, expect, test } from "vitest";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import type { MeterPlan } from "#simulator/plan.ts";
import { testDatabases } from "#store/test-databases.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

/**
 * The whole town: a concentrator of each kind with meters of 2007, of 1997 and for water, and one for electricity and one for water behind
 * a radio meter.
 */
async function mixedWorld(database: "sqlite" | "mariadb") {
  const plan = mixedTownPlan({
    seed: 1,
    concentrators: 1,
    metersPer: 16,
    listenPort: await freePort(),
    heartbeatMs: 500,
  });
  const w = await world({ database, plan, faults: {} });
  return { w, plan };
}

/** An answer that comes late on a busy machine costs a read-back and a second try. */
const RECHARGE_MS_MAX = 60_000;
const KINDS = ["JC000001", "510100901", "DTU00902", "DTU00903"];

const stateOf = async (w: World, { label }: MeterPlan) => w.meterAt(label);

async function isRead(w: World, meter: MeterPlan): Promise<void> {
  await until(`${meter.label} is read`, async () => {
    const { last_answer_at, relay } = await stateOf(w, meter);
    return last_answer_at > 0 && relay !== null;
  });
}

async function command(w: World, meter: MeterPlan, kind: "trip" | "close"): Promise<void> {
  const { id } = await stateOf(w, meter);
  const command = await w.command(id, kind);
  await until(`${meter.label} ${kind}`, async () => (await w.commandNow(command)).state === "confirmed");
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
        const truth = w.town.meter(meter.number);
        expect(Math.abs((known.index_wh ?? 0) - (truth?.indexWh ?? 0)), meter.label).toBeLessThan(20);
        expect(known.relay, meter.label).toBe(truth?.relay);
      }
      expect(plan.meters.map((meter) => meter.profile)).toEqual(
        expect.arrayContaining(["cjt188-2004-water", "cjt188-2018-water"]),
      );
      const behind = plan.meters.filter((meter) => meter.gateway !== undefined);
      expect(behind.map((meter) => meter.kind)).toEqual(["electricity", "water"]);
      for (const code of KINDS) {
        const own = plan.meters.filter((meter) => meter.concentrator === code && meter.closesBy === "direct");
        expect(
          own.map((meter) => meter.profile),
          code,
        ).toEqual(expect.arrayContaining(["jc1", "jc97", "jc188"]));
        for (const profile of ["jc1", "jc97", "jc188"]) {
          const some = own.filter((meter) => meter.profile === profile && meter.creditAt === "meter");
          const closed = some.find((meter) => w.town.meter(meter.number)?.relay === "closed");
          if (!closed) throw new Error(`${code} has no ${profile} to switch and to recharge`);
          await command(w, closed, "trip");
          expect(w.town.meter(closed.number)?.relay, closed.label).toBe("open");
          await command(w, closed, "close");
          expect(w.town.meter(closed.number)?.relay, closed.label).toBe("closed");
          await recharged(w, closed);
        }
      }
      for (const meter of behind) await recharged(w, meter);
      expect((await w.verify()).problems).toEqual([]);
    },
    240_000,
  );
});

async function recharged(w: World, meter: MeterPlan): Promise<void> {
  const { id } = await stateOf(w, meter);
  const before = w.town.meter(meter.number)?.purchaseCount ?? 0;
  const orderNo = await w.recharge(id, "50");
  const isDone = async () => (await w.order(orderNo)).state === "confirmed";
  await until(`${meter.label} is recharged`, isDone, RECHARGE_MS_MAX);
  expect(w.town.meter(meter.number)?.purchaseCount, meter.label).toBe(before + 1);
}
