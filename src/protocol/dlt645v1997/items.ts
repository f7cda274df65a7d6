import { type Bytes, printedAt, toHexReversed } from "../bytes.ts";
import { decimalText, digitsAt, isAbsent, type Quantity } from "../register.ts";

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

const NUMBER = { as: "number", signed: false, times: 1, over: 1 } as const;
/** XXXXXX.XX kWh; base unit Wh. */
export const ENERGY_97 = { ...NUMBER, bytes: 4, decimals: 2, unit: "kWh", times: 10 } as const;
/** A count of four digits. */
export const COUNT_97 = { ...NUMBER, bytes: 2, decimals: 0, unit: "" } as const;

const REACTIVE = { ...ENERGY_97, unit: "kvarh" } as const;
const DEMAND = { ...NUMBER, bytes: 3, decimals: 4, unit: "kW", over: 10 } as const;
const DEMAND_REACTIVE = { ...DEMAND, unit: "kvar" } as const;
const VOLTAGE = { ...NUMBER, bytes: 2, decimals: 0, unit: "V", times: 1000 } as const;
const CURRENT = { ...NUMBER, bytes: 2, decimals: 2, unit: "A", times: 10 } as const;
const POWER = { ...NUMBER, bytes: 3, decimals: 4, unit: "kW", over: 10 } as const;
const POWER_REACTIVE = { ...NUMBER, bytes: 2, decimals: 2, unit: "kvar", times: 10 } as const;
const FACTOR = { ...NUMBER, bytes: 2, decimals: 3, unit: "" } as const;
const CONSTANT = { ...NUMBER, bytes: 3, decimals: 0, unit: "imp/kWh" } as const;

type Shape = { as: "number" } & Quantity;

/** Hex digits, high byte first, put into the places of a pattern: `%` takes one byte. Null when a nibble is no digit. */
function clockText(pattern: string): (bytes: Bytes) => string | null {
  return (bytes) => {
    const pairs = toHexReversed(bytes).match(/../g) ?? [];
    return pairs.some((pair) => /[a-f]/.test(pair))
      ? null
      : pairs.reduce((text, pair) => text.replace("%", pair), pattern);
  };
}

function text(name: string, zh: string, bytes: number, read: (bytes: Bytes) => string | null): Field97 {
  return { as: "text", name, zh, bytes, read };
}

function byteText(bytes: Bytes): string {
  return `0x${toHexReversed(bytes)}`;
}

/** A row with one value. */
function one(di: string, name: string, zh: string, clause: string, shape: Shape, reads: Reads97 = null): Row97 {
  return { di, name, zh, clause, fields: [{ name: "value", zh, ...shape }], block: false, masked: false, reads };
}

function written(di: string, name: string, zh: string, field: Field97): Row97 {
  return { di, name, zh, clause: "A.5", fields: [field], block: false, masked: false, reads: null };
}

/** Total (0), fourteen tariffs (1 … E) and the block (F) of one register: DI0 = direction, then the tariff digit. */
function withTariffs(
  high: string,
  direction: string,
  name: string,
  zh: string,
  clause: string,
  shape: Shape | "time",
): Row97[] {
  const fieldOf = (label: string, zhLabel: string): Field97 =>
    shape === "time" ? text(label, zhLabel, 4, clockText("%-% %:%")) : { name: label, zh: zhLabel, ...shape };
  const energyNow = high === "90" && direction === "1";
  const rows: Row97[] = [];
  for (let tariff = 0; tariff < 15; tariff++) {
    const label = tariff === 0 ? "total" : `tariff ${tariff}`;
    const zhLabel = zh + (tariff === 0 ? "总" : `费率${tariff}`);
    rows.push({
      di: high + direction + tariff.toString(16).toUpperCase(),
      name: `${name} ${label}`,
      zh: zhLabel,
      clause,
      fields: [fieldOf("value", zhLabel)],
      block: false,
      masked: false,
      reads: energyNow && tariff === 0 ? "energyTotal" : null,
    });
  }
  rows.push({
    di: `${high}${direction}F`,
    name: `${name} block`,
    zh: `${zh}数据块`,
    clause,
    fields: rows.map((_, tariff) => fieldOf(`#${tariff}`, tariff === 0 ? "总" : `费率${tariff}`)),
    block: true,
    masked: false,
    reads: energyNow ? "energyByTariff" : null,
  });
  return rows;
}

