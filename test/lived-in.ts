import type { Day } from "#base/time.ts";
import type { CustomerDetail } from "#contract/customers.ts";
import type { ImportView } from "#contract/imports.ts";
import type { Tile } from "#contract/metering.ts";
import type { Payment } from "#contract/payments.ts";
import type { FlowContext } from "#flows/context.ts";
import { recordReadings } from "#flows/record-readings.ts";
import { openAlarm } from "#store/alarms.ts";
import type { Db } from "#store/db.ts";
import { meterState } from "#store/meters.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { bookFile } from "../src/server/excel/book.ts";
import { stillAlarm } from "../src/server/test-alarms.ts";
import { givePast } from "./browser-past.ts";
import type { Site } from "./browser-site.ts";
import type { Opened } from "./browser-stories.ts";
import { standStill } from "./still-meter.ts";
import { until } from "./until.ts";

/** Meters of the town that answer. */
const READ_METERS = 90;
/** More than a dwelling uses in years. */
const JUMP_WH = 90_000_000;

/** A meter is asked several times before a round counts as silent, and the bus has others to ask. */
const SILENCE_MS_MAX = 90_000;

const key = () => newId(systemClock());

/**
 * Lives in a young site for a while, as operators would: sells, refunds, merges, shares, exchanges, imports, sees a tenant leave. Answers
 * addresses of pages to which only a button leads, for who walks through the console by its links.
 */
export async function livedIn(opened: Opened): Promise<string[]> {
  const { site, db, ctx } = opened;
  await until("the town was read", async () => {
    const seen = db.read.selectFrom("reading").select((eb) => eb.fn.count<number>("meter_id").distinct().as("n"));
    return (await seen.executeTakeFirstOrThrow()).n >= READ_METERS;
  });
  const { month, days } = await givePast(ctx);
  const { tiles } = await site.ask<{ tiles: Tile[] }>("/api/board");
  const town = new Town(tiles);
  const sold = await sell(site, town);
  await giveBack(site, town);
  const merged = await merge(site);
  await shareOut(site, db, town, { month, days });
  await leave(site, town);
  const exchanged = await exchange(site, town);
  const imported = await tryImport(site);
  const tried = await tryMeters(site, town);
  await doubt(site, ctx, db, town);
  await alarm(opened, town);
  const batch = await switchMany(site, town);
  const lossy = await measureArea(site, db, sold.meterId);
  const empty = tiles[0]?.meterId ?? 0;
  return [
    `/?meter=${empty}`,
    `/refunds/new?meter=${sold.meterId}`,
    `/recharge?meter=${sold.meterId}`,
    `/recharge/split/${sold.customerId}`,
    `/payments/${sold.paymentNo}`,
    `/move-outs/new?meter=${sold.meterId}`,
    `/move-ins/new?meter=${sold.meterId}`,
    `/groups/${merged}`,
    `/exchanges/${exchanged}`,
    `/trials/${tried}`,
    `/imports/${imported}`,
    `/reports/periods?period=${month}`,
    `/reports/losses/area/${lossy}?period=${month}`,
    `/reports/days?month=${month}`,
    `/reports/day?day=${days.at(-1)}`,
    `/reports/meters/${sold.meterId}?period=${month}`,
    `/reports/meters/${sold.meterId}/readings?day=${days.at(-1)}`,
    "/quarantine",
    `/switch-batches/${batch}`,
  ];
}

/** A meter becomes the master meter of its area. Answers the area. */
async function measureArea(site: Site, db: Opened["db"], meterId: number): Promise<number> {
  const meter = await db.read.selectFrom("meter").selectAll().where("id", "=", meterId).executeTakeFirstOrThrow();
  const { label, item_set_id: itemSetId, version } = meter;
  await site.tell(`/api/meters/${meterId}/edit`, { label, itemSetId, masterOf: "area", version });
  return meter.area_id;
}

/** Meters that nothing has been done to yet: each is taken once. */
class Town {
  readonly #left: Tile[];

  constructor(tiles: readonly Tile[]) {
    this.#left = tiles.toReversed();
  }

  take(fits: (tile: Tile) => boolean): Tile {
    const at = this.#left.findIndex((tile) => tile.kind === "electricity" && tile.mode === "prepaid" && fits(tile));
    const [tile] = at < 0 ? [] : this.#left.splice(at, 1);
    if (tile === undefined) throw new Error("the town has no such meter left");
    return tile;
  }
}

const healthy = (tile: Tile) => tile.state === "normal" && tile.creditAt === "meter";
const onServer = (tile: Tile) => tile.state === "normal" && tile.creditAt === "server";

