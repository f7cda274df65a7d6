import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDays, type Day, endOfDay, HOUR_MS, later, startOfDay } from "#base/time.ts";
import { CLOSE_AFTER_MS } from "#domain/meter-day.ts";
import { REGISTER_SPAN_WH } from "#domain/settlement.ts";
import { latestDays } from "#store/days.ts";
import { testDatabases } from "#store/test-databases.ts";
import { beginSegment, momentFor } from "./begin-segment.ts";
import { closeDueDays } from "./close-days.ts";
import { building } from "./test-building.ts";

const FIRST = "2026-07-30" as Day;
const DAYS = 3;
const PRICE_E4 = 8_000;

/** What happens in one hour: some use, and then perhaps another device (with its own first index) or another ratio. */
const hour = fc.record({
  usedWh: fc.integer({ min: 0, max: 30_000 }),
  after: fc.option(
    fc.oneof(
      fc.record({
        cause: fc.constant("exchange" as const),
        openWh: fc.oneof(fc.integer({ min: 0, max: 900_000 }), fc.constant(REGISTER_SPAN_WH - 20_000)),
        ratio: fc.integer({ min: 1, max: 80 }),
      }),
      fc.record({ cause: fc.constant("ratio" as const), ratio: fc.integer({ min: 1, max: 80 }) }),
    ),
    { freq: 6 },
  ),
});

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`lines of indexes on ${name}${why ? ` (${why})` : ""}`, () => {
    test("whatever is exchanged when, days, money and books are what an independent count gives", {
      timeout: 120_000,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(hour, { minLength: DAYS * 24, maxLength: DAYS * 24 }), async (hours) => {
          const opened = startOfDay(FIRST);
          // Near the end of its register, so that it begins again somewhere.
          let indexWh = REGISTER_SPAN_WH - 100_000;
          const b = await building(name, opened, [{ creditAt: "server", ratio: 7, openingIndexWh: indexWh }]);
          try {
            const [meter = 0] = b.meters;
            let ratio = 7;
            let usedWh = 0;
            let n = 0;
            const byDay = new Map<Day, number>();
            for (const [i, each] of hours.entries()) {
              const at = later(opened, (i + 1) * HOUR_MS);
              b.at(at);
              indexWh = (indexWh + each.usedWh) % REGISTER_SPAN_WH;
              const day = addDays(FIRST, Math.floor(i / 24));
              byDay.set(day, (byDay.get(day) ?? 0) + each.usedWh * ratio);
              usedWh += each.usedWh * ratio;
              await b.read(meter, at, indexWh);
              if (i % 3 === 0) await b.settle();
              if (each.after === null || i === hours.length - 1) continue;
              const closeWh = indexWh;
              if (each.after.cause === "exchange") indexWh = each.after.openWh;
              ratio = each.after.ratio;
              const segment = {
                meterId: meter,
                closeWh,
                openWh: indexWh,
                ratio,
                reference: `S${++n}`,
                cause: each.after.cause,
              };
              await b.db.transact(async (tx) => {
                const state = await tx
                  .selectFrom("meter_state")
                  .selectAll()
                  .where("meter_id", "=", meter)
                  .executeTakeFirstOrThrow();
                await beginSegment(b.ctx, tx, { ...segment, at: momentFor(state, at) });
              });
            }
            await b.settle();
            b.at(later(endOfDay(addDays(FIRST, DAYS - 1)), CLOSE_AFTER_MS));
            while ((await closeDueDays(b.ctx)).more);
            const rows = await latestDays(b.db.read, [meter], { from: FIRST, to: addDays(FIRST, DAYS) });
            const sums = new Map<string, number>();
            for (const row of rows) sums.set(row.day, (sums.get(row.day) ?? 0) + (row.usage_wh ?? Number.NaN));
            expect(sums).toEqual(byDay);
            const charged = rows.reduce((sum, row) => sum + (row.cost_e4 ?? 0), 0);
            expect(charged).toBe(Math.floor((usedWh * PRICE_E4) / 1_000));
            const doubted = await b.db.read
              .selectFrom("meter_event")
              .select("kind")
              .where("kind", "=", "reading_suspect")
              .execute();
            expect(doubted).toEqual([]);
            const entries = await b.db.read.selectFrom("ledger_entry").select("amount_e4").execute();
            expect(entries.reduce((sum, row) => sum + row.amount_e4, 0)).toBe(0);
            expect((await b.verify()).problems).toEqual([]);
          } finally {
            await b.db.drop();
          }
        }),
        { numRuns: name === "sqlite" ? 8 : 2 }, // a failure prints its seed
      );
    });
  });
}
