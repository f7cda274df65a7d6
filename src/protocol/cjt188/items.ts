import type { Bytes } from "../bytes.ts";

/** How the two identifier bytes stand in a frame: the 2004 pictures show DI0 first, meters do both. */
export type DiOrder = "high-first" | "low-first";

/** One part of a payload (what follows DI and SER). Numbers are BCD, low byte first. */
export type Field188 = { name: string; zh: string } /** A number with a unit code behind it. */ & (
  | { as: "measured"; bytes: 4; decimals: number }
  | { as: "number"; bytes: number; decimals: number; unit: string }
  /** One binary byte. */
  | { as: "byte"; bytes: 1 }
  /** ss mm hh DD MM YY and the century. */
  | { as: "clock"; bytes: 7 }
  | { as: "address"; bytes: 7 }
  /** ST: two bytes, the standard's bits in the first. */
  | { as: "status"; bytes: 2 }
  | { as: "raw"; bytes: number }
);

/** One row. Several layouts under one identifier are told apart by their length, never by guessing. */
export type Item188 = {
  /** DI1 DI0 as printed: four hex digits, upper case. */
  di: string;
  name: string;
  zh: string;
  /** Where it is defined: the edition, or `vendor` for makers' own whose payload is kept as bytes. */
  clause: "2004" | "2018" | "vendor";
  layouts: readonly (readonly Field188[])[];
};

/** Function codes (D4–D0). 09H reads the key version, 16H writes the mechanical base reading (机电同步). */
export const FUNCTION_188 = {
  read: 0x01,
  readAddress: 0x03,
  write: 0x04,
  readKeyVersion: 0x09,
  writeAddress: 0x15,
  writeBase: 0x16,
} as const;

/** Identifiers that the system acts on. */
export const DI_188 = {
  reading: "901F",
  prices: "8102",
  settlementDay: "8103",
  readingDay: "8104",
  purchaseState: "8105",
  keyVersion: "8106",
  address: "810A",
  writePrices: "A010",
  purchase: "A013",
  clock: "A015",
  base: "A016",
  valve: "A017",
  writeAddress: "A018",
} as const;

function measured(name: string, zh: string, decimals = 2): Field188 {
  return { as: "measured", bytes: 4, decimals, name, zh };
}

function number(name: string, zh: string, bytes: number, decimals: number, unit: string): Field188 {
  return { as: "number", bytes, decimals, unit, name, zh };
}

const CLOCK: Field188 = { as: "clock", bytes: 7, name: "clock", zh: "实时时间" };
const STATUS: Field188 = { as: "status", bytes: 2, name: "st", zh: "状态" };

/** Water and gas: L = 16H. */
export const VOLUME_LAYOUT: readonly Field188[] = [
  measured("current", "当前累积流量"),
  measured("settlement", "结算日累积流量"),
  CLOCK,
  STATUS,
];

/** Heat: L = 2EH, as captured meters send it; one published table is three bytes shorter. */
const HEAT_LAYOUT: readonly Field188[] = [
  measured("settlementHeat", "结算日热量"),
  measured("currentHeat", "当前热量"),
  measured("heatPower", "热功率"),
  measured("flow", "流量", 4),
  measured("volume", "累积流量"),
  number("supplyTemperature", "供水温度", 3, 2, "C"),
  number("returnTemperature", "回水温度", 3, 2, "C"),
  number("hours", "累积工作时间", 3, 0, "h"),
  CLOCK,
  STATUS,
];

/** Up to three steps: price 1, up to volume 1, price 2, up to volume 2, price 3. */
const PRICES: readonly Field188[] = [
  number("price1", "价格一", 3, 2, "CNY/m3"),
  number("volume1", "用量一", 3, 0, "m3"),
  number("price2", "价格二", 3, 2, "CNY/m3"),
  number("volume2", "用量二", 3, 0, "m3"),
  number("price3", "价格三", 3, 2, "CNY/m3"),
];

const FREEZE: readonly Field188[] = [
  { ...CLOCK, name: "frozenAt", zh: "冻结时间" },
  measured("current", "累积流量"),
  measured("flow", "瞬时流量", 4),
  number("temperature", "温度", 3, 2, "C"),
  number("pressure", "压力", 3, 2, ""),
];

/** 8105: the numbers are in the unit that the meter sells, 0.01 m3 or 0.01 yuan. */
const PURCHASE_STATE_LAYOUT: readonly Field188[] = [
  { as: "byte", bytes: 1, name: "purchaseSeq", zh: "购买序号" },
  number("purchased", "本次购入", 4, 2, ""),
  number("cumulative", "累计购入", 4, 2, ""),
  number("remaining", "剩余", 4, 2, ""),
  STATUS,
];

const DAY: Field188 = { as: "byte", bytes: 1, name: "day", zh: "日" };
const PURCHASE: readonly Field188[] = [
  { as: "byte", bytes: 1, name: "purchaseSeq", zh: "购买序号" },
  number("amount", "购入", 4, 2, ""),
];
const ADDRESS: Field188 = { as: "address", bytes: 7, name: "address", zh: "表地址" };

function row(di: string, name: string, zh: string, ...layouts: (readonly Field188[])[]): Item188 {
  return { di, name, zh, clause: "2004", layouts };
}

function numbered(first: number, count: number, make: (di: string, index: number) => Item188): Item188[] {
  return Array.from({ length: count }, (_, i) => make((first + i).toString(16).toUpperCase(), i));
}

