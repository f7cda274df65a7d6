import { z } from "zod";
import { rates, tierPeriods } from "#domain/tariff.ts";

const yuan = z.string().max(20);
const at = z.number().int();
const id = z.number().int().positive();

const period = z.object({ fromMinute: z.number().int(), toMinute: z.number().int(), rate: z.enum(rates) });
const season = z.object({
  name: z.string().trim().min(1).max(20),
  /** First and last day, `"MM-DD"`. */
  from: z.string().max(5),
  to: z.string().max(5),
  /** Yuan per unit for each rate that is used. */
  prices: z.partialRecord(z.enum(rates), yuan),
  /** Kinds of days without periods of their own are priced like workdays. */
  days: z.object({
    workday: z.array(period).max(48),
    weekend: z.array(period).max(48).optional(),
    holiday: z.array(period).max(48).optional(),
  }),
});
/** Terms of a tariff as they cross the wire: prices as yuan text, limits of steps in Wh or litres. */
export const terms = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("flat"), price: yuan }),
  z.object({ kind: z.literal("tou"), seasons: z.array(season).max(12) }),
  z.object({
    kind: z.literal("tiered"),
    per: z.enum(tierPeriods),
    tiers: z.array(z.object({ fromWh: z.number().int(), price: yuan })).max(20),
  }),
]);
export type TermsOnWire = z.infer<typeof terms>;
export type PeriodOnWire = z.infer<typeof period>;

/** Which meters a change is about: single ones, or all of an area (with all below it), of one kind when given. */
export const selection = z.object({
  meterIds: z.array(id).max(10_000).optional(),
  areaId: id.optional(),
  kind: z.enum(["electricity", "water"]).optional(),
});
export type Selection = z.infer<typeof selection>;

/** What a change does: new terms of a tariff, or another price for some meters (a tariff, or a flat price of their own). */
export const changeContent = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("version"), tariffId: id, seenRev: z.number().int(), terms }),
  z.object({ kind: z.literal("assignment"), meters: selection, tariffId: id.nullable(), price: yuan.nullable() }),
]);
export type ChangeContent = z.infer<typeof changeContent>;

/** POST /api/price-changes: asks for it; somebody else approves. `from` is when it takes effect. */
export const changeRequest = z.object({
  key: z.string().regex(/^[\w-]{8,64}$/),
  what: changeContent,
  from: at,
  reason: z.string().trim().min(1).max(200),
});
export type ChangeRequest = z.infer<typeof changeRequest>;

export const changeStates = ["requested", "approved", "rejected", "withdrawn", "revoked"] as const;
/** A change of prices (调价单). `meters` counts those that it is about, as far as the caller may see them. */
export const priceChange = z.object({
  id: z.string(),
  kind: z.enum(["version", "assignment"]),
  tariffId: id.nullable(),
  tariffName: z.string().nullable(),
  /** New terms, or null for a tariff that was approved before. */
  terms: terms.nullable(),
  from: at,
  state: z.enum(changeStates),
  reason: z.string(),
  madeBy: z.string(),
  madeAt: at,
  decidedBy: z.string().nullable(),
  decidedAt: at.nullable(),
  meters: z.number().int(),
  approvalId: z.string().nullable(),
  /** Approved and not in effect yet: it may still be taken back. */
  revocable: z.boolean(),
});
export type PriceChange = z.infer<typeof priceChange>;
export const priceChanges = z.object({ items: z.array(priceChange), more: z.boolean() });
export const changesQuery = z.object({
  before: z.string().max(24).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});

/** A tariff with its approved versions in the order of time; the one in force now is the last that began. */
export const tariff = z.object({
  id,
  name: z.string(),
  kind: z.enum(["electricity", "water"]),
  note: z.string(),
  rev: z.number().int(),
  /** Meters that are charged by it now, as far as the caller may see them. */
  meters: z.number().int(),
  versions: z.array(z.object({ id: z.string(), from: at, terms, approvedBy: z.string(), approvedAt: at })),
});
export type Tariff = z.infer<typeof tariff>;
/** GET /api/tariffs. `areas` is what assignments may choose from: areas of the scope with their depth. */
export const tariffs = z.object({
  asOf: at,
  items: z.array(tariff),
  areas: z.array(z.object({ id, name: z.string(), depth: z.number().int(), meters: z.number().int() })),
});
export type Tariffs = z.infer<typeof tariffs>;

/** POST /api/tariffs: a name without a price; prices are asked for by a change. */
export const tariffRequest = z.object({
  name: z.string().trim().min(1).max(50),
  kind: z.enum(["electricity", "water"]),
  note: z.string().trim().max(200).default(""),
});
export type TariffRequest = z.infer<typeof tariffRequest>;

/** GET /api/prices/meters?areaId=…&kind=…&search=…&change=…&after=…: meters with the price that holds now; of one change, if given. */
export const pricedMetersQuery = z.object({
  areaId: z.coerce.number().int().positive().optional(),
  kind: z.enum(["electricity", "water"]).optional(),
  search: z.string().trim().max(64).default(""),
  change: z.string().max(24).optional(),
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const pricedMeter = z.object({
  meterId: id,
  number: z.string(),
  label: z.string(),
  areaName: z.string(),
  kind: z.enum(["electricity", "water"]),
  creditAt: z.enum(["meter", "server"]).nullable(),
  price: yuan,
  tariffName: z.string().nullable(),
  termsKind: z.enum(["flat", "tou", "tiered"]),
  /** Since when; 0: since it was taken into use. */
  since: at,
  /** When it changes next; null: no change is approved. */
  nextAt: at.nullable(),
});
export type PricedMeter = z.infer<typeof pricedMeter>;
export const pricedMeters = z.object({ items: z.array(pricedMeter), more: z.boolean(), total: z.number().int() });

/** GET /api/meters/:id/prices: the prices of one meter, oldest first, approved ones to come included. */
export const meterPrices = z.object({
  asOf: at,
  items: z.array(
    z.object({
      from: at,
      tariffName: z.string().nullable(),
      terms,
      approvedBy: z.string(),
      current: z.boolean(),
    }),
  ),
});
export type MeterPrices = z.infer<typeof meterPrices>;

/** POST /api/price-changes/what-if: what a past month would have cost each meter under new prices. */
export const whatIfRequest = z.object({
  what: changeContent,
  month: z.string().regex(/^\d{4}-\d{2}$/),
  after: z.number().int().min(0).default(0),
});
export type WhatIfRequest = z.infer<typeof whatIfRequest>;
export const whatIfLine = z.object({
  meterId: id,
  label: z.string(),
  number: z.string(),
  /** Null: the month has fewer than two good readings. */
  usageWh: z.number().int().nullable(),
  was: yuan.nullable(),
  would: yuan.nullable(),
  difference: yuan.nullable(),
  /** Some of it was split by time between readings. */
  estimated: z.boolean(),
});
export type WhatIfLine = z.infer<typeof whatIfLine>;
export const whatIf = z.object({
  items: z.array(whatIfLine),
  total: z.number().int(),
  next: z.number().int().nullable(),
});
export type WhatIf = z.infer<typeof whatIf>;
