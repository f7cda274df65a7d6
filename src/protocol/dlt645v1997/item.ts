import type { Bytes } from "../bytes.ts";
import type { Quantity } from "../register.ts";

/** What a reading of an item becomes in our base units; null when the system only shows it. */
export type Reads97 =
  | "energyTotal"
  | "energyByTariff"
  | "energyRemaining"
  | "purchase"
  | "counters"
  | "voltage"
  | "current"
  | "power"
  | "status"
  | "loadLimit"
  | "loadRange"
  | null;

/** One value inside an item. `text` is shown, never calculated with; `step` is what one digit stands for on a display. */
export type Field97 = { name: string; zh: string } & (
  | ({ as: "number"; step?: number } & Quantity)
  | { as: "text"; bytes: number; read(bytes: Bytes): string | null }
);

/** One row: the values that stand behind the identifier, in order. */
export type Row97 = {
  /** DI1 DI0 as printed: four hex digits, high first, upper case. */
  di: string;
  name: string;
  zh: string;
  clause: string;
  fields: readonly Field97[];
  /** A block may end after any value (the meter has fewer tariffs or phases) and may close with the separator AAH. */
  block: boolean;
  /** Every data byte travels as BBH − x: one maker's way to keep purchases from being read on the line. */
  masked: boolean;
  reads: Reads97;
};

/** A row in its table; `code` is the identifier as one number. */
export type Item97 = Row97 & { code: number };

/** A table of items. Makers' tables are the standard one plus their own rows. */
export type Items97 = {
  /** By identifier as printed. */
  get(di: string): Item97 | undefined;
  /** The item whose identifier begins the data, found without making a text of it. */
  at(data: Bytes): Item97 | undefined;
};

/** What the written numbers of 1997 have in common: no sign, and the base unit is what is shown. */
export const NUMBER_97 = { as: "number", signed: false, times: 1, over: 1 } as const;
/** XXXXXX.XX kWh; base unit Wh. */
export const ENERGY_97 = { ...NUMBER_97, bytes: 4, decimals: 2, unit: "kWh", times: 10 } as const;
/** A count of four digits. */
export const COUNT_97 = { ...NUMBER_97, bytes: 2, decimals: 0, unit: "" } as const;
