import { describe, expect, test } from "vitest";
import { type Instant, instant, later, MINUTE_MS } from "#base/time.ts";
import { OFF_LIMITS } from "#domain/off-guard.ts";
import type { Actor } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { claimCommands } from "#flows/claim-commands.ts";
import type { FlowContext } from "#flows/context.ts";
import { decideApproval } from "#flows/decide-approval.ts";
import { mayTrip } from "#flows/off-guard.ts";
import { claimConcentrator, type OwnedConcentrator, renewConcentrators } from "#flows/own-concentrators.ts";
import { requestCommand } from "#flows/request-command.ts";
import { markSent } from "#flows/settle-command.ts";
import { settleDueMeters } from "#flows/settle-usage.ts";
import { askForRelease, stopTrips } from "#flows/stop-trips.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import { townPlan } from "#simulator/plan.ts";
import { offCounts, offStopOf } from "#store/off-stops.ts";
import { testDatabases } from "#store/test-databases.ts";
import { boss, world } from "./world.ts";

const PROJECT = 1;
const chief: Actor = { ...boss, userId: 2, login: "chief", name: "王主任" };

/** A world whose collectors the test plays itself, with its own clock. */
async function site(database: "sqlite" | "mariadb", plan: ReturnType<typeof townPlan>) {
  const w = await world({ database, collector: false, plan });
  let aheadMs = 0;
  const ctx: FlowContext = { ...w.ctx, clock: () => later(w.ctx.clock(), aheadMs) };
  const owned: OwnedConcentrator[] = [];
  for (const { id } of plan.concentrators) {
    const own = await claimConcentrator(ctx, { code: id, kind: "jichao", collector: "a" });
    if (own) owned.push(own);
  }
  return {
    w,
    ctx,
    owned,
    claim: (limit: number) => claimCommands(ctx, { collector: "a", concentrators: owned, limit }),
    wait(ms: number) {
      aheadMs += ms;
    },
    /** The connections are still there. */
    renew: () =>
      renewConcentrators(ctx, {
        collector: "a",
        owned: owned.map((each) => ({ ...each, lastSeenAt: ctx.clock(), rssiDbm: null })),
      }),
    async approve(by: Actor) {
      const row = await w.db.read
        .selectFrom("approval")
        .select(["id", "version"])
        .where("kind", "=", "off_release")
        .where("state", "=", "requested")
        .executeTakeFirstOrThrow();
      await decideApproval(ctx, approvalEffects, by, {
        id: row.id,
        verdict: "approve",
        version: row.version,
        reason: "",
        ip: "",
      });
    },
  };
}

