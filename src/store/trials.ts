import type { Instant } from "#base/time.ts";
import { cycleOf, parseItems } from "#domain/collection.ts";
import type { Scope } from "#domain/permission.ts";
import { TRIAL_METERS_MAX, type TrialArchive, type TrialPlace } from "#domain/trial.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import { isBelow } from "./report-filter.ts";
import type { TrialMeterTable, TrialRunTable } from "./schema-trials.ts";
import { inScope } from "./scope.ts";
import { Stale } from "./stale.ts";

/** What a run is to be about; `id` is null for single meters. */
export type PlaceAsked = { kind: TrialPlace; id: number | null };

/**
 * Meters in use of a place that the scope holds, in the order in which they are tried: by bus, then by room. One more than a run may have at most: whoever
 * finds that many refuses.
 */
export function metersOfPlace(tx: Tx, scope: Scope, of: { place: PlaceAsked; meterIds: readonly number[] | null }) {
  const { place, meterIds } = of;
  return tx
    .selectFrom("meter")
    .leftJoin("account", "account.id", "meter.account_id")
    .where("meter.retired_at", "is", null)
    .where((eb) => inScope(eb, scope))
    .$if(place.kind === "concentrator", (q) => q.where("meter.concentrator_id", "=", place.id ?? 0))
    .$if(place.kind === "area", (q) => q.where((eb) => isBelow(eb as never, place.id ?? 0)))
    .$if(meterIds !== null, (q) => q.where("meter.id", "in", [...(meterIds ?? [])]))
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
      "meter.master_of",
      "account.customer_id",
    ])
    .orderBy("meter.concentrator_id")
    .orderBy("meter.bus")
    .orderBy("meter.label")
    .orderBy("meter.id")
    .limit(TRIAL_METERS_MAX + 1)
    .execute();
}

/** What a place is called; null when there is none. Single meters are called by nothing. */
export async function placeName(tx: Tx, place: PlaceAsked): Promise<string | null> {
  if (place.kind === "meters") return "";
  const table = place.kind === "area" ? ("area" as const) : ("concentrator" as const);
  const row = await tx
    .selectFrom(table)
    .select("name")
    .where("id", "=", place.id ?? 0)
    .executeTakeFirst();
  return row?.name ?? null;
}

/** One run as it is; undefined when there is none. For flows: nothing is said about who may see it. */
export function trialRow(tx: Tx, trialNo: string): Promise<TrialRunTable | undefined> {
  return tx.selectFrom("trial_run").selectAll().where("trial_no", "=", trialNo).executeTakeFirst();
}

/** Whether every meter of a run lies in the scope: nobody sees a part of a report. */
export async function trialInScope(tx: Tx, scope: Scope, trialNo: string): Promise<boolean> {
  if (scope.all) return true;
  const outside = await tx
    .selectFrom("trial_meter")
    .innerJoin("meter", "meter.id", "trial_meter.meter_id")
    .select("meter.id")
    .where("trial_meter.trial_no", "=", trialNo)
    .where((eb) => eb.not(inScope(eb as never, scope)))
    .limit(1)
    .executeTakeFirst();
  return outside === undefined;
}

/** Runs of some meters that are under way. */
export async function openTrialsOf(tx: Tx, meterIds: readonly number[]): Promise<string[]> {
  const rows = await tx
    .selectFrom("trial_meter")
    .select("trial_no")
    .distinct()
    .where("open_meter_id", "in", [...meterIds])
    .execute();
  return rows.map((row) => row.trial_no);
}

/** Runs that somebody has to take on. */
export async function runningTrials(tx: Tx): Promise<string[]> {
  const rows = await tx
    .selectFrom("trial_run")
    .select("trial_no")
    .where("state", "in", ["running", "cancelling"])
    .orderBy("created_at")
    .execute();
  return rows.map((row) => row.trial_no);
}

/** Who had a run begun, or repeated last: what is tried now is his wish. `userId` is null when he is no user any more. */
export async function askerOf(
  tx: Tx,
  run: Pick<TrialRunTable, "trial_no" | "created_by">,
): Promise<{ login: string; userId: number | null }> {
  const asked = await tx
    .selectFrom("audit")
    .select("actor")
    .where("object", "=", `trial:${run.trial_no}`)
    .where("action", "in", ["trial.start", "trial.repeat"])
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  const login = asked?.actor ?? run.created_by;
  const user = await tx.selectFrom("user").select("id").where("login", "=", login).executeTakeFirst();
  return { login, userId: user?.id ?? null };
}

/** The meters of a run in their order; of those that are not done alone, when asked. */
export function metersOfTrial(tx: Tx, trialNo: string, openOnly = false): Promise<TrialMeterTable[]> {
  return tx
    .selectFrom("trial_meter")
    .selectAll()
    .where("trial_no", "=", trialNo)
    .$if(openOnly, (q) => q.where("state", "<>", "done"))
    .orderBy("seq")
    .execute();
}

