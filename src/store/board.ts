import { instant } from "#base/time.ts";
import { formatMoney, money, PER_UNIT, price, proportion } from "#base/units.ts";
import type { Board, Tile } from "#contract/metering.ts";
import type { Scope } from "#domain/permission.ts";
import { type TileFacts, tileState } from "#domain/tile.ts";
import { waits } from "./alarms.ts";
import type { Tx } from "./db.ts";
import type { Flag } from "./flag.ts";
import type { MeterStateTable } from "./schema-readings.ts";
import { inScope } from "./scope.ts";

/** Every meter in the scope as a tile of the board, in the order of areas and labels. */
export async function tileFacts(tx: Tx, scope: Scope): Promise<Tile[]> {
  return (await tileRows(tx, scope).execute()).map(toTile);
}

/** Tiles whose meter, or whose concentrator, changed since an instant. */
export async function changedTiles(tx: Tx, scope: Scope, since: number): Promise<Tile[]> {
  const rows = await tileRows(tx, scope)
    .where((eb) =>
      eb.or([eb("meter_state.changed_at", ">=", since), eb("concentrator.online_changed_at", ">=", since)]),
    )
    .execute();
  return rows.map(toTile);
}

/** Meters that changed since an instant and have no tile in the scope: they are retired, or lie elsewhere. */
export async function changedElsewhere(tx: Tx, scope: Scope, since: number): Promise<number[]> {
  const rows = await tx
    .selectFrom("meter_state")
    .innerJoin("meter", "meter.id", "meter_state.meter_id")
    .where("meter_state.changed_at", ">=", since)
    .where((eb) => eb.or([eb("meter.retired_at", "is not", null), eb.not(inScope(eb as never, scope))]))
    .select("meter.id")
    .execute();
  return rows.map(({ id }) => id);
}

/** One tile; null outside the scope. */
export async function tileOf(tx: Tx, scope: Scope, meterId: number): Promise<Tile | null> {
  const row = await tileRows(tx, scope).where("meter.id", "=", meterId).executeTakeFirst();
  return row ? toTile(row) : null;
}

/** The tiles of some meters; those outside the scope are left out. */
export async function tilesOfMeters(tx: Tx, scope: Scope, meterIds: readonly number[]): Promise<Tile[]> {
  if (meterIds.length === 0) return [];
  const rows = await tileRows(tx, scope)
    .where("meter.id", "in", [...meterIds])
    .execute();
  return rows.map(toTile);
}

/** The board: tiles and their counts by state. */
export function boardOf(list: readonly Tile[], asOf: number): Board {
  const counts = { fault: 0, off: 0, alarm: 0, normal: 0, total: list.length };
  for (const tile of list) counts[tile.state]++;
  return { asOf, counts, tiles: [...list] };
}

function tileRows(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .innerJoin("area", "area.id", "meter.area_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("ledger_account as balance", (join) =>
      join.on("balance.kind", "=", "balance").onRef("balance.ref_id", "=", "account.id"),
    )
    .where((eb) => inScope(eb, scope))
    .where("meter.retired_at", "is", null)
    .select([
      "meter.id",
      "meter.number",
      "meter.label",
      "meter.area_id",
      "meter.kind",
      "meter.mode",
      "meter.price_e4",
      "area.name as area_name",
      "concentrator.id as concentrator_id",
      "concentrator.name as concentrator_name",
      "account.credit_at",
      "balance.balance_e4",
      "concentrator.online",
      "concentrator.online_changed_at",
      "meter_state.remaining_wh",
      "meter_state.remaining_at",
      "meter_state.relay",
      "meter_state.relay_at",
      "meter_state.relay_commanded",
      "meter_state.relay_commanded_at",
      "meter_state.off_cause",
      "meter_state.last_answer_at",
      "meter_state.silent_rounds",
      "meter_state.top_ups_stopped",
      "meter_state.low_credit",
      "meter_state.suspect_wh",
      "meter_state.switch_fault",
      "meter_state.changed_at",
    ])
    .select((eb) => waits(eb, "static"))
    .orderBy("area.sort")
    .orderBy("meter.area_id")
    .orderBy("meter.label")
    .orderBy("meter.id");
}

type TileRow = Awaited<ReturnType<ReturnType<typeof tileRows>["executeTakeFirstOrThrow"]>>;

function toTile(row: TileRow): Tile {
  return {
    meterId: row.id,
    number: row.number,
    label: row.label,
    areaId: row.area_id,
    areaName: row.area_name,
    concentratorId: row.concentrator_id,
    concentratorName: row.concentrator_name,
    kind: row.kind,
    mode: row.mode,
    creditAt: row.credit_at,
    ...tileState(factsOf(row)),
    remainingWh: row.remaining_wh,
    remainingYuan: remainingYuan(row),
    remainingAt: row.remaining_at,
    changedAt: Math.max(row.changed_at, row.online_changed_at),
  };
}

type StateColumns = Pick<
  MeterStateTable,
  | "relay"
  | "relay_at"
  | "relay_commanded"
  | "relay_commanded_at"
  | "off_cause"
  | "last_answer_at"
  | "silent_rounds"
  | "top_ups_stopped"
  | "low_credit"
  | "suspect_wh"
  | "switch_fault"
> & { online: Flag; static_waits: number | null };

/** What a tile's colour depends on, from a row that joins a meter's state and its concentrator. */
export function factsOf(row: StateColumns): TileFacts {
  return {
    concentratorOnline: row.online === 1,
    everRead: row.last_answer_at > 0,
    silentRounds: row.silent_rounds,
    topUpsStopped: row.top_ups_stopped === 1,
    relay: row.relay,
    relayAt: instant(row.relay_at),
    relayCommanded: row.relay_commanded,
    relayCommandedAt: instant(row.relay_commanded_at),
    offCause: row.off_cause,
    lowCredit: row.low_credit === 1,
    standsStill: row.static_waits !== null,
    switchFault: row.switch_fault === 1,
    readingSuspect: row.suspect_wh !== null,
  };
}

/** Money on the server is exact; credit in a meter is shown at today's price. */
function remainingYuan(row: TileRow): string | null {
  if (row.credit_at === "server") return formatMoney(money(row.balance_e4 ?? 0));
  if (row.remaining_wh === null) return null;
  return formatMoney(proportion(money(price(row.price_e4)), row.remaining_wh, PER_UNIT));
}
