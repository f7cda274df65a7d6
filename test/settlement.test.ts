import { afterEach, describe, expect, test } from "vitest";
import { type Day, HOUR_MS, type Instant, instant, later, startOfDay } from "#base/time.ts";
import { isLineRight } from "#domain/charging.ts";
import { verdictCode } from "#domain/reading.ts";
import { REGISTER_SPAN_WH } from "#domain/settlement.ts";
import type { TariffTerms } from "#domain/tariff.ts";
import { settleDueMeters } from "#flows/settle-usage.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import { buildTown, contextOf } from "#server/test-town.ts";
import { randomStream } from "#simulator/random.ts";
import type { MeterTariffTable, UsageChargeTable } from "#store/schema-tariff.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";

const SEED = 20_260_301;
const MARCH = startOfDay("2026-03-01" as Day);
const at = (hours: number) => instant(MARCH + hours * HOUR_MS);
const TOU = {
  kind: "tou",
  seasons: [
    {
      name: "全年",
      from: "01-01",
      to: "12-31",
      prices: { peak: 12_345, valley: 3_003 },
      days: {
        workday: [
          { fromMinute: 0, toMinute: 480, rate: "valley" },
          { fromMinute: 480, toMinute: 1_440, rate: "peak" },
        ],
      },
    },
  ],
} as unknown as TariffTerms;
const STEPS = {
  kind: "tiered",
  per: "month",
  tiers: [
    { fromWh: 0, price: 4_983 },
    { fromWh: 10_000, price: 5_483 },
    { fromWh: 25_000, price: 7_983 },
  ],
} as unknown as TariffTerms;

