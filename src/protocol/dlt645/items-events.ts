import {
  CHARGE,
  CURRENT,
  count,
  DAY_HOUR,
  ENERGY,
  FACTOR,
  type Form,
  HOLIDAY,
  IDENTIFIER,
  MINUTE,
  MONEY,
  MONTH_MINUTE,
  PERCENT,
  PERCENT_WIDE,
  PERIOD,
  POWER,
  REACTIVE_ENERGY,
  REACTIVE_POWER,
  SEASON,
  SECOND,
  VOLTAGE,
  wireHex,
  word,
} from "./forms.ts";
import { type Field, type ItemParts, type Layout, oneValue, record } from "./item.ts";
import { disturbanceItem } from "./items-filing.ts";

const PHASES = ["A", "B", "C"] as const;
/** Records that a meter keeps of each event (A.4). */
const RECORDS_MAX = 10;
const QUADRANTS = ["第一象限", "第二象限", "第三象限", "第四象限"] as const;

const START: Field = { name: "start", zh: "发生时刻", form: SECOND };
const END: Field = { name: "end", zh: "结束时刻", form: SECOND };
const OPERATOR: Field = { name: "operator", zh: "操作者代码", form: wireHex(4) };

/** What happened in one phase or all, with what a record of it holds beyond start, end and energy. */
type PhaseEvent = { name: string; zh: string; holds: "charge" | "variables" | "energy" };

/** DI2 of events per phase: DI1 is the phase, 03 xx 00 00 the counts of all three. */
const PHASE_EVENTS: Readonly<Record<number, PhaseEvent>> = {
  1: { name: "voltage loss", zh: "失压", holds: "charge" },
  2: { name: "undervoltage", zh: "欠压", holds: "charge" },
  3: { name: "overvoltage", zh: "过压", holds: "charge" },
  4: { name: "phase loss", zh: "断相", holds: "charge" },
  11: { name: "current loss", zh: "失流", holds: "variables" },
  12: { name: "overcurrent", zh: "过流", holds: "variables" },
  13: { name: "current break", zh: "断流", holds: "variables" },
  14: { name: "reverse flow", zh: "潮流反向", holds: "energy" },
  15: { name: "overload", zh: "过载", holds: "energy" },
};

/** DI2 of events of the whole meter: 03 xx 00 00 is count and minutes, 03 xx 00 01 … 0A the records. */
const METER_EVENTS: Readonly<Record<number, { name: string; zh: string; fields: readonly Field[] }>> = {
  5: {
    name: "all-phase voltage loss",
    zh: "全失压",
    fields: [START, { name: "current", zh: "电流值", form: CURRENT }, END],
  },
  6: { name: "auxiliary supply lost", zh: "辅助电源失电", fields: [START, END] },
  7: { name: "voltage sequence reversed", zh: "电压逆相序", fields: [START, END, ...increments()] },
  8: { name: "current sequence reversed", zh: "电流逆相序", fields: [START, END, ...increments()] },
  9: { name: "voltage unbalance", zh: "电压不平衡", fields: [START, END, unbalance(), ...increments()] },
  10: { name: "current unbalance", zh: "电流不平衡", fields: [START, END, unbalance(), ...increments()] },
};

const DEMAND_LIMITS: readonly [name: string, zh: string, form: Form][] = [
  ["forward active", "正向有功", POWER],
  ["reverse active", "反向有功", POWER],
  ...QUADRANTS.map((zh, i): [string, string, Form] => [`quadrant ${i + 1} reactive`, `${zh}无功`, REACTIVE_POWER]),
];

const VOLTAGE_QUALITY: readonly (readonly [name: string, zh: string, form: Form])[] = [
  ["monitored", "电压监测时间", count(3, "min")],
  ["qualified", "电压合格率", PERCENT_WIDE],
  ["beyond limits", "电压超限率", PERCENT_WIDE],
  ["above upper limit", "电压超上限时间", count(3, "min")],
  ["below lower limit", "电压超下限时间", count(3, "min")],
  ["highest voltage", "最高电压", VOLTAGE],
  ["highest voltage time", "最高电压出现时间", MONTH_MINUTE],
  ["lowest voltage", "最低电压", VOLTAGE],
  ["lowest voltage time", "最低电压出现时间", MONTH_MINUTE],
];

