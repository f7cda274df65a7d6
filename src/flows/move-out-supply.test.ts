import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Day, HOUR_MS, type Instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { TrialMeterTable } from "#store/schema-trials.ts";
import { testDatabases } from "#store/test-databases.ts";
import { advanceMoveOuts, finishMoveOut } from "./finish-move-out.ts";
import { startMoveOut } from "./move-out.ts";
import { confirmMoveOut } from "./move-out-clear.ts";
import { type Building, boss, building } from "./test-building.ts";
import { handMeters } from "./test-hand-meter.ts";
import { askSwitchTest } from "./trial-step.ts";

const OPENED: Instant = later(startOfDay("2026-08-03" as Day), 10 * HOUR_MS);

describe.each(testDatabases)("supply after a move-out on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let b: Building;
  let hand: Awaited<ReturnType<typeof handMeters>>;
  let now = OPENED;
  beforeAll(async () => {
    if (!available) return;
    b = await building(name, OPENED, [{ openingCreditWh: 10_000 }]);
    hand = await handMeters(b);
  });
  afterAll(() => b?.db.drop());
  const round = async () => {
    now = later(now, MINUTE_MS);
    b.at(now);
    await hand.pump();
    await hand.readAll();
    await b.settle();
    await advanceMoveOuts(b.ctx);
  };

  on("a room that was to be off stays off, also when its tenant leaves in the middle of a switch test", async () => {
    const [meterId = 0] = b.meters;
    const leaving = { method: "transfer", afterwards: "trip", reason: "退租" } as const;
    const { moveOutNo } = await startMoveOut(b.ctx, boss, { ...leaving, key: "out-1", meterIds: [meterId], ip: "" });
    await round();
    await confirmMoveOut(b.ctx, boss, { moveOutNo, rev: 1, ip: "" });
    await round();
    // The trip of a test has been carried out, its close is due.
    const of = { trial_no: "C20260803000001", meter_id: meterId, attempt: 1, switch_wish: "in_use" } as TrialMeterTable;
    const { id: concentratorId } = await b.db.read.selectFrom("concentrator").select("id").executeTakeFirstOrThrow();
    await b.db.transact((tx) => askSwitchTest(b.ctx, tx, { of, concentratorId, now, by: "boss" }));
    await hand.pump();
    expect(hand.meter(meterId).relayOpen).toBe(true);
    const { rev } = await b.db.read
      .selectFrom("move_out_sheet")
      .select((eb) => eb.fn.max<number>("rev").as("rev"))
      .executeTakeFirstOrThrow();
    const ending = { moveOutNo, rev, note: "", collect: null, ip: "" };
    expect(await finishMoveOut(b.ctx, boss, ending)).toBe("done");
    now = later(now, 3 * MINUTE_MS);
    b.at(now);
    await hand.pump();
    expect(hand.meter(meterId).relayOpen).toBe(true);
    const switches = await b.db.read
      .selectFrom("command")
      .select(["kind", "state", "reason"])
      .where("kind", "in", ["trip", "close"])
      .execute();
    const told = switches.map(({ kind, state, reason }) => `${kind} of ${reason} ${state}`);
    expect(told.toSorted()).toEqual([
      `close of ${of.trial_no} cancelled`,
      `trip of ${of.trial_no} confirmed`,
      `trip of ${moveOutNo} confirmed`,
    ]);
  });
});
