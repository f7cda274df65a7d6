import { type Bytes, printedAt } from "../bytes.ts";
import { decimalText, digitsAt, isAbsent, putDigits } from "../register.ts";
import type { Form } from "./forms.ts";
import { type Item645, type ItemParts, layoutOf, type Reads645 } from "./item.ts";
import { eventItem } from "./items-events.ts";
import { filingItem } from "./items-filing.ts";
import { freezeItem } from "./items-freeze.ts";
import { parameterItem } from "./items-parameters.ts";
import { demandItem, energyItem, variableItem } from "./items-registers.ts";

/** Data identifiers (DI3 DI2 DI1 DI0, high first as printed) that the system asks for by name. */
export const di = {
  energyCombined: "00000000",
  energyTotal: "00010000",
  energyBlock: "0001FF00",
  energyRemaining: "00900100",
  energyOverdraft: "00900101",
  moneyRemaining: "00900200",
  moneyOverdraft: "00900201",
  purchaseCount: "03320201",
  energyBefore: "03320401",
  voltageA: "02010100",
  voltageB: "02010200",
  voltageC: "02010300",
  voltageBlock: "0201FF00",
  currentA: "02020100",
  currentB: "02020200",
  currentC: "02020300",
  currentBlock: "0202FF00",
  powerTotal: "02030000",
  powerA: "02030100",
  powerB: "02030200",
  powerC: "02030300",
  powerBlock: "0203FF00",
  powerFactorTotal: "02060000",
  frequency: "02800002",
  statusWord3: "04000503",
  statusWords: "040005FF",
  dateWeek: "04000101",
  time: "04000102",
  address: "04000401",
  meterNumber: "04000402",
  freezeTime: "05060001",
  coverOpenCount: "03300D00",
  tripCount: "1D000001",
  closeCount: "1E000001",
} as const;

/** The name of an item in our code. */
export type ItemKey = keyof typeof di;

/** One value of an answer as people read it: a decimal string in the unit of the standard. */
export type ItemValue = { name: string; value: string; unit: string };

/**
 * A value with its place in the data (`at`, `bytes`) and its Chinese name; null where the meter has none (all FFH: an
 * absent phase, an empty record).
 */
export type PlacedValue = Omit<ItemValue, "value"> & { value: string | null; zh: string; at: number; bytes: number };

/** What the readings of the items we calculate with become. */
const READS: Readonly<Record<string, Reads645>> = {
  [di.energyTotal]: "energyTotal",
  [di.energyRemaining]: "energyRemaining",
  [di.energyOverdraft]: "energyOverdraft",
  [di.purchaseCount]: "purchaseCount",
  [di.energyBefore]: "energyBefore",
  [di.voltageA]: "voltage",
  [di.voltageB]: "voltage",
  [di.voltageC]: "voltage",
  [di.voltageBlock]: "voltage",
  [di.currentA]: "current",
  [di.currentB]: "current",
  [di.currentC]: "current",
  [di.currentBlock]: "current",
  [di.powerTotal]: "power",
  [di.powerA]: "power",
  [di.powerB]: "power",
  [di.powerC]: "power",
  [di.powerBlock]: "power",
  [di.statusWord3]: "status3",
};

/** What the first byte of an identifier (DI3) says about data that the tables do not know more of. */
const CLASSES: Readonly<Record<number, { name: string; zh: string }>> = {
  0: { name: "energy", zh: "电能量" },
  1: { name: "maximum demand", zh: "最大需量及发生时间" },
  2: { name: "variable", zh: "变量" },
  3: { name: "event record", zh: "事件记录" },
  4: { name: "parameter", zh: "参变量" },
  5: { name: "freeze", zh: "冻结数据" },
  6: { name: "load record", zh: "负荷记录" },
  7: { name: "security", zh: "安全认证" },
};

/** The items above, ready made, by number and by text: looking them up makes nothing. */
const byCode = new Map<number, Item645>();
const byText = new Map<string, Item645>();
for (const each of Object.values(di)) {
  const item = built(Number.parseInt(each, 16));
  if (item === undefined) continue;
  byCode.set(item.code, item);
  byText.set(item.di, item);
}

/** The items that the system asks for by name, as the tables have them. */
export const items: readonly Item645[] = [...byCode.values()];

/**
 * Other items, kept once the tables have built them: a site asks for the same few dozen. Limited, because the tables
 * know some ten thousand and a stranger may ask for all of them.
 */
const lately = new Map<number, Item645>();
const LATELY_MAX = 512;

/** The item of an identifier as printed; undefined when the tables do not know it. */
export function itemOf(di: string): Item645 | undefined {
  const named = byText.get(di);
  if (named !== undefined) return named;
  return /^[0-9A-Fa-f]{8}$/.test(di) ? itemWith(Number.parseInt(di, 16)) : undefined;
}

/** The item whose identifier stands in the data at `at`; undefined when the tables do not know it. */
export function itemAt(data: Bytes, at: number): Item645 | undefined {
  return itemWith(diCode(data, at));
}

function itemWith(code: number): Item645 | undefined {
  const known = byCode.get(code) ?? lately.get(code);
  if (known !== undefined) return known;
  const item = built(code);
  if (item === undefined) return undefined;
  if (lately.size >= LATELY_MAX) lately.clear();
  lately.set(code, item);
  return item;
}

