import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, type Day, endOfDay, HOUR_MS, type Instant, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import { CLOSE_AFTER_MS } from "#domain/meter-day.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { registers, verdicts } from "#domain/reading.ts";
import { latestDays } from "#store/days.ts";
import { ratioChangeRow } from "#store/devices.ts";
import { meterState } from "#store/meters.ts";
import { testDatabases } from "#store/test-databases.ts";
import { approvalEffects } from "./approval-effects.ts";
import { carryOutRatio, requestRatio, withdrawRatio } from "./change-ratio.ts";
import { closeDueDays } from "./close-days.ts";
import { correctReading } from "./correct-reading.ts";
import { decideApproval } from "./decide-approval.ts";
import { type Building, boss, building } from "./test-building.ts";
import { refusal } from "./test-refusal.ts";

const FIRST = "2026-07-30" as Day;
const day = (n: number) => addDays(FIRST, n);
const at = (n: number, hours: number): Instant => later(startOfDay(day(n)), hours * HOUR_MS);
const finance: Actor = { userId: 2, login: "li", name: "李会计", permissions: new Set(permissions), scope: SCOPE_ALL };
for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`a change of ratio on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    let ct = 0;
    let own = 0;
    beforeAll(async () => {
      b = await building(name, at(0, 10), [{ creditAt: "server", ratio: 30 }, { creditAt: "meter" }]);
      [ct = 0, own = 0] = b.meters;
    });
    afterAll(() => b?.db.drop());

    let key = 0;
    const ask = (over: Partial<Parameters<typeof requestRatio>[2]> = {}) =>
      requestRatio(b.ctx, boss, { key: `ratio-${++key}`, meterId: ct, ratio: 40, reason: "CT 更换", ip: "", ...over });
    const approve = async (changeNo: string, verdict: "approve" | "reject" = "approve") => {
      const id = (await ratioChangeRow(b.db.read, changeNo))?.approval_id ?? "";
      await decideApproval(b.ctx, approvalEffects, finance, { id, verdict, version: 0, reason: "ok", ip: "" });
    };
    const read = async (time: Instant, wh: number) => {
      b.at(time);
      await b.read(ct, time, wh);
      await b.settle();
    };

    test("is agreed upon by a second person, and what was used before is charged by the old ratio", async () => {
      await read(at(0, 14), 1_000);
      expect(await refusal(ask({ ratio: 30 }))).toBe("ratio_unchanged");
      expect(await refusal(ask({ meterId: own }))).toBe("ratio_needs_server_credit");
      const { changeNo } = await ask({ key: "ratio-same" });
      expect(await ask({ key: "ratio-same" })).toEqual({ changeNo, created: false });
      expect(await refusal(ask({ key: "ratio-same", ratio: 50 }))).toBe("mode_key_conflict");
      expect(await refusal(ask())).toBe("ratio_change_open");
      expect(await refusal(carryOutRatio(b.ctx, boss, { changeNo, index: null, ip: "" }))).toBe("approval_not_open");
      await approve(changeNo);
      // The power is off from here until the new transformers are in: what was used since the last reading is by the old ones.
      b.at(at(0, 15));
      expect(await refusal(carryOutRatio(b.ctx, boss, { changeNo, index: "0.5", ip: "" }))).toBe(
        "exchange_index_backwards",
      );
      expect(await refusal(carryOutRatio(b.ctx, boss, { changeNo, index: "9000", ip: "" }))).toBe(
        "exchange_index_jump",
      );
      await carryOutRatio(b.ctx, boss, { changeNo, index: "1.5", ip: "" });
      await carryOutRatio(b.ctx, boss, { changeNo, index: "1.7", ip: "" }); // again: nothing
      await read(at(0, 18), 2_500);
      await read(later(endOfDay(day(0)), -MINUTE_MS), 3_000);
      b.at(later(endOfDay(day(0)), CLOSE_AFTER_MS));
      await closeDueDays(b.ctx);
      const rows = await latestDays(b.db.read, [ct], { from: day(0), to: day(0) });
      expect(rows.map((row) => [row.segment, row.ratio, row.open_wh, row.close_wh, row.usage_wh])).toEqual([
        [1, 30, 0, 1_500, 45_000],
        [2, 40, 1_500, 3_000, 60_000],
      ]);
      // 105 kWh at 0.80, to the last digit, in the last segment.
      expect(rows.map((row) => row.cost_e4)).toEqual([null, 840_000]);
      expect((await b.verify()).problems).toEqual([]);
    });

    test("without an index begins at the latest reading, and never values the past anew", async () => {
      await read(at(1, 9), 5_000);
      const { changeNo } = await ask({ ratio: 20 });
      await approve(changeNo);
      b.at(at(1, 10));
      await carryOutRatio(b.ctx, boss, { changeNo, index: null, ip: "" });
      expect(await ratioChangeRow(b.db.read, changeNo)).toMatchObject({
        state: "done",
        index_wh: 5_000,
        index_at: at(1, 9),
      });
      // A second change at the very same reading would leave a segment without length.
      const second = await ask({ ratio: 25 });
      await approve(second.changeNo);
      expect(await refusal(carryOutRatio(b.ctx, boss, { changeNo: second.changeNo, index: null, ip: "" }))).toBe(
        "segment_needs_reading",
      );
      await withdrawRatio(b.ctx, boss, { changeNo: second.changeNo, ip: "" });
      await read(at(1, 12), 6_000);
      const correction = {
        key: "c-1",
        meterId: ct,
        measuredAt: at(1, 9),
        decision: "reject" as const,
        value: null,
        reason: "?",
        ip: "",
      };
      expect(await refusal(correctReading(b.ctx, boss, correction))).toBe("reading_before_exchange");
      await read(later(endOfDay(day(1)), -MINUTE_MS), 7_000);
      b.at(later(endOfDay(day(1)), CLOSE_AFTER_MS));
      await closeDueDays(b.ctx);
      const rows = await latestDays(b.db.read, [ct], { from: day(0), to: day(1) });
      expect(rows.map((row) => [row.day, row.ratio, row.usage_wh])).toEqual([
        [day(0), 30, 45_000],
        [day(0), 40, 60_000],
        [day(1), 40, 80_000],
        [day(1), 20, 40_000],
      ]);
      expect((await b.verify()).problems).toEqual([]);
    });

    test("what flows through a transformer is not believed of the register behind it, before and after", async () => {
      const verdictsOf = async (from: Instant) =>
        (
          await b.db.read
            .selectFrom("reading")
            .select("verdict")
            .where("meter_id", "=", ct)
            .where("register", "=", registers.energyTotal)
            .where("measured_at", ">=", from)
            .orderBy("measured_at")
            .execute()
        ).map((row) => verdicts[row.verdict]);
      const state = async () => (await meterState(b.db.read, ct)).index_wh ?? 0;
      const begin = await state();
      // 60 kW at the register: 100 kWh in an hour are a misread, and would be charged twentyfold.
      await read(at(2, 10), begin + 1_000);
      await read(at(2, 11), begin + 101_000);
      await read(at(2, 12), begin + 3_000);
      const { changeNo } = await ask({ ratio: 200 });
      await approve(changeNo);
      b.at(at(2, 12.5));
      await carryOutRatio(b.ctx, boss, { changeNo, index: null, ip: "" });
      await read(at(2, 13), begin + 33_000);
      await read(at(2, 14), begin + 133_000);
      expect(await verdictsOf(at(2, 10))).toEqual(["ok", "jump", "ok", "ok", "jump"]);
      expect(await state()).toBe(begin + 33_000);
      await read(at(2, 15), begin + 34_000);
    });

    test("that is turned down changes nothing, and leaves room for another", async () => {
      const { changeNo } = await ask({ ratio: 99 });
      await approve(changeNo, "reject");
      expect(await ratioChangeRow(b.db.read, changeNo)).toMatchObject({ state: "rejected", open_meter_id: null });
      expect(await refusal(carryOutRatio(b.ctx, boss, { changeNo, index: null, ip: "" }))).toBe("approval_not_open");
      const all = await Promise.all([1, 2, 3, 4].map(() => refusal(ask({ ratio: 60 }))));
      expect(all.toSorted()).toEqual(["nothing", "ratio_change_open", "ratio_change_open", "ratio_change_open"]);
      const stranger: Actor = { ...finance, scope: { all: false, areaIds: [], meterIds: [own] } };
      const open = await b.db.read
        .selectFrom("ratio_change")
        .select("change_no")
        .where("open_meter_id", "=", ct)
        .executeTakeFirstOrThrow();
      expect(await refusal(carryOutRatio(b.ctx, stranger, { changeNo: open.change_no, index: null, ip: "" }))).toBe(
        "ratio_change_not_found",
      );
    });
  });
}
