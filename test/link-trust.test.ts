import { describe, expect, test } from "vitest";
import { SECOND_MS } from "#base/time.ts";
import type { LinkTrust } from "#domain/link.ts";
import { setLinkRisk } from "#flows/link-risk.ts";
import { GUARD_RETRY_MS } from "#flows/off-guard.ts";
import { recordReadings } from "#flows/record-readings.ts";
import { requestRefund } from "#flows/refund.ts";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import { testDatabases } from "#store/test-databases.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

const DTU = "DTU00902";

/** A town with a DTU, whose link gets so much trust. The collector is started by the test. */
async function townWith(database: "sqlite" | "mariadb", trust: LinkTrust) {
  const plan = mixedTownPlan({ seed: 1, concentrators: 1, metersPer: 1 });
  const w = await world({ database, plan, collector: false });
  await setTrust(w, trust);
  const own = plan.meters.filter((meter) => meter.concentrator === DTU && meter.closesBy === "direct");
  const closed = await w.meterAt(own.find((meter) => meter.creditAt === "meter")!.room);
  const server = await w.meterAt(own.find((meter) => meter.creditAt === "server")!.room);
  return { w, closed, server };
}

function setTrust(w: World, trust: LinkTrust): Promise<unknown> {
  return w.db.transact((tx) => tx.updateTable("concentrator").set({ trust }).where("code", "=", DTU).execute());
}

function dropRisk(w: World): Promise<unknown> {
  return w.db.transact((tx) => tx.deleteFrom("setting").where("key", "like", "link_risk:%").execute());
}

/** Starts a collector, which holds back for a while what was ordered before, and lets that while pass. */
async function startAndWaitOut(w: World, trip: string): Promise<void> {
  await w.startCollector();
  await until("it is held back", async () => (await w.commandNow(trip)).stateReason === "guard_quarantine");
  w.letPass(GUARD_RETRY_MS + SECOND_MS);
}

/** Uses up what the account had, twice seen. */
async function runOut(w: World, meter: Awaited<ReturnType<World["meterAt"]>>): Promise<number> {
  await w.db.transact((tx) =>
    tx.updateTable("meter").set({ power_max_w: 1_000_000_000_000 }).where("id", "=", meter.id).execute(),
  );
  for (const step of [400_000, 400_001]) {
    w.letPass(11_000);
    const report = { meterId: meter.id, measuredAt: w.ctx.clock(), values: { energyWh: (meter.index_wh ?? 0) + step } };
    await recordReadings(w.ctx, { collector: "test", reports: [report], silences: [], frames: [] });
    await w.settle();
  }
  const trips = await w.db.read
    .selectFrom("command")
    .select("id")
    .where("meter_id", "=", meter.id)
    .where("kind", "=", "trip")
    .execute();
  return trips.length;
}