describe.each(testDatabases)("the guard over trips on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("is pulled by one person at once, and released by two", async () => {
    const { w, ctx, claim, approve } = await site(name, townPlan({ seed: 1, concentrators: 1, metersPer: 12 }));
    const meter = await w.meterAt(w.hero);
    await w.command(meter.id, "trip");
    const [trip] = await claim(10);
    if (!trip) throw new Error("no trip");
    const asking = { projectId: PROJECT, reason: "价格录错", ip: "" };
    await expect(stopTrips(ctx, boss, { ...asking, reason: "" })).rejects.toMatchObject({ code: "reason_required" });
    await expect(stopTrips(ctx, boss, { ...asking, projectId: 99 })).rejects.toMatchObject({ code: "not_found" });
    const stranger: Actor = { ...boss, scope: { all: false, areaIds: [999], meterIds: [] } };
    await expect(stopTrips(ctx, stranger, asking)).rejects.toMatchObject({ code: "not_found" });
    await Promise.all([stopTrips(ctx, boss, asking), stopTrips(ctx, chief, { ...asking, reason: "也按了" })]);
    expect(await offStopOf(w.db.read, PROJECT)).toMatchObject({ why: "person" });
    expect(await markSent(ctx, trip, () => "bytes")).toMatchObject({ ok: false, why: "guard" });

    // Closing and everything else goes on.
    expect(await askForRelease(ctx, boss, { ...asking, reason: "已查明" })).toEqual({ released: false });
    expect(await askForRelease(ctx, chief, { ...asking, reason: "再问一次" })).toEqual({ released: false });
    await expect(approve(boss)).rejects.toMatchObject({ code: "approval_same_person" });
    expect(await markSent(ctx, trip, () => "bytes")).toMatchObject({ ok: false, why: "guard" });
    await approve(chief);
    expect(await offStopOf(w.db.read, PROJECT)).toBeNull();
    expect(await markSent(ctx, trip, () => "bytes")).toMatchObject({ ok: true });
    const audit = await w.db.read
      .selectFrom("audit")
      .select(["actor", "action"])
      .where("action", "like", "off_guard.%")
      .orderBy("at")
      .execute();
    expect(audit.map(({ action }) => action)).toEqual(["off_guard.stop", "off_guard.stop", "off_guard.release"]);
    expect(audit[2]).toMatchObject({ actor: "chief" });
    expect(await askForRelease(ctx, boss, asking)).toEqual({ released: true });
  });

  on(
    "holds back what was ordered before the collector started, also by a person, but nothing ordered since",
    async () => {
      const { w, ctx } = await site(name, townPlan({ seed: 1, concentrators: 1, metersPer: 12 }));
      const meter = await w.meterAt(w.hero);
      const id = await w.command(meter.id, "trip");
      const now = ctx.clock();
      const asked = (startedAt: Instant) => mayTrip(ctx, { commandId: id, startedAt });
      expect(await asked(later(now, 1))).toMatchObject({ ok: false, why: "guard_quarantine" });
      expect(await asked(later(now, -MINUTE_MS))).toEqual({ ok: true });
    },
  );

  on("is not released by a request that was made before the latest stop", async () => {
    const { w, ctx, approve } = await site(name, townPlan({ seed: 1, concentrators: 1, metersPer: 12 }));
    await stopTrips(ctx, boss, { projectId: PROJECT, reason: "第一次", ip: "" });
    await askForRelease(ctx, boss, { projectId: PROJECT, reason: "查明了", ip: "" });
    await stopTrips(ctx, chief, { projectId: PROJECT, reason: "又有问题", ip: "" });
    await expect(approve(chief)).rejects.toMatchObject({ code: "approval_changed" });
    expect(await offStopOf(w.db.read, PROJECT)).toMatchObject({ reason: "又有问题", by: "chief" });
  });

  on("lets a day bring only a part of the project, however slowly", async () => {
    const { w, ctx, claim, wait, renew } = await site(name, townPlan({ seed: 1, concentrators: 1, metersPer: 60 }));
    let sent = 0;
    for (const meter of w.plan.meters.filter(({ kind }) => kind === "electricity")) {
      const asked = { key: `trip-${meter.number}`, kind: "trip" as const, reason: "计划停电", ip: "" };
      const { commandId: id } = await requestCommand(ctx, boss, {
        ...asked,
        meterId: (await w.meterAt(meter.label)).id,
      });
      await renew();
      const trip = (await claim(200)).find((each) => each.id === id);
      if (trip && (await markSent(ctx, trip, () => "bytes")).ok) sent++;
      wait(11 * MINUTE_MS);
    }
    expect(sent).toBe(OFF_LIMITS.perWindow);
    expect(await offStopOf(w.db.read, PROJECT)).toMatchObject({ why: "day" });
  });

  on(
    "holds when a bad price drives 5 000 accounts below zero: so many go, none beyond, two people let more go",
    async () => {
      const drawn = townPlan({ seed: 1, concentrators: 10, metersPer: 500, waterPer: 0 });
      const meters = drawn.meters.map((meter) => ({ ...meter, creditAt: "server" as const, initialCreditWh: 100_000 }));
      const { w, ctx, claim, wait, renew, approve } = await site(name, { ...drawn, meters });
      expect(meters).toHaveLength(5_000);

      // The price was typed without its decimal point; two readings follow, a quarter of an hour apart.
      await w.db.transact((tx) => tx.updateTable("meter").set({ price_e4: 10_000_000 }).execute());
      for (let round = 1; round <= 2; round++) {
        wait(15 * MINUTE_MS);
        await renew();
        const at = ctx.clock();
        await w.db.transact((tx) =>
          tx
            .updateTable("meter_state")
            .set((eb) => ({
              index_at: at,
              index_wh: eb(eb.fn.coalesce("index_wh", "settled_index_wh"), "+", 1_000 * round),
              relay: "closed",
              relay_at: at,
            }))
            .execute(),
        );
        for (let after: number | null = 0; after !== null; ) {
          after = (await settleDueMeters(ctx, { limit: 500, after })).next;
        }
      }
      const asked = await w.db.read
        .selectFrom("command")
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .where("kind", "=", "trip")
        .where("state", "=", "waiting")
        .executeTakeFirstOrThrow();
      expect(Number(asked.n)).toBe(5_000);

      const first = await claim(120);
      expect(first).toHaveLength(120);
      // A collector that has just started sends nothing at all for arrears.
      expect(await mayTrip(ctx, { commandId: first[0]?.id ?? "", startedAt: ctx.clock() })).toMatchObject({
        why: "guard_quarantine",
      });
      expect(await mayTrip(ctx, { commandId: first[0]?.id ?? "", startedAt: instant(0) })).toEqual({ ok: true });
      const sendAll = async (trips: typeof first) => {
        const marks = [];
        for (const trip of trips) marks.push(await markSent(ctx, trip, () => "bytes"));
        return {
          sent: marks.filter(({ ok }) => ok).length,
          held: marks.filter((m) => !m.ok && m.why === "guard").length,
        };
      };
      expect(await sendAll(first)).toEqual({ sent: OFF_LIMITS.perWindow, held: 120 - OFF_LIMITS.perWindow });
      expect(await offStopOf(w.db.read, PROJECT)).toMatchObject({ why: "window", by: "off_guard" });
      wait(MINUTE_MS);
      await renew();
      expect(await sendAll(first.slice(60))).toEqual({ sent: 0, held: 60 });

      await askForRelease(ctx, boss, { projectId: PROJECT, reason: "价格已改回", ip: "" });
      await expect(approve(boss)).rejects.toMatchObject({ code: "approval_same_person" });
      await approve(chief);
      expect(await offCounts(w.db.read, { projectId: PROJECT, now: ctx.clock() })).toMatchObject({ inDay: 0 });
      const rest = await sendAll(first.slice(60));
      expect(rest).toEqual({ sent: OFF_LIMITS.perWindow, held: 60 - OFF_LIMITS.perWindow });
      const all = await w.db.read
        .selectFrom("command")
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .where("kind", "=", "trip")
        .where("sent_at", "is not", null)
        .executeTakeFirstOrThrow();
      expect(Number(all.n)).toBe(2 * OFF_LIMITS.perWindow);
      expect((await verifyLedger(ctx)).problems).toEqual([]);
    },
  );
});
