import { sql } from "kysely";
import type { Instant } from "#base/time.ts";
import { formatMoney, price } from "#base/units.ts";
import type { PricedMeter } from "#contract/prices.ts";
import type { Scope } from "#domain/permission.ts";
import { termsAt } from "#domain/tariff.ts";
import type { Tx } from "./db.ts";
import type { PriceChangeTable, TariffTable } from "./schema-tariff.ts";
import { inScope } from "./scope.ts";
import { termsOfMeters } from "./tariffs.ts";

/** Every tariff, by name. */
export async function allTariffs(tx: Tx): Promise<TariffTable[]> {
  return tx.selectFrom("tariff").selectAll().orderBy("name").execute();
}

/** How many meters of the scope are charged by each tariff now. */
export async function metersPerTariff(tx: Tx, scope: Scope, now: Instant): Promise<Map<number, number>> {
  const rows = await tx
    .selectFrom("meter_tariff")
    .innerJoin("meter", "meter.id", "meter_tariff.meter_id")
    .where((eb) => inScope(eb, scope))
    .where("meter_tariff.from_at", "<=", now)
    .where("meter_tariff.tariff_id", "is not", null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("meter_tariff as later")
            .select("later.meter_id")
            .whereRef("later.meter_id", "=", "meter_tariff.meter_id")
            .whereRef("later.from_at", ">", "meter_tariff.from_at")
            .where("later.from_at", "<=", now),
        ),
      ),
    )
    .select((eb) => ["meter_tariff.tariff_id", eb.fn.countAll<number>().as("count")])
    .groupBy("meter_tariff.tariff_id")
    .execute();
  return new Map(rows.map((row) => [row.tariff_id ?? 0, Number(row.count)]));
}

/** Approved versions of all tariffs with who approved them, oldest first. */
export async function approvedVersions(tx: Tx) {
  return tx
    .selectFrom("tariff_version")
    .select(["id", "tariff_id", "from_at", "terms", "approved_by", "approved_at"])
    .orderBy("tariff_id")
    .orderBy("from_at")
    .execute();
}

/** The areas that hold meters of the scope, top down, with how many lie below each. */
export async function areasToChoose(
  tx: Tx,
  scope: Scope,
): Promise<{ id: number; name: string; depth: number; meters: number }[]> {
  const rows = await tx
    .selectFrom("area")
    .innerJoin("area_ancestor", "area_ancestor.ancestor_id", "area.id")
    .innerJoin("meter", "meter.area_id", "area_ancestor.area_id")
    .where((eb) => inScope(eb, scope))
    .select((eb) => ["area.id", "area.name", "area.sort", "area.parent_id", eb.fn.countAll<number>().as("meters")])
    .groupBy(["area.id", "area.name", "area.sort", "area.parent_id"])
    .execute();
  const known = new Map(rows.map((row) => [row.id, row]));
  const under = (parent: number | null, depth: number): { id: number; name: string; depth: number; meters: number }[] =>
    rows
      .filter((row) =>
        parent === null ? row.parent_id === null || !known.has(row.parent_id) : row.parent_id === parent,
      )
      .sort((a, b) => a.sort - b.sort || a.id - b.id)
      .flatMap((row) => [
        { id: row.id, name: row.name, depth, meters: Number(row.meters) },
        ...under(row.id, depth + 1),
      ]);
  return under(null, 0);
}

/** Changes of prices, newest first, with the meters of the scope that they are about. Those that are about none are left out. */
export async function priceChangeRows(
  tx: Tx,
  scope: Scope,
  input: { before?: string | undefined; limit: number; id?: string },
): Promise<(PriceChangeTable & { tariff_name: string | null; meters: number })[]> {
  const rows = await tx
    .selectFrom("price_change")
    .leftJoin("tariff", "tariff.id", "price_change.tariff_id")
    .selectAll("price_change")
    .select(["tariff.name as tariff_name"])
    .select((eb) =>
      eb
        .case()
        .when("price_change.kind", "=", "assignment")
        .then(
          eb
            .selectFrom("price_change_meter")
            .innerJoin("meter", "meter.id", "price_change_meter.meter_id")
            .whereRef("price_change_meter.change_id", "=", "price_change.id")
            .where((inner) => inScope(inner as never, scope))
            .select(sql<number>`count(*)`.as("count")),
        )
        .else(
          eb
            .selectFrom("meter")
            .where((inner) => inScope(inner as never, scope))
            .where("meter.id", "in", (inner) =>
              inner
                .selectFrom("meter_tariff")
                .select("meter_tariff.meter_id")
                .whereRef("meter_tariff.tariff_id", "=", "price_change.tariff_id"),
            )
            .select(sql<number>`count(*)`.as("count")),
        )
        .end()
        .as("meters"),
    )
    .$if(input.before !== undefined, (query) => query.where("price_change.id", "<", input.before ?? ""))
    .$if(input.id !== undefined, (query) => query.where("price_change.id", "=", input.id ?? ""))
    .orderBy("price_change.id", "desc")
    .limit(input.limit)
    .execute();
  return rows.map((row) => ({ ...row, meters: Number(row.meters ?? 0) })).filter((row) => scope.all || row.meters > 0);
}