/** The class of an identifier by its first byte, known or not. */
export function classOf(di: string): { name: string; zh: string } {
  const di3 = Number.parseInt(di.slice(0, 2), 16);
  if (di3 >= 0x10 && di3 <= 0x36) return { name: "event record of the filing", zh: "事件记录(备案文件)" };
  return CLASSES[di3] ?? { name: "unknown", zh: "未知或厂家自定义" };
}

/** The identifier on the wire: DI0 first. */
export function diToWire(di: string): Bytes {
  const wire = new Uint8Array(4);
  putDi(wire, Number.parseInt(di, 16));
  return wire;
}

/** Writes an identifier, given as one number, at the beginning of the data. */
export function putDi(data: Bytes, code: number): void {
  data[0] = code;
  data[1] = code >>> 8;
  data[2] = code >>> 16;
  data[3] = code >>> 24;
}

/** The identifier at the beginning of the data, as printed (upper case); null when the data is too short for one. */
export function diFromWire(data: Bytes): string | null {
  return data.length < 4 ? null : printedAt(data, 0, 4);
}

/** How many values the rest of the data holds; 0 when its length does not fit the item, so that nothing is guessed. */
export function valueCount(item: Item645, data: Bytes, at: number): number {
  return layoutOf(item, data.length - at)?.fields ?? 0;
}

/** The values from `at` on as people read them. Null for all when the length does not fit or one is unreadable. */
export function itemValues(item: Item645, data: Bytes, at: number): PlacedValue[] | null {
  const found = layoutOf(item, data.length - at);
  if (found === null) return null;
  const values: PlacedValue[] = [];
  let position = at;
  for (const { name, zh, form } of found.layout.fields.slice(0, found.fields)) {
    const value = valueText(form, data, position);
    if (value === undefined) return null;
    const unit = form.as === "number" ? form.unit : "";
    values.push({ name, zh, value, unit, at: position, bytes: form.bytes });
    position += form.bytes;
  }
  return values;
}

/**
 * The data of an item from its values as people write them (null: the meter has none, FF bytes); the other direction of
 * {@link itemValues}. Null when they do not fit the item.
 */
export function itemData(item: Item645, values: readonly (string | null)[]): Bytes | null {
  for (const { fields, groupFields, groupsMin, groupsMax } of item.layouts) {
    const groups = values.length / groupFields;
    if (!Number.isInteger(groups) || groups < groupsMin || groups > groupsMax) continue;
    const forms = fields.slice(0, values.length).map((field) => field.form);
    const data = new Uint8Array(forms.reduce((sum, form) => sum + form.bytes, 0));
    let at = 0;
    const fits = forms.every((form, i) => {
      at += form.bytes;
      return putText(form, data, at - form.bytes, values[i] ?? null);
    });
    if (fits) return data;
  }
  return null;
}

/** One value as text, null when it is absent, undefined when the bytes are no such value. */
function valueText(form: Form, data: Bytes, at: number): string | null | undefined {
  if (form.as === "text") {
    const value = form.read(data, at);
    if (value !== null) return value;
  } else {
    const digits = digitsAt(data, at, form);
    if (!Number.isNaN(digits)) return decimalText(digits, form.decimals);
  }
  return isAbsent(data, at, form.bytes) ? null : undefined;
}

function putText(form: Form, data: Bytes, at: number, value: string | null): boolean {
  if (value === null) {
    data.fill(0xff, at, at + form.bytes);
    return true;
  }
  if (form.as === "text") {
    const bytes = form.write(value);
    if (bytes !== null) data.set(bytes, at);
    return bytes !== null;
  }
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d{1,14})(?:\.(\d{1,8}))?$/.exec(value) ?? [];
  if (whole === "" || fraction.length > form.decimals) return false;
  const digits = Number(whole + fraction.padEnd(form.decimals, "0"));
  const top = form.signed ? 8 : 10;
  if (digits >= top * 10 ** (2 * form.bytes - 1) || (sign === "-" && !form.signed)) return false;
  putDigits(data, at, form, sign === "-" ? -digits : digits);
  return true;
}

function built(code: number): Item645 | undefined {
  const parts = partsOf(code);
  if (parts === undefined) return undefined;
  const printed = code.toString(16).padStart(8, "0").toUpperCase();
  return { ...parts, di: printed, code, reads: READS[printed] ?? null };
}

function partsOf(code: number): ItemParts | undefined {
  const di3 = code >>> 24;
  const di2 = (code >>> 16) & 0xff;
  const di1 = (code >>> 8) & 0xff;
  const di0 = code & 0xff;
  switch (di3) {
    case 0x00:
      return energyItem(di2, di1, di0);
    case 0x01:
      return demandItem(di2, di1, di0);
    case 0x02:
      return variableItem(di2, di1, di0);
    case 0x03:
      return eventItem(di2, di1, di0);
    case 0x04:
      return parameterItem(di2, di1, di0);
    case 0x05:
      return freezeItem(di2, di1, di0);
    default:
      return filingItem(di3, di2, di1, di0);
  }
}

/** The four bytes of an identifier as one number, for look-ups without making a string. */
function diCode(data: Bytes, at: number): number {
  return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
}