const PERIODS = [
  { plus: 0, name: "", zh: "(当前)" },
  { plus: 4, name: " last month", zh: "(上月)" },
  { plus: 8, name: " month before", zh: "(上上月)" },
];
const ACTIVE = [
  { digit: "1", name: "forward active", zh: "正向有功" },
  { digit: "2", name: "reverse active", zh: "反向有功" },
];
/** The quadrants stand in the order 1, 4, 2, 3. */
const REACTIVES = [
  { digit: "1", name: "forward reactive", zh: "正向无功" },
  { digit: "2", name: "reverse reactive", zh: "反向无功" },
  { digit: "3", name: "quadrant 1 reactive", zh: "一象限无功" },
  { digit: "4", name: "quadrant 4 reactive", zh: "四象限无功" },
  { digit: "5", name: "quadrant 2 reactive", zh: "二象限无功" },
  { digit: "6", name: "quadrant 3 reactive", zh: "三象限无功" },
];

/** Energies 90/91, maximum demands A0/A1, their times B0/B1; +4 is last month, +8 the month before. */
function registers(): Row97[] {
  const rows: Row97[] = [];
  for (const { plus, name, zh } of PERIODS) {
    const high = (base: number) => (base + plus).toString(16).toUpperCase();
    for (const way of ACTIVE) {
      rows.push(
        ...withTariffs(high(0x90), way.digit, `${way.name} energy${name}`, `${zh}${way.zh}电能`, "A.1", ENERGY_97),
      );
      rows.push(
        ...withTariffs(high(0xa0), way.digit, `${way.name} demand${name}`, `${zh}${way.zh}最大需量`, "A.2", DEMAND),
      );
      rows.push(
        ...withTariffs(
          high(0xb0),
          way.digit,
          `${way.name} demand time${name}`,
          `${zh}${way.zh}最大需量时间`,
          "A.3",
          "time",
        ),
      );
    }
    for (const way of REACTIVES) {
      rows.push(
        ...withTariffs(high(0x91), way.digit, `${way.name} energy${name}`, `${zh}${way.zh}电能`, "A.1", REACTIVE),
      );
      rows.push(
        ...withTariffs(
          high(0xa1),
          way.digit,
          `${way.name} demand${name}`,
          `${zh}${way.zh}最大需量`,
          "A.2",
          DEMAND_REACTIVE,
        ),
      );
      rows.push(
        ...withTariffs(
          high(0xb1),
          way.digit,
          `${way.name} demand time${name}`,
          `${zh}${way.zh}最大需量时间`,
          "A.3",
          "time",
        ),
      );
    }
  }
  return rows;
}

const PHASES = ["A", "B", "C"] as const;

/** Phases A, B, C (digits 1 … 3), with a total (digit 0) where there is one, and the block (F). */
function phases(high: string, name: string, zh: string, shape: Shape, reads: Reads97, total: boolean): Row97[] {
  const parts = [
    ...(total ? [{ digit: "0", name: `${name} total`, zh: `总${zh}` }] : []),
    ...PHASES.map((phase, i) => ({ digit: String(i + 1), name: `${name} ${phase}`, zh: `${phase}相${zh}` })),
  ];
  const rows = parts.map((part) => one(high + part.digit, part.name, part.zh, "A.4", shape, reads));
  const fields = parts.map((part) => ({ name: part.name, zh: part.zh, ...shape }));
  const block = {
    di: `${high}F`,
    name: `${name} block`,
    zh: `${zh}数据块`,
    clause: "A.4",
    fields,
    masked: false,
    reads,
  };
  return [...rows, { ...block, block: true }];
}

/** A whole number of so many bytes. */
function whole(di: string, name: string, zh: string, clause: string, bytes: number, unit = ""): Row97 {
  return one(di, name, zh, clause, { ...NUMBER, bytes, decimals: 0, unit });
}

/** Rows of the same kind that stand one behind the other, counted from 1. */
function numbered(high: string, count: number, row: (di: string, n: number) => Row97): Row97[] {
  return Array.from({ length: count }, (_, i) => row(high + (i + 1).toString(16).toUpperCase(), i + 1));
}

/** What broke a phase (断相), B31x to B34x: in all (digit 0) and per phase. */
function phaseLosses(): Row97[] {
  return ["", ...PHASES].flatMap((phase, i) => {
    const [name, zh] = phase === "" ? ["", "总"] : [` ${phase}`, `${phase}相`];
    const moment = (di: string, label: string, zhLabel: string) => {
      return { ...written(di, label, zhLabel, text("time", zhLabel, 4, clockText("%-% %:%"))), clause: "A.4" };
    };
    return [
      whole(`B31${i}`, `phase loss count${name}`, `${zh}断相次数`, "A.4", 2),
      whole(`B32${i}`, `phase loss minutes${name}`, `${zh}断相时间累计值`, "A.4", 3, "min"),
      moment(`B33${i}`, `phase loss start${name}`, `最近一次${zh}断相起始时刻`),
      moment(`B34${i}`, `phase loss end${name}`, `最近一次${zh}断相结束时刻`),
    ];
  });
}

const SEASON = clockText("%-% ‹%›");
const PERIOD = clockText("%:% ‹%›");
/** Day tables of a meter at most, and periods of each. */
const DAY_TABLES = 8;
const PERIODS_MAX = 10;

