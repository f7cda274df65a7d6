import { addDays, type Day, dayOf, HOUR_MS, type Instant, instant, later, startOfDay } from "#base/time.ts";
import { REGISTER_SPAN_WH } from "#domain/settlement.ts";
import { beginSegment, momentFor } from "./begin-segment.ts";
import { closeDueDays } from "./close-days.ts";
import { recloseDays } from "./reclose-days.ts";
import { type Building, building } from "./test-building.ts";

/** A new line of indexes of a meter, as whoever exchanged it has noted it. */
export type NotedBreak = { at: Instant; closeWh: number; openWh: number; ratio: number };
/** What somebody who writes everything down knows of a meter besides its readings. */
export type Noted = {
  id: number;
  /** Before the first break. */
  ratio: number;
  breaks: NotedBreak[];
  /** Prices from an instant on, in 1/10000 yuan; null where nobody pays. */
  prices: { from: number; priceE4: number }[] | null;
  retiredAt: Instant | null;
};
/** A building whose meters have lived through everything that may happen to one. */
export type RandomHistory = {
  building: Building;
  first: Day;
  last: Day;
  meters: Noted[];
  /** Where each meter hung in the beginning. */
  areas: (number | undefined)[];
};

/** Numbers 0 … 1, the same for the same seed. */
function stream(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const METERS = [
  { area: "A座", ratio: 1, priceE4: 6_789, openingIndexWh: 0 },
  { area: "A座", ratio: 40, priceE4: 5_555, openingIndexWh: 123_450 },
  // Near the end of its register.
  { area: "B座", ratio: 1, priceE4: 8_001, openingIndexWh: REGISTER_SPAN_WH - 60_000 },
  { area: "B座", ratio: 7, priceE4: 4_321, openingIndexWh: REGISTER_SPAN_WH - 150_000 },
  { area: "C座", ratio: 30, priceE4: 9_999, openingIndexWh: 77_000, mode: "public" as const },
];
/** How often something happens at a reading. */
const ODDS = { lost: 0.15, gap: 0.02, garbage: 0.03, late: 0.12, exchange: 0.02, ratio: 0.02, price: 0.02, move: 0.06 };
/** Hours at which meters are read; the last one sometimes counts as the reading of midnight, and sometimes does not. */
const READ_AT = [2, 7, 12, 17, 23.8];
/** Of every fourth day: by the hour for a while, and by the quarter. */
const READ_OFTEN_AT = [2, 3, 4, 5, 5.25, 5.5, 5.75, 6, 7, 12, 17, 23.8];
/** So far off the line that nobody believes it. */
const GARBAGE_WH = 40_000_000;

/**
 * Lets days go by in which readings are lost, come late or are garbage, registers begin again, meters are exchanged, get another ratio or
 * price, move to another building, and one is taken out of use; days are closed every night, and closed again.
 */
export async function randomHistory(
  name: "sqlite" | "mariadb",
  { seed, first, days }: { seed: number; first: Day; days: number },
): Promise<RandomHistory> {
  const random = stream(seed);
  const upTo = (n: number) => Math.floor(random() * n);
  const b = await building(
    name,
    later(startOfDay(first), 9 * HOUR_MS),
    METERS.map((each) => ({ ...each, creditAt: "server" as const })),
  );
  const areas = await b.db.read.selectFrom("area").select(["id", "name"]).execute();
  const houses = areas.filter((area) => METERS.some((meter) => meter.area === area.name)).map((area) => area.id);
  const meters = b.meters.map((id, i): Noted & { indexWh: number; silentUntil: number; waiting: Late[] } => {
    const { ratio = 1, priceE4 = 0, openingIndexWh = 0, mode } = METERS[i] ?? {};
    const prices = mode === "public" ? null : [{ from: 0, priceE4 }];
    return { id, ratio, breaks: [], prices, retiredAt: null, indexWh: openingIndexWh, silentUntil: 0, waiting: [] };
  });
  type Living = (typeof meters)[number];

  async function read(meter: Living, at: Instant): Promise<void> {
    await b.read(meter.id, at, meter.indexWh);
    await b.settle();
  }

  async function begin(meter: Living, cause: "exchange" | "ratio", now: Instant): Promise<void> {
    const closeWh = meter.indexWh;
    const openWh = cause === "ratio" ? closeWh : upTo(2) === 0 ? upTo(900_000) : REGISTER_SPAN_WH - 1 - upTo(60_000);
    const ratio = cause === "ratio" || upTo(2) === 0 ? 1 + upTo(60) : (meter.breaks.at(-1)?.ratio ?? meter.ratio);
    const at = await b.db.transact(async (tx) => {
      const state = await tx
        .selectFrom("meter_state")
        .selectAll()
        .where("meter_id", "=", meter.id)
        .executeTakeFirstOrThrow();
      const moment = momentFor(state, now);
      const reference = `S${meter.id}-${meter.breaks.length}`;
      await beginSegment(b.ctx, tx, { meterId: meter.id, at: moment, closeWh, openWh, ratio, cause, reference });
      return moment;
    });
    meter.breaks.push({ at, closeWh, openWh, ratio });
    meter.indexWh = openWh;
    // What the old device had shown and nobody has heard yet is lost with it.
    meter.waiting = [];
  }

  /** Another price from the moment of a reading on, so that nothing lies across the change. */
  async function reprice(meter: Living, at: Instant): Promise<void> {
    if (meter.prices === null) return;
    const priceE4 = 3_000 + upTo(9_000);
    const how = { tariff_id: null, change_id: null, approved_by: "test", approved_at: 1, applied_at: 1 };
    const known = meter.prices.length === 1 ? [{ ...meter.prices[0], from: 0 }] : [];
    const fresh = [...known, { from: at, priceE4 }];
    await b.db.transact(async (tx) => {
      for (const each of fresh) {
        const row = { meter_id: meter.id, from_at: each.from, price_e4: each.priceE4 ?? 0, ...how };
        await tx.insertInto("meter_tariff").values(row).execute();
      }
    });
    meter.prices.push({ from: at, priceE4 });
  }

  const change = (meter: Living, what: { area_id: number } | { retired_at: number }) =>
    b.db.transact((tx) => tx.updateTable("meter").set(what).where("id", "=", meter.id).execute());

  async function live(meter: Living, at: Instant): Promise<void> {
    meter.indexWh = (meter.indexWh + upTo(12_000)) % REGISTER_SPAN_WH;
    const isBefore = (odds: number) => random() < odds;
    if (at < meter.silentUntil || isBefore(ODDS.lost)) return;
    if (isBefore(ODDS.gap)) {
      meter.silentUntil = at + (1 + upTo(3)) * 24 * HOUR_MS;
      return;
    }
    if (isBefore(ODDS.late)) {
      meter.waiting.push({ at, wh: meter.indexWh });
      return;
    }
    if (isBefore(ODDS.garbage)) {
      await b.read(meter.id, at, meter.indexWh + (meter.indexWh > GARBAGE_WH ? -GARBAGE_WH : GARBAGE_WH));
      return;
    }
    if (isBefore(ODDS.price)) await reprice(meter, at);
    await read(meter, at);
    for (const late of meter.waiting.splice(0)) await b.read(meter.id, late.at, late.wh);
    if (isBefore(ODDS.exchange)) await begin(meter, "exchange", at);
    else if (isBefore(ODDS.ratio)) await begin(meter, "ratio", at);
    if (isBefore(ODDS.move)) await change(meter, { area_id: houses[upTo(houses.length)] ?? 0 });
  }

  for (let day = first; day < addDays(first, days); day = addDays(day, 1)) {
    const isOften = (startOfDay(day) / (24 * HOUR_MS)) % 4 < 1;
    for (const hour of isOften ? READ_OFTEN_AT : READ_AT) {
      for (const meter of meters) {
        const at = instant(startOfDay(day) + Math.floor((hour + random() * 0.19) * HOUR_MS));
        if (meter.retiredAt !== null || at <= later(startOfDay(first), 9 * HOUR_MS)) continue;
        b.at(at);
        await live(meter, at);
      }
    }
    b.at(later(startOfDay(addDays(day, 1)), HOUR_MS));
    await closeDueDays(b.ctx);
    await recloseDays(b.ctx, 100);
    const [, , , , shared] = meters;
    if (shared && day === addDays(first, days - 4)) {
      const retiredAt = b.ctx.clock();
      await change(shared, { retired_at: retiredAt });
      shared.retiredAt = retiredAt;
    }
  }
  const end = later(startOfDay(addDays(first, days)), 8 * HOUR_MS);
  b.at(end);
  for (const meter of meters) if (meter.retiredAt === null) await read(meter, end);
  for (let more = true; more; ) more = (await closeDueDays(b.ctx)).more;
  while ((await recloseDays(b.ctx, 100)).corrected > 0);
  const areasAtFirst = METERS.map((meter) => areas.find((area) => area.name === meter.area)?.id);
  return {
    building: b,
    areas: areasAtFirst,
    first,
    last: dayOf(later(startOfDay(addDays(first, days)), -HOUR_MS)),
    meters,
  };
}

type Late = { at: Instant; wh: number };
