import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Day, HOUR_MS, type Instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import { GUARD_OFF, type LoadGuardShown } from "#domain/load-guard.ts";
import { loadGuardOf } from "#store/load-guard.ts";
import { testDatabases } from "#store/test-databases.ts";
import { claimCommands } from "./claim-commands.ts";
import type { ClaimedCommand } from "./claimed-command.ts";
import { changeProtocol } from "./edit-meter.ts";
import { openExchange } from "./exchange.ts";
import { swapMeter } from "./exchange-swap.ts";
import { releaseLoadGuard, setLoadGuard } from "./load-guard.ts";
import { recharge } from "./recharge.ts";
import { type ReportedValues, recordReadings } from "./record-readings.ts";
import { requestCommand } from "./request-command.ts";
import { retireMeter } from "./retire-meter.ts";
import { markSent, settleCommand } from "./settle-command.ts";
import { type Building, boss, building } from "./test-building.ts";
import { handMeters } from "./test-hand-meter.ts";
import { refusal } from "./test-refusal.ts";

const OPENED: Instant = later(startOfDay("2026-08-03" as Day), 10 * HOUR_MS);
const FREE: LoadGuardShown = { state: "free", cause: null, trips: 0, total: 0, trippedAt: null, powerW: 0 };
const LOCKED: LoadGuardShown = { ...FREE, state: "locked", cause: "max_load", trips: 3, total: 3, powerW: 1500 };
const OPEN = { word: 0x10, relayOpen: true, fault: false };
const ip = "";

