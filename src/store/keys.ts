import type { Instant } from "#base/time.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { MeterKeyTable, RootKeyTable } from "./schema-keys.ts";
import { Stale } from "./stale.ts";

/** All root keys, the oldest first. */
export function rootKeyRows(tx: Tx): Promise<RootKeyTable[]> {
  return tx.selectFrom("root_key").selectAll().orderBy("version").execute();
}

/** The root key of one version. */
export function rootKeyRow(tx: Tx, version: number): Promise<RootKeyTable | undefined> {
  return tx.selectFrom("root_key").selectAll().where("version", "=", version).executeTakeFirst();
}

/** The version that meters are brought to, and that new ones come with; null before the first root key is there. */
export async function activeRootVersion(tx: Tx): Promise<number | null> {
  const row = await tx.selectFrom("root_key").select("version").where("state", "=", "active").executeTakeFirst();
  return row?.version ?? null;
}

/** Moves a root key from one state to another; {@link Stale} when somebody else has moved it. */
export async function moveRootKey(
  tx: Tx,
  move: { version: number; from: RootKeyTable["state"]; change: Partial<Omit<RootKeyTable, "version">> },
): Promise<void> {
  const result = await tx
    .updateTable("root_key")
    .set(move.change)
    .where("version", "=", move.version)
    .where("state", "=", move.from)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`root_key ${move.version}`);
}

/** What the books say about a meter's key; undefined for meters without one. */
export function meterKeyRow(tx: Tx, meterId: number): Promise<MeterKeyTable | undefined> {
  return tx.selectFrom("meter_key").selectAll().where("meter_id", "=", meterId).executeTakeFirst();
}

/** Enters a meter that comes with a key. False when it has been entered before. */
export async function addMeterKey(tx: Tx, key: { meterId: number; version: number; at: Instant }): Promise<boolean> {
  const row = { meter_id: key.meterId, version: key.version, next_version: null, asked_at: 0, changed_at: key.at };
  return (await insertIgnore(tx, "meter_key", [row], ["meter_id"])) === 1;
}

/** How many meters have which version, and how many may be on their way to another. */
export async function meterKeyCounts(tx: Tx): Promise<{ version: number; meters: number; inDoubt: number }[]> {
  const rows = await tx
    .selectFrom("meter_key")
    .select((eb) => ["version", eb.fn.countAll<number>().as("meters"), eb.fn.count<number>("next_version").as("doubt")])
    .groupBy("version")
    .orderBy("version")
    .execute();
  return rows.map((row) => ({ version: row.version, meters: Number(row.meters), inDoubt: Number(row.doubt) }));
}

/** Another device is in the meter's place: it comes with the key of this version, or with none of ours. */
export async function setMeterKey(
  tx: Tx,
  key: { meterId: number; version: number | null; at: Instant },
): Promise<void> {
  await tx.deleteFrom("meter_key").where("meter_id", "=", key.meterId).execute();
  if (key.version !== null) await addMeterKey(tx, { meterId: key.meterId, version: key.version, at: key.at });
}
