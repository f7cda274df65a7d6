import { formatMoney, parseMoney, price as priceOf } from "#base/units.ts";
import type { ImportRow } from "#domain/import-fault.ts";
import { isFirst, type Planning } from "./import-planning.ts";

/** Prices that rows may name: what a unit costs, and of which kind of meter. */
export type NamedPrices = ReadonlyMap<string, { kind: string; price: string }>;

/**
 * The prices that a file names. It makes and changes none: a tariff of the same name must say the same, anything else is asked for on the page of
 * prices, where a second person looks at it.
 */
export function planPrices(to: Planning, rows: readonly ImportRow[]): NamedPrices {
  const prices = new Map<string, { kind: string; price: string }>();
  const seesPrices = to.actor.permissions.has("price.see") || to.actor.permissions.has("price.view");
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
          now: seesPrices ? formatMoney(tariff.terms.price) : "***",
        });
      } else to.count("prices", "same");
    } else to.count("prices", "same");
    prices.set(name, { kind, price: formatMoney(value) });
  }
  return prices;
}