/** Some recharges, and one payment for several meters of a customer. */
async function sell(site: Site, town: Town) {
  for (let n = 0; n < 3; n++)
    await site.tell("/api/recharges", {
      ...{ key: key(), meterId: town.take(healthy).meterId, amount: `${100 + n * 50}` },
      ...{ channel: n === 2 ? "transfer" : "cash", note: n === 2 ? "银行回单" : "" },
    });
  const { items } = await site.ask<{ items: { customerId: number; meters: number }[] }>("/api/customers?limit=100");
  const owner = items.find((each) => each.meters >= 2 && each.meters < 6);
  if (!owner) throw new Error("no customer with two meters");
  const customer = await site.ask<CustomerDetail>(`/api/customers/${owner.customerId}`);
  const parts = customer.meters.slice(0, 2).map(({ tile }) => ({ meterId: tile.meterId, amount: "30" }));
  const payment = await site.tell<Payment>("/api/payments", { key: key(), parts, channel: "cash", note: "" });
  return { customerId: owner.customerId, meterId: parts[0]?.meterId ?? 0, paymentNo: payment.paymentNo };
}

/** A refund of one's own, and one that waits for a second person. */
async function giveBack(site: Site, town: Town): Promise<void> {
  const { meterId } = town.take(onServer);
  await site.tell("/api/recharges", { key: key(), meterId, amount: "900", channel: "cash", note: "" });
  for (const quantity of ["20", "700"]) {
    const asked = { meterId, kind: "balance", quantity, orderNo: null };
    await site.tell("/api/refunds", { key: key(), ...asked, method: "cash", reason: "多存的退回" });
  }
}

/** Meters of one customer become one account. Answers its number. */
async function merge(site: Site): Promise<string> {
  const { items } = await site.ask<{ items: { customerId: number; meters: number }[] }>("/api/customers?limit=100");
  const owner = items.find((each) => each.meters >= 6);
  if (!owner) throw new Error("no customer with six meters");
  const { meters } = await site.ask<CustomerDetail>(`/api/customers/${owner.customerId}`);
  const tiles = meters.map(({ tile }) => tile);
  const main = tiles.find(
    (tile) => tile.creditAt === "meter" && tile.kind === "electricity" && tile.state === "normal",
  );
  const second = tiles.find((tile) => tile.creditAt === "server"); // whatever its model, its credit can be moved
  if (!main || !second) throw new Error("a meter with credit and one without are needed");
  const asked = { mainMeterId: main.meterId, meterIds: [second.meterId], reason: "一户多房,统一充值" };
  return (await site.tell<{ groupNo: string }>("/api/groups", { key: key(), ...asked })).groupNo;
}

/** A public meter of a box and an outdoor unit, each with a rule, and shared for last month or one day of it. */
async function shareOut(site: Site, db: Db, town: Town, past: { month: string; days: Day[] }): Promise<void> {
  const factors = { low: 60, middle: 80, high: 100 };
  const publicMeter = async () => {
    const source = town.take(healthy);
    await db.transact((tx) =>
      tx.updateTable("meter").set({ mode: "public" }).where("id", "=", source.meterId).execute(),
    );
    return source;
  };
  const [box, outdoor] = [await publicMeter(), await publicMeter()];
  const members = [town.take(healthy), town.take(healthy), town.take(healthy)];
  const meterIds = [box, ...members].map(({ meterId }) => meterId);
  await site.tell("/api/boxes", { boxId: null, areaId: box.areaId, name: "2 层配电箱", meterIds, reason: "公共照明" });
  const rule = { price: null, propertyBp: 1_000, factors, reason: "业主大会决议" };
  await site.tell("/api/shares/rules", {
    ...{
      key: key(),
      kind: "box",
      sourceMeterId: box.meterId,
      period: "month",
      method: "ratio",
      effectiveDay: past.days[0],
    },
    ...rule,
    members: members.map(({ meterId }, i) => ({ id: meterId, ratioBp: [4_000, 3_000, 2_000][i], areaCm: 0 })),
  });
  await site.tell("/api/shares/runs", { sourceMeterId: box.meterId, period: past.month });
  const units: { unitId: number }[] = [];
  for (const [i, payer] of members.slice(0, 2).entries())
    units.push(
      await site.tell("/api/hvac/units", {
        ...{ unitId: null, version: 0, number: `N${i + 1}`, label: `内机${i + 1}`, outdoorMeterId: outdoor.meterId },
        ...{ payerMeterId: payer.meterId, ratedW: 2_500, areaCm: 0, ownMeterId: null, disabled: false },
        reason: "安装登记",
      }),
    );
  const day = past.days[14];
  await site.tell("/api/shares/rules", {
    ...{
      key: key(),
      kind: "hvac",
      sourceMeterId: outdoor.meterId,
      period: "day",
      method: "runtime",
      effectiveDay: day,
    },
    ...rule,
    members: units.map(({ unitId }) => ({ id: unitId, ratioBp: 0, areaCm: 0 })),
  });
  const minutes = { low: 60, middle: 120, high: 30 };
  await site.tell("/api/hvac/inputs", {
    day,
    source: "manual",
    units: units.map(({ unitId }) => ({ unitId, minutes })),
  });
  await site.tell("/api/shares/runs", { sourceMeterId: outdoor.meterId, period: day });
}