const NUMBER_6 = (bytes: Bytes) => toHexReversed(bytes);

/** The standard's rows. Layouts of A.1–A.5 as real 1997 meters send them; C020 … C022 are shown as bytes. */
export const standardRows97: readonly Row97[] = [
  ...registers(),
  ...phases("B61", "voltage", "电压", VOLTAGE, "voltage", false),
  ...phases("B62", "current", "电流", CURRENT, "current", false),
  ...phases("B63", "power", "有功功率", POWER, "power", true),
  ...phases("B64", "reactive power", "无功功率", POWER_REACTIVE, null, true),
  ...phases("B65", "power factor", "功率因数", FACTOR, null, true),
  written("C010", "date+weekday", "日期及星期", text("date", "日期及星期", 4, clockText("20%-%-% week%"))),
  written("C011", "time", "时间", text("time", "时间", 3, clockText("%:%:%"))),
  {
    ...written("C020", "meter status", "电表运行状态字", text("status", "电表运行状态字", 1, byteText)),
    reads: "status",
  },
  written("C021", "grid status", "电网状态字", text("status", "电网状态字", 1, byteText)),
  written("C022", "weekend word", "周休日状态字", text("status", "周休日状态字", 1, byteText)),
  one("C030", "active constant", "电表常数(有功)", "A.5", CONSTANT),
  one("C031", "reactive constant", "电表常数(无功)", "A.5", { ...CONSTANT, unit: "imp/kvarh" }),
  written("C032", "meter number", "表号", text("meterNo", "表号", 6, NUMBER_6)),
  written("C033", "user number", "用户号", text("userNo", "用户号", 6, NUMBER_6)),
  written("C034", "device number", "设备码", text("deviceNo", "设备码", 6, NUMBER_6)),
  ...phaseLosses(),
  {
    ...written(
      "B210",
      "last programming",
      "最近一次编程时间",
      text("time", "最近一次编程时间", 4, clockText("%-% %:%")),
    ),
    clause: "A.4",
  },
  {
    ...written(
      "B211",
      "last demand clear",
      "最近一次最大需量清零时间",
      text("time", "最近一次最大需量清零时间", 4, clockText("%-% %:%")),
    ),
    clause: "A.4",
  },
  whole("B212", "programming count", "编程次数", "A.4", 2),
  whole("B213", "demand clear count", "最大需量清零次数", "A.4", 2),
  whole("B214", "battery minutes", "电池工作时间", "A.4", 3, "min"),
  whole("C111", "demand period", "最大需量周期", "A.5", 1, "min"),
  whole("C112", "demand slide time", "滑差时间", "A.5", 1, "min"),
  whole("C113", "cycle display seconds", "循显时间", "A.5", 1, "s"),
  whole("C114", "stop display seconds", "停显时间", "A.5", 1, "s"),
  whole("C115", "energy decimals shown", "显示电能小数位数", "A.5", 1),
  whole("C116", "power decimals shown", "显示功率(最大需量)小数位数", "A.5", 1),
  whole("C118", "load representative day", "负荷代表日", "A.5", 1),
  whole("C211", "pulse width", "输出脉冲宽度", "A.5", 2, "ms"),
  whole("C310", "seasons per year", "年时区数", "A.5", 1),
  whole("C311", "day tables", "日时段表数", "A.5", 1),
  whole("C312", "periods per day", "日时段(每日切换)数", "A.5", 1),
  whole("C313", "tariffs", "费率数", "A.5", 1),
  whole("C314", "holidays", "公共假日数", "A.5", 1),
  ...numbered("C32", 14, (di, n) =>
    written(di, `season ${n}`, `第${n}时区起始日期及日时段表号`, text("season", `第${n}时区`, 3, SEASON)),
  ),
  ...Array.from({ length: DAY_TABLES }, (_, table) =>
    numbered(`C3${(table + 3).toString(16).toUpperCase()}`, PERIODS_MAX, (di, n) => {
      const zh = `第${table + 1}日时段表第${n}时段起始时间及费率号`;
      return written(di, `day table ${table + 1} period ${n}`, zh, text("period", zh, 3, PERIOD));
    }),
  ).flat(),
  ...numbered("C41", 13, (di, n) =>
    written(di, `holiday ${n}`, `第${n}公共假日日期及日时段表号`, text("holiday", `第${n}公共假日`, 3, SEASON)),
  ),
  whole("C421", "weekend day table", "周休日采用的日时段表号", "A.5", 1),
  written("C510", "load record start", "负荷记录起始时间", text("time", "负荷记录起始时间", 4, clockText("%-% %:%"))),
  whole("C511", "load record interval", "负荷记录间隔时间", "A.5", 2, "min"),
  written("C117", "reading day", "自动抄表日期", text("day+hour", "自动抄表日期", 2, clockText("%d %h"))),
];

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
