import { describe, expect, test } from "vitest";
import { addDays, DAY_MS, type Day, dayOf, HOUR_MS, later, MINUTE_MS, startOfDay } from "#base/time.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { registers, verdictCode } from "#domain/reading.ts";
import { randomStream } from "#simulator/random.ts";
import { readingsReport } from "#store/doubts.ts";
import { firstPoints, goodAround, linesAround, linesOfReadings, pointsWithin } from "#store/index-line.ts";
import { nearestReadings } from "#store/nearest-readings.ts";
import { readingAt } from "#store/reading-corrections.ts";
import { LATEST, nearestReading, readingsWithin, someReadings } from "#store/reading-history.ts";
import { addReadings } from "#store/readings.ts";
import type { ReadingTable } from "#store/schema-readings.ts";
import { testDatabases } from "#store/test-databases.ts";
import { closeDueDays } from "./close-days.ts";
import type { FlowContext } from "./context.ts";
import { dropOldReadings, packReadings } from "./pack-readings.ts";
import { type Building, building } from "./test-building.ts";

const FIRST = "2026-06-20" as Day;
const DAYS = 24;
const OPENED = later(startOfDay(FIRST), 10 * HOUR_MS);
const NOW = later(startOfDay(addDays(FIRST, DAYS)), 9 * HOUR_MS);
const ALL = { registers: Object.values(registers) };
const ALWAYS = { from: 0, to: LATEST };

/** Some weeks of a building: rounds at their own moments, gaps, late ones, misreads, freezes of midnight. */
function history(meters: readonly number[], seed: number): ReadingTable[] {
  const random = randomStream(seed, 31);
  return meters.flatMap((meter_id) => {
    const rows: ReadingTable[] = [];
    let index = 1_000;
    for (let at = OPENED + 60_000 * meter_id; at < NOW; at += 45 * MINUTE_MS + Math.floor(random() * 900)) {
      index += Math.floor(random() * 40) * 10;
      if (random() < 0.1) continue;
      if (random() < 0.02) at += DAY_MS * 2 * random();
      const measured_at = Math.floor(at);
      const draw = random();
      const verdict = verdictCode(draw < 0.9 ? "ok" : draw < 0.95 ? "stale" : draw < 0.98 ? "jump" : "backwards");
      const note = (register: number, value: number) =>
        rows.push({ meter_id, register, measured_at, value, verdict, received_at: measured_at });
      note(registers.energyTotal, index);
      note(registers.energyRemaining, 900_000 - index);
      if (random() < 0.3) note(registers.voltage, 220_000 + Math.floor(random() * 5_000));
    }
    for (let day = addDays(FIRST, 1); day < dayOf(NOW); day = addDays(day, 1)) {
      const measured_at = startOfDay(day);
      if (random() < 0.3) continue;
      const near = rows.findLast((row) => row.register === 1 && row.measured_at < measured_at);
      rows.push({
        meter_id,
        register: registers.energyFrozen,
        measured_at,
        value: near?.value ?? 0,
        verdict: 0,
        received_at: measured_at,
      });
    }
    return rows;
  });
}

/** Everything that anybody asks of readings, over every day and at odd moments. */
async function answers(b: Building, seed: number) {
  const tx = b.db.read;
  const random = randomStream(seed, 7);
  const told: unknown[] = [await linesAround(tx, b.meters, { from: FIRST, to: addDays(FIRST, DAYS - 1) })];
  told.push(await firstPoints(tx, b.meters), await readingsWithin(tx, b.meters, ALL, { from: 0, to: LATEST }));
  for (const meter of b.meters) {
    for (let i = 0; i < 12; i++) {
      const from = later(OPENED, Math.floor(random() * DAYS * DAY_MS));
      const to = later(from, Math.floor(random() * 6 * DAY_MS));
      const day = dayOf(from);
      const wanted = { registers: [registers.energyTotal], verdicts: [0, 4], notAt: [from] };
      const range = { from, to, limit: 1 + Math.floor(random() * 400) };
      told.push(
        await pointsWithin(tx, meter, from, to),
        await linesOfReadings(tx, meter, from),
        await goodAround(tx, meter, day),
        await readingsReport(tx, SCOPE_ALL, meter, day),
        await someReadings(tx, meter, wanted, { ...range, newestFirst: true }),
        await someReadings(tx, meter, wanted, { ...range, newestFirst: false }),
      );
    }
  }
  return told;
}

