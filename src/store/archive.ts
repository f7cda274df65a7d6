import type { Instant } from "#base/time.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { ConcentratorTable, MeterTable } from "./schema-archive.ts";
import type { ChannelTable } from "./schema-collection.ts";
import { inScope } from "./scope.ts";

/**
 * A concentrator that somebody may change: it lies in his area, or every meter behind it does and there is one. Undefined for all
 * others, as if they did not exist.
 */
export async function concentratorToManage(tx: Tx, scope: Scope, id: number): Promise<ConcentratorTable | undefined> {
  const row = await tx.selectFrom("concentrator").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row || scope.all || (await areaInScope(tx, scope, row.area_id))) return row;
  const count = async (own: boolean) => {
    const { found } = await tx
      .selectFrom("meter")
      .where("meter.concentrator_id", "=", id)
      .where("meter.retired_at", "is", null)
      .where((eb) => (own ? inScope(eb, scope) : eb.lit(true)))
      .select((eb) => eb.fn.countAll<number>().as("found"))
      .executeTakeFirstOrThrow();
    return Number(found);
  };
  const [own, all] = [await count(true), await count(false)];
  return own > 0 && own === all ? row : undefined;
}

/** Whether an area lies in the scope, whole. */
export async function areaInScope(tx: Tx, scope: Scope, areaId: number): Promise<boolean> {
  if (scope.all) return true;
  if (scope.areaIds.length === 0) return false;
  const row = await tx
    .selectFrom("area_ancestor")
    .select("area_id")
    .where("area_id", "=", areaId)
    .where("ancestor_id", "in", [...scope.areaIds])
    .executeTakeFirst();
  return row !== undefined;
}

/** Changes a concentrator's archive; false when it is not the version any more that was seen. */
export async function changeConcentrator(
  tx: Tx,
  seen: { id: number; version: number },
  change: Partial<Omit<ConcentratorTable, "id" | "version">>,
): Promise<boolean> {
  const result = await tx
    .updateTable("concentrator")
    .set((eb) => ({ ...change, version: eb("version", "+", 1) }))
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** A meter's archive row; undefined outside the scope. */
export function meterArchiveRow(tx: Tx, scope: Scope, meterId: number): Promise<MeterTable | undefined> {
  return tx
    .selectFrom("meter")
    .selectAll("meter")
    .where("meter.id", "=", meterId)
    .where((eb) => inScope(eb, scope))
    .executeTakeFirst();
}

/** Changes a meter's archive; false when it is not the version any more that was seen. */
export async function changeMeterArchive(
  tx: Tx,
  seen: { id: number; version: number },
  change: Partial<Omit<MeterTable, "id" | "version">>,
): Promise<boolean> {
  const result = await tx
    .updateTable("meter")
    .set((eb) => ({ ...change, version: eb("version", "+", 1) }))
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** The channel on a bus; undefined when nobody has entered it. */
export function channelRow(tx: Tx, of: { concentratorId: number; bus: number }): Promise<ChannelTable | undefined> {
  return tx
    .selectFrom("channel")
    .selectAll()
    .where("concentrator_id", "=", of.concentratorId)
    .where("bus", "=", of.bus)
    .executeTakeFirst();
}

/** Makes the channel of a bus that begins to have meters, unless it is there. */
export async function ensureChannel(
  tx: Tx,
  of: { concentratorId: number; bus: number; by: string; at: Instant },
): Promise<void> {
  await insertIgnore(tx, "channel", [plainChannel(of)], ["concentrator_id", "bus"]);
}

/** An ordinary wire: read as its concentrator is, by the items of its project. */
export function plainChannel(of: { concentratorId: number; bus: number; by: string; at: number }): ChannelTable {
  return {
    concentrator_id: of.concentratorId,
    bus: of.bus,
    name: `通道 ${of.bus}`,
    kind: "rs485",
    baud: null,
    enabled: 1,
    read_interval_s: null,
    item_set_id: null,
    version: 0,
    updated_by: of.by,
    updated_at: of.at,
  };
}

/** Meters that are reached through this one. */
export async function metersBehind(tx: Tx, meterId: number): Promise<number> {
  const { count } = await tx
    .selectFrom("meter")
    .where("gateway_id", "=", meterId)
    .where("retired_at", "is", null)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** What came of a request that was made before with this key; null when there was none. */
export async function archiveChangeByKey(tx: Tx, key: string) {
  const row = await tx
    .selectFrom("archive_change")
    .select(["request_hash as requestHash", "object_id as objectId"])
    .where("idem_key", "=", key)
    .executeTakeFirst();
  return row ?? null;
}

/** Remembers what came of a request; false when its key is taken. */
export async function addArchiveChange(
  tx: Tx,
  change: { key: string; requestHash: string; objectId: number; at: Instant },
): Promise<boolean> {
  const { key: idem_key, requestHash: request_hash, objectId: object_id, at } = change;
  return (await insertIgnore(tx, "archive_change", [{ idem_key, request_hash, object_id, at }], ["idem_key"])) === 1;
}
