import { type Bytes, toHexReversed } from "../bytes.ts";
import { decimalText, digitsAt, isAbsent, type Quantity } from "../register.ts";

/** Data identifiers (DI3 DI2 DI1 DI0, high first as printed) of the items we know. */
export const di = {
  energyCombined: "00000000",
  energyTotal: "00010000",
  energyBlock: "0001FF00",
  energyRemaining: "00900100",
  energyOverdraft: "00900101",
  moneyRemaining: "00900200",
  moneyOverdraft: "00900201",
  purchaseCount: "03320201",
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

/** What a reading of the item becomes in our base units; null when the system only shows it. */
export type Reads =
  | "energyTotal"
  | "energyRemaining"
  | "energyOverdraft"
  | "purchaseCount"
  | "voltage"
  | "current"
  | "power"
  | "status3"
  | null;

/** How one value of an item is written. `text` values are shown, never calculated with. */
export type Form =
  | ({ as: "number" } & Quantity)
  | { as: "text"; bytes: number; read(bytes: Bytes, at: number): string | null };

/** One row of the table. A block holds `values` one after the other, as many as the meter has (FF where it has none). */
export type Item645 = {
  key: ItemKey;
  di: string;
  /** The identifier as DI3 DI2 DI1 DI0 in one number, for look-ups that make no string. */
  code: number;
  name: string;
  zh: string;
  clause: string;
  form: Form;
  values: readonly { name: string; zh: string }[];
  reads: Reads;
};

const ENERGY: Form = { as: "number", bytes: 4, decimals: 2, unit: "kWh", signed: false, times: 10, over: 1 };
const ENERGY_SIGNED: Form = { ...ENERGY, signed: true };
const MONEY: Form = { as: "number", bytes: 4, decimals: 2, unit: "CNY", signed: false, times: 100, over: 1 };
const VOLTAGE: Form = { as: "number", bytes: 2, decimals: 1, unit: "V", signed: false, times: 100, over: 1 };
const CURRENT: Form = { as: "number", bytes: 3, decimals: 3, unit: "A", signed: true, times: 1, over: 1 };
const POWER: Form = { as: "number", bytes: 3, decimals: 4, unit: "kW", signed: true, times: 1, over: 10 };
const FACTOR: Form = { as: "number", bytes: 2, decimals: 3, unit: "", signed: true, times: 1, over: 1 };
const FREQUENCY: Form = { as: "number", bytes: 2, decimals: 2, unit: "Hz", signed: false, times: 10, over: 1 };
const COUNT_2: Form = { as: "number", bytes: 2, decimals: 0, unit: "", signed: false, times: 1, over: 1 };
const COUNT_3: Form = { ...COUNT_2, bytes: 3 };
const NUMBER_6: Form = { as: "text", bytes: 6, read: (bytes, at) => toHexReversed(bytes.subarray(at, at + 6)) };
const WORD: Form = { as: "text", bytes: 2, read: (bytes, at) => `0x${toHexReversed(bytes.subarray(at, at + 2))}` };
const DATE_WEEK: Form = { as: "text", bytes: 4, read: (bytes, at) => clockText("20yy-mm-dd weekww", bytes, at, 4) };
const TIME: Form = { as: "text", bytes: 3, read: (bytes, at) => clockText("yy:mm:dd", bytes, at, 3) };
const MINUTE: Form = { as: "text", bytes: 5, read: (bytes, at) => clockText("20yy-mm-dd ww:xx", bytes, at, 5) };

const PHASES = ["A", "B", "C"] as const;

/** The table, 2007 edition. Clauses: A.1 energy, A.3 instantaneous, A.4 events, A.5 parameters; "filing": the later prepaid filing (备案文件). */
export const items: readonly Item645[] = [
  one(
    "energyCombined",
    "combined active energy total current",
    "组合有功总电能",
    "A.1",
    ENERGY_SIGNED,
    null,
    "combined active energy",
  ),
  one(
    "energyTotal",
    "forward active energy total current",
    "正向有功总电能",
    "A.1",
    ENERGY,
    "energyTotal",
    "forward active energy",
  ),
  {
    ...one("energyBlock", "forward active energy block current", "正向有功电能数据块", "A.1", ENERGY, null),
    values: Array.from({ length: 64 }, (_, rate) => ({ name: `#${rate}`, zh: rate === 0 ? "总" : `费率${rate}` })),
  },
  one("energyRemaining", "remaining energy", "剩余电量", "filing", ENERGY, "energyRemaining", "remaining"),
  one("energyOverdraft", "overdraft energy", "透支电量", "filing", ENERGY, "energyOverdraft", "overdraft"),
  one("moneyRemaining", "remaining money", "剩余金额", "filing", MONEY, null, "remaining"),
  one("moneyOverdraft", "overdraft money", "透支金额", "filing", MONEY, null, "overdraft"),
  one("purchaseCount", "purchase count (last 1)", "购电次数", "filing", COUNT_2, "purchaseCount", "count"),
  one("voltageA", "voltage A", "A相电压", "A.3", VOLTAGE, "voltage"),
  one("voltageB", "voltage B", "B相电压", "A.3", VOLTAGE, "voltage"),
  one("voltageC", "voltage C", "C相电压", "A.3", VOLTAGE, "voltage"),
  phases("voltageBlock", "voltage", "电压", VOLTAGE, "voltage"),
  one("currentA", "current A", "A相电流", "A.3", CURRENT, "current"),
  one("currentB", "current B", "B相电流", "A.3", CURRENT, "current"),
  one("currentC", "current C", "C相电流", "A.3", CURRENT, "current"),
  phases("currentBlock", "current", "电流", CURRENT, "current"),
  one("powerTotal", "power total", "总有功功率", "A.3", POWER, "power"),
  one("powerA", "power A", "A相有功功率", "A.3", POWER, "power"),
  one("powerB", "power B", "B相有功功率", "A.3", POWER, "power"),
  one("powerC", "power C", "C相有功功率", "A.3", POWER, "power"),
  phases("powerBlock", "power", "有功功率", POWER, "power", { name: "power total", zh: "总有功功率" }),
  one("powerFactorTotal", "power factor total", "总功率因数", "A.3", FACTOR, null),
  one("frequency", "frequency", "电网频率", "A.3", FREQUENCY, null),
  one("statusWord3", "status word 3", "电表运行状态字3", "A.5, appendix C", WORD, "status3", "status"),
  {
    ...one("statusWords", "status words", "电表运行状态字数据块", "A.5, appendix C", WORD, null),
    values: Array.from({ length: 7 }, (_, i) => ({ name: `status ${i + 1}`, zh: `运行状态字${i + 1}` })),
  },
  one("dateWeek", "date+weekday", "日期及星期", "A.5", DATE_WEEK, null, "date"),
  one("time", "time", "时间", "A.5", TIME, null),
  one("address", "communication address", "通信地址", "A.5", NUMBER_6, null, "address"),
  one("meterNumber", "meter number", "表号", "A.5", NUMBER_6, null, "meterNo"),
  one("freezeTime", "daily freeze time (last 1)", "上1次日冻结时间", "A.6", MINUTE, null, "frozenAt"),
  one("coverOpenCount", "meter-cover-open total count", "开表盖总次数", "A.4", COUNT_3, null, "count"),
  one("tripCount", "relay trip count", "跳闸次数", "filing", COUNT_3, null, "count"),
  one("closeCount", "relay close count", "合闸次数", "filing", COUNT_3, null, "count"),
];

const byCode = new Map(items.map((item) => [item.code, item]));
const byDi = new Map(items.map((item) => [item.di, item]));

/** The item of an identifier as printed (upper case); undefined when the table does not know it. */
export function itemOf(di: string): Item645 | undefined {
  return byDi.get(di);
}

/** The item whose identifier stands in the data at `at`; undefined when the table does not know it. */
export function itemAt(data: Bytes, at: number): Item645 | undefined {
  return byCode.get(diCode(data, at));
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
  return data.length < 4 ? null : toHexReversed(data.subarray(0, 4)).toUpperCase();
}

/** How many values the rest of the data holds; 0 when its length does not fit the item, so that nothing is guessed. */
export function valueCount(item: Item645, data: Bytes, at: number): number {
  const count = (data.length - at) / item.form.bytes;
  return Number.isInteger(count) && count <= item.values.length ? count : 0;
}

/** The values from `at` on as people read them; null stands for an absent phase. Null for all when one is unreadable. */
export function itemValues(
  item: Item645,
  data: Bytes,
  at: number,
): (Omit<ItemValue, "value"> & { value: string | null })[] | null {
  const { form } = item;
  const values = [];
  for (let i = 0, count = valueCount(item, data, at); i < count; i++) {
    const position = at + i * form.bytes;
    const name = item.values[i]!.name;
    if (form.as === "text") {
      const value = form.read(data, position);
      if (value === null) return null;
      values.push({ name, value, unit: "" });
    } else {
      const digits = digitsAt(data, position, form);
      const absent = Number.isNaN(digits) && isAbsent(data, position, form.bytes);
      if (Number.isNaN(digits) && !absent) return null;
      values.push({ name, value: absent ? null : decimalText(digits, form.decimals), unit: form.unit });
    }
  }
  return values.length === 0 ? null : values;
}

function one(key: ItemKey, name: string, zh: string, clause: string, form: Form, reads: Reads, value = name): Item645 {
  return {
    key,
    di: di[key],
    code: Number.parseInt(di[key], 16),
    name,
    zh,
    clause,
    form,
    values: [{ name: value, zh }],
    reads,
  };
}

function phases(
  key: ItemKey,
  name: string,
  zh: string,
  form: Form,
  reads: Reads,
  total?: { name: string; zh: string },
): Item645 {
  const each = PHASES.map((phase) => ({ name: `${name} ${phase}`, zh: `${phase}相${zh}` }));
  const block = one(key, `${name} block`, `${zh}数据块`, "A.3", form, reads);
  return { ...block, values: total === undefined ? each : [total, ...each] };
}

/** The four bytes of an identifier as one number, for look-ups without making a string. */
function diCode(data: Bytes, at: number): number {
  return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
}

/** Puts pairs of digits, high byte first, into the places yy, mm, dd, ww, xx of a pattern; null when one is no digit. */
function clockText(pattern: string, bytes: Bytes, at: number, length: number): string | null {
  const digits = toHexReversed(bytes.subarray(at, at + length));
  if (/[a-f]/.test(digits)) return null;
  const places = ["yy", "mm", "dd", "ww", "xx"];
  return places
    .slice(0, length)
    .reduce((text, place, i) => text.replace(place, digits.slice(2 * i, 2 * i + 2)), pattern);
}
