import { formatMoney, money } from "#base/units.ts";
import type {
  Device,
  Exchange,
  ExchangeQuery,
  MeterDevice,
  ModeChange,
  RatioChange,
  Segment,
} from "#contract/devices.ts";
import { runsOn } from "#domain/meter-day.ts";
import type { Scope } from "#domain/permission.ts";
import { registers } from "#domain/reading.ts";
import { usedBetween } from "#domain/settlement.ts";
import type { Tx } from "./db.ts";
import { nearestReading } from "./reading-history.ts";
import type { LineBreakTable, ModeChangeTable, RatioChangeTable } from "./schema-devices.ts";
import { inScope } from "./scope.ts";

/** Exchanges of one answer. */
export const EXCHANGES_SHOWN = 50;

/** The device that a meter's row stands for now. */
export async function deviceOf(tx: Tx, meterId: number): Promise<Device> {
  const row = await tx
    .selectFrom("meter")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .where("meter.id", "=", meterId)
    .select([
      "meter.number",
      "meter.address",
      "meter.profile",
      "concentrator.name as concentrator",
      "meter.bus",
      "meter.ratio",
      "meter.switch_kind as switchKind",
      "meter.closes_by as closesBy",
    ])
    .executeTakeFirstOrThrow();
  return row;
}

/** The meter that has this number; null when none has. */
export async function meterWithNumber(tx: Tx, number: string): Promise<number | null> {
  const row = await tx.selectFrom("meter").select("id").where("number", "=", number).executeTakeFirst();
  return row?.id ?? null;
}

/** The meter that answers to this address on this bus; null when none does. */
export async function addressOnBus(
  tx: Tx,
  place: { concentratorId: number; bus: number; address: string },
): Promise<{ id: number; label: string } | null> {
  const row = await tx
    .selectFrom("meter")
    .select(["id", "label"])
    .where("concentrator_id", "=", place.concentratorId)
    .where("bus", "=", place.bus)
    .where("address", "=", place.address)
    .where("retired_at", "is", null)
    .executeTakeFirst();
  return row ?? null;
}

/** A concentrator of the project with its meters; null when there is none. */
export async function concentratorFor(tx: Tx, input: { id: number; projectId: number }) {
  const row = await tx
    .selectFrom("concentrator")
    .select(["id", "meters_max"])
    .where("id", "=", input.id)
    .where("project_id", "=", input.projectId)
    .executeTakeFirst();
  if (!row) return null;
  const meters = await tx
    .selectFrom("meter")
    .select("id")
    .where("concentrator_id", "=", row.id)
    .where("retired_at", "is", null)
    .execute();
  return { id: row.id, metersMax: row.meters_max, meters: meters.length, meterIds: meters.map((each) => each.id) };
}

/** Concentrators at which somebody in this scope has meters, with how many hang there. */
export async function placesInScope(tx: Tx, scope: Scope) {
  const rows = await tx
    .selectFrom("concentrator")
    .innerJoin("meter", "meter.concentrator_id", "concentrator.id")
    .where((eb) => inScope(eb as never, scope))
    .where("meter.retired_at", "is", null)
    .select(["concentrator.id", "concentrator.name", "concentrator.code", "concentrator.meters_max as metersMax"])
    .select((eb) => eb.fn.count<number>("meter.id").as("meters"))
    .groupBy(["concentrator.id", "concentrator.name", "concentrator.code", "concentrator.meters_max"])
    .orderBy("concentrator.id")
    .execute();
  return rows.map((row) => ({ ...row, meters: Number(row.meters) }));
}