describe.each(testDatabases)("what becomes of a load guard on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let b: Building;
  let now = OPENED;
  let keys = 0;
  beforeAll(async () => {
    if (!available) return;
    b = await building(name, OPENED, [{}, {}, {}, {}, {}, {}, {}]);
    await handMeters(b); // its concentrator is online
  });
  afterAll(() => b?.db.drop());
  const at = (to: Instant) => {
    now = to;
    b.at(now);
  };
  const heard = (meterId: number, values: ReportedValues) =>
    recordReadings(b.ctx, {
      collector: "test",
      reports: [{ meterId, measuredAt: now, values }],
      silences: [],
      frames: [],
    });
  const lock = (meterId: number) => heard(meterId, { status: OPEN, loadGuard: LOCKED });
  const release = (meterId: number) =>
    releaseLoadGuard(b.ctx, boss, { meterId, key: `release-${++keys}`, note: "已拔掉电炉", ip });
  const alarms = (meterId: number) =>
    b.db.read
      .selectFrom("alarm")
      .select(["open_mark", "closed_how"])
      .where("meter_id", "=", meterId)
      .where("kind", "=", "safety_lock")
      .execute();
  const offCause = async (meterId: number) =>
    (await b.db.read.selectFrom("meter_state").select("off_cause").where("meter_id", "=", meterId).executeTakeFirst())
      ?.off_cause;
  const versionOf = async (meterId: number) =>
    (await b.db.read.selectFrom("meter").select("version").where("id", "=", meterId).executeTakeFirstOrThrow()).version;

  on("a lock-out is known, and can be released, after a clock that ran ahead was put back", async () => {
    const [meterId = 0] = b.meters;
    at(later(OPENED, 2 * HOUR_MS));
    await heard(meterId, { status: { ...OPEN, relayOpen: false }, loadGuard: FREE });
    at(OPENED);
    await lock(meterId);
    expect(await offCause(meterId)).toBe("safety");
    expect(await loadGuardOf(b.db.read, meterId)).toMatchObject({ state: "locked", total: 3, seen_at: OPENED });
    expect(await alarms(meterId)).toEqual([{ open_mark: 1, closed_how: null }]);
    expect(await release(meterId)).toMatchObject({ created: true });
    // A report that comes late is still no news.
    await recordReadings(b.ctx, {
      ...{ collector: "test", silences: [], frames: [] },
      reports: [{ meterId, measuredAt: later(OPENED, -MINUTE_MS), values: { loadGuard: FREE } }],
    });
    expect(await loadGuardOf(b.db.read, meterId)).toMatchObject({ state: "locked" });
  });

  on(
    "a release that was sent and not heard of ends with its half hour: whoever was there saw the line as it was then",
    async () => {
      const [, meterId = 0] = b.meters;
      at(OPENED);
      await lock(meterId);
      const { commandId } = await release(meterId);
      const claim = async (): Promise<ClaimedCommand> => {
        const { id } = await b.db.read.selectFrom("concentrator").select("id").executeTakeFirstOrThrow();
        const input = { collector: "hand", concentrators: [{ id, epoch: 1 }], limit: 50 };
        const claimed = (await claimCommands(b.ctx, input)).find((each) => each.id === commandId);
        if (claimed === undefined) throw new Error("it was not claimed");
        return claimed;
      };
      const first = await claim();
      expect(await markSent(b.ctx, first, () => "00")).toMatchObject({ ok: true });
      await settleCommand(b.ctx, first, { kind: "silent" });
      at(later(OPENED, 20 * MINUTE_MS));
      const again = await claim();
      expect(await markSent(b.ctx, again, () => "00")).toMatchObject({ ok: true });
      await settleCommand(b.ctx, again, { kind: "silent" });
      at(later(OPENED, 31 * MINUTE_MS));
      expect(await markSent(b.ctx, await claim(), () => "00")).toEqual({ ok: false, why: "expired" });
      expect(await release(meterId)).toMatchObject({ created: true });
    },
  );

  on("a meter that turns out to have no guard is locked by none: its alarm ends, and it can be closed", async () => {
    const [, , meterId = 0] = b.meters;
    at(later(OPENED, HOUR_MS));
    await setLoadGuard(b.ctx, boss, {
      ...{ meterId, key: "set-guard-1", settings: { ...GUARD_OFF, maxW: 1000 }, reason: "合同 1 kW", ip },
    });
    await b.db.transact((tx) =>
      tx.updateTable("command").set({ state: "confirmed" }).where("meter_id", "=", meterId).execute(),
    );
    await lock(meterId);
    const change = {
      ...{ meterId, profile: "jc97", address: "000000000098", switchKind: "relay" as const },
      ...{ closesBy: "direct" as const, version: await versionOf(meterId), reason: "型号登记错误" },
      ...{ confirmed: true as const, ip },
    };
    await changeProtocol(b.ctx, boss, change);
    expect(await alarms(meterId)).toEqual([{ open_mark: null, closed_how: "replaced" }]);
    expect(await loadGuardOf(b.db.read, meterId)).toMatchObject({ state: null, told: null, watches: 1 });
    at(later(now, MINUTE_MS));
    await heard(meterId, { status: OPEN });
    expect(await offCause(meterId)).toBe("unknown");
    const close = { meterId, key: "close-it-1", kind: "close" as const, reason: "", ip };
    expect(await requestCommand(b.ctx, boss, close)).toMatchObject({ created: true });
  });

  on("the alarm about a lock-out ends with the device that was locked", async () => {
    const meterId = b.meters[4] ?? 0;
    at(later(OPENED, 2 * HOUR_MS));
    await heard(meterId, { energyWh: 0, status: OPEN, loadGuard: LOCKED });
    await b.settle();
    const begun = { key: "exchange-1", meterId, reason: "烧表", ip };
    const { exchangeNo } = await openExchange(b.ctx, boss, begun);
    const { id: concentratorId } = await b.db.read.selectFrom("concentrator").select("id").executeTakeFirstOrThrow();
    await swapMeter(b.ctx, boss, {
      ...{ exchangeNo, closeIndex: "0", note: "已抄表", number: "900000000001", address: "900000000001" },
      ...{ profile: "jc1", concentratorId, bus: 1, gatewayId: null, switchKind: "relay", closesBy: "direct" },
      ...{ ratio: 1, openIndex: "0", ip },
    });
    expect(await alarms(meterId)).toEqual([{ open_mark: null, closed_how: "replaced" }]);
    expect(await refusal(release(meterId))).toBe("load_guard_free");
  });

  on(
    "what the guard said in the look that confirmed a trip counts: a payment closes nothing that it holds",
    async () => {
      const meterId = b.meters[5] ?? 0;
      at(later(OPENED, 4 * HOUR_MS));
      const shown = { relay: "open", relay_at: now, relay_commanded: "open", relay_commanded_at: now } as const;
      const owing = { off_cause: "arrears", relay_commanded_for: "arrears" } as const;
      await b.db.transact((tx) =>
        tx
          .updateTable("meter_state")
          .set({ ...shown, ...owing })
          .where("meter_id", "=", meterId)
          .execute(),
      );
      const waiting: LoadGuardShown = { ...LOCKED, state: "waiting", trips: 1, total: 1 };
      const look = { meterId, measuredAt: later(now, -500), values: { status: OPEN, loadGuard: waiting } };
      await recordReadings(b.ctx, { collector: "test", reports: [look], silences: [], frames: [] });
      expect(await offCause(meterId)).toBe("safety");
      await recharge(b.ctx, boss, { key: "pays-for-it", meterId, amount: "50", channel: "cash", note: "", ip });
      const closes = b.db.read.selectFrom("command").select("id").where("meter_id", "=", meterId);
      expect(await closes.where("kind", "=", "close").execute()).toEqual([]);
      // It has let go, and what keeps supply off now is what the trip was for.
      at(later(now, 5 * MINUTE_MS));
      await heard(meterId, { status: OPEN, loadGuard: { ...waiting, state: "free" } });
      expect(await offCause(meterId)).toBe("arrears");
    },
  );

  on("one with a guard stays off for safety under another address, and goes out of use without an alarm", async () => {
    const [, , , meterId = 0] = b.meters;
    at(later(OPENED, 3 * HOUR_MS));
    await lock(meterId);
    await changeProtocol(b.ctx, boss, {
      ...{ meterId, profile: "jc1", address: "000000000097", switchKind: "relay", closesBy: "direct" },
      ...{ version: await versionOf(meterId), reason: "地址登记错误", confirmed: true, ip },
    });
    expect(await offCause(meterId)).toBe("safety");
    const close = { meterId, key: "close-it-2", kind: "close" as const, reason: "", ip };
    expect(await refusal(requestCommand(b.ctx, boss, close))).toBe("meter_safety_off");
    at(later(now, MINUTE_MS));
    await lock(meterId);
    expect(await alarms(meterId)).toEqual([
      { open_mark: null, closed_how: "replaced" },
      { open_mark: 1, closed_how: null },
    ]);
    await b.db.transact((tx) => tx.updateTable("meter").set({ account_id: null }).where("id", "=", meterId).execute());
    await b.settle();
    const retiring = { meterId, version: await versionOf(meterId), reason: "拆除", confirmed: true as const, ip };
    await retireMeter(b.ctx, boss, retiring);
    expect((await alarms(meterId)).map(({ closed_how }) => closed_how)).toEqual(["replaced", "left"]);
  });

  on("what a guard was never told holds up neither another address nor the end of its meter", async () => {
    const meterId = b.meters[6] ?? 0;
    at(later(OPENED, 6 * HOUR_MS));
    await heard(meterId, { energyWh: 0, status: { ...OPEN, relayOpen: false }, loadGuard: FREE });
    const settings = { ...GUARD_OFF, maxW: 1000 };
    await setLoadGuard(b.ctx, boss, { meterId, key: "set-guard-6", settings, reason: "合同 1 kW", ip });
    const orders = async () =>
      (
        await b.db.read
          .selectFrom("command")
          .select(["state", "state_reason", "payload"])
          .where("meter_id", "=", meterId)
          .where("kind", "=", "set_load_guard")
          .orderBy("created_at")
          .orderBy("id")
          .execute()
      ).map((row) => [row.state, row.state_reason, JSON.parse(row.payload)]);
    at(later(now, MINUTE_MS));
    await changeProtocol(b.ctx, boss, {
      ...{ meterId, profile: "jc1", address: "000000000096", switchKind: "relay", closesBy: "direct" },
      ...{ version: await versionOf(meterId), reason: "地址登记错误", confirmed: true, ip },
    });
    const old = ["cancelled", "device_changed", { settings }];
    expect(await orders()).toEqual([old, ["waiting", "", { settings }]]);
    expect(await loadGuardOf(b.db.read, meterId)).toMatchObject({ told: null, watches: 1 });
    await b.db.transact((tx) => tx.updateTable("meter").set({ account_id: null }).where("id", "=", meterId).execute());
    await b.settle();
    at(later(now, MINUTE_MS));
    await retireMeter(b.ctx, boss, {
      ...{ meterId, version: await versionOf(meterId), reason: "拆除", confirmed: true as const, ip },
    });
    expect(await orders()).toEqual([old, old]);
  });
});
