import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, type Day, HOUR_MS, type Instant, later, startOfDay } from "#base/time.ts";
import type { CorrectionRequest } from "#contract/doubts.ts";
import { latestDays } from "#store/days.ts";
import { balanceOf } from "#store/ledger.ts";
import { meterState } from "#store/meters.ts";
import { testDatabases } from "#store/test-databases.ts";
import { closeDueDays } from "./close-days.ts";
import { correctReading } from "./correct-reading.ts";
import { recloseDays } from "./reclose-days.ts";
import { type Building, boss, building } from "./test-building.ts";

const FIRST = "2026-08-03" as Day;
const day = (n: number) => addDays(FIRST, n);
const at = (n: number, hours: number): Instant => later(startOfDay(day(n)), hours * HOUR_MS);

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`corrections on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    let server = 0; // 0.80 yuan, credit on the server
    let inMeter = 0;
    let other = 0;
    let keys = 0;
    beforeAll(async () => {
      b = await building(name, at(0, 0), [
        { powerMaxW: 10_000, openingCreditWh: 5_000_000 },
        { powerMaxW: 10_000, creditAt: "meter", openingCreditWh: 100_000 },
        { powerMaxW: 10_000 },
      ]);
      [server = 0, inMeter = 0, other = 0] = b.meters;
    });
    afterAll(() => b?.db.drop());

    const correct = (
      meterId: number,
      measuredAt: number,
      more: Partial<CorrectionRequest> & Pick<CorrectionRequest, "decision">,
    ) =>
      correctReading(b.ctx, boss, {
        ...{ key: `correct-${++keys}`, value: null, reason: "现场核对", ip: "", meterId, measuredAt },
        ...more,
      });
    const state = (meterId: number) => meterState(b.db.read, meterId);
    const refused = (meterId: number, measuredAt: number, more: Parameters<typeof correct>[2]) =>
      expect(correct(meterId, measuredAt, more)).rejects;
    const accountOf = async (meterId: number) =>
      (await b.db.read.selectFrom("meter").select("account_id").where("id", "=", meterId).executeTakeFirst())
        ?.account_id ?? 0;
    const balance = async (meterId: number) =>
      (await balanceOf(b.db.read, { kind: "balance", ref: await accountOf(meterId) })).posted;
    const read = async (meterId: number, n: number, hours: number, energyWh: number) => {
      b.at(at(n, hours));
      await b.read(meterId, at(n, hours), energyWh);
      await b.settle();
    };
    const close = async () => {
      for (let more = true; more; ) more = (await closeDueDays(b.ctx)).more;
      while ((await recloseDays(b.ctx, 100)).corrected > 0);
    };
    const usages = async (meterId: number) =>
      (await latestDays(b.db.read, [meterId], { from: day(0), to: day(9) })).map((row) => row.usage_wh);

    test("a jump waits; accepted with all that followed its line, it is billed and its days are known", async () => {
      await read(server, 0, 1, 1_000);
      await read(server, 0, 12, 501_000);
      await read(server, 1, 0, 505_000);
      await read(server, 1, 1, 506_000);
      expect(await state(server)).toMatchObject({ index_wh: 1_000, suspect_wh: 506_000 });
      await refused(server, at(0, 7), { decision: "accept" }).toMatchObject({ code: "reading_not_found" });
      const before = await balance(server);
      const key = "accept-the-jump";
      await correct(server, at(1, 1), { decision: "accept", key });
      await correct(server, at(1, 1), { decision: "accept", key });
      await refused(server, at(1, 1), { decision: "reject", key }).toMatchObject({ code: "reading_key_conflict" });
      expect(await state(server)).toMatchObject({ index_wh: 506_000, suspect_wh: null });
      await b.settle();
      expect(before - (await balance(server))).toBe(505 * 8_000);
      await read(server, 1, 2, 507_000);
      await close();
      expect(await usages(server)).toEqual([505_000]);
      const audit = await b.db.read.selectFrom("audit").selectAll().where("action", "=", "reading.correct").execute();
      expect(audit).toHaveLength(1);
    });

    test("a jump that is rejected stays rejected: waiting does not make its line believable", async () => {
      await read(server, 1, 3, 907_000);
      await correct(server, at(1, 3), { decision: "reject" });
      expect(await state(server)).toMatchObject({ index_wh: 507_000, suspect_wh: null, rejected_wh: 907_000 });
      await read(server, 8, 0, 908_000); // by now the meter could have drawn so much
      expect(await state(server)).toMatchObject({ index_wh: 507_000, suspect_wh: 908_000 });
      await read(server, 8, 1, 510_000);
      expect(await state(server)).toMatchObject({ index_wh: 510_000, suspect_wh: null, rejected_wh: null });
    });

    test("a register that began anew: nothing is charged for the step, and the day has two segments", async () => {
      for (const meter of [other, inMeter]) await read(meter, 8, 0, 20_000);
      await read(other, 8, 6, 23_000);
      await read(other, 8, 12, 100);
      await refused(other, at(8, 12), { decision: "accept" }).toMatchObject({ code: "reading_value_backwards" });
      const before = await balance(other);
      await correct(other, at(8, 12), { decision: "restart" });
      await b.settle();
      expect(await balance(other)).toBe(before);
      await read(other, 9, 0, 2_100);
      expect(before - (await balance(other))).toBe(2 * 8_000);
      b.at(at(9, 1));
      await close();
      const rows = await latestDays(b.db.read, [other], { from: day(8), to: day(8) });
      expect(rows.map((row) => [row.segment, row.open_wh, row.close_wh, row.usage_wh, row.quality])).toEqual([
        [1, 20_000, 23_000, 3_000, "measured"],
        [2, 100, 2_100, 2_000, "measured"],
      ]);
    });

    test("the newest reading corrected downwards: what was charged too much goes back to the last digit", async () => {
      await read(server, 9, 2, 513_337);
      const start = await balance(server);
      await read(server, 9, 3, 514_001);
      await read(server, 9, 4, 522_222);
      const result = await correct(server, at(9, 4), { decision: "correct", value: "515.003" });
      expect(result).toEqual({ indexWh: 515_003, takenBackWh: 522_222 - 515_003 });
      expect(await state(server)).toMatchObject({ index_wh: 515_003, settled_index_wh: 515_003 });
      await read(server, 9, 5, 518_337);
      expect(start - (await balance(server))).toBe(5 * 8_000);
      expect(await b.verify()).toMatchObject({ ok: true, sumE4: 0 });
      const lines = await b.db.read
        .selectFrom("usage_charge")
        .select((eb) => [eb.fn.sum<number>("amount_e4").as("amount"), eb.fn.sum<number>("usage_wh").as("usage")])
        .where("meter_id", "=", server)
        .executeTakeFirstOrThrow();
      expect([Number(lines.usage), Number(lines.amount)]).toEqual([518_337, 518_337 * 8]);
    });

    test("for credit in the meter the units go back into their lots", async () => {
      await read(inMeter, 9, 6, 29_000);
      await correct(inMeter, at(9, 6), { decision: "correct", value: "24" });
      const lots = await b.db.read.selectFrom("credit_lot").selectAll().where("meter_id", "=", inMeter).execute();
      expect(lots.reduce((sum, lot) => sum + lot.used_wh, 0)).toBe(24_000);
      expect(await b.verify()).toMatchObject({ ok: true });
    });

    test("refuses what cannot be", async () => {
      await refused(server, at(9, 3), { decision: "correct", value: "600" }).toMatchObject({
        code: "reading_value_beyond",
      });
      await refused(server, at(9, 3), { decision: "correct", value: "1" }).toMatchObject({
        code: "reading_value_backwards",
      });
      for (const value of ["", "-1", "1e3", "abc", "0.0001", null]) {
        await refused(server, at(9, 3), { decision: "correct", value }).toMatchObject({
          code: "reading_value_invalid",
        });
      }
      await refused(server, at(12, 0), { decision: "correct", value: "600" }).toMatchObject({
        code: "reading_not_found",
      });
      const stranger = { ...boss, scope: { all: false as const, areaIds: [], meterIds: [other] } };
      await expect(
        correctReading(b.ctx, stranger, {
          ...{ key: "not-mine-1", meterId: server, measuredAt: at(9, 5), decision: "reject" as const },
          ...{ value: null, reason: "x", ip: "" },
        }),
      ).rejects.toMatchObject({ code: "meter_not_found" });
    });

    test("two who decide at once about one doubt: one is told that it is decided, nothing is booked twice", async () => {
      await read(other, 9, 6, 400_000);
      const both = await Promise.allSettled([
        correct(other, at(9, 6), { decision: "accept" }),
        correct(other, at(9, 6), { decision: "accept" }),
      ]);
      expect(both.filter((each) => each.status === "fulfilled").length).toBeGreaterThan(0);
      await b.settle();
      expect(await state(other)).toMatchObject({ index_wh: 400_000, settled_index_wh: 400_000 });
      const charged = await b.db.read
        .selectFrom("usage_charge")
        .select((eb) => eb.fn.sum<number>("usage_wh").as("usage"))
        .where("meter_id", "=", other)
        .executeTakeFirstOrThrow();
      expect(Number(charged.usage)).toBe(23_000 + 400_000 - 100);
    });
  });
}
