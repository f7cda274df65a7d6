import type { Instant } from "#base/time.ts";
import { areaPath } from "#domain/import-sheets.ts";
import type { Scope } from "#domain/permission.ts";
import type { TariffTerms } from "#domain/tariff.ts";
import type { Tx } from "./db.ts";
import { inScope } from "./scope.ts";
import { versionsOfTariffs } from "./tariffs.ts";

/** Numbers asked for in one statement. */
const AT_ONCE = 500;

/** Areas of a project that lie in the scope, by path. `ids` has more than one where names repeat. */
export async function areasByPath(tx: Tx, scope: Scope, projectId: number): Promise<Map<string, number[]>> {
  const rows = await tx
    .selectFrom("area")
    .select(["id", "parent_id", "name"])
    .where("project_id", "=", projectId)
    .orderBy("sort")
    .orderBy("id")
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  const seen = scope.all ? null : await areasBelow(tx, scope.areaIds);
  const found = new Map<string, number[]>();
  for (const row of rows) {
    if (seen !== null && !seen.has(row.id)) continue;
    const levels: string[] = [];
    for (let at: typeof row | undefined = row; at; at = at.parent_id === null ? undefined : byId.get(at.parent_id)) {
      levels.unshift(at.name);
    }
    const path = areaPath(levels);
    found.set(path, [...(found.get(path) ?? []), row.id]);
  }
  return found;
}

async function areasBelow(tx: Tx, areaIds: readonly number[]): Promise<Set<number>> {
  if (areaIds.length === 0) return new Set();
  const rows = await tx
    .selectFrom("area_ancestor")
    .select("area_id")
    .where("ancestor_id", "in", [...areaIds])
    .execute();
  return new Set(rows.map((row) => row.area_id));
}

/** Rooms or boxes of a project, as `areaId/name` → id. */
export async function placesOfProject(tx: Tx, table: "room" | "box", projectId: number): Promise<Map<string, number>> {
  const rows = await tx
    .selectFrom(table)
    .innerJoin("area", "area.id", `${table}.area_id`)
    .select([`${table}.id`, `${table}.area_id`, `${table}.name`])
    .where("area.project_id", "=", projectId)
    .execute();
  return new Map(rows.map((row) => [`${row.area_id}/${row.name}`, row.id]));
}

/** Concentrators with these codes, wherever they are. */
export function concentratorsByCode(tx: Tx, codes: readonly string[]) {
  return inParts(codes, (some) =>
    tx
      .selectFrom("concentrator")
      .select([
        "id",
        "project_id",
        "area_id",
        "code",
        "name",
        "link_kind",
        "meters_max",
        "version",
        "retired_at",
        "key_sealed",
      ])
      .where("code", "in", some)
      .execute(),
  );
}

/** Meters in use behind these concentrators. */
export function metersBehindAll(tx: Tx, concentratorIds: readonly number[]) {
  return inParts(concentratorIds, (some) =>
    tx
      .selectFrom("meter")
      .select(["id", "concentrator_id", "bus", "address", "number", "label", "gateway_id"])
      .where("concentrator_id", "in", some)
      .where("retired_at", "is", null)
      .execute(),
  );
}

/** Meters with these numbers, with who lives there; `visible` are those of the scope. */
export async function metersByNumber(tx: Tx, scope: Scope, numbers: readonly string[]) {
  const rows = await inParts(numbers, (some) => meterRows(tx).where("meter.number", "in", some).execute());
  const visible = await inParts(numbers, (some) =>
    tx
      .selectFrom("meter")
      .select("meter.id")
      .where("meter.number", "in", some)
      .where((eb) => inScope(eb, scope))
      .execute(),
  );
  return { rows, visible: new Set(visible.map((row) => row.id)) };
}

/** Meters in use of a project and scope after an id, in the order of ids: for taking the archive out. */
export function metersAfter(tx: Tx, of: { scope: Scope; projectId: number; after: number; limit: number }) {
  return meterRows(tx)
    .where("meter.project_id", "=", of.projectId)
    .where("meter.id", ">", of.after)
    .where("meter.retired_at", "is", null)
    .where((eb) => inScope(eb as never, of.scope))
    .orderBy("meter.id")
    .limit(of.limit)
    .execute();
}

