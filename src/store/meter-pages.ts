import { formatMoney, money, price } from "#base/units.ts";
import type { MeterDetail, MeterEvent, MeterFrame, MeterHit } from "#contract/metering.ts";
import type { MeterEventKind } from "#domain/meter-event.ts";
import type { Scope } from "#domain/permission.ts";
import { type TileReason, tileState } from "#domain/tile.ts";
import { openAlarmOf, waits } from "./alarms.ts";
import { factsOf, tileOf } from "./board.ts";
import type { Tx } from "./db.ts";
import { groupMarks } from "./groups.ts";
import { balanceOf } from "./ledger.ts";
import { mentions } from "./mentions.ts";
import type { MeterStateTable } from "./schema-readings.ts";
import { inScope } from "./scope.ts";

/** All that is known about a meter now; null outside the scope. */
export async function meterDetail(tx: Tx, scope: Scope, meterId: number): Promise<MeterDetail | null> {
  const tile = await tileOf(tx, scope, meterId);
  if (!tile) return null;
  const row = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .leftJoin("box", "box.id", "meter.box_id")
    .leftJoin("channel", (join) =>
      join.onRef("channel.concentrator_id", "=", "meter.concentrator_id").onRef("channel.bus", "=", "meter.bus"),
    )
    .where("meter.id", "=", meterId)
    .selectAll("meter_state")
    .select([
      "meter.address",
      "meter.bus",
      "meter.created_at",
      "box.name as box_name",
      "channel.name as channel_name",
      "meter.profile",
      "meter.price_e4",
      "meter.ratio",
      "meter.switch_kind",
      "meter.closes_by",
      "meter.supply_guard",
      "meter.low_credit_wh",
      "concentrator.code",
      "concentrator.name as concentrator_name",
      "concentrator.online",
      "concentrator.online_changed_at",
      "concentrator.last_seen_at",
      "account.id as account_id",
      "account.number as account_number",
      "account.credit_at",
      "customer.id as customer_id",
      "customer.number as customer_number",
      "customer.name as customer_name",
      "customer.phone",
    ])
    .executeTakeFirstOrThrow();
  return {
    tile,
    address: row.address,
    profile: row.profile,
    reasonsSince: await reasonsSince(tx, tile.reasons, row),
    concentrator: {
      code: row.code,
      name: row.concentrator_name,
      online: row.online === 1,
      lastSeenAt: row.last_seen_at,
    },
    box: row.box_name,
    bus: row.bus,
    channel: row.channel_name,
    customer: await customerOf(tx, scope, row),
    group: (await groupMarks(tx, [meterId])).get(meterId) ?? null,
    priceYuan: formatMoney(price(row.price_e4)),
    ratio: row.ratio,
    switchKind: row.switch_kind,
    closesBy: row.closes_by,
    supplyGuard: row.supply_guard === 1,
    indexWh: row.index_wh,
    indexAt: row.index_at,
    remainingWh: row.remaining_wh,
    remainingAt: row.remaining_at,
    balanceYuan:
      row.credit_at === "server" && row.account_id !== null
        ? formatMoney((await balanceOf(tx, { kind: "balance", ref: row.account_id })).posted)
        : null,
    lowCreditWh: row.low_credit_wh,
    purchaseCount: row.purchase_count,
    purchaseCountRead: row.purchase_count_read,
    relay: row.relay,
    relayAt: row.relay_at,
    relayCommanded: row.relay_commanded,
    relayCommandedAt: row.relay_commanded_at,
    offCause: row.off_cause,
    voltageMv: row.voltage_mv,
    currentMa: row.current_ma,
    powerW: row.power_w,
    instantAt: row.instant_at,
    lastAnswerAt: row.last_answer_at,
    silentRounds: row.silent_rounds,
  };
}

type Standing = Pick<MeterStateTable, "meter_id" | "last_answer_at" | "relay_commanded_at" | "suspect_at"> & {
  online_changed_at: number;
  created_at: number;
};

/** What tells in a meter's history that a reason began to hold. */
const beginOf: Partial<Record<TileReason, MeterEventKind>> = {
  valve_fault: "valve_fault",
  top_ups_stopped: "recharge_stopped",
  off_arrears: "tripped",
  off_operator: "tripped",
  off_safety: "tripped",
  off_unknown: "tripped",
  low_credit: "low_credit",
};

