import { type Instant, instant, SECOND_MS } from "#base/time.ts";
import { cycleOf, type ItemPlan, parseItems, USUAL_ITEMS } from "#domain/collection.ts";
import type { Scope } from "#domain/permission.ts";
import { updateRows } from "./bulk.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { MeterKind, SwitchKind } from "./schema-archive.ts";
import type { MeterStateTable } from "./schema-readings.ts";
import { inScope } from "./scope.ts";
import { Stale } from "./stale.ts";

export type MeterToRead = {
  meterId: number;
  /** Counts the devices that have been in its place. */
  installation: number;
  address: string;
  bus: number;
  /** Address of the gateway meter behind which it hangs. */
  via: string | null;
  profile: string;
  kind: MeterKind;
  creditAt: "meter" | "server" | null;
  closesBy: "direct" | "button";
  switchKind: SwitchKind;
  lastAnswerAt: Instant;
  silentRounds: number;
  indexAt: Instant;
  remainingAt: Instant;
  relayAt: Instant;
  instantAt: Instant;
  /** How often it is to be read; null: as the collector was started. The same for all meters of a bus. */
  intervalMs: number | null;
  /** What rounds ask besides what is always asked. */
  items: ItemPlan;
  /** False on a channel that is switched off: not read by itself, but commands reach it. */
  onSchedule: boolean;
  /** The speed that its channel names; null: that of its profile. */
  baud: number | null;
  /** Its load guard watches for something: what that does is asked in every round. */
  watchesLoad: boolean;
};

/** The meters behind one concentrator with what the collector needs to plan its questions. */
export async function metersToRead(tx: Tx, concentratorId: number): Promise<MeterToRead[]> {
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("meter as gateway", "gateway.id", "meter.gateway_id")
    .leftJoin("channel", (join) =>
      join.onRef("channel.concentrator_id", "=", "meter.concentrator_id").onRef("channel.bus", "=", "meter.bus"),
    )
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("collection_default", "collection_default.project_id", "meter.project_id")
    .leftJoin("load_guard", "load_guard.meter_id", "meter.id")
    .leftJoin("item_set", (join) =>
      join.on((eb) =>
        eb(
          "item_set.id",
          "=",
          eb.fn.coalesce("meter.item_set_id", "channel.item_set_id", "collection_default.item_set_id"),
        ),
      ),
    )
    .where("meter.concentrator_id", "=", concentratorId)
    .where("meter.retired_at", "is", null)
    .select([
      "meter.id",
      "channel.enabled",
      "load_guard.watches",
      "channel.baud",
      "channel.read_interval_s as channel_s",
      "concentrator.read_interval_s as concentrator_s",
      "collection_default.read_interval_s as project_s",
      "item_set.items",
      "meter.address",
      "meter.installation",
      "meter.bus",
      "gateway.address as via",
      "meter.profile",
      "meter.kind",
      "meter.closes_by",
      "meter.switch_kind",
      "account.credit_at",
      "meter_state.last_answer_at",
      "meter_state.silent_rounds",
      "meter_state.index_at",
      "meter_state.remaining_at",
      "meter_state.relay_at",
      "meter_state.instant_at",
    ])
    .orderBy("meter.id")
    .execute();
  const plans = new Map<string, ItemPlan>();
  const planOf = (text: string) => plans.get(text) ?? plans.set(text, parseItems(text)).get(text) ?? USUAL_ITEMS;
  return rows.map((row) => ({
    meterId: row.id,
    installation: row.installation,
    address: row.address,
    bus: row.bus,
    via: row.via,
    profile: row.profile,
    kind: row.kind,
    creditAt: row.credit_at,
    closesBy: row.closes_by,
    switchKind: row.switch_kind,
    lastAnswerAt: instant(row.last_answer_at),
    silentRounds: row.silent_rounds,
    indexAt: instant(row.last_answer_at === 0 ? 0 : row.index_at), // an opening index was written down, not read
    remainingAt: instant(row.remaining_at),
    relayAt: instant(row.relay_at),
    instantAt: instant(row.instant_at),
    intervalMs: cycleMs(row),
    items: row.items === null ? USUAL_ITEMS : planOf(row.items),
    onSchedule: row.enabled !== 0,
    baud: row.baud,
    watchesLoad: row.watches === 1,
  }));
}

function cycleMs(row: {
  channel_s: number | null;
  concentrator_s: number | null;
  project_s: number | null;
}): number | null {
  const seconds = cycleOf({ channel: row.channel_s, concentrator: row.concentrator_s, project: row.project_s });
  return seconds === null ? null : seconds * SECOND_MS;
}

