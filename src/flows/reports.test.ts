import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDays, type Day, HOUR_MS, type Instant, later, type Month, startOfDay } from "#base/time.ts";
import { parseMoney } from "#base/units.ts";
import { SCOPE_ALL, type Scope } from "#domain/permission.ts";
import { readingsReport } from "#store/doubts.ts";
import { dayReport, matrixReport } from "#store/report-days.ts";
import { meterReport, periodReport } from "#store/report-periods.ts";
import { testDatabases } from "#store/test-databases.ts";
import { closeDueDays } from "./close-days.ts";
import { recloseDays } from "./reclose-days.ts";
import { type Building, building } from "./test-building.ts";

const FIRST = "2026-11-28" as Day; // over the end of a month and of a year
const DAYS = 36;
const at = (n: number, hours: number): Instant => later(startOfDay(addDays(FIRST, n)), Math.round(hours * HOUR_MS));
const seed = Number(process.env.JICHAO_SEED ?? 20260806);

/** Numbers 0 … 1, the same for the same seed. */
function stream(from: number): () => number {
  let state = from;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const e4 = (text: string | null) => (text === null ? 0 : (parseMoney(text, 4) ?? Number.NaN));
type Figures = { usageWh: number | null; cost: string | null; missing: number; estimated: number };
const sum = (list: readonly Figures[]) => ({
  usage: list.reduce((all, each) => all + (each.usageWh ?? 0), 0),
  cost: list.reduce((all, each) => all + e4(each.cost), 0),
  missing: list.reduce((all, each) => all + each.missing, 0),
  estimated: list.reduce((all, each) => all + each.estimated, 0),
});

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`reports on ${name}${why ? ` (${why})` : ""}, seed ${seed}`, () => {
    let b: Building;
    beforeAll(async () => {
      console.log(`reports: seed ${seed}`);
      const random = stream(seed);
      b = await building(
        name,
        at(0, 9),
        ["A座", "A座", "B座", "B座", "C座"].map((area, i) => ({
          area,
          ratio: i === 3 ? 40 : 1,
          mode: i === 4 ? ("public" as const) : ("prepaid" as const),
          priceE4: 6_789 + i,
          openingIndexWh: i * 1_000_000,
          openingCreditWh: 900_000_000,
        })),
      );
      const index = b.meters.map((_, i) => i * 1_000_000);
      for (let n = 0; n < DAYS; n++) {
        for (const hour of [9.5, 17, 23.97]) {
          b.at(at(n, hour));
          for (const [i, meter] of b.meters.entries()) {
            index[i] = (index[i] ?? 0) + Math.floor(random() * 9_000);
            // Some readings are lost, some nights whole.
            if (random() < 0.15 || (i === 1 && n > 8 && n < 12)) continue;
            await b.read(meter, b.ctx.clock(), index[i] ?? 0);
          }
          await b.settle();
        }
      }
      b.at(at(DAYS, 10));
      for (const [i, meter] of b.meters.entries()) await b.read(meter, b.ctx.clock(), index[i] ?? 0);
      await b.settle();
      for (let more = true; more; ) more = (await closeDueDays(b.ctx)).more;
      while ((await recloseDays(b.ctx, 100)).corrected > 0);
    });
    afterAll(() => b?.db.drop());

    const ask = { kind: "electricity" as const };

    test("from the year to the reading, the children of everything sum to it, to the last digit", async () => {
      const read = b.db.read;
      const years = ["2026", "2027"];
      for (const year of years) {
        const top = await periodReport(read, SCOPE_ALL, { ...ask, period: year });
        if (top === null) throw new Error("no report");
        expect(sum(top.children)).toEqual(sum([top]));
        const months = [];
        for (let m = 1; m <= 12; m++) {
          const month = `${year}-${String(m).padStart(2, "0")}`;
          const report = await periodReport(read, SCOPE_ALL, { ...ask, period: month });
          if (report === null) throw new Error("no report");
          months.push(report);
        }
        expect(sum(months)).toEqual(sum([top]));
        for (const site of top.children) {
          const areas = await periodReport(read, SCOPE_ALL, { ...ask, period: year, areaId: site.id });
          expect(sum(areas?.children ?? [])).toEqual(sum([site]));
          for (const area of areas?.children ?? []) {
            const inside = await periodReport(read, SCOPE_ALL, { ...ask, period: year, areaId: area.id });
            expect(inside?.children.every((child) => child.type === "meter")).toBe(true);
            expect(sum(inside?.children ?? [])).toEqual(sum([area]));
            for (const meter of inside?.children ?? []) await expectMeter(meter.id, year, sum([meter]));
          }
        }
      }
    });

    async function expectMeter(meterId: number, year: string, expected: ReturnType<typeof sum>) {
      const report = await meterReport(b.db.read, SCOPE_ALL, meterId, year);
      expect(sum(report?.parts ?? [])).toEqual(expected);
      for (const month of report?.parts ?? []) {
        const days = await meterReport(b.db.read, SCOPE_ALL, meterId, month.part);
        expect(sum(days?.parts ?? [])).toEqual(sum([month]));
        for (const day of days?.parts ?? []) {
          const [segment] = day.segments;
          if (segment?.openWh != null && segment.closeWh != null) {
            expect((segment.closeWh - segment.openWh) * segment.ratio).toBe(day.usageWh);
          }
          const readings = await readingsReport(b.db.read, SCOPE_ALL, meterId, day.part as Day);
          const steps = readings?.steps.reduce((all, step) => all + (step.usageWh ?? 0), 0);
          if (day.missing === 0) expect(steps).toBe(day.usageWh);
        }
      }
    }

    test("the matrix and the day report say the same", async () => {
      const page = { ...ask, search: "", after: 0, limit: 500 };
      const matrix = await matrixReport(b.db.read, SCOPE_ALL, { ...page, month: "2026-12" as Month });
      const month = await periodReport(b.db.read, SCOPE_ALL, { ...ask, period: "2026-12" });
      expect(matrix.sumWh).toBe(month?.usageWh);
      expect(matrix.items.reduce((all, row) => all + (row.sumWh ?? 0), 0)).toBe(matrix.sumWh);
      for (const [i, day] of matrix.days.entries()) {
        const report = await dayReport(b.db.read, SCOPE_ALL, { ...page, day: day as Day });
        expect(report.usageWh).toBe(matrix.daySums[i] ?? null);
        expect(sum([report]).usage).toBe(matrix.items.reduce((all, row) => all + (row.days[i] ?? 0), 0));
      }
    });

    test("what was charged in the reports is what the ledger earned", async () => {
      const earned = await b.db.read
        .selectFrom("ledger_entry")
        .innerJoin("ledger_transfer", "ledger_transfer.id", "ledger_entry.transfer_id")
        .where("ledger_entry.account_id", "like", "revenue:%")
        .where("ledger_transfer.at", "<=", startOfDay(addDays(FIRST, DAYS)))
        .select((eb) => eb.fn.sum<number>("ledger_entry.amount_e4").as("sum"))
        .executeTakeFirstOrThrow();
      let told = 0;
      for (const period of ["2026", "2027"]) {
        told += e4((await periodReport(b.db.read, SCOPE_ALL, { ...ask, period }))?.cost ?? null);
      }
      expect(told).toBe(Number(earned.sum));
    });

    test("who has one building sees the sums of that building, and no other exists for him", async () => {
      const areas = await b.db.read.selectFrom("area").selectAll().execute();
      const [a, c] = ["A座", "C座"].map((area) => areas.find((each) => each.name === area)?.id ?? 0);
      const scope: Scope = { all: false, areaIds: [a ?? 0], meterIds: [] };
      const own = await periodReport(b.db.read, scope, { ...ask, period: "2026-12" });
      const all = await periodReport(b.db.read, SCOPE_ALL, { ...ask, period: "2026-12", areaId: a });
      expect(own?.usageWh).toBe(all?.usageWh);
      expect(await periodReport(b.db.read, scope, { ...ask, period: "2026-12", areaId: c })).toBeNull();
      expect(await meterReport(b.db.read, scope, b.meters[4] ?? 0, "2026-12")).toBeNull();
      const matrix = await matrixReport(b.db.read, scope, {
        ...{ ...ask, search: "", after: 0, limit: 500, month: "2026-12" as Month },
      });
      expect(matrix.items.map((row) => row.meterId)).toEqual(b.meters.slice(0, 2));
      expect(matrix.sumWh).toBe(own?.usageWh);
    });
  });
}
