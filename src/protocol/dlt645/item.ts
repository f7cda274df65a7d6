import type { Form } from "./forms.ts";

/** One value of an item: its name in tools (en, as in the frame vectors), for people (zh), and how it is written. */
export type Field = { name: string; zh: string; form: Form };

/**
 * How the data behind an identifier divides into values: groups of fields, all of them or as many as the meter has
 * (a block ends with the last tariff that is set up). Data of any other length is not of this layout.
 */
export type Layout = {
  fields: readonly Field[];
  /** Fields and bytes of one group; the groups of one layout are equally long. */
  groupFields: number;
  groupBytes: number;
  groupsMin: number;
  groupsMax: number;
};

/** What a reading of the item becomes in our base units; null when the system only shows it. */
export type Reads645 =
  | "energyTotal"
  | "energyRemaining"
  | "energyOverdraft"
  /** What was left before the last change of credit. */
  | "energyBefore"
  | "purchaseCount"
  | "voltage"
  | "current"
  | "power"
  | "status3"
  | null;

/** One data identifier with everything that is known about it. */
export type Item645 = {
  /** DI3 DI2 DI1 DI0 as printed, upper case. */
  di: string;
  /** The same as one number, for look-ups that make no string. */
  code: number;
  name: string;
  zh: string;
  /** Table of appendix A of DL/T 645-2007, "filing" for the later prepaid filing (备案文件) as firmware has it, or "JC1" for our own. */
  clause: string;
  /** Usually one; a few items come in a short and a long form. */
  layouts: readonly [Layout, ...Layout[]];
  reads: Reads645;
};

/** An item before its identifier is known. */
export type ItemParts = Omit<Item645, "di" | "code" | "reads">;

/** Tariffs of one register at most (A.5: 费率数 k ≤ 63), and the total. */
export const RATES_MAX = 63;
/** Settlement days that a meter remembers (A.1). */
export const SETTLEMENTS_MAX = 12;

/** Fields that stand one after the other, all of them. */
export function record(fields: readonly Field[]): Layout {
  return { fields, groupFields: fields.length, groupBytes: bytesOf(fields), groupsMin: 1, groupsMax: 1 };
}

/** Groups of equal shape, at least one of them. `group(n)` says the fields of the n-th, counted from 0. */
export function block(groups: number, group: (n: number) => readonly Field[]): Layout {
  const fields = Array.from({ length: groups }, (_, n) => group(n)).flat();
  const groupFields = fields.length / groups;
  const groupBytes = bytesOf(fields.slice(0, groupFields));
  return { fields, groupFields, groupBytes, groupsMin: 1, groupsMax: groups };
}

/** One value. */
export function single(name: string, zh: string, form: Form): Layout {
  return record([{ name, zh, form }]);
}

/** An item of one value; `value` is its name in tools where that differs. */
export function oneValue(name: string, zh: string, clause: string, form: Form, value = name): ItemParts {
  return { name, zh, clause, layouts: [single(value, zh, form)] };
}

/** Total and tariffs in one form: the block that most registers can be read as. */
export function rates(form: Form): Layout {
  return block(RATES_MAX + 1, (rate) => [{ name: `#${rate}`, zh: rateZh(rate), form }]);
}

/** 总 or the number of the tariff. */
export function rateZh(rate: number): string {
  return rate === 0 ? "总" : `费率${rate}`;
}

/** The layout that data of so many bytes has, and how many of its fields that are; null when the length fits none. */
export function layoutOf(item: Item645, bytes: number): { layout: Layout; fields: number } | null {
  for (const layout of item.layouts) {
    const groups = bytes / layout.groupBytes;
    if (Number.isInteger(groups) && groups >= layout.groupsMin && groups <= layout.groupsMax) {
      return { layout, fields: groups * layout.groupFields };
    }
  }
  return null;
}

/** How many bytes the fields take. */
export function bytesOf(fields: readonly Field[]): number {
  return fields.reduce((sum, field) => sum + field.form.bytes, 0);
}