describe.each(testDatabases)("a link without proof of identity on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("that is trusted with limits reads, recharges and closes, but an operator cannot trip over it", async () => {
    const { w, closed } = await townWith(name, "limited");
    await expect(w.command(closed.id, "trip")).rejects.toMatchObject({ code: "link_not_trusted" });
    await w.startCollector();
    const orderNo = await w.recharge(closed.id, "50");
    await until("the recharge has arrived", async () => (await w.order(orderNo)).state === "confirmed");
    const close = await w.command(closed.id, "close");
    await until("closed", async () => (await w.commandNow(close)).state === "confirmed");
  });

  on("that loses trust while a trip waits does not carry it out", async () => {
    const { w, closed } = await townWith(name, "full");
    const trip = await w.command(closed.id, "trip");
    await setTrust(w, "limited");
    await startAndWaitOut(w, trip);
    await until("the trip has ended", async () => (await w.commandNow(trip)).state === "cancelled");
    expect(await w.commandNow(trip)).toMatchObject({ stateReason: "link_not_trusted" });
    expect(w.town.meter(closed.address)?.relay).toBe("closed");
  });

  on("cuts nobody off for arrears unless it is fully trusted", async () => {
    const limited = await townWith(name, "limited");
    expect(await runOut(limited.w, limited.server)).toBe(0);
    await limited.w.close();
    const full = await townWith(name, "full");
    expect(await runOut(full.w, full.server)).toBe(1);
  });

  on("needs the risk to be taken for the project before anything is cut off over it", async () => {
    const { w, closed, server } = await townWith(name, "full");
    const trip = await w.command(closed.id, "trip");
    await dropRisk(w);
    await expect(w.command(closed.id, "trip")).rejects.toMatchObject({ code: "link_risk" });
    await startAndWaitOut(w, trip);
    await until("the trip has ended", async () => (await w.commandNow(trip)).state === "cancelled");
    expect(await w.commandNow(trip)).toMatchObject({ stateReason: "link_risk" });
    expect(w.town.meter(closed.address)?.relay).toBe("closed");
    expect(await runOut(w, server)).toBe(0);
    const orderNo = await w.recharge(closed.id, "50");
    await until("the recharge has arrived", async () => (await w.order(orderNo)).state === "confirmed");
  });

  on(
    "whose risk is about every meter of the project is nothing that somebody with a part of them may take",
    async () => {
      const { w, closed } = await townWith(name, "full");
      await dropRisk(w);
      const some = { ...boss, scope: { all: false, areaIds: [], meterIds: [closed.id] } };
      const decided = { projectId: 1, reason: "VPN", ip: "" };
      await expect(setLinkRisk(w.ctx, some, { ...decided, taken: true })).rejects.toMatchObject({ code: "not_found" });
      await setLinkRisk(w.ctx, boss, { ...decided, taken: true });
      await setLinkRisk(w.ctx, some, { ...decided, taken: false });
      await expect(w.command(closed.id, "trip")).rejects.toMatchObject({ code: "link_risk" });
    },
  );

  on("holds what takes credit back until the risk is taken, sends nothing of it, and then carries it out", async () => {
    const { w, closed } = await townWith(name, "full");
    await w.startCollector();
    const orderNo = await w.recharge(closed.id, "50");
    await until("the recharge has arrived", async () => (await w.order(orderNo)).state === "confirmed");
    await dropRisk(w);
    const count = w.town.meter(closed.address)?.purchaseCount;
    const asked = {
      key: "refund-over-dtu",
      kind: "units" as const,
      meterId: closed.id,
      quantity: "2",
      orderNo: null,
      method: "cash" as const,
    };
    await requestRefund(w.ctx, boss, { ...asked, reason: "test", ip: "" });
    const held = () =>
      w.db.read
        .selectFrom("command")
        .selectAll()
        .where("meter_id", "=", closed.id)
        .where("kind", "=", "deduct")
        .executeTakeFirstOrThrow();
    await until("it is held", async () => (await held()).state_reason === "link_risk");
    expect(await held()).toMatchObject({ state: "waiting", sent_at: null, frame_hex: null });
    expect(w.town.meter(closed.address)?.purchaseCount).toBe(count);
    const { id: projectId } = await w.db.read.selectFrom("project").select("id").executeTakeFirstOrThrow();
    await setLinkRisk(w.ctx, boss, { projectId, taken: true, reason: "VPN", ip: "" });
    w.letPass(60_000);
    await until("carried out", async () => (await held()).state === "confirmed");
  });

  on("that nobody has allowed is not spoken to", async () => {
    const { w, closed } = await townWith(name, "none");
    await w.startCollector();
    const terminal = w.plan.meters.find((meter) => meter.concentrator === "510100901")?.room ?? "";
    await until("the terminal's meter is read", async () => (await w.meterAt(terminal)).last_answer_at > 0);
    expect((await w.meterAt(closed.label)).last_answer_at).toBe(0);
    await setTrust(w, "limited");
    await until("the DTU's meter is read", async () => (await w.meterAt(closed.label)).last_answer_at > 0);
  });
});