function exchangeRows(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("meter_exchange")
    .innerJoin("meter", "meter.id", "meter_exchange.meter_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("customer", "customer.id", "meter_exchange.customer_id")
    .where((eb) => inScope(eb as never, scope))
    .selectAll("meter_exchange")
    .select([
      "meter.label",
      "meter.kind",
      "meter.profile",
      "customer.name as customer_name",
      "concentrator.online",
      "meter_state.index_wh",
      "meter_state.index_at",
      "meter_state.remaining_wh",
      "meter_state.remaining_at",
      "meter_state.last_answer_at",
    ]);
}

type Row = Awaited<ReturnType<ReturnType<typeof exchangeRows>["executeTakeFirstOrThrow"]>>;

/** One exchange for a page; null outside the scope. `canClear` asks what a model can do. */
export async function exchangeView(
  tx: Tx,
  scope: Scope,
  exchangeNo: string,
  canClear: (profile: string) => boolean,
): Promise<Exchange | null> {
  const row = await exchangeRows(tx, scope).where("meter_exchange.exchange_no", "=", exchangeNo).executeTakeFirst();
  return row ? toExchange(row, canClear) : null;
}

/** Exchanges in the scope, the newest first, after one of them. */
export async function exchangeViews(
  tx: Tx,
  scope: Scope,
  query: ExchangeQuery & { limit: number },
  canClear: (profile: string) => boolean,
): Promise<Exchange[]> {
  const like = `%${(query.search ?? "").replaceAll(/[%_\\]/g, "")}%`;
  const rows = await exchangeRows(tx, scope)
    .$if(query.open === "yes", (q) => q.where("meter_exchange.open_meter_id", "is not", null))
    .$if(query.open === "no", (q) => q.where("meter_exchange.open_meter_id", "is", null))
    .$if(query.meterId !== undefined, (q) => q.where("meter_exchange.meter_id", "=", query.meterId ?? 0))
    .$if(query.before !== undefined, (q) => q.where("meter_exchange.exchange_no", "<", query.before ?? ""))
    .$if((query.search ?? "") !== "", (q) =>
      q.where((eb) =>
        eb.or([
          eb("meter.label", "like", like),
          eb("meter_exchange.old_number", "like", like),
          eb("meter_exchange.new_number", "like", like),
          eb("meter_exchange.exchange_no", "like", like),
          eb("customer.name", "like", like),
        ]),
      ),
    )
    .orderBy("meter_exchange.exchange_no", "desc")
    .limit(query.limit)
    .execute();
  return rows.map((row) => toExchange(row, canClear));
}

function toExchange(row: Row, canClear: (profile: string) => boolean): Exchange {
  return {
    exchangeNo: row.exchange_no,
    meterId: row.meter_id,
    label: row.label,
    meterKind: row.kind,
    customer: row.customer_name,
    creditAt: row.credit_at,
    state: row.state,
    stateReason: row.state_reason,
    oldMeter: JSON.parse(row.old_meter) as Device,
    newMeter: row.new_meter === null ? null : (JSON.parse(row.new_meter) as Device),
    how: row.how,
    closeWh: row.close_wh,
    closeSource: row.close_source,
    note: row.note,
    openWh: row.open_wh,
    carryWh: row.carry_wh,
    booksWh: row.books_wh,
    differenceWh: row.difference_wh,
    difference: formatMoney(money(row.difference_e4)),
    debt: formatMoney(money(row.debt_e4)),
    approvalId: row.approval_id,
    indexWh: row.index_wh,
    indexAt: row.index_at,
    remainingWh: row.remaining_wh,
    remainingAt: row.remaining_at,
    lastAnswerAt: row.last_answer_at,
    online: row.online === 1,
    canClear: canClear(row.profile),
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    swappedAt: row.swapped_at,
    doneAt: row.done_at,
  };
}

/** A change of ratio as pages see it. */
export function toRatioChange(row: RatioChangeTable): RatioChange {
  return {
    changeNo: row.change_no,
    meterId: row.meter_id,
    state: row.state,
    ratioFrom: row.ratio_from,
    ratioTo: row.ratio_to,
    indexWh: row.index_wh,
    indexAt: row.index_at,
    approvalId: row.approval_id,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    doneBy: row.done_by,
    doneAt: row.done_at,
  };
}

/** A change of mode as pages see it. */
export function toModeChange(row: ModeChangeTable): ModeChange {
  return {
    changeNo: row.change_no,
    meterId: row.meter_id,
    state: row.state,
    stateReason: row.state_reason,
    from: row.mode_from,
    to: row.mode_to,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    doneAt: row.done_at,
  };
}

/** The device in a meter's place, what is under way with it, and its lines of indexes; null outside the scope. */
export async function meterDeviceView(tx: Tx, scope: Scope, meterId: number): Promise<MeterDevice | null> {
  const meter = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("account", "account.id", "meter.account_id")
    .where("meter.id", "=", meterId)
    .where((eb) => inScope(eb as never, scope))
    .select([
      "meter.id",
      "meter.label",
      "meter.number",
      "meter.mode",
      "meter.ratio",
      "meter.created_at",
      "account.credit_at",
      "meter_state.index_wh",
      "meter_state.index_at",
    ])
    .executeTakeFirst();
  if (!meter) return null;
  const newest = <T extends "ratio_change" | "mode_change">(table: T) =>
    tx
      .selectFrom(table as "ratio_change")
      .selectAll()
      .where("meter_id", "=", meterId)
      .orderBy("created_at", "desc")
      .orderBy("change_no", "desc")
      .limit(1)
      .executeTakeFirst();
  const ratio = await newest("ratio_change");
  const mode = (await newest("mode_change")) as unknown as ModeChangeTable | undefined;
  const open = await tx
    .selectFrom("meter_exchange")
    .select("exchange_no")
    .where("open_meter_id", "=", meterId)
    .executeTakeFirst();
  return {
    meterId,
    label: meter.label,
    mode: meter.mode,
    ratio: meter.ratio,
    creditAt: meter.credit_at,
    exchangeNo: open?.exchange_no ?? null,
    ratioChange: ratio ? toRatioChange(ratio) : null,
    modeChange: mode ? toModeChange(mode) : null,
    segments: await segmentsOf(tx, meter),
  };
}

type Standing = { id: number; number: string; ratio: number; index_wh: number | null };

async function segmentsOf(tx: Tx, meter: Standing): Promise<Segment[]> {
  const breaks = await tx.selectFrom("line_break").selectAll().where("meter_id", "=", meter.id).orderBy("at").execute();
  const exchanged = await tx
    .selectFrom("meter_exchange")
    .select(["exchange_no", "old_number"])
    .where("meter_id", "=", meter.id)
    .execute();
  const numbers = new Map(exchanged.map((row) => [row.exchange_no, row.old_number]));
  const first = await nearestReading(tx, meter.id, { registers: [registers.energyTotal] }, "after", 0);
  const ends: (LineBreakTable | null)[] = [...breaks, null];
  return ends.map((end, i) => {
    const begun = breaks[i - 1];
    const openWh = begun?.open_wh ?? first?.value ?? null;
    const closeWh = end?.close_wh ?? meter.index_wh;
    const ratio = end?.ratio_before ?? meter.ratio;
    const next = breaks.slice(i).find((each) => each.cause === "exchange");
    const known = openWh !== null && closeWh !== null && runsOn(openWh, closeWh);
    return {
      segment: i + 1,
      number: next === undefined ? meter.number : (numbers.get(next.reference) ?? meter.number),
      ratio,
      fromAt: begun?.at ?? first?.measured_at ?? null,
      openWh,
      untilAt: end?.at ?? null,
      closeWh,
      usageWh: known ? usedBetween(openWh, closeWh) * ratio : null,
      endedBy: end?.cause ?? null,
      reference: end?.reference ?? null,
    };
  });
}

/** One change of ratio for a page; null outside the scope. */
export async function ratioChangeView(tx: Tx, scope: Scope, changeNo: string): Promise<RatioChange | null> {
  const row = await tx
    .selectFrom("ratio_change")
    .innerJoin("meter", "meter.id", "ratio_change.meter_id")
    .selectAll("ratio_change")
    .where("change_no", "=", changeNo)
    .where((eb) => inScope(eb as never, scope))
    .executeTakeFirst();
  return row ? toRatioChange(row) : null;
}

/** One change of mode for a page; null outside the scope. */
export async function modeChangeView(tx: Tx, scope: Scope, changeNo: string): Promise<ModeChange | null> {
  const row = await tx
    .selectFrom("mode_change")
    .innerJoin("meter", "meter.id", "mode_change.meter_id")
    .selectAll("mode_change")
    .where("change_no", "=", changeNo)
    .where((eb) => inScope(eb as never, scope))
    .executeTakeFirst();
  return row ? toModeChange(row) : null;
}
