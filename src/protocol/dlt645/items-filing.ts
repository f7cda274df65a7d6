import { count, ENERGY, REACTIVE_ENERGY, SECOND, wireHex } from "./forms.ts";
import { type Field, type ItemParts, oneValue, record } from "./item.ts";

/**
 * Events as the later filing (备案文件) numbers them: DI3 is the event, DI2 the phase, DI1 the field of a record, DI0 the
 * n-th last record. Every meter of the state grid since has them beside those of table A.4. Identifiers and lengths are
 * those that several independent readers of such meters use.
 */

/** Records that a meter keeps of each event. */
const RECORDS_MAX = 10;
const PHASES = ["A", "B", "C"] as const;
const ALL = 0xff;

/** An event, whether it is of one phase or of the whole meter, and the field that says when it ended. */
type FilingEvent = { name: string; zh: string; phases: boolean; end: number };

/** By DI3. The end stands behind the energies, variables and ampere hours that a record holds of the beginning. */
const EVENTS: Readonly<Record<number, FilingEvent>> = {
  16: { name: "voltage loss", zh: "失压", phases: true, end: 0x25 },
  17: { name: "undervoltage", zh: "欠压", phases: true, end: 0x25 },
  18: { name: "overvoltage", zh: "过压", phases: true, end: 0x25 },
  19: { name: "phase loss", zh: "断相", phases: true, end: 0x25 },
  20: { name: "voltage sequence reversed", zh: "电压逆相序", phases: false, end: 0x12 },
  21: { name: "current sequence reversed", zh: "电流逆相序", phases: false, end: 0x12 },
  22: { name: "voltage unbalance", zh: "电压不平衡", phases: false, end: 0x13 },
  23: { name: "current unbalance", zh: "电流不平衡", phases: false, end: 0x13 },
  24: { name: "current loss", zh: "失流", phases: true, end: 0x21 },
  25: { name: "overcurrent", zh: "过流", phases: true, end: 0x21 },
  26: { name: "current break", zh: "断流", phases: true, end: 0x21 },
  27: { name: "reverse flow", zh: "潮流反向", phases: true, end: 0x12 },
  28: { name: "overload", zh: "过载", phases: true, end: 0x12 },
  31: { name: "low power factor", zh: "总功率因数超下限", phases: false, end: 0x06 },
  32: { name: "severe current unbalance", zh: "电流严重不平衡", phases: false, end: 0x13 },
};

/** What switched supply, by DI3: 跳闸 and 合闸. */
const SWITCHING: Readonly<Record<number, { name: string; zh: string }>> = {
  29: { name: "relay trip", zh: "跳闸" },
  30: { name: "relay close", zh: "合闸" },
};

/** Counts without records that all makers share, by DI3. */
const COUNTED: Readonly<Record<number, { name: string; zh: string }>> = {
  33: { name: "reverse flow total", zh: "潮流反向" },
  54: { name: "relay mis-operation", zh: "负荷开关误动作" },
};

/** Events with DI3 from 10H on. Blocks of whole records (DI1 FF) differ between makers and stay bytes, but for switching. */
export function filingItem(di3: number, di2: number, di1: number, di0: number): ItemParts | undefined {
  const switched = SWITCHING[di3];
  if (switched !== undefined) return di2 === 0 ? switchingItem(switched, di1, di0) : undefined;
  const counted = COUNTED[di3];
  if (counted !== undefined) return di2 === 0 && di1 === 0 && di0 === 0 ? countOf(counted.name, counted.zh) : undefined;
  const event = EVENTS[di3];
  return event && eventItem(event, di2, di1, di0);
}

/** 0001 is the count, 0002 the minutes; 01nn when the n-th last began, and the field of its end when it ended. */
function eventItem(event: FilingEvent, di2: number, di1: number, di0: number): ItemParts | undefined {
  const phase = PHASES[di2 - 1];
  if (di2 !== 0 && (!event.phases || phase === undefined)) return undefined;
  const name = phase === undefined ? event.name : `${event.name} ${phase}`;
  const zh = phase === undefined ? event.zh : `${phase}相${event.zh}`;
  if (di1 === 0) {
    // 0000 holds the count too in some firmware.
    if (di0 <= 1) return countOf(name, zh);
    return di0 === 2 ? oneValue(`${name} minutes`, `${zh}总累计时间`, "filing", count(3, "min"), "minutes") : undefined;
  }
  if (di0 < 1 || di0 > RECORDS_MAX) return undefined;
  if (di1 === 1) return moment(`${name} start`, `${zh}发生时刻`, di0, "start");
  // Of all phases together only beginning and end are kept, one behind the other.
  return di1 === (event.phases && di2 === 0 ? 2 : event.end)
    ? moment(`${name} end`, `${zh}结束时刻`, di0, "end")
    : undefined;
}

