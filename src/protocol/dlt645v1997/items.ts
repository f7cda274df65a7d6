import { type Bytes, printedAt } from "../bytes.ts";
import { decimalText, digitsAt, isAbsent } from "../register.ts";
import type { Item97, Items97, Row97 } from "./item.ts";
import { parameterRows97 } from "./items-parameters.ts";
import { registerRows97 } from "./items-registers.ts";

/** The standard's rows. Layouts of A.1–A.5 as real 1997 meters send them. */
export const standardRows97: readonly Row97[] = [...registerRows97(), ...parameterRows97];

/** The rows as a table; a later row takes the place of an earlier one with its identifier. */
export function itemTable97(rows: readonly Row97[]): Items97 {
  const items = rows.map((row) => ({ ...row, code: Number.parseInt(row.di, 16) }));
  const printed = new Map(items.map((item) => [item.di, item]));
  const numbered = new Map(items.map((item) => [item.code, item]));
  return {
    get: (di) => printed.get(di),
    at: (data) => (data.length < 2 ? undefined : numbered.get(data[0]! | (data[1]! << 8))),
  };
}

/** The standard's table. */
export const items97: Items97 = itemTable97(standardRows97);

/** Closes a block, or parts of one, in the answers of some meters. */
const SEPARATOR = 0xaa;

/** The identifier at the beginning of the data, as printed; null when the data is too short for one. */
export function diFromWire97(data: Bytes): string | null {
  return data.length < 2 ? null : printedAt(data, 0, 2);
}

/** The identifier on the wire: DI0 first. */
export function diToWire97(di: string): Bytes {
  const code = Number.parseInt(di, 16);
  return Uint8Array.of(code, code >> 8);
}

/** Hides or shows data bytes: BBH − x is its own inverse. */
export function masked97(data: Bytes): Bytes {
  return data.map((byte) => 0xbb - byte);
}

/** How many of its fields the data holds from `from` on; 0 when its length fits no number of whole fields. */
export function fieldCount97(item: Item97, data: Bytes, from: number): number {
  const { fields, block } = item;
  let at = from;
  for (let count = 0; count < fields.length; count++) {
    if (block && restEnds(data, at)) return count;
    at += fields[count]!.bytes;
    if (at > data.length) return 0;
  }
  return at === data.length || (block && restEnds(data, at)) ? fields.length : 0;
}

/** Whether a block ends here: the data does, or all that is left of it is the separator. */
function restEnds(data: Bytes, at: number): boolean {
  return at === data.length || (at === data.length - 1 && data[at] === SEPARATOR);
}

/** The values of an answer as people read them (null: no such phase). Null for all when one is unreadable. */
export function itemValues97(
  item: Item97,
  payload: Bytes,
): { name: string; value: string | null; unit: string }[] | null {
  const plain = item.masked ? masked97(payload) : payload;
  const values = [];
  let next = 0;
  for (const field of item.fields.slice(0, fieldCount97(item, plain, 0))) {
    const at = next;
    next += field.bytes;
    if (field.as === "text") {
      const value = field.read(plain.subarray(at, at + field.bytes));
      if (value === null) return null;
      values.push({ name: field.name, value, unit: "" });
      continue;
    }
    const digits = digitsAt(plain, at, field);
    const absent = Number.isNaN(digits) && isAbsent(plain, at, field.bytes);
    if (Number.isNaN(digits) && !absent) return null;
    values.push({
      name: field.name,
      value: absent ? null : decimalText(digits * (field.step ?? 1), field.decimals),
      unit: field.unit,
    });
  }
  return values.length === 0 ? null : values;
}