/** A meter with its account, state and customer, as recharges and commands decide upon it; undefined outside the scope, and for one that is retired. */
export async function meterToAct(tx: Tx, scope: Scope, meterId: number) {
  return (
    tx
      .selectFrom("meter")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
      .leftJoin("account", "account.id", "meter.account_id")
      .leftJoin("customer", "customer.id", "account.customer_id")
      .leftJoin("meter_customer_number", "meter_customer_number.meter_id", "meter.id")
      .where("meter.id", "=", meterId)
      .where("meter.retired_at", "is", null)
      .where((eb) => inScope(eb, scope))
      .select([
        "meter.id",
        "meter.project_id",
        "meter.concentrator_id",
        "meter.number",
        "meter.label",
        "meter.mode",
        "meter.profile",
        "meter.switch_kind",
        "meter.closes_by",
        "meter.supply_guard",
        "meter.price_e4",
        "meter.ratio",
        "concentrator.online",
        "account.id as account_id",
        "account.credit_at",
        "account.overdraft_e4",
        "customer.id as customer_id",
        "customer.name as customer_name",
        "meter_state.remaining_wh",
        "meter_state.purchase_count",
        "meter_state.top_ups_stopped",
        "meter_state.top_up_open",
        "meter_state.relay",
        "meter_state.off_cause",
        "meter_state.version",
        "meter.kind",
        "meter_state.remaining_at",
      ])
      // What the meter knows as its customer: the number of its account, unless tenants have changed since.
      .select((eb) => eb.fn.coalesce("meter_customer_number.number", "account.number").as("account_number"))
      .executeTakeFirst()
  );
}

/** The alarm limits of some meters, in Wh or litres. */
export async function lowCreditLimits(tx: Tx, meterIds: readonly number[]): Promise<Map<number, number>> {
  if (meterIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom("meter")
    .select(["id", "low_credit_wh"])
    .where("id", "in", [...meterIds])
    .execute();
  return new Map(rows.map((row) => [row.id, row.low_credit_wh]));
}

/** What of a meter's state may be changed. */
export type MeterStateChange = Partial<Omit<MeterStateTable, "meter_id" | "version">>;

/** Changes a meter's state if it is still the version that was read; {@link Stale} when it is not. */
export async function changeMeterState(
  tx: Tx,
  input: { meterId: number; version: number; change: MeterStateChange },
): Promise<void> {
  const result = await tx
    .updateTable("meter_state")
    .set((eb) => ({ ...input.change, version: eb("version", "+", 1) }))
    .where("meter_id", "=", input.meterId)
    .where("version", "=", input.version)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`meter_state ${input.meterId}`);
}

/**
 * The state row of one meter, taken before it is read: whoever else decides about this meter waits or runs again. For decisions that
 * rest on more than the row itself (its commands, its account).
 */
export async function claimMeterState(tx: Tx, meterId: number): Promise<MeterStateTable> {
  await tx
    .updateTable("meter_state")
    .set((eb) => ({ version: eb("version", "+", 1) }))
    .where("meter_id", "=", meterId)
    .execute();
  return meterState(tx, meterId);
}

/** Takes the state rows of many meters before they are read, so that a batch does not run again for one of them. */
export async function claimMeterStates(tx: Tx, meterIds: readonly number[]): Promise<void> {
  await tx
    .updateTable("meter_state")
    .set((eb) => ({ version: eb("version", "+", 1) }))
    .where("meter_id", "in", [...meterIds])
    .execute();
}

/**
 * Writes `columns` of many states in one statement (on SQLite one each, which is what it does best). The rows must have been claimed in
 * this transaction: nobody else can have changed them since.
 */
export async function saveClaimedStates(
  tx: Tx,
  rows: readonly MeterStateTable[],
  columns: readonly (keyof MeterStateChange)[],
): Promise<void> {
  await updateRows(tx, "meter_state", "meter_id", rows, columns);
}

/** The state row of one meter. */
export async function meterState(tx: Tx, meterId: number): Promise<MeterStateTable> {
  return tx.selectFrom("meter_state").selectAll().where("meter_id", "=", meterId).executeTakeFirstOrThrow();
}

/** How many meters the scope holds. */
export async function countMeters(tx: Tx, scope: Scope): Promise<number> {
  const row = await tx
    .selectFrom("meter")
    .where((eb) => inScope(eb, scope))
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
