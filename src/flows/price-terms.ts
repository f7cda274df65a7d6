import { AppError } from "#base/errors.ts";
import { formatMoney, type Price, parseMoney, price } from "#base/units.ts";
import type { TermsOnWire } from "#contract/prices.ts";
import { type Rate, rates, type Season, type TariffTerms } from "#domain/tariff.ts";
import { faultOf, PRICE_MAX_E4, TIERS_MAX } from "#domain/tariff-check.ts";

/** Terms as somebody entered them, or the refusal that says what is wrong with them and where. */
export function readTerms(wire: TermsOnWire): TariffTerms {
  const read = termsFrom(wire);
  const fault = faultOf(read);
  if (fault === null) return read;
  const max = fault.code === "tiers_missing" ? TIERS_MAX : PRICE_MAX_E4 / 10_000;
  throw new AppError(fault.code, { where: fault.code === "price_out_of_range" ? at(fault.where) : fault.where, max });
}

/** A price as somebody entered it: yuan with at most four places. */
export function readPrice(text: string, where = ""): Price {
  const value = parseMoney(text, 4);
  if (value === null || value <= 0 || value > PRICE_MAX_E4) {
    throw new AppError("price_out_of_range", { where: at(where), max: PRICE_MAX_E4 / 10_000 });
  }
  return price(value);
}

function at(where: string): string {
  return where === "" ? "" : `(${where})`;
}

function termsFrom(wire: TermsOnWire): TariffTerms {
  switch (wire.kind) {
    case "flat":
      return { kind: "flat", price: readPrice(wire.price) };
    case "tiered": {
      const tiers = wire.tiers.map((tier, i) => ({ fromWh: tier.fromWh, price: readPrice(tier.price, String(i + 1)) }));
      return { kind: "tiered", per: wire.per, tiers };
    }
    case "tou":
      return {
        kind: "tou",
        seasons: wire.seasons.map(({ name, from, to, prices, days }): Season => {
          const read: Partial<Record<Rate, Price>> = {};
          for (const rate of rates) {
            const text = prices[rate];
            if (text !== undefined) read[rate] = readPrice(text, name);
          }
          const { workday, weekend, holiday } = days;
          const own = { ...(weekend ? { weekend } : {}), ...(holiday ? { holiday } : {}) };
          return { name, from, to, prices: read, days: { workday, ...own } };
        }),
      };
  }
}

/** Terms as they cross the wire. */
export function writeTerms(terms: TariffTerms): TermsOnWire {
  switch (terms.kind) {
    case "flat":
      return { kind: "flat", price: formatMoney(terms.price) };
    case "tiered":
      return {
        kind: "tiered",
        per: terms.per,
        tiers: terms.tiers.map((tier) => ({ fromWh: tier.fromWh, price: formatMoney(tier.price) })),
      };
    case "tou":
      return {
        kind: "tou",
        seasons: terms.seasons.map((season) => ({
          name: season.name,
          from: season.from,
          to: season.to,
          prices: Object.fromEntries(Object.entries(season.prices).map(([rate, each]) => [rate, formatMoney(each)])),
          days: {
            workday: [...season.days.workday],
            ...(season.days.weekend ? { weekend: [...season.days.weekend] } : {}),
            ...(season.days.holiday ? { holiday: [...season.days.holiday] } : {}),
          },
        })),
      };
  }
}