/** 0330: what was done to the meter, by DI1. A record too long for one frame is put together from its follow-ups. */
const OPERATIONS: Readonly<Record<number, { name: string; zh: string; fields: readonly Field[] }>> = {
  0: {
    name: "programming",
    zh: "编程",
    fields: [START, OPERATOR, ...many(10, (n) => ({ name: `di ${n}`, zh: `数据标识${n}`, form: IDENTIFIER }))],
  },
  1: { name: "meter clear", zh: "电表清零", fields: [START, OPERATOR, ...["", ...PHASES].flatMap(energiesBefore)] },
  2: { name: "demand clear", zh: "需量清零", fields: [START, OPERATOR, ...["", ...PHASES].flatMap(demandsBefore)] },
  3: {
    name: "event clear",
    zh: "事件清零",
    fields: [START, OPERATOR, { name: "di", zh: "事件清零数据标识", form: IDENTIFIER }],
  },
  4: {
    name: "clock set",
    zh: "校时",
    fields: [
      OPERATOR,
      { name: "before", zh: "校时前时间", form: SECOND },
      { name: "after", zh: "校时后时间", form: SECOND },
    ],
  },
  5: { name: "period table programming", zh: "时段表编程", fields: [START, OPERATOR, ...dayTablesBefore()] },
  6: { name: "season table programming", zh: "时区表编程", fields: [START, OPERATOR, ...seasonTablesBefore()] },
  7: {
    name: "weekend programming",
    zh: "周休日编程",
    fields: [START, OPERATOR, { name: "day table", zh: "编程前采用的日时段表号", form: count(1) }],
  },
  8: {
    name: "holiday programming",
    zh: "节假日编程",
    fields: [START, OPERATOR, ...many(254, (n) => ({ name: `holiday ${n}`, zh: `第${n}节假日`, form: HOLIDAY }))],
  },
  9: combination("active combination programming", "有功组合方式编程"),
  10: combination("reactive combination 1 programming", "无功组合方式1编程"),
  11: combination("reactive combination 2 programming", "无功组合方式2编程"),
  12: {
    name: "settlement day programming",
    zh: "结算日编程",
    fields: [START, OPERATOR, ...many(3, (n) => ({ name: `day ${n}`, zh: `编程前第${n}结算日`, form: DAY_HOUR }))],
  },
  13: { name: "meter-cover-open", zh: "开表盖", fields: [START, END, ...["before", "after"].flatMap(coverEnergies)] },
  14: {
    name: "terminal-cover-open",
    zh: "开端钮盒",
    fields: [START, END, ...["before", "after"].flatMap(coverEnergies)],
  },
};

/** Operations of the filing whose records differ between makers: only their counts are known. */
const COUNTED_OPERATIONS: Readonly<Record<number, { name: string; zh: string }>> = {
  15: { name: "tariff parameter programming", zh: "费率参数表编程" },
  16: { name: "step table programming", zh: "阶梯表编程" },
  18: { name: "key update", zh: "密钥更新" },
  19: { name: "foreign card", zh: "异常插卡" },
};

/** 0332 energy, 0333 money, 0334 refunds of money, by DI1; records 01 … 0A in DI0. */
const PURCHASES: Readonly<Record<number, { name: string; zh: string; form: Form }>> = {
  50: { name: "purchase", zh: "购电", form: ENERGY },
  51: { name: "money purchase", zh: "购电(金额)", form: MONEY },
  52: { name: "refund", zh: "退费", form: MONEY },
};

/** Events (DI3 03, table A.4; 0332–0334 of the filing). DI0 is 00 for counts, 01 … 0A for the last records. */
export function eventItem(di2: number, di1: number, di0: number): ItemParts | undefined {
  if (di2 === 0x10) return voltageQuality(di1, di0);
  const purchase = PURCHASES[di2];
  if (purchase !== undefined) return purchaseItem(purchase, di1, di0);
  if (di0 > RECORDS_MAX) return undefined;
  if (di2 === 0x30) return operationItem(di1, di0);
  if (di2 >= 0x35 && di2 <= 0x37) return disturbanceItem(di2, di1, di0);
  if (di2 === 0x11) return powerDown(di1, di0);
  if (di2 === 0x12) return demandLimit(di1, di0);
  const perPhase = PHASE_EVENTS[di2];
  if (perPhase !== undefined) return phaseEvent(perPhase, di1, di0);
  const ofMeter = METER_EVENTS[di2];
  if (ofMeter === undefined || di1 !== 0) return undefined;
  const { name, zh, fields } = ofMeter;
  if (di0 > 0) return recordItem(name, zh, di0, fields);
  return { name: `${name} count`, zh: `${zh}总次数、总累计时间`, clause: "A.4", layouts: [record(counts("", ""))] };
}

function phaseEvent({ name, zh, holds }: PhaseEvent, di1: number, di0: number): ItemParts | undefined {
  if (di1 === 0) {
    if (di0 !== 0) return undefined;
    const all: Layout = record(PHASES.flatMap((phase) => counts(phase, `${phase}相`)));
    return { name: `${name} counts`, zh: `${zh}总次数、总累计时间`, clause: "A.4", layouts: [all] };
  }
  const phase = PHASES[di1 - 1];
  if (phase === undefined) return undefined;
  if (di0 > 0) return recordItem(`${name} ${phase}`, `${phase}相${zh}`, di0, [START, END, ...increments(holds)]);
  const [times = START, minutes = END] = counts(phase, `${phase}相`);
  const layouts: [Layout, Layout] = [record([times]), record([times, minutes])];
  return { name: `${name} ${phase} count`, zh: `${phase}相${zh}总次数、总累计时间`, clause: "A.4", layouts };
}