type Filter = {
  areaId?: number | undefined;
  kind?: "electricity" | "water" | undefined;
  search: string;
  /** Only the meters that this change is about. */
  change?: string | undefined;
};

/** Meters of the scope with the price that holds now, in the order of their ids. */
export async function pricedMeterRows(
  tx: Tx,
  scope: Scope,
  filter: Filter & { after: number; limit: number; now: Instant },
): Promise<{ items: PricedMeter[]; more: boolean; total: number }> {
  const matching = () =>
    tx
      .selectFrom("meter")
      .innerJoin("area", "area.id", "meter.area_id")
      .leftJoin("account", "account.id", "meter.account_id")
      .where((eb) => inScope(eb as never, scope))
      .$if(filter.kind !== undefined, (query) => query.where("meter.kind", "=", filter.kind ?? "electricity"))
      .$if(filter.areaId !== undefined, (query) =>
        query.where("meter.area_id", "in", (eb) =>
          eb
            .selectFrom("area_ancestor")
            .select("area_id")
            .where("ancestor_id", "=", filter.areaId ?? 0),
        ),
      )
      .$if(filter.change !== undefined, (query) =>
        query.where((eb) =>
          eb.or([
            eb("meter.id", "in", (inner) =>
              inner
                .selectFrom("price_change_meter")
                .select("price_change_meter.meter_id")
                .where("price_change_meter.change_id", "=", filter.change ?? ""),
            ),
            eb("meter.id", "in", (inner) =>
              inner
                .selectFrom("meter_tariff")
                .innerJoin("price_change", "price_change.tariff_id", "meter_tariff.tariff_id")
                .select("meter_tariff.meter_id")
                .where("price_change.id", "=", filter.change ?? "")
                .where("price_change.kind", "=", "version"),
            ),
          ]),
        ),
      )
      .$if(filter.search !== "", (query) =>
        query.where((eb) =>
          eb.or([eb("meter.label", "like", `%${likeText(filter.search)}%`), eb("meter.number", "=", filter.search)]),
        ),
      );
  const count = await matching()
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  const rows = await matching()
    .where("meter.id", ">", filter.after)
    .select([
      "meter.id",
      "meter.number",
      "meter.label",
      "meter.kind",
      "meter.price_e4",
      "area.name as area_name",
      "account.credit_at",
    ])
    .orderBy("meter.id")
    .limit(filter.limit + 1)
    .execute();
  const page = rows.slice(0, filter.limit);
  const terms = await termsOfMeters(tx, page);
  const names = new Map((await allTariffs(tx)).map((tariff) => [tariff.id, tariff.name]));
  const items = page.map((row): PricedMeter => {
    const line = terms.get(row.id) ?? [];
    const now = termsAt(line, filter.now);
    return {
      meterId: row.id,
      number: row.number,
      label: row.label,
      areaName: row.area_name,
      kind: row.kind,
      creditAt: row.credit_at,
      price: formatMoney(price(row.price_e4)),
      tariffName: now.tariffId === null ? null : (names.get(now.tariffId) ?? null),
      termsKind: now.terms.kind,
      since: now.from,
      nextAt: line.find((each) => each.from > filter.now)?.from ?? null,
    };
  });
  return { items, more: rows.length > filter.limit, total: Number(count.count) };
}

/** A text that `like` takes as it is: `_` stands for itself. Neither engine has a character that escapes by default on both. */
function likeText(text: string): string {
  return text.replace(/[%_\\]/g, "");
}

/** Who approved each stretch of a meter's prices, by the instant that it begins at: assignments, and versions of their tariffs. */
export async function approversOf(tx: Tx, meterId: number): Promise<Map<string, string>> {
  const assignments = await tx
    .selectFrom("meter_tariff")
    .select(["from_at", "approved_by", "tariff_id"])
    .where("meter_id", "=", meterId)
    .execute();
  const tariffIds = assignments.flatMap((row) => (row.tariff_id === null ? [] : [row.tariff_id]));
  const versions =
    tariffIds.length === 0
      ? []
      : await tx
          .selectFrom("tariff_version")
          .select(["from_at", "approved_by"])
          .where("tariff_id", "in", tariffIds)
          .execute();
  return new Map([...versions, ...assignments].map((row) => [String(row.from_at), row.approved_by]));
}