async function packAll(ctx: FlowContext): Promise<number> {
  let packed = 0;
  for (let after: number | null = 0; after !== null; ) {
    const done = await packReadings(ctx, after);
    packed += done.packed;
    after = done.next;
  }
  return packed;
}

const stored = async (b: Building) =>
  Number(
    (
      await b.db.read
        .selectFrom("reading")
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .executeTakeFirstOrThrow()
    ).n,
  );

describe.each(testDatabases)("packing readings on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  async function filled(seed: number) {
    const b = await building(name, OPENED, [{}, { ratio: 30 }, { creditAt: "meter" }]);
    b.at(NOW);
    const rows = history(b.meters, seed);
    await b.db.transact((tx) => addReadings(tx, rows));
    for (let more = true; more; ) more = (await closeDueDays(b.ctx)).more;
    return { b, rows };
  }

  on.each([1, 2, 3])("changes no answer to any question about them (seed %i)", async (seed) => {
    const { b } = await filled(seed);
    try {
      const before = await answers(b, seed);
      const total = await stored(b);
      const packed = await packAll(b.ctx);
      expect(packed).toBeGreaterThan(total / 2);
      expect(await stored(b)).toBe(total - packed);
      expect(await answers(b, seed)).toEqual(before);
      expect(await packAll(b.ctx)).toBe(0);
    } finally {
      await b.db.drop();
    }
  });

  on(
    "the nearest readings of all meters at once are those of each, young, packed and at the border of both",
    async () => {
      const { b } = await filled(5);
      try {
        const wants = [[0, 4], [verdictCode("jump")]].map((verdicts) => ({
          registers: [registers.energyTotal],
          verdicts,
        }));
        const random = randomStream(5, 3);
        const moments = [0, startOfDay(FIRST), NOW + DAY_MS, ...Array.from({ length: 15 }, () => random())].map(
          (draw) => (draw < 1 ? Math.floor(OPENED + draw * (NOW - OPENED)) : draw),
        );
        for (const isPacked of [false, true]) {
          if (isPacked) await packAll(b.ctx);
          const rows = await readingsWithin(b.db.read, b.meters, { registers: [registers.energyTotal] }, ALWAYS);
          for (const at of [...moments, ...rows.slice(0, 8).map((row) => row.measured_at)]) {
            for (const side of ["before", "after"] as const) {
              for (const wanted of wants) {
                const all = await nearestReadings(b.db.read, b.meters, wanted, side, at);
                for (const id of b.meters) {
                  const one = await nearestReading(b.db.read, id, wanted, side, at);
                  const told = all.get(id);
                  expect([side, at, told?.measured_at, told?.value, told?.verdict]).toEqual([
                    ...[side, at, one?.measured_at, one?.value, one?.verdict],
                  ]);
                }
              }
            }
          }
        }
      } finally {
        await b.db.drop();
      }
    },
  );

  on("takes what comes late into the packed day, once, and what came twice not again", async () => {
    const { b, rows } = await filled(4);
    try {
      await packAll(b.ctx);
      const [meter = 0] = b.meters;
      const day = addDays(FIRST, 5);
      const known = rows.find((row) => row.meter_id === meter && dayOf(row.measured_at as never) === day);
      if (!known) throw new Error("the day has readings");
      const late = {
        ...known,
        register: registers.energyTotal,
        measured_at: startOfDay(day) + 12_345,
        value: 777,
        received_at: startOfDay(day) + 12_345,
        verdict: 4,
      };
      await b.db.transact((tx) => addReadings(tx, [late, { ...known, value: known.value + 1 }]));
      const of = { from: startOfDay(day), to: startOfDay(addDays(day, 1)) - 1 };
      const seen = await readingsWithin(b.db.read, [meter], ALL, of);
      expect(seen.filter((row) => row.measured_at === late.measured_at)).toMatchObject([{ value: 777 }]);
      expect(await readingAt(b.db.read, meter, late.measured_at)).toEqual({ value: 777, verdict: "stale" });
      expect(await packAll(b.ctx)).toBe(2);
      expect(await readingsWithin(b.db.read, [meter], ALL, of)).toEqual(seen);
      const row = await b.db.read
        .selectFrom("reading_day")
        .select(["rev", "readings"])
        .where("meter_id", "=", meter)
        .where("day", "=", day)
        .executeTakeFirstOrThrow();
      const frozen = seen.filter((each) => each.register === registers.energyFrozen);
      expect(row).toEqual({ rev: 1, readings: seen.length - frozen.length });
    } finally {
      await b.db.drop();
    }
  });

  on("loses and doubles nothing when two do it at once while readings come for those very days", async () => {
    const { b, rows } = await filled(5);
    try {
      const before = await readingsWithin(b.db.read, b.meters, ALL, { from: 0, to: LATEST });
      const late = rows
        .filter((row, i) => row.register === registers.energyTotal && i % 9 === 0)
        .map((row) => ({ ...row, measured_at: row.measured_at + 1, verdict: verdictCode("stale") }));
      const arrive = async () => {
        for (let i = 0; i < late.length; i += 5) {
          await b.db.transact((tx) => addReadings(tx, late.slice(i, i + 5)));
        }
      };
      const looking = async () => {
        for (let i = 0; i < 20; i++) {
          const seen = await readingsWithin(b.db.read, b.meters, ALL, { from: 0, to: LATEST });
          expect(seen.length).toBeGreaterThanOrEqual(before.length);
        }
      };
      await Promise.all([packAll(b.ctx), packAll(b.ctx), arrive(), looking()]);
      await packAll(b.ctx);
      const after = await readingsWithin(b.db.read, b.meters, ALL, { from: 0, to: LATEST });
      expect(after).toHaveLength(before.length + late.length);
      const key = (row: ReadingTable) => `${row.meter_id}:${row.register}:${row.measured_at}:${row.value}`;
      expect(new Set(after.map(key))).toEqual(new Set([...before, ...late].map(key)));
    } finally {
      await b.db.drop();
    }
  });

  on("keeps freezes as rows while meters remember them, and packs them into the same day afterwards", async () => {
    const { b } = await filled(7);
    try {
      await packAll(b.ctx);
      const before = await readingsWithin(b.db.read, b.meters, ALL, { from: 0, to: LATEST });
      const days = () => b.db.read.selectFrom("reading_day").select(["rev", "readings"]).execute();
      expect((await days()).every(({ rev }) => rev === 0)).toBe(true);
      b.at(later(NOW, 70 * DAY_MS));
      expect(await packAll(b.ctx)).toBeGreaterThan(0);
      expect(await stored(b)).toBe(0);
      expect(await readingsWithin(b.db.read, b.meters, ALL, { from: 0, to: LATEST })).toEqual(before);
      expect((await days()).some(({ rev }) => rev === 1)).toBe(true);
    } finally {
      await b.db.drop();
    }
  });

  on("drops single readings when they need not be kept, and leaves days as they are", async () => {
    const { b } = await filled(6);
    try {
      await packAll(b.ctx);
      const days = await b.db.read.selectFrom("meter_day").selectAll().execute();
      const dropped = await dropOldReadings(b.ctx, 12);
      expect(dropped).toBeGreaterThan(0);
      const packed = { registers: [registers.energyTotal] };
      const [oldest] = await readingsWithin(b.db.read, b.meters, packed, { from: 0, to: LATEST });
      expect(dayOf(oldest?.measured_at as never) >= addDays(dayOf(NOW), -12)).toBe(true);
      expect(await b.db.read.selectFrom("meter_day").selectAll().execute()).toEqual(days);
      expect(await dropOldReadings(b.ctx, 12)).toBe(0);
    } finally {
      await b.db.drop();
    }
  });
});