function counts(name: string, zh: string): Field[] {
  const prefix = name === "" ? "" : `${name} `;
  return [
    { name: `${prefix}count`, zh: `${zh}总次数`, form: count(3) },
    { name: `${prefix}minutes`, zh: `${zh}总累计时间`, form: count(3, "min") },
  ];
}

/** Energy added while an event lasted: in total, then per phase, there with the variables at its beginning. */
function increments(holds: PhaseEvent["holds"] = "energy"): Field[] {
  const fields = [
    ...energies("", "期间"),
    ...PHASES.flatMap((phase) => [
      ...energies(` ${phase}`, `期间${phase}相`),
      ...(holds === "energy" ? [] : variables(phase)),
    ]),
  ];
  if (holds !== "charge") return fields;
  const charges = ["", ...PHASES].map((phase) => ({
    name: phase === "" ? "charge total" : `charge ${phase}`,
    zh: phase === "" ? "期间总安时数" : `期间${phase}相安时数`,
    form: CHARGE,
  }));
  return [...fields, ...charges];
}

function energies(name: string, zh: string): Field[] {
  return [
    { name: `forward active increment${name}`, zh: `${zh}正向有功电能增量`, form: ENERGY },
    { name: `reverse active increment${name}`, zh: `${zh}反向有功电能增量`, form: ENERGY },
    { name: `combined reactive 1 increment${name}`, zh: `${zh}组合无功1电能增量`, form: REACTIVE_ENERGY },
    { name: `combined reactive 2 increment${name}`, zh: `${zh}组合无功2电能增量`, form: REACTIVE_ENERGY },
  ];
}

function variables(phase: string): Field[] {
  return [
    { name: `voltage ${phase}`, zh: `${phase}相电压`, form: VOLTAGE },
    { name: `current ${phase}`, zh: `${phase}相电流`, form: CURRENT },
    { name: `power ${phase}`, zh: `${phase}相有功功率`, form: POWER },
    { name: `reactive power ${phase}`, zh: `${phase}相无功功率`, form: REACTIVE_POWER },
    { name: `power factor ${phase}`, zh: `${phase}相功率因数`, form: FACTOR },
  ];
}

function unbalance(): Field {
  return { name: "unbalance maximum", zh: "最大不平衡率", form: PERCENT };
}

function voltageQuality(di1: number, di0: number): ItemParts | undefined {
  const phase = PHASES[di1 - 1];
  if ((di1 !== 0 && phase === undefined) || di0 > 12) return undefined;
  const fields = VOLTAGE_QUALITY.map(([name, zh, form]) => ({ name, zh, form }));
  const zh = `${di0 === 0 ? "(本月)" : `(上${di0}月)`}${phase === undefined ? "" : `${phase}相`}电压合格率统计数据`;
  const name = `voltage quality ${phase ?? "total"} ${di0 === 0 ? "this month" : `month last ${di0}`}`;
  return { name, zh, clause: "A.4", layouts: [record(fields)] };
}

function powerDown(di1: number, di0: number): ItemParts | undefined {
  if (di1 !== 0) return undefined;
  if (di0 > 0) return recordItem("power down", "掉电", di0, [START, END]);
  return oneValue("power down total count", "掉电总次数", "A.4", count(3), "count");
}

function demandLimit(di1: number, di0: number): ItemParts | undefined {
  if (di1 === 0 && di0 === 0) {
    const fields = DEMAND_LIMITS.map(([name, zh]) => ({
      name: `${name} count`,
      zh: `${zh}需量超限总次数`,
      form: count(3),
    }));
    return { name: "demand over limit counts", zh: "需量超限总次数", clause: "A.4", layouts: [record(fields)] };
  }
  const limit = DEMAND_LIMITS[di1 - 1];
  if (limit === undefined || di0 === 0) return undefined;
  const [name, zh, form] = limit;
  return recordItem(`${name} demand over limit`, `${zh}需量超限`, di0, [
    START,
    END,
    { name: "maximum demand", zh: `${zh}最大需量`, form },
    { name: "maximum demand time", zh: "最大需量发生时间", form: MINUTE },
  ]);
}

