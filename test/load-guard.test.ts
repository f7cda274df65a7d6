import { describe, expect, test } from "vitest";
import { GUARD_OFF, type LoadGuardSettings } from "#domain/load-guard.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { advanceTrials } from "#flows/advance-trials.ts";
import { moveLoadGuard, releaseLoadGuard, setLoadGuard } from "#flows/load-guard.ts";
import { loadGuardView } from "#flows/load-guard-view.ts";
import { requestCommand } from "#flows/request-command.ts";
import { refusal } from "#flows/test-refusal.ts";
import { startTrial } from "#flows/trial.ts";
import { encodeFrame645 } from "#protocol/dlt645/frame.ts";
import { LOAD_GUARD_DI } from "#protocol/dlt645/load-guard.ts";
import { encodeRequest } from "#protocol/dlt645/requests.ts";
import type { FaultRates } from "#simulator/faults.ts";
import { testDatabases } from "#store/test-databases.ts";
import { trialView } from "#store/trial-pages.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss, employ, world } from "./world.ts";

/** Three minutes of the town pass in three seconds. */
const SPEED = 60;
/** On a bad line and a busy machine a round may take its time. */
const PATIENCE_MS = 60_000;
const LIMITS: LoadGuardSettings = { ...GUARD_OFF, maxW: 1000, stepW: 0 };

/** A shop that has paid, and whose meter watches its load. */
async function shop(
  database: "sqlite" | "mariadb",
  options: { faults?: Partial<FaultRates>; watching?: boolean } = {},
) {
  const w = await world({ database, speed: SPEED, metersPer: 16 });
  const hero = await w.meterAt(w.hero);
  const { number, id } = hero;
  const now = () => w.meterAt(w.hero);
  const view = async () => {
    const seen = await loadGuardView(w.db.read, SCOPE_ALL, id);
    if (seen === null) throw new Error("the hero has a meter");
    return seen;
  };
  const meter = () => {
    const seen = w.town.meter(number);
    if (seen === null) throw new Error("the hero has a meter");
    return seen;
  };
  const set = (settings: LoadGuardSettings, key = newId(systemClock()), meterId = id) =>
    setLoadGuard(w.ctx, boss, { meterId, key, settings, reason: "合同 1 kW", ip: "" });
  const release = (note = "已拔掉电炉", key = newId(systemClock())) =>
    releaseLoadGuard(w.ctx, boss, { meterId: id, key, note, ip: "" });
  const ended = (commandId: string, state: string) =>
    until(`command ${state}`, async () => (await w.commandNow(commandId)).state === state, PATIENCE_MS);
  const events = async () => {
    const rows = await w.db.read
      .selectFrom("meter_event")
      .selectAll()
      .where("meter_id", "=", id)
      .orderBy("at")
      .execute();
    return rows.filter((row) => row.kind.startsWith("load_guard"));
  };
  const alarm = () =>
    w.db.read.selectFrom("alarm").selectAll().where("meter_id", "=", id).where("kind", "=", "safety_lock").execute();
  const paid = await w.recharge(id, "200");
  await until("supplied", async () => (await w.order(paid)).state === "confirmed" && (await now()).relay === "closed");
  w.town.setLoad(number, 300);
  if (options.watching !== false) await ended((await set(LIMITS)).commandId, "confirmed");
  if (options.faults) w.town.setFaults({ meters: { [number]: options.faults } });
  const shows = (state: { relay: string; off_cause: string | null }) =>
    expect
      .poll(async () => ({ relay: (await now()).relay, off_cause: (await now()).off_cause }), { timeout: PATIENCE_MS })
      .toEqual(state);
  const locked = async () => {
    w.town.setLoad(number, 1500);
    await expect.poll(async () => (await view()).shown?.state, { timeout: PATIENCE_MS }).toBe("locked");
    w.town.setLoad(number, 300);
  };
  return { w, id, number, view, meter, set, release, ended, shows, events, alarm, locked };
}