function meterRows(tx: Tx) {
  return tx
    .selectFrom("meter")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("meter as gateway", "gateway.id", "meter.gateway_id")
    .leftJoin("room", "room.id", "meter.room_id")
    .leftJoin("box", "box.id", "meter.box_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .selectAll("meter")
    .select([
      "concentrator.code as concentrator",
      "gateway.number as gateway",
      "room.name as room",
      "box.name as box",
      "customer.number as customer",
      "customer.name as customer_name",
      "customer.phone as customer_phone",
    ]);
}

/** One meter as {@link metersByNumber} and {@link metersAfter} tell it. */
export type ImportedMeter = Awaited<ReturnType<typeof metersAfter>>[number];

/** Numbers that belonged to meters which were exchanged, and by which exchange. */
export async function exchangedNumbers(tx: Tx, numbers: readonly string[]): Promise<Map<string, string>> {
  const rows = await inParts(numbers, (some) =>
    tx
      .selectFrom("meter_exchange")
      .select(["old_number", "exchange_no"])
      .where("old_number", "in", some)
      .where("new_number", "is not", null)
      .where("state", "<>", "cancelled")
      .execute(),
  );
  return new Map(rows.map((row) => [row.old_number, row.exchange_no]));
}

/** Customers of a project by their numbers; `isSeen` when a meter of theirs lies in the scope. */
export async function customersByNumber(tx: Tx, scope: Scope, of: { projectId: number; numbers: readonly string[] }) {
  const rows = await inParts(of.numbers, (some) =>
    tx
      .selectFrom("customer")
      .select(["id", "number", "name", "phone"])
      .where("project_id", "=", of.projectId)
      .where("number", "in", some)
      .execute(),
  );
  const ids = rows.map((row) => row.id);
  const seen = await inParts(ids, (some) =>
    tx
      .selectFrom("account")
      .innerJoin("meter", "meter.account_id", "account.id")
      .select("account.customer_id as id")
      .where("account.customer_id", "in", some)
      .where((eb) => inScope(eb as never, scope))
      .execute(),
  );
  const visible = new Set(seen.map((row) => row.id));
  return new Map(rows.map((row) => [row.number, { ...row, isSeen: scope.all || visible.has(row.id) }]));
}

/** A tariff with the terms that hold now; null where none does yet. */
export type NamedTariff = { id: number; name: string; kind: "electricity" | "water"; terms: TariffTerms | null };

/** The tariffs of a project, by name: other projects may have others of the same names. */
export async function tariffsByName(tx: Tx, projectId: number, now: Instant): Promise<Map<string, NamedTariff>> {
  const rows = await tx
    .selectFrom("tariff")
    .select(["id", "name", "kind"])
    .where("project_id", "=", projectId)
    .execute();
  const ids = rows.map((row) => row.id);
  const versions = ids.length === 0 ? new Map() : await versionsOfTariffs(tx, ids);
  return new Map(
    rows.map((row) => {
      const held = (versions.get(row.id) ?? []).filter((each: { from: number }) => each.from <= now);
      return [row.name, { ...row, terms: held.at(-1)?.terms ?? null }];
    }),
  );
}

/** Which tariff holds now for each of these meters; those with a price of their own are left out. */
export async function tariffsOfMeters(tx: Tx, meterIds: readonly number[], now: Instant): Promise<Map<number, number>> {
  const rows = await inParts(meterIds, (some) =>
    tx
      .selectFrom("meter_tariff")
      .select(["meter_id", "tariff_id", "from_at"])
      .where("meter_id", "in", some)
      .where("from_at", "<=", now)
      .orderBy("from_at")
      .execute(),
  );
  const found = new Map<number, number>();
  for (const row of rows) {
    if (row.tariff_id === null) found.delete(row.meter_id);
    else found.set(row.meter_id, row.tariff_id);
  }
  return found;
}

async function inParts<K, R>(keys: readonly K[], ask: (some: K[]) => Promise<R[]>): Promise<R[]> {
  const all: R[] = [];
  const unique = [...new Set(keys)];
  for (let at = 0; at < unique.length; at += AT_ONCE) all.push(...(await ask(unique.slice(at, at + AT_ONCE))));
  return all;
}