/** The table of both editions. Replies of other lengths than a row knows stay bytes. */
export const items188: ReadonlyMap<string, Item188> = new Map(
  [
    row("901F", "reading", "计量数据", VOLUME_LAYOUT, HEAT_LAYOUT),
    ...numbered(0xd120, 12, (di, i) =>
      row(di, `settlement month -${i + 1}`, `上${i + 1}月结算日累积流量`, [measured("settlement", "结算日累积流量")]),
    ),
    row("8102", "price table", "价格表", PRICES),
    row("8103", "settlement day", "结算日", [DAY]),
    row("8104", "reading day", "抄表日", [DAY]),
    row("8105", "purchase state", "购入金额", PURCHASE_STATE_LAYOUT),
    row("8106", "key version", "密钥版本号", [{ as: "byte", bytes: 1, name: "keyVersion", zh: "密钥版本号" }]),
    row("810A", "address", "读地址", [ADDRESS]),
    row("A010", "write price table", "写价格表", [...PRICES, { ...DAY, name: "startDay", zh: "启用日" }]),
    row("A011", "write settlement day", "写结算日", [DAY]),
    row("A012", "write reading day", "写抄表日", [DAY]),
    row("A013", "purchase", "写购入金额", PURCHASE),
    row("A014", "new key", "写新密钥", [
      { as: "byte", bytes: 1, name: "keyVersion", zh: "密钥版本号" },
      { as: "raw", bytes: 8, name: "key", zh: "密钥" },
    ]),
    row("A015", "write clock", "写标准时间", [CLOCK]),
    row("A016", "base reading", "写机电同步数据", [measured("base", "当前累积流量")]),
    row("A017", "valve", "写阀门控制", [{ as: "byte", bytes: 1, name: "valve", zh: "阀门" }]),
    row("A018", "write address", "写地址", [ADDRESS]),
    row("A019", "factory enable", "出厂启用"),
    ...numbered(0xd200, 256, (di, i) => ({
      ...row(di, `settlement -${i + 1}`, `上${i + 1}次结算日累积流量`, [measured("settlement", "结算日累积流量")]),
      clause: "2018",
    })),
    ...numbered(0xd300, 256, (di, i) => ({
      ...row(di, `timed freeze -${i + 1}`, `上${i + 1}次定时冻结`, FREEZE),
      clause: "2018",
    })),
    ...numbered(0xd400, 256, (di, i) => ({
      ...row(di, `instant freeze -${i + 1}`, `上${i + 1}次瞬时冻结`, FREEZE),
      clause: "2018",
    })),
    ...[
      row("A101", "enter test", "进入检定"),
      row("A102", "leave test", "退出检定"),
      row("A103", "communication", "写通信参数"),
      row("A104", "freeze setting", "写冻结参数"),
      row("A105", "alarm volume", "写报警剩余量"),
      row("A106", "alarm money", "写报警剩余金额"),
      row("A107", "new key 2018", "修改密钥"),
    ].map((item): Item188 => ({ ...item, clause: "2018" })),
    ...[
      row("A0EC", "refund", "退购"),
      row("A020", "vendor A020", "厂家扩展"),
      row("A021", "vendor A021", "厂家扩展"),
      row("A022", "vendor A022", "厂家扩展"),
    ].map((item): Item188 => ({ ...item, clause: "vendor" })),
  ].map((item) => [item.di, item]),
);

/** The same rows by the identifier as one number, for look-ups that make no text. */
const byCode: ReadonlyMap<number, Item188> = new Map(
  [...items188.values()].map((item) => [Number.parseInt(item.di, 16), item]),
);

/** How long a layout is on the wire. */
export function layoutLength(layout: readonly Field188[]): number {
  return layout.reduce((length, field) => length + field.bytes + (field.as === "measured" ? 1 : 0), 0);
}

/** Lengths of the layouts of an item, in their order: what tells them apart. */
const layoutLengths: ReadonlyMap<Item188, readonly number[]> = new Map(
  [...items188.values()].map((item) => [item, item.layouts.map(layoutLength)]),
);

/** The layout of an item that has exactly so many bytes; undefined when none has. */
export function layoutFor(item: Item188, bytes: number): readonly Field188[] | undefined {
  const lengths = layoutLengths.get(item);
  return lengths === undefined ? undefined : item.layouts[lengths.indexOf(bytes)];
}

/** What the identifier at the beginning of some data names: `item` is undefined when no table has it. */
export type Named188 = { di: string; order: DiOrder; item: Item188 | undefined };

/**
 * The identifier at the beginning of the data, in the order that names a known item. When both orders do (D2D3) or none
 * does, the order that the caller expects decides. Null when the data is too short.
 */
export function diFromWire188(data: Bytes, expected: DiOrder = "high-first"): Named188 | null {
  if (data.length < 2) return null;
  const highFirst = (data[0]! << 8) | data[1]!;
  const lowFirst = (data[1]! << 8) | data[0]!;
  const wanted = expected === "high-first";
  const item = byCode.get(wanted ? highFirst : lowFirst);
  if (item !== undefined) return { di: item.di, order: expected, item };
  const other = byCode.get(wanted ? lowFirst : highFirst);
  if (other !== undefined) return { di: other.di, order: wanted ? "low-first" : "high-first", item: other };
  const code = wanted ? highFirst : lowFirst;
  return { di: code.toString(16).padStart(4, "0").toUpperCase(), order: expected, item: undefined };
}

/** The identifier on the wire in that order. */
export function diToWire188(di: string, order: DiOrder): Bytes {
  const wire = new Uint8Array(2);
  putDi188(wire, di, order);
  return wire;
}

/** The same at the beginning of some data. */
export function putDi188(data: Bytes, di: string, order: DiOrder): void {
  const code = Number.parseInt(di, 16);
  data[0] = order === "high-first" ? code >> 8 : code;
  data[1] = order === "high-first" ? code : code >> 8;
}