/** Since when each of the reasons holds, by what the meter's state says, or else by its history. */
async function reasonsSince(tx: Tx, reasons: readonly TileReason[], row: Standing): Promise<(number | null)[]> {
  const kinds = [...new Set(reasons.flatMap((reason) => beginOf[reason] ?? []))];
  const told = await newestOf(tx, row.meter_id, kinds);
  const known: Partial<Record<TileReason, number>> = {
    concentrator_offline: row.online_changed_at,
    meter_silent: row.last_answer_at,
    relay_mismatch: row.relay_commanded_at,
    reading_suspect: row.suspect_at,
    never_read: row.created_at,
    ...(reasons.includes("static") && { static: (await openAlarmOf(tx, row.meter_id, "static"))?.since_at ?? 0 }),
  };
  return reasons.map((reason) => {
    const kind = beginOf[reason];
    return (kind === undefined ? known[reason] : told.get(kind)) || null;
  });
}

async function newestOf(tx: Tx, meterId: number, kinds: readonly MeterEventKind[]): Promise<Map<string, number>> {
  if (kinds.length === 0) return new Map();
  const rows = await tx
    .selectFrom("meter_event")
    .where("meter_id", "=", meterId)
    .where("kind", "in", [...kinds])
    .groupBy("kind")
    .select((eb) => ["kind", eb.fn.max("at").as("at")])
    .execute();
  return new Map(rows.map((row) => [row.kind, Number(row.at)]));
}

type Paying = {
  customer_id: number | null;
  customer_number: string | null;
  customer_name: string | null;
  phone: string | null;
  account_number: string | null;
};

async function customerOf(tx: Tx, scope: Scope, row: Paying): Promise<MeterDetail["customer"]> {
  if (row.customer_id === null) return null;
  const wallet = await balanceOf(tx, { kind: "wallet", ref: row.customer_id });
  const debt = await balanceOf(tx, { kind: "debt", ref: row.customer_id });
  const { meters } = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .where("account.customer_id", "=", row.customer_id)
    .where((eb) => inScope(eb, scope))
    .select((eb) => eb.fn.countAll<number>().as("meters"))
    .executeTakeFirstOrThrow();
  return {
    customerId: row.customer_id,
    number: row.customer_number ?? "",
    meters: Number(meters),
    name: row.customer_name ?? "",
    phone: row.phone ?? "",
    wallet: formatMoney(money(wallet.posted - wallet.reserved)),
    debts: formatMoney(money(Math.max(0, -debt.posted))),
    accountNumber: row.account_number ?? "",
  };
}

/** The newest events of a meter; null outside the scope. */
export async function meterEvents(tx: Tx, scope: Scope, meterId: number, limit: number): Promise<MeterEvent[] | null> {
  if (!(await isInScope(tx, scope, meterId))) return null;
  const rows = await tx
    .selectFrom("meter_event")
    .select(["id", "at", "kind", "severity", "detail"])
    .where("meter_id", "=", meterId)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail) as MeterEvent["detail"] }));
}

/** The last frames of a meter, newest first, not yet explained; null outside the scope. */
export async function meterFrames(
  tx: Tx,
  scope: Scope,
  meterId: number,
): Promise<Omit<MeterFrame, "explained">[] | null> {
  if (!(await isInScope(tx, scope, meterId))) return null;
  const rows = await tx
    .selectFrom("frame_log")
    .select(["at", "direction", "hex", "took_ms", "slot"])
    .where("meter_id", "=", meterId)
    .orderBy("at", "desc")
    .orderBy("slot", "desc")
    .execute();
  return rows.map((row) => ({ at: row.at, direction: row.direction, hex: row.hex, tookMs: row.took_ms }));
}

async function isInScope(tx: Tx, scope: Scope, meterId: number): Promise<boolean> {
  const row = await tx
    .selectFrom("meter")
    .select("meter.id")
    .where("meter.id", "=", meterId)
    .where((eb) => inScope(eb, scope))
    .executeTakeFirst();
  return row !== undefined;
}

/** Meters whose room, number, customer or phone holds the text, within the scope. */
export async function searchMeters(
  tx: Tx,
  scope: Scope,
  text: string,
  limit: number,
): Promise<{ items: MeterHit[]; more: boolean }> {
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .innerJoin("area", "area.id", "meter.area_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .where((eb) => inScope(eb, scope))
    .where("meter.retired_at", "is", null)
    .$if(text !== "", (query) =>
      query.where((eb) => mentions(eb, ["meter.label", "meter.number", "customer.name", "customer.phone"], text)),
    )
    .selectAll("meter_state")
    .select([
      "meter.id",
      "meter.number",
      "meter.label",
      "area.name as area_name",
      "customer.name as customer_name",
      "concentrator.online",
    ])
    .select((eb) => waits(eb, "static"))
    .orderBy("meter.label")
    .orderBy("meter.id")
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map((row) => ({
    meterId: row.id,
    number: row.number,
    label: row.label,
    areaName: row.area_name,
    customer: row.customer_name,
    state: tileState(factsOf(row)).state,
  }));
  return { items, more: rows.length > limit };
}