/** A tenant hands the keys back; the sheet is being made. */
async function leave(site: Site, town: Town): Promise<void> {
  const asked = { meterIds: [town.take(healthy).meterId], method: "cash", afterwards: "trip", reason: "合同到期" };
  await site.tell("/api/move-outs", { key: key(), ...asked });
}

/** An exchange that has begun. Answers its number. */
async function exchange(site: Site, town: Town): Promise<string> {
  const { meterId } = town.take(healthy);
  const asked = { key: key(), meterId, reason: "显示屏损坏" };
  return (await site.tell<{ exchangeNo: string }>("/api/exchanges", asked)).exchangeNo;
}

/** A trial run of two meters. Answers its number. */
async function tryMeters(site: Site, town: Town): Promise<string> {
  const meterIds = [town.take(healthy).meterId, town.take(onServer).meterId];
  return (await site.tell<{ trialNo: string }>("/api/trials", { key: key(), place: "meters", meterIds })).trialNo;
}

/** A file of which one row is wrong. It is checked when it comes. Answers its id. */
async function tryImport(site: Site): Promise<string> {
  const [{ code } = { code: "" }] = (await site.ask<{ items: { code: string }[] }>("/api/concentrators")).items;
  const { items } = await site.ask<{ items: { parentId: number | null; name: string; projectId?: number }[] }>(
    "/api/areas",
  );
  const area = items.find((each) => each.parentId === null);
  const heads = ["表号", "数量", "片区", "房间", "表型", "通信地址", "集中器编号", "单价"];
  const rows = [
    ["880000000001", "4", area?.name ?? "", "6{01-04}", "jc1", "880000000001", code, "0.8"],
    ["880000000009", "", area?.name ?? "", "{605}", "jc1", "1.23457E+11", code, "0.8"],
  ];
  const parts: Buffer[] = [];
  const columns = heads.map(() => ({ width: 12 }));
  for await (const part of bookFile([{ name: "表计", columns, heads: [heads], rows }])) parts.push(part as Buffer);
  const query = new URLSearchParams({ projectId: String(area?.projectId ?? 1), name: "六层.xlsx", language: "zh-CN" });
  const { id } = await site.tell<ImportView>(`/api/imports?${query}`, Buffer.concat(parts));
  return id;
}

/** A meter that stands still although somebody lives there: what the job would open after three days. */
async function alarm(opened: Opened, town: Town): Promise<void> {
  const { meterId } = town.take(healthy);
  await standStill(opened, { meters: [meterId], silent: [] });
  await opened.db.transact(async (tx) => {
    const { index_wh, index_at } = await meterState(tx, meterId);
    await openAlarm(tx, stillAlarm(meterId, { id: key(), index_wh: index_wh ?? 0, index_at }));
  });
}

/** Two meters that shall be tripped together: the list waits for a second person. Answers its id. */
async function switchMany(site: Site, town: Town): Promise<string> {
  const meterIds = [town.take(healthy).meterId, town.take(healthy).meterId];
  const asked = { key: key(), kind: "trip", meterIds, typed: 2, reason: "更换母线" };
  return (await site.tell<{ batchId: string }>("/api/switch-batches", asked)).batchId;
}

/** A meter that falls silent after it showed far more than can be: nobody believes it without a person. */
async function doubt(site: Site, ctx: FlowContext, db: Db, town: Town): Promise<void> {
  const { meterId } = town.take(healthy);
  const { address } = await site.ask<{ address: string }>(`/api/meters/${meterId}`);
  await site.town(`/meters/${address}/offline`, { offline: true });
  const state = () =>
    db.read.selectFrom("meter_state").selectAll().where("meter_id", "=", meterId).executeTakeFirstOrThrow();
  const { silent_rounds } = await state();
  await until(
    "an answer under way can no longer take the jump back",
    async () => {
      return (await state()).silent_rounds > silent_rounds;
    },
    SILENCE_MS_MAX,
  );
  const values = { energyWh: ((await state()).index_wh ?? 0) + JUMP_WH };
  const report = { meterId, measuredAt: ctx.clock(), values };
  await recordReadings(ctx, { collector: "a", reports: [report], silences: [], frames: [] });
  if ((await state()).suspect_wh === null) throw new Error("the jump is believed");
}