describe.each(testDatabases)("settlement on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let db: TestDatabase;
  afterEach(() => db?.drop());

  /** A town of two streets whose meters were all settled at index 1 000 000 Wh, ten hours before March begins. */
  async function town() {
    db = await freshDatabase(name);
    await buildTown(db);
    const ctx = contextOf(db);
    await db.transact(async (tx) => {
      const start = { index_wh: 1_000_000, settled_index_wh: 1_000_000, index_at: at(-10), settled_at: at(-10) };
      await tx.updateTable("meter_state").set(start).execute();
    });
    return {
      ctx,
      settle: (limit = 100) => settleDueMeters(ctx, { limit, after: 0 }),
      /** What the collector does with good readings: keeps them and moves the state on. */
      async read(meterId: number, readings: readonly [at: Instant, indexWh: number][], verdict: "ok" | "stale" = "ok") {
        await db.transact(async (tx) => {
          for (const [measuredAt, value] of readings) {
            const reading = { meter_id: meterId, register: 1, measured_at: measuredAt, value };
            await tx
              .insertInto("reading")
              .values({ ...reading, verdict: verdictCode(verdict), received_at: measuredAt })
              .execute();
            if (verdict === "stale") continue;
            await tx
              .updateTable("meter_state")
              .set({ index_wh: value, index_at: measuredAt })
              .where("meter_id", "=", meterId)
              .execute();
          }
        });
      },
      async price(meterId: number, from: Instant, e4: number) {
        await assign(meterId, from, { tariff_id: null, price_e4: e4 });
      },
      async tariff(meterId: number, from: Instant, tariffId: number) {
        await assign(meterId, from, { tariff_id: tariffId, price_e4: null });
      },
      async version(tariffId: number, from: Instant, terms: TariffTerms) {
        const decided = { change_id: "test", approved_by: "test", approved_at: 0, applied_at: 1 };
        const row = { id: `${tariffId}-${from}`, tariff_id: tariffId, from_at: from, terms: JSON.stringify(terms) };
        await db.transact((tx) =>
          tx
            .insertInto("tariff_version")
            .values({ ...row, ...decided })
            .execute(),
        );
      },
      lines: (meterId: number) =>
        db.read
          .selectFrom("usage_charge")
          .selectAll()
          .where("meter_id", "=", meterId)
          .orderBy("reading_at")
          .orderBy("line")
          .execute(),
      state: (meterId: number) =>
        db.read.selectFrom("meter_state").selectAll().where("meter_id", "=", meterId).executeTakeFirstOrThrow(),
      async balance(accountId: number) {
        const row = await db.read
          .selectFrom("ledger_account")
          .select("balance_e4")
          .where("id", "=", `balance:${accountId}`)
          .executeTakeFirst();
        return row?.balance_e4 ?? 0;
      },
    };

    async function assign(meterId: number, from: Instant, what: Pick<MeterTariffTable, "tariff_id" | "price_e4">) {
      const decided = { change_id: null, approved_by: "test", approved_at: 0, applied_at: 1 };
      await db.transact((tx) =>
        tx
          .insertInto("meter_tariff")
          .values({ meter_id: meterId, from_at: from, ...what, ...decided })
          .execute(),
      );
    }
  }

  function recomputed(lines: readonly UsageChargeTable[]): number {
    let residue = 0;
    for (const line of lines) {
      expect(line.residue_before).toBe(residue);
      const figures = { usageWh: line.usage_wh, price: line.price_e4, amount: line.amount_e4, residue: line.residue };
      expect(isLineRight(figures as Parameters<typeof isLineRight>[0], residue)).toBe(true);
      residue = line.residue;
    }
    return lines.reduce((sum, line) => sum + line.amount_e4, 0);
  }

  on(
    "splits a usage at the instant of a price change, by the freeze where there is one, and says when there is none",
    async () => {
      const w = await town();
      for (const meter of [12, 22]) await w.price(meter, MARCH, 9_000);
      await w.read(12, [
        [at(-1), 1_001_000],
        [at(1), 1_003_001],
      ]);
      await w.read(22, [
        [at(-1), 1_001_000],
        [MARCH, 1_001_100],
        [at(1), 1_003_001],
      ]);
      expect(await w.settle()).toMatchObject({ settled: 2 });
      const brief = (lines: UsageChargeTable[]) => lines.map((line) => [line.usage_wh, line.price_e4, line.estimated]);
      expect(brief(await w.lines(12))).toEqual([
        [2_001, 8_000, 1],
        [1_000, 9_000, 1],
      ]);
      expect(brief(await w.lines(22))).toEqual([
        [1_100, 8_000, 0],
        [1_901, 9_000, 0],
      ]);
      for (const meter of [12, 22]) {
        expect(await w.balance(meter)).toBe(-recomputed(await w.lines(meter)));
        expect((await w.state(meter)).settled_index_wh).toBe(1_003_001);
      }
      expect((await verifyLedger(w.ctx)).problems).toEqual([]);
    },
  );

  on("books the same however it is cut, repeated, raced, or fed late", async () => {
    const w = await town();
    const random = randomStream(SEED, 1);
    console.info(`settlement on ${name}: seed ${SEED}`);
    await w.version(1, at(-100), TOU);
    await w.version(2, at(-100), STEPS);
    await w.version(2, at(100), STEPS);
    for (const meter of [12, 22]) {
      await w.tariff(meter, at(-50), 1);
      await w.tariff(meter, at(60), 2);
      await w.price(meter, at(780), 6_001);
      await w.tariff(meter, at(800), 2);
    }
    const readings: [Instant, number][] = [];
    let index = 1_000_000;
    for (let hour = 0; hour < 900; hour += 1 + Math.floor(random() * 30)) {
      index += Math.floor(random() * 5_000);
      readings.push([later(at(hour), Math.floor(random() * HOUR_MS)), index]);
    }
    for (const reading of readings) {
      await w.read(12, [reading]);
      if (random() < 0.7) await Promise.all([w.settle(1), w.settle(), w.settle()]);
      if (random() < 0.2) await w.settle();
    }
    await w.settle();
    // The other one hears of everything at once, and of some of it late.
    const latecomers = readings.slice(0, -1).filter((_, i) => i % 4 === 0);
    await w.read(
      22,
      readings.filter((reading) => !latecomers.includes(reading)),
    );
    await w.read(22, latecomers, "stale");
    await w.settle();

    const [one, other] = [await w.lines(12), await w.lines(22)];
    expect(one.length).toBeGreaterThan(other.length);
    expect(recomputed(other)).toBe(recomputed(one));
    const byPrice = (lines: UsageChargeTable[]) => {
      const sums: Record<string, number> = {};
      for (const line of lines) {
        const key = [line.version_id, line.rate, line.tier, line.period_at, line.price_e4].join("|");
        sums[key] = (sums[key] ?? 0) + line.usage_wh;
      }
      return sums;
    };
    expect(byPrice(other)).toEqual(byPrice(one));
    expect(Object.keys(byPrice(one)).length).toBeGreaterThan(6);
    expect(one.reduce((sum, line) => sum + line.usage_wh, 0)).toBe(index - 1_000_000);
    expect(await w.balance(22)).toBe(await w.balance(12));
    expect((await w.state(22)).settled_residue).toBe((await w.state(12)).settled_residue);
    expect((await verifyLedger(w.ctx)).problems).toEqual([]);
    const transfers = await db.read.selectFrom("ledger_transfer").select("id").where("meter_id", "=", 12).execute();
    expect(new Set(one.flatMap((line) => line.transfer_id ?? []))).toEqual(new Set(transfers.map((row) => row.id)));
  });

  on("never values again what is in a meter already: its units cost what they were bought at", async () => {
    const w = await town();
    await db.transact(async (tx) => {
      const lot = { meter_id: 11, sequence: 1, units_wh: 50_000, used_wh: 0, used_e4: 0, order_no: null, made_at: 0 };
      await tx
        .insertInto("credit_lot")
        .values({ id: "lot", ...lot, cost_e4: 400_000 })
        .execute();
      const account = { id: "meter_credit:11", kind: "meter_credit", ref_id: 11, reserved_e4: 0, floor_e4: null };
      await tx
        .insertInto("ledger_account")
        .values({ ...account, balance_e4: 400_000, version: 0 })
        .execute();
    });
    await w.price(11, MARCH, 90_000);
    await w.read(11, [
      [at(-1), 1_010_000],
      [at(5), 1_020_000],
    ]);
    await w.settle();
    expect(await w.lines(11)).toMatchObject([{ source: "lots", usage_wh: 20_000, amount_e4: 160_000, price_e4: null }]);
    // Beyond them, what ran through is valued by the price of its time.
    await w.read(11, [[at(9), 1_051_000]]);
    await w.settle();
    const lot = await db.read.selectFrom("credit_lot").selectAll().where("id", "=", "lot").executeTakeFirstOrThrow();
    expect([lot.used_wh, lot.used_e4]).toEqual([51_000, 400_000 + 90_000]);
  });

  on("of one meter that cannot be settled stops no other, and public meters pay nothing", async () => {
    const w = await town();
    await db.transact(async (tx) => {
      await tx.updateTable("meter").set({ mode: "public" }).where("id", "=", 21).execute();
      const wrong = { index_wh: 999_000, index_at: at(2) }; // ran back, though it was judged good
      await tx.updateTable("meter_state").set(wrong).where("meter_id", "=", 11).execute();
    });
    await w.read(21, [[at(2), 1_005_000]]);
    await w.read(22, [[at(2), 1_005_000]]);
    expect(await w.settle()).toMatchObject({ settled: 2 });
    expect((await w.state(11)).settled_index_wh).toBe(1_000_000);
    expect((await w.state(21)).settled_index_wh).toBe(1_005_000);
    expect(await w.lines(21)).toEqual([]);
    expect(await w.balance(22)).toBe(-40_000);
  });

  on(
    "counts a register through its turn, by the ratio, and shows the balance on every meter of the account",
    async () => {
      const w = await town();
      await db.transact(async (tx) => {
        await tx.updateTable("meter").set({ account_id: 12, ratio: 30 }).where("id", "=", 22).execute();
        const before = { index_wh: REGISTER_SPAN_WH - 10, settled_index_wh: REGISTER_SPAN_WH - 10 };
        await tx.updateTable("meter_state").set(before).where("meter_id", "=", 22).execute();
      });
      await w.read(22, [[at(2), 90]]);
      await w.settle();
      expect(await w.lines(22)).toMatchObject([{ usage_wh: 3_000, ratio: 30, amount_e4: 24_000, account_id: 12 }]);
      for (const meter of [12, 22]) expect(await w.state(meter)).toMatchObject({ remaining_wh: -3_000, low_credit: 1 });
      const low = await db.read.selectFrom("meter_event").select("meter_id").where("kind", "=", "low_credit").execute();
      expect(low.map((event) => event.meter_id).sort()).toEqual([12, 22]);
    },
  );
});