describe.each(testDatabases)("a load guard on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on(
    "three overloads lock the meter; neither money nor an order to close brings supply back, a release after a visit does",
    async () => {
      const s = await shop(name);
      expect(await s.view()).toMatchObject({ able: true, inMeter: true, settings: LIMITS });
      await s.locked();
      expect(s.meter()).toMatchObject({
        relay: "open",
        tripCause: "guard",
        guard: { state: "locked", trips: 3, total: 3 },
      });
      await s.shows({ relay: "open", off_cause: "safety" });
      expect((await s.view()).shown).toMatchObject({
        state: "locked",
        cause: "max_load",
        trips: 3,
        total: 3,
        powerW: 1500,
      });
      const kinds = (await s.events()).map((row) => row.kind);
      expect(kinds.filter((kind) => kind === "load_guard_locked")).toHaveLength(1);
      expect(kinds.filter((kind) => kind === "load_guard_tripped").length).toBeGreaterThanOrEqual(1);
      expect(await s.alarm()).toMatchObject([{ level: "severe", open_mark: 1 }]);

      const paid = await s.w.recharge(s.id, "50");
      await until("the money is in", async () => (await s.w.order(paid)).state === "confirmed");
      await s.w.settle();
      expect(await refusal(s.w.command(s.id, "close"))).toBe("meter_safety_off");
      const closes = await s.w.db.read
        .selectFrom("command")
        .select("id")
        .where("meter_id", "=", s.id)
        .where("kind", "=", "close")
        .where("created_at", ">", (await s.view()).shown?.trippedAt ?? 0)
        .execute();
      expect(closes).toEqual([]);
      expect(s.meter().relay).toBe("open");

      await s.ended((await s.release()).commandId, "confirmed");
      expect(s.meter()).toMatchObject({ relay: "closed", guard: { state: "free", trips: 0, total: 3 } });
      await s.shows({ relay: "closed", off_cause: null });
      expect(await s.alarm()).toMatchObject([{ open_mark: null, closed_how: "released" }]);
      const audit = await s.w.db.read
        .selectFrom("audit")
        .select(["action", "reason"])
        .where("object", "=", `meter:${s.id}`)
        .where("action", "like", "loadguard.%")
        .orderBy("id")
        .execute();
      expect(audit).toEqual([
        { action: "loadguard.set", reason: "合同 1 kW" },
        { action: "loadguard.release", reason: "已拔掉电炉" },
      ]);
      expect((await s.w.verify()).ok).toBe(true);
    },
  );

  on("supply that an operator cut meanwhile stays off after a release, and is his to give back", async () => {
    const s = await shop(name);
    await s.locked();
    await s.shows({ relay: "open", off_cause: "safety" });
    await s.ended(await s.w.command(s.id, "trip"), "confirmed");
    await s.shows({ relay: "open", off_cause: "safety" });
    await s.ended((await s.release()).commandId, "confirmed");
    await s.shows({ relay: "open", off_cause: "operator" });
    expect(s.meter()).toMatchObject({ relay: "open", guard: { state: "free" } });
    await s.ended(await s.w.command(s.id, "close"), "confirmed");
    expect(s.meter().relay).toBe("closed");
  });

  on("a switch test that meets the guard ends with supply on, once the guard has let go", async () => {
    const s = await shop(name);
    await employ(s.w, boss);
    await s.ended((await s.set({ ...LIMITS, offMinutes: 10 })).commandId, "confirmed");
    const [place] = s.w.plan.concentrators;
    const asked = { key: "trial-of-guard", place: { kind: "meters" as const, id: null }, meterIds: [s.id], ip: "" };
    const { trialNo } = await startTrial(s.w.ctx, boss, { ...asked, switchTest: true, inUseMeterIds: [s.id] });
    const step = async (state: string) =>
      until(state, async () => {
        const row = await s.w.db.read.selectFrom("trial_meter").select(["state"]).executeTakeFirstOrThrow();
        if (row.state === state) return true;
        await advanceTrials(s.w.ctx);
      });
    await step("queued");
    s.w.town.setConcentratorOffline(place?.id ?? "", true);
    await step("tripping");
    // Between the look and the trip a stove is switched on.
    s.w.town.setLoad(s.number, 1500);
    await until("the guard was quicker", async () => {
      s.w.town.step();
      return s.meter().guard?.state === "waiting";
    });
    s.w.town.setLoad(s.number, 300);
    s.w.town.setConcentratorOffline(place?.id ?? "", false);
    const ended = await until(
      "the run ends",
      async () => {
        await advanceTrials(s.w.ctx);
        const seen = await trialView(s.w.db.read, SCOPE_ALL, trialNo);
        return seen?.endedAt == null ? null : seen;
      },
      2 * PATIENCE_MS,
    );
    await until("supply is back", async () => s.meter().relay === "closed", PATIENCE_MS);
    expect(s.meter().guard).toMatchObject({ state: "free", total: 1 });
    expect(ended.meterList[0]?.checks.find(({ check }) => check === "switch")?.why).toBe("switch_done");
    await s.shows({ relay: "closed", off_cause: null });
  });

  on("a release is for the lock-out that somebody looked into: after another one it does nothing", async () => {
    const s = await shop(name);
    await s.locked();
    const [place] = s.w.plan.concentrators;
    s.w.town.setConcentratorOffline(place?.id ?? "", true);
    const { commandId } = await s.release();
    // Somebody at the meter lets go of it, and the stove is on again.
    const data = Uint8Array.of(0xaa);
    const { address } = s.meter();
    const order = {
      kind: "write" as const,
      di: LOAD_GUARD_DI.release,
      data,
      password: "02000000",
      operator: "00000001",
    };
    const request = encodeFrame645(encodeRequest(address, order), 4);
    s.w.town.hear(place?.id ?? "", 1, request);
    s.w.town.setLoad(s.number, 1500);
    await until("locked again", async () => {
      s.w.town.step();
      return s.meter().guard?.total === 6 && s.meter().guard?.state === "locked";
    });
    s.w.town.setConcentratorOffline(place?.id ?? "", false);
    await until("ended", async () => ["refused", "cancelled"].includes((await s.w.commandNow(commandId)).state));
    expect(["tripped_again", "guard_changed"]).toContain((await s.w.commandNow(commandId)).stateReason);
    expect(s.meter()).toMatchObject({ relay: "open", guard: { state: "locked", total: 6 } });
  });

  on("lost answers change nothing: it is set once, released once, and both are known", async () => {
    const s = await shop(name, { watching: false, faults: { loseAnswer: 0.3, loseRequest: 0.1 } });
    await s.ended((await s.set(LIMITS)).commandId, "confirmed");
    await s.locked();
    await s.ended((await s.release()).commandId, "confirmed");
    expect(s.meter()).toMatchObject({ relay: "closed", guard: { state: "free", total: 3 } });
    expect((await s.events()).filter((row) => row.kind === "load_guard_released")).toHaveLength(1);
  });

  on("what cannot be is refused, and a second click is the same command", async () => {
    const s = await shop(name, { watching: false });
    const others = await s.w.db.read.selectFrom("meter").select(["id", "profile"]).execute();
    const plain = others.find((row) => row.profile === "jc97");
    expect(await refusal(s.set(LIMITS, "key-of-the-test", plain?.id))).toBe("load_guard_missing");
    expect(await refusal(s.set(LIMITS, "key-of-the-test", 999_999))).toBe("meter_not_found");
    expect(await refusal(s.release())).toBe("load_guard_free");
    const first = await s.set(LIMITS, "key-of-the-test");
    expect(await s.set(LIMITS, "key-of-the-test")).toEqual({ ...first, created: false });
    expect(await refusal(s.set({ ...LIMITS, maxW: 2000 }, "key-of-the-test"))).toBe("command_key_conflict");
    const read = { key: "key-of-the-test", meterId: s.id, kind: "read" as const, reason: "", ip: "" };
    expect(await refusal(requestCommand(s.w.ctx, boss, read))).toBe("command_key_conflict");
    // The newest wish counts, and is what the meter has in the end.
    const second = await s.set({ ...LIMITS, maxW: 2000 });
    await s.ended(second.commandId, "confirmed");
    expect(await s.view()).toMatchObject({ inMeter: true, settings: { maxW: 2000 } });
    s.w.town.setLoad(s.number, 1500);
    const before = s.meter().indexWh;
    await until("it is used", async () => {
      s.w.town.step();
      return s.meter().indexWh > before + 200;
    });
    expect(s.meter()).toMatchObject({ relay: "closed", guard: { total: 0 } });
  });

  on("another device in its place is told what the old one watched for", async () => {
    const s = await shop(name);
    const meter = await s.w.db.read.selectFrom("meter").selectAll().where("id", "=", s.id).executeTakeFirstOrThrow();
    const place = {
      cause: "exchange" as const,
      id: s.id,
      concentratorId: meter.concentrator_id,
      profile: "jc1",
      by: "boss",
      now: s.w.ctx.clock(),
    };
    await s.w.db.transact((tx) => moveLoadGuard(s.w.ctx, tx, place));
    expect((await s.view()).inMeter).toBe(false);
    await until("told", async () => (await s.view()).inMeter);
    await s.w.db.transact((tx) => moveLoadGuard(s.w.ctx, tx, { ...place, profile: "jc97" }));
    expect(await s.view()).toMatchObject({ inMeter: false, shown: null });
  });
});