function moment(name: string, zh: string, n: number, value: string): ItemParts {
  return oneValue(`${name} (last ${n})`, `(上${n}次)${zh}`, "filing", SECOND, value);
}

function countOf(name: string, zh: string): ItemParts {
  return oneValue(`${name} count`, `${zh}次数`, "filing", count(3), "count");
}

/**
 * Trip and close records: when, by whom, and six registers of that moment; field by field (DI1 01 … 08) or as a whole
 * (FF, 34 bytes). 1D00 0001 is the count; some firmware has it at 0000 too. In older ones a record stands at 0001: data of
 * another length there stays bytes.
 */
function switchingItem({ name, zh }: { name: string; zh: string }, di1: number, di0: number): ItemParts | undefined {
  const fields = switchingFields(zh);
  if (di1 === 0) return di0 <= 1 ? countOf(name, zh) : undefined;
  if (di0 < 1 || di0 > RECORDS_MAX) return undefined;
  const last = `(last ${di0})`;
  if (di1 === ALL) {
    return { name: `${name} record ${last}`, zh: `(上${di0}次)${zh}记录`, clause: "filing", layouts: [record(fields)] };
  }
  const field = fields[di1 - 1];
  if (field === undefined) return undefined;
  return oneValue(`${name} ${field.name} ${last}`, `(上${di0}次)${field.zh}`, "filing", field.form, field.name);
}

function switchingFields(zh: string): Field[] {
  return [
    { name: "time", zh: `${zh}发生时刻`, form: SECOND },
    { name: "operator", zh: "操作者代码", form: wireHex(4) },
    { name: "forward active", zh: `${zh}时正向有功总电能`, form: ENERGY },
    { name: "reverse active", zh: `${zh}时反向有功总电能`, form: ENERGY },
    ...["一", "二", "三", "四"].map((quadrant, i) => ({
      name: `quadrant ${i + 1} reactive`,
      zh: `${zh}时第${quadrant}象限无功总电能`,
      form: REACTIVE_ENERGY,
    })),
  ];
}

const TIMES: readonly Field[] = [
  { name: "start", zh: "发生时刻", form: SECOND },
  { name: "end", zh: "结束时刻", form: SECOND },
];

/** 0335 to 0337: what disturbed the meter, with the registers around it. */
const DISTURBANCES: Readonly<Record<number, { name: string; zh: string; fields: readonly Field[] }>> = {
  53: { name: "magnetic field", zh: "恒定磁场干扰", fields: [...TIMES, ...activeOf("before"), ...activeOf("after")] },
  54: {
    name: "load switch fault",
    zh: "负荷开关误动作",
    fields: [...TIMES, ...activeOf("before"), ...activeOf("after")],
  },
  55: { name: "power supply fault", zh: "电源异常", fields: [...TIMES, ...activeOf("before")] },
};

/** Disturbances of the filing under DI3 03: 0000 is the count, 0001 … 000A the records. */
export function disturbanceItem(di2: number, di1: number, di0: number): ItemParts | undefined {
  const disturbance = DISTURBANCES[di2];
  if (disturbance === undefined || di1 !== 0 || di0 > RECORDS_MAX) return undefined;
  const { name, zh, fields } = disturbance;
  if (di0 === 0) return oneValue(`${name} total count`, `${zh}总次数`, "filing", count(3), "count");
  return {
    name: `${name} record (last ${di0})`,
    zh: `(上${di0}次)${zh}记录`,
    clause: "filing",
    layouts: [record(fields)],
  };
}

function activeOf(when: "before" | "after"): Field[] {
  const zh = when === "before" ? "发生时刻" : "结束时刻";
  return [
    { name: `forward active ${when}`, zh: `${zh}正向有功总电能`, form: ENERGY },
    { name: `reverse active ${when}`, zh: `${zh}反向有功总电能`, form: ENERGY },
  ];
}