function operationItem(di1: number, di0: number): ItemParts | undefined {
  const counted = COUNTED_OPERATIONS[di1];
  if (counted !== undefined && di0 === 0) {
    return oneValue(`${counted.name} total count`, `${counted.zh}总次数`, "filing", count(3), "count");
  }
  const operation = OPERATIONS[di1];
  if (operation === undefined) return undefined;
  const { name, zh, fields } = operation;
  if (di0 > 0) return recordItem(name, zh, di0, fields);
  return oneValue(`${name} total count`, `${zh}总次数`, "A.4", count(3), "count");
}

/** DI1 01 time, 02 count after, 03 amount, 04 remaining before, 05 after, 06 cumulative; FF all of them (23 bytes). */
function purchaseItem(
  { name, zh, form }: { name: string; zh: string; form: Form },
  di1: number,
  di0: number,
): ItemParts | undefined {
  if (di0 < 1 || di0 > RECORDS_MAX) return undefined;
  const fields: Field[] = [
    { name: "time", zh: `${zh}日期`, form: MINUTE },
    { name: "count", zh: `${zh}后总次数`, form: count(2) },
    { name: "amount", zh: `${zh}量`, form },
    { name: "before", zh: `${zh}前剩余`, form },
    { name: "after", zh: `${zh}后剩余`, form },
    { name: "cumulative", zh: `${zh}后累计`, form },
  ];
  const last = `(last ${di0})`;
  const lastZh = `(上${di0}次)`;
  if (di1 === 0xff) {
    return { name: `${name} record ${last}`, zh: `${lastZh}${zh}记录`, clause: "filing", layouts: [record(fields)] };
  }
  const field = fields[di1 - 1];
  if (field === undefined) return undefined;
  const names = { name: `${name} ${field.name} ${last}`, zh: di1 === 2 ? `${zh}次数` : `${lastZh}${field.zh}` };
  return oneValue(names.name, names.zh, "filing", field.form, field.name);
}

function recordItem(name: string, zh: string, n: number, fields: readonly Field[]): ItemParts {
  return { name: `${name} record (last ${n})`, zh: `(上${n}次)${zh}记录`, clause: "A.4", layouts: [record(fields)] };
}

function combination(name: string, zh: string) {
  return { name, zh, fields: [START, OPERATOR, { name: "word", zh: "编程前组合方式特征字", form: word(1) }] };
}

function energiesBefore(phase: string): Field[] {
  const ofPhase = phase === "" ? "" : ` ${phase}`;
  const zh = phase === "" ? "清零前" : `清零前${phase}相`;
  return [
    { name: `forward active${ofPhase}`, zh: `${zh}正向有功电能`, form: ENERGY },
    { name: `reverse active${ofPhase}`, zh: `${zh}反向有功电能`, form: ENERGY },
    ...quadrants(ofPhase, zh, "电能", REACTIVE_ENERGY),
  ];
}

function demandsBefore(phase: string): Field[] {
  const ofPhase = phase === "" ? "" : ` ${phase}`;
  const zh = phase === "" ? "清零前" : `清零前${phase}相`;
  const demands = [
    { name: `forward active${ofPhase}`, zh: `${zh}正向有功最大需量`, form: POWER },
    { name: `reverse active${ofPhase}`, zh: `${zh}反向有功最大需量`, form: POWER },
    ...quadrants(ofPhase, zh, "最大需量", REACTIVE_POWER),
  ];
  return demands.flatMap((field) => [field, { name: `${field.name} time`, zh: `${field.zh}发生时间`, form: MINUTE }]);
}

function quadrants(ofPhase: string, zh: string, what: string, form: Form): Field[] {
  return QUADRANTS.map((quadrant, i) => ({
    name: `quadrant ${i + 1} reactive${ofPhase}`,
    zh: `${zh}${quadrant}无功${what}`,
    form,
  }));
}

function coverEnergies(when: string): Field[] {
  const zh = when === "before" ? "开盖前" : "开盖后";
  return [
    { name: `forward active ${when}`, zh: `${zh}正向有功总电能`, form: ENERGY },
    { name: `reverse active ${when}`, zh: `${zh}反向有功总电能`, form: ENERGY },
    ...quadrants(` ${when}`, zh, "总电能", REACTIVE_ENERGY),
  ];
}

function dayTablesBefore(): Field[] {
  return ["一", "二"].flatMap((set, s) =>
    many(8, (day) => day).flatMap((day) =>
      many(14, (n) => ({
        name: `set ${s + 1} day ${day} period ${n}`,
        zh: `编程前第${set}套第${day}日时段表第${n}时段`,
        form: PERIOD,
      })),
    ),
  );
}

function seasonTablesBefore(): Field[] {
  return ["一", "二"].flatMap((set, s) =>
    many(14, (n) => ({ name: `set ${s + 1} season ${n}`, zh: `编程前第${set}套第${n}时区`, form: SEASON })),
  );
}

function many<T>(times: number, each: (n: number) => T): T[] {
  return Array.from({ length: times }, (_, i) => each(i + 1));
}
