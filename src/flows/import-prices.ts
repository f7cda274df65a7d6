import { formatMoney, parseMoney, price as priceOf } from "#base/units.ts";
import type { ImportRow } from "#domain/import-fault.ts";
import type { Actor } from "#domain/permission.ts";
import { isFirst, type Planning } from "./import-planning.ts";

/** Prices that rows may name: what a unit costs, and of which kind of meter. */
export type NamedPrices = ReadonlyMap<string, { kind: string; price: string }>;

/**
 * The prices that a file names. It makes and changes none: a tariff of the same name must say the same, anything else is asked for on the page of
 * prices, where a second person looks at it.
 */
export function planPrices(to: Planning, rows: readonly ImportRow[]): NamedPrices {
  const prices = new Map<string, { kind: string; price: string }>();
  for (const [name, tariff] of to.seen.tariffs) {
    if (tariff.terms?.kind === "flat") prices.set(name, { kind: tariff.kind, price: formatMoney(tariff.terms.price) });
  }
  for (const row of rows) {
    if (to.wrong.has(`${row.sheet}/${row.row}`)) continue;
    const { name = "", kind = "", price = "" } = row.values;
    if (!isFirst(to, row, "name", name)) continue;
    const value = parseMoney(price, 4);
    if (value === null || value <= 0) {
      to.fault(row, "price", "amount_invalid", { max: 9_999 });
      continue;
    }
    const tariff = to.seen.tariffs.get(name);
    if (tariff !== undefined) {
      if (tariff.kind !== kind) to.fault(row, "kind", "import_price_kind", { price: name });
      else if (tariff.terms !== null && tariff.terms.kind !== "flat")
        to.fault(row, "name", "import_price_not_flat", { price: name });
      else if (tariff.terms !== null && tariff.terms.price !== priceOf(value)) {
        to.fault(row, "price", "import_price_differs", {
          price: name,
          now: seesPrices(to.actor) ? formatMoney(tariff.terms.price) : "***",
        });
      } else to.count("prices", "same");
    } else to.count("prices", "same");
    prices.set(name, { kind, price: formatMoney(value) });
  }
  return prices;
}

/** The price of a new meter: yuan for a unit, or a name of the sheet of prices; null, with the fault noted, when it is none. */
export function priceOfRow(to: Planning, row: ImportRow, kind: string, prices: NamedPrices): string | null {
  const said = row.values.price ?? "";
  if (said === "") {
    to.fault(row, "price", "import_cell_missing", { column: "price" });
    return null;
  }
  const amount = parseMoney(said, 4);
  if (amount !== null) {
    if (amount > 0) return formatMoney(amount);
    to.fault(row, "price", "amount_invalid", { max: 9_999 });
    return null;
  }
  const named = prices.get(said);
  if (named === undefined) {
    const isTariff = to.seen.tariffs.has(said);
    to.fault(row, "price", isTariff ? "import_price_not_flat" : "import_price_unknown", { price: said });
    return null;
  }
  if (named.kind === kind) return named.price;
  to.fault(row, "price", "import_price_kind", { price: said });
  return null;
}

/** Who may not look at prices does not learn them by guessing wrong. */
export function seesPrices({ permissions }: Pick<Actor, "permissions">): boolean {
  return permissions.has("price.see") || permissions.has("price.view");
}
