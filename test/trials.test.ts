import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "#base/time.ts";
import type { Trial } from "#contract/trials.ts";
import { type Actor, permissions } from "#domain/permission.ts";
import type { TrialCheckName } from "#domain/trial.ts";
import { advanceTrials } from "#flows/advance-trials.ts";
import { signTrial, verifyTrial } from "#flows/sign-trial.ts";
import { setSupplyGuard } from "#flows/supply-care.ts";
import { cancelTrial, repeatTrial, startTrial, type TrialAsked } from "#flows/trial.ts";
import { testDatabases } from "#store/test-databases.ts";
import { trialView } from "#store/trial-pages.ts";
import { pause } from "#system/clock.ts";
import { until } from "./until.ts";
import { boss, employ, type World, world } from "./world.ts";

const LOOK_MS = 50;

/** A run is waited for so long: a dead meter is asked several times. */
const RUN_MS_MAX = 60_000;

describe.each(testDatabases.filter(({ available }) => available))("trial runs on $name", ({ name }) => {
  async function site(options: { metersPer?: number } = {}) {
    const w = await world({ database: name, metersPer: options.metersPer ?? 4 });
    const meters = await w.db.read.selectFrom("meter").selectAll().where("profile", "=", "jc1").orderBy("id").execute();
    await until("every meter was read", async () => {
      const rows = await w.db.read.selectFrom("meter_state").select(["last_answer_at", "relay"]).execute();
      return rows.every((row) => row.last_answer_at > 0);
    });
    await employ(w, boss);
    return { ...w, meters, ...acts(w) };
  }

  function acts(w: World) {
    const asked = (of: Partial<TrialAsked> = {}): TrialAsked => ({
      ...{ key: `trial-${Math.random().toString(36).slice(2)}`, place: { kind: "concentrator", id: 1 } },
      ...{ meterIds: null, switchTest: false, inUseMeterIds: [], ip: "" },
      ...of,
    });
    const seen = async (trialNo: string) => {
      const found = await trialView(w.db.read, boss.scope, trialNo);
      if (found === null) throw new Error(`no trial ${trialNo}`);
      return found;
    };
    /** What the server's job does, until the run has ended. */
    const run = (trialNo: string) =>
      until(
        "the run ends",
        async () => {
          await advanceTrials(w.ctx);
          const now = await seen(trialNo);
          await pause(LOOK_MS);
          return now.endedAt === null ? null : now;
        },
        RUN_MS_MAX,
      );
    const vacate = (meterId: number) =>
      w.db.transact((tx) => tx.updateTable("meter").set({ account_id: null }).where("id", "=", meterId).execute());
    /** What the switch of a meter did, told by its events. */
    const switched = async (meterId: number) =>
      (
        await w.db.read
          .selectFrom("meter_event")
          .select("kind")
          .where("meter_id", "=", meterId)
          .where("kind", "in", ["tripped", "closed"])
          .orderBy("at")
          .orderBy("id")
          .execute()
      ).map((row) => row.kind);
    return { asked, seen, run, vacate, switched };
  }

  const whyOf = (trial: Omit<Trial, "asOf">, meterId: number, check: TrialCheckName) =>
    trial.meterList.find((each) => each.meterId === meterId)?.checks.find((each) => each.check === check)?.why;
  const resultOf = (trial: Omit<Trial, "asOf">, meterId: number) =>
    trial.meterList.find((each) => each.meterId === meterId)?.result;

  test("a dead meter, one with a wrong clock and one with a wrong address fail by themselves, and pass after repair", async () => {
    const s = await site();
    const [, dead, late, lost] = s.meters;
    if (!dead || !late || !lost) throw new Error("three meters");
    s.town.setMeterOffline(dead.number, true);
    s.town.setClockOffset(late.number, 2 * HOUR_MS);
    const wrong = (address: string) =>
      s.db.transact((tx) => tx.updateTable("meter").set({ address }).where("id", "=", lost.id).execute());
    await wrong("999999999998");
    const { trialNo } = await startTrial(s.ctx, boss, s.asked());
    const first = await s.run(trialNo);
    expect(first.state).toBe("finished");
    expect(whyOf(first, dead.id, "answers")).toBe("no_answer");
    expect(whyOf(first, late.id, "clock")).toBe("clock_off");
    expect(whyOf(first, lost.id, "answers")).toBe("no_answer");
    const failed = [dead.id, late.id, lost.id];
    for (const each of first.meterList)
      expect(each.result, each.label).toBe(failed.includes(each.meterId) ? "fail" : "pass");
    expect(
      await s.db.read.selectFrom("trial_meter").select("meter_id").where("open_meter_id", "is not", null).execute(),
    ).toEqual([]);

    s.town.setMeterOffline(dead.number, false);
    s.town.setClockOffset(late.number, 0);
    await wrong(lost.address);
    expect(await repeatTrial(s.ctx, boss, { trialNo, meterIds: [dead.id], switchTest: false, ip: "" })).toBe(1);
    expect(resultOf(await s.run(trialNo), dead.id)).toBe("pass");
    expect(await repeatTrial(s.ctx, boss, { trialNo, meterIds: null, switchTest: false, ip: "" })).toBe(2);
    const last = await s.run(trialNo);
    expect([last.passed, last.failed]).toEqual([last.meters, 0]);
    const again = last.meterList.find((each) => each.meterId === late.id);
    expect([again?.attempt, again?.earlier[0]?.failed[0]?.why]).toEqual([2, "clock_off"]);
    await expect(
      repeatTrial(s.ctx, boss, { trialNo, meterIds: null, switchTest: false, ip: "" }),
    ).rejects.toMatchObject({ code: "trial_nothing_to_repeat" });
    expect(await s.switched(late.id)).toEqual([]);
  });

  test("two starts at once are one run; an overlapping one, a foreign one and one of nothing are refused", async () => {
    const s = await site();
    const [one, two] = s.meters;
    if (!one || !two) throw new Error("two meters");
    const key = "the-same-key-1";
    const both = await Promise.all([
      startTrial(s.ctx, boss, s.asked()),
      startTrial(s.ctx, boss, s.asked({ key })),
      startTrial(s.ctx, boss, s.asked({ key })),
    ]);
    expect(new Set(both.map((each) => each.trialNo)).size).toBe(1);
    expect(both.filter((each) => each.created)).toHaveLength(1);
    const single = s.asked({ place: { kind: "meters", id: null }, meterIds: [one.id] });
    await expect(startTrial(s.ctx, boss, single)).rejects.toMatchObject({ code: "trial_running" });
    const stranger: Actor = { ...boss, scope: { all: false, areaIds: [], meterIds: [two.id] } };
    const nobody: Actor = { ...boss, scope: { all: false, areaIds: [], meterIds: [] } };
    for (const meterIds of [[one.id], [987_654]])
      await expect(
        startTrial(s.ctx, stranger, s.asked({ place: { kind: "meters", id: null }, meterIds })),
      ).rejects.toMatchObject({ code: "meter_not_found" });
    for (const id of [1, 987_654])
      await expect(startTrial(s.ctx, nobody, s.asked({ place: { kind: "concentrator", id } }))).rejects.toMatchObject({
        code: "trial_place_empty",
      });
    const trialNo = both[0]?.trialNo ?? "";
    const { idem_key: used } = await s.db.read.selectFrom("trial_run").select("idem_key").executeTakeFirstOrThrow();
    expect(await startTrial(s.ctx, boss, s.asked({ key: used }))).toEqual({ trialNo, created: false });
    for (const no of [trialNo, "C20990101000001"]) {
      await expect(cancelTrial(s.ctx, stranger, { trialNo: no, reason: "", ip: "" })).rejects.toMatchObject({
        code: "trial_not_found",
      });
      expect(await trialView(s.db.read, stranger.scope, no)).toBeNull();
    }
    await expect(signTrial(s.ctx, boss, { trialNo, note: "x", ip: "" })).rejects.toMatchObject({
      code: "trial_not_finished",
    });
    await cancelTrial(s.ctx, boss, { trialNo, reason: "停", ip: "" });
    await cancelTrial(s.ctx, boss, { trialNo, reason: "停", ip: "" });
    const ended = await s.run(trialNo);
    expect([ended.state, ended.skipped]).toEqual(["cancelled", ended.meters]);
    await expect(startTrial(s.ctx, boss, s.asked({ key: used, switchTest: true }))).rejects.toMatchObject({
      code: "trial_key_conflict",
    });
    expect((await startTrial(s.ctx, boss, single)).created).toBe(true);
  });

  test("only what may be switched is tripped, and is closed again; servers may come and go and work at once", async () => {
    const s = await site({ metersPer: 6 });
    const ready = await s.db.read
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .selectAll("meter")
      .where("relay", "=", "closed")
      .where("closes_by", "=", "direct")
      .where("profile", "=", "jc1")
      .orderBy("meter.id")
      .execute();
    const [empty, chosen, lived, guarded] = ready;
    if (!empty || !chosen || !lived || !guarded) throw new Error("four meters with supply");
    await s.vacate(empty.id);
    for (const each of ready) s.town.setLoad(each.number, 0);
    await setSupplyGuard(s.ctx, boss, { meterId: guarded.id, on: true, reason: "诊所", ip: "" });
    const meterIds = [empty, chosen, lived, guarded].map(({ id }) => id);
    const test = { place: { kind: "meters", id: null }, meterIds, switchTest: true } as const;
    await expect(startTrial(s.ctx, boss, s.asked({ ...test, inUseMeterIds: [guarded.id] }))).rejects.toMatchObject({
      code: "meter_protected",
    });
    const may = permissions.filter((each) => each !== "meter.close");
    await expect(
      startTrial(s.ctx, { ...boss, permissions: new Set(may) }, s.asked({ ...test, inUseMeterIds: [] })),
    ).rejects.toMatchObject({ code: "forbidden" });
    const { trialNo } = await startTrial(s.ctx, boss, s.asked({ ...test, inUseMeterIds: [chosen.id] }));
    const ended = await until(
      "the run ends",
      async () => {
        await Promise.all([advanceTrials(s.ctx), advanceTrials(s.ctx), advanceTrials(s.ctx)]);
        const now = await s.seen(trialNo);
        await pause(LOOK_MS);
        return now.endedAt === null ? null : now;
      },
      RUN_MS_MAX,
    );
    expect(whyOf(ended, empty.id, "switch")).toBe("switch_done");
    expect(whyOf(ended, chosen.id, "switch")).toBe("switch_done");
    expect(whyOf(ended, lived.id, "switch")).toBe("switch_in_use");
    expect(whyOf(ended, guarded.id, "switch")).toBe("switch_guarded");
    for (const { id } of [empty, chosen]) expect(await s.switched(id)).toEqual(["tripped", "closed"]);
    for (const { id } of [lived, guarded]) expect(await s.switched(id)).toEqual([]);
    for (const { number } of [empty, chosen, lived, guarded]) expect(s.town.meter(number)?.relay).toBe("closed");
    const trips = await s.db.read
      .selectFrom("command")
      .select("id")
      .where("kind", "=", "trip")
      .where("reason", "=", trialNo)
      .execute();
    expect(trips).toHaveLength(2);
  });

  test("no server is left after the trip: the collector alone brings supply back", async () => {
    const s = await site();
    const meter = await s.db.read
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .selectAll("meter")
      .where("relay", "=", "closed")
      .where("closes_by", "=", "direct")
      .where("profile", "=", "jc1")
      .executeTakeFirstOrThrow();
    await s.vacate(meter.id);
    s.town.setLoad(meter.number, 0);
    const place = { kind: "meters", id: null } as const;
    const { trialNo } = await startTrial(s.ctx, boss, s.asked({ place, meterIds: [meter.id], switchTest: true }));
    await until("it is off", async () => {
      if ((await s.switched(meter.id)).length === 0 && (await stepOf()) !== "tripping") await advanceTrials(s.ctx);
      return s.town.meter(meter.number)?.relay === "open";
    });
    async function stepOf() {
      const row = await s.db.read.selectFrom("trial_meter").select("state").executeTakeFirstOrThrow();
      return row.state;
    }
    // Nobody advances the run any more; the close has been waiting since before the trip left.
    s.letPass(2 * MINUTE_MS + 1_000);
    await until("it is on again", async () => s.town.meter(meter.number)?.relay === "closed");
    await until("and known to be", async () => (await s.switched(meter.id)).includes("closed"));
    const ended = await s.run(trialNo);
    expect(["switch_done", "switch_silent"]).toContain(whyOf(ended, meter.id, "switch"));
    expect(await s.switched(meter.id)).toEqual(["tripped", "closed"]);
  });

  test("what safety has switched off since waits for the end of a test until safety lets go, and is not signed before", async () => {
    const s = await site({ metersPer: 13 });
    const meter = await s.db.read
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .selectAll("meter")
      .where("relay", "=", "closed")
      .where("closes_by", "=", "direct")
      // A model that says of its guard that it holds nothing would be believed.
      .where("profile", "=", "jc97")
      .executeTakeFirstOrThrow();
    await s.vacate(meter.id);
    s.town.setLoad(meter.number, 0);
    const place = { kind: "meters", id: null } as const;
    const { trialNo } = await startTrial(s.ctx, boss, s.asked({ place, meterIds: [meter.id], switchTest: true }));
    await until("its trip was confirmed", async () => {
      const row = await s.db.read.selectFrom("trial_meter").select("trip_command_id").executeTakeFirstOrThrow();
      if (row.trip_command_id === null) await advanceTrials(s.ctx);
      else return (await s.commandNow(row.trip_command_id)).state === "confirmed";
    });
    await s.db.transact((tx) =>
      tx
        .updateTable("meter_state")
        .set((eb) => ({ off_cause: "safety" as const, version: eb("version", "+", 1) }))
        .where("meter_id", "=", meter.id)
        .execute(),
    );
    const close = () =>
      s.db.read.selectFrom("command").selectAll().where("kind", "=", "close").executeTakeFirstOrThrow();
    await until("the close was held back", async () => {
      await advanceTrials(s.ctx);
      return (await close()).state_reason === "off_by_safety";
    });
    s.letPass(2 * MINUTE_MS);
    const ended = await s.run(trialNo);
    expect(whyOf(ended, meter.id, "switch")).toBe("switch_not_closed");
    expect(await close()).toMatchObject({ state: "waiting", sent_at: null });
    expect(s.town.meter(meter.number)?.relay).toBe("open");
    const sign = () => signTrial(s.ctx, boss, { trialNo, note: "同意验收", ip: "" });
    await expect(sign()).rejects.toMatchObject({ code: "trial_still_off" });
    // Its guard lets go; that the trip of the test still keeps it off is what the meter shows then.
    await s.db.transact((tx) =>
      tx
        .updateTable("meter_state")
        .set((eb) => ({ off_cause: "operator" as const, version: eb("version", "+", 1) }))
        .where("meter_id", "=", meter.id)
        .execute(),
    );
    await until("it is on again", async () => {
      s.letPass(10_000);
      return s.town.meter(meter.number)?.relay === "closed";
    });
    await until("and known to be", async () => (await close()).state === "confirmed");
    await sign();
  });

  test("who asked must still be allowed to switch; who asks for a meter once more is the one who trips it", async () => {
    const s = await site();
    const li: Actor = { ...boss, userId: 2, login: "li", name: "小李" };
    await employ(s, li);
    const ready = await s.db.read
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .selectAll("meter")
      .where("relay", "=", "closed")
      .where("closes_by", "=", "direct")
      .where("profile", "=", "jc1")
      .orderBy("meter.id")
      .execute();
    const [first, second] = ready;
    if (!first || !second) throw new Error("two meters with supply");
    for (const { id, number } of [first, second]) {
      await s.vacate(id);
      s.town.setLoad(number, 0);
    }
    s.town.setMeterOffline(second.number, true);
    const place = { kind: "meters", id: null } as const;
    const meterIds = [first.id, second.id];
    const { trialNo } = await startTrial(s.ctx, boss, s.asked({ place, meterIds, switchTest: true }));
    const may = (permission: string) => JSON.stringify(permissions.filter((each) => each !== permission));
    const grant = (granted: string) =>
      s.db.transact((tx) =>
        tx.updateTable("role").set({ permissions: granted }).where("code", "=", "role-boss").execute(),
      );
    await grant(may("meter.close"));
    const ended = await s.run(trialNo);
    expect(whyOf(ended, first.id, "switch")).toBe("switch_not_permitted");
    expect(await s.switched(first.id)).toEqual([]);
    s.town.setMeterOffline(second.number, false);
    await repeatTrial(s.ctx, li, { trialNo, meterIds: [second.id], switchTest: true, ip: "" });
    expect(whyOf(await s.run(trialNo), second.id, "switch")).toBe("switch_done");
    const trips = await s.db.read.selectFrom("audit").select("actor").where("action", "=", "meter.trip").execute();
    expect(trips).toEqual([{ actor: "li" }]);
    const asked = await s.db.read.selectFrom("command").select("requested_by").where("kind", "=", "trip").execute();
    expect(asked).toEqual([{ requested_by: "li" }]);
  });

  test("an offline concentrator is said to be one, and costs each meter seconds; nothing is left behind on the line", async () => {
    const s = await site();
    const id = s.plan.concentrators[0]?.id ?? "";
    s.town.setConcentratorOffline(id, true);
    await until("it is known to be offline", async () => {
      const row = await s.db.read.selectFrom("concentrator").select("online").executeTakeFirstOrThrow();
      return row.online === 0;
    });
    const { trialNo } = await startTrial(s.ctx, boss, s.asked({ switchTest: true }));
    const ended = await until(
      "the run ends",
      async () => {
        await advanceTrials(s.ctx);
        s.letPass(7_000);
        const now = await s.seen(trialNo);
        await pause(LOOK_MS);
        return now.endedAt === null ? null : now;
      },
      RUN_MS_MAX,
    );
    expect(new Set(ended.meterList.map((each) => each.checks[0]?.why))).toEqual(new Set(["concentrator_offline"]));
    const open = await s.db.read
      .selectFrom("command")
      .select("id")
      .where("reason", "=", trialNo)
      .where("state", "in", ["waiting", "sent", "unknown"])
      .execute();
    expect(open).toEqual([]);
  });

  test("a run that is cancelled under a test ends with supply on", async () => {
    const s = await site();
    const meter = await s.db.read
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .selectAll("meter")
      .where("relay", "=", "closed")
      .where("closes_by", "=", "direct")
      .where("profile", "=", "jc1")
      .executeTakeFirstOrThrow();
    await s.vacate(meter.id);
    s.town.setLoad(meter.number, 0);
    const place = { kind: "meters", id: null } as const;
    const { trialNo } = await startTrial(s.ctx, boss, s.asked({ place, meterIds: [meter.id], switchTest: true }));
    await until("its trip was asked for", async () => {
      await advanceTrials(s.ctx);
      const row = await s.db.read.selectFrom("trial_meter").select("trip_command_id").executeTakeFirstOrThrow();
      return row.trip_command_id !== null;
    });
    await cancelTrial(s.ctx, boss, { trialNo, reason: "", ip: "" });
    const ended = await s.run(trialNo);
    expect(ended.state).toBe("cancelled");
    expect(s.town.meter(meter.number)?.relay).toBe("closed");
    const open = await s.db.read
      .selectFrom("command")
      .select("id")
      .where("reason", "=", trialNo)
      .where("state", "in", ["waiting", "sent", "unknown"])
      .execute();
    expect(open).toEqual([]);
  });

  test("a signed report is for ever: what was changed behind its back is told, and the code of a copy", async () => {
    const s = await site();
    const { trialNo } = await startTrial(s.ctx, boss, s.asked());
    const place = { trialNo, ip: "" };
    const finished = await s.run(trialNo);
    await expect(signTrial(s.ctx, boss, { ...place, note: "" })).rejects.toMatchObject({ code: "reason_required" });
    await signTrial(s.ctx, boss, { ...place, note: "同意验收" });
    await signTrial(s.ctx, boss, { ...place, note: "同意验收" });
    await expect(signTrial(s.ctx, boss, { ...place, note: "另一句" })).rejects.toMatchObject({ code: "trial_signed" });
    for (const act of [
      () => repeatTrial(s.ctx, boss, { ...place, meterIds: null, switchTest: false }),
      () => cancelTrial(s.ctx, boss, { ...place, reason: "" }),
    ])
      await expect(act()).rejects.toMatchObject({ code: expect.stringMatching(/^trial_(signed|not_running)$/) });
    const signed = await s.seen(trialNo);
    expect([signed.state, signed.signed?.note, signed.code?.length]).toEqual(["signed", "同意验收", 16]);
    const verify = (code: string) => verifyTrial(s.db.read, boss, { trialNo, code });
    const right = (signed.code ?? "").replace(/(.{4})/g, "$1 ").toUpperCase();
    expect(await verify(right)).toEqual({ matches: true, intact: true, audited: true });
    expect(await verify("0".repeat(16))).toEqual({ matches: false, intact: true, audited: true });
    await expect(verify("12ab")).rejects.toMatchObject({ code: "trial_code_short" });
    // The archive lives on; the report does not.
    const [first] = finished.meterList;
    if (!first) throw new Error("a meter");
    await s.db.transact((tx) =>
      tx.updateTable("meter").set({ label: "改名" }).where("id", "=", first.meterId).execute(),
    );
    expect((await s.seen(trialNo)).meterList[0]?.label).toBe(first.label);
    const row = await s.db.read.selectFrom("trial_run").select("report").executeTakeFirstOrThrow();
    const report = (row.report ?? "").replace('"result":"pass"', '"result":"fail"');
    expect(report).not.toBe(row.report);
    await s.db.transact((tx) => tx.updateTable("trial_run").set({ report }).execute());
    expect(await verify(right)).toEqual({ matches: false, intact: false, audited: false });
  });
});