/** Changes a run as it was seen; {@link Stale} when it went on meanwhile. Also what takes a run for this transaction. */
export async function changeTrial(
  tx: Tx,
  seen: Pick<TrialRunTable, "trial_no" | "version">,
  change: Partial<Omit<TrialRunTable, "trial_no" | "version">>,
): Promise<void> {
  const result = await tx
    .updateTable("trial_run")
    .set({ ...change, version: seen.version + 1 })
    .where("trial_no", "=", seen.trial_no)
    .where("version", "=", seen.version)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`trial ${seen.trial_no}`);
}

/** Changes one meter of a run. The run must be taken by this transaction. */
export async function changeTrialMeter(
  tx: Tx,
  of: Pick<TrialMeterTable, "trial_no" | "meter_id">,
  change: Partial<Omit<TrialMeterTable, "trial_no" | "meter_id">>,
): Promise<void> {
  await tx
    .updateTable("trial_meter")
    .set(change)
    .where("trial_no", "=", of.trial_no)
    .where("meter_id", "=", of.meter_id)
    .execute();
}

/** What the archive says of a meter, as a trial needs it; null for one that was retired or is gone. */
export async function trialArchive(
  tx: Tx,
  meterId: number,
  of: { now: Instant; provesSwitch: (profile: string) => boolean },
): Promise<(TrialArchive & { profile: string; label: string; projectId: number; concentratorId: number }) | null> {
  const row = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("room", "room.id", "meter.room_id")
    .leftJoin("meter as gateway", "gateway.id", "meter.gateway_id")
    .leftJoin("channel", (join) =>
      join.onRef("channel.concentrator_id", "=", "meter.concentrator_id").onRef("channel.bus", "=", "meter.bus"),
    )
    .leftJoin("collection_default", "collection_default.project_id", "meter.project_id")
    .leftJoin("item_set", (join) =>
      join.on((eb) =>
        eb(
          "item_set.id",
          "=",
          eb.fn.coalesce("meter.item_set_id", "channel.item_set_id", "collection_default.item_set_id"),
        ),
      ),
    )
    .where("meter.id", "=", meterId)
    .where("meter.retired_at", "is", null)
    .selectAll("meter")
    .select([
      "account.credit_at",
      "account.customer_id",
      "room.name as room_name",
      "gateway.number as gateway_number",
      "gateway.concentrator_id as gateway_concentrator",
      "gateway.retired_at as gateway_retired",
      "channel.enabled",
      "channel.read_interval_s as channel_s",
      "concentrator.read_interval_s as concentrator_s",
      "collection_default.read_interval_s as project_s",
      "item_set.items",
      "meter_state.purchase_count",
    ])
    .executeTakeFirst();
  if (!row) return null;
  const twin = await tx
    .selectFrom("meter")
    .select("number")
    .where("concentrator_id", "=", row.concentrator_id)
    .where("bus", "=", row.bus)
    .where("address", "=", row.address)
    .where("id", "<>", row.id)
    .where("retired_at", "is", null)
    .where("gateway_id", row.gateway_id === null ? "is" : "=", row.gateway_id)
    .executeTakeFirst();
  const line = await tx
    .selectFrom("line_break")
    .select("ratio_after")
    .where("meter_id", "=", meterId)
    .orderBy("at", "desc")
    .limit(1)
    .executeTakeFirst();
  const tariff = await tx
    .selectFrom("meter_tariff")
    .select("tariff_id")
    .where("meter_id", "=", meterId)
    .where("from_at", "<=", of.now)
    .orderBy("from_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return {
    profile: row.profile,
    label: row.label,
    projectId: row.project_id,
    concentratorId: row.concentrator_id,
    address: row.address,
    addressOf: twin?.number ?? null,
    mode: row.mode,
    switchKind: row.switch_kind,
    closesBy: row.closes_by,
    provesSwitch: of.provesSwitch(row.profile),
    supplyGuard: row.supply_guard === 1,
    creditAt: row.credit_at,
    hasCustomer: row.customer_id !== null,
    purchaseCount: row.purchase_count,
    ratio: row.ratio,
    lineRatio: line?.ratio_after ?? null,
    channelOn: row.enabled !== 0,
    cycle: cycleOf({ channel: row.channel_s, concentrator: row.concentrator_s, project: row.project_s }),
    items: row.items === null ? null : parseItems(row.items).length,
    priceE4: row.price_e4,
    hasTariff: (tariff?.tariff_id ?? null) !== null,
    room: row.room_name,
    hasBox: row.box_id !== null,
    isMaster: row.master_of !== null,
    gateway:
      row.gateway_id === null
        ? null
        : {
            number: row.gateway_number ?? "",
            fits: row.gateway_retired === null && row.gateway_concentrator === row.concentrator_id,
          },
  };
}

/** Whether anything was heard on the line while a command was carried out. */
export async function wasAnythingHeard(tx: Tx, of: { meterId: number; commandId: string }): Promise<boolean> {
  const row = await tx
    .selectFrom("frame_log")
    .select("slot")
    .where("meter_id", "=", of.meterId)
    .where("command_id", "=", of.commandId)
    .where("direction", "=", "received")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
