import {
  ANGLE,
  APPARENT_ENERGY,
  APPARENT_POWER,
  BATTERY_VOLTAGE,
  CURRENT,
  count,
  ENERGY,
  ENERGY_SIGNED,
  FACTOR,
  type Form,
  FREQUENCY,
  MINUTE,
  MONEY,
  PERCENT,
  POWER,
  PRICE,
  REACTIVE_ENERGY,
  REACTIVE_ENERGY_SIGNED,
  REACTIVE_POWER,
  TEMPERATURE,
  VOLTAGE,
} from "./forms.ts";
import {
  block,
  type ItemParts,
  type Layout,
  oneValue,
  RATES_MAX,
  rates,
  rateZh,
  record,
  SETTLEMENTS_MAX,
  single,
} from "./item.ts";

/** A register of energy and the demand that belongs to it; `rates` says whether tariffs have registers of their own. */
type Register = { name: string; zh: string; energy: Form; demand: Form | null; rates: boolean };

const ALL = 0xff;

/** DI2 → register, tables A.1 and A.2. The phases repeat the totals 20, 40 and 60 places further on. */
const registers = new Map<number, Register>();
const TOTALS: readonly [name: string, zh: string, energy: Form, demand: Form | null][] = [
  ["combined active energy", "组合有功", ENERGY_SIGNED, null],
  ["forward active energy", "正向有功", ENERGY, POWER],
  ["reverse active energy", "反向有功", ENERGY, POWER],
  ["combined reactive energy 1", "组合无功1", REACTIVE_ENERGY_SIGNED, REACTIVE_POWER],
  ["combined reactive energy 2", "组合无功2", REACTIVE_ENERGY_SIGNED, REACTIVE_POWER],
  ["quadrant 1 reactive energy", "第一象限无功", REACTIVE_ENERGY, REACTIVE_POWER],
  ["quadrant 2 reactive energy", "第二象限无功", REACTIVE_ENERGY, REACTIVE_POWER],
  ["quadrant 3 reactive energy", "第三象限无功", REACTIVE_ENERGY, REACTIVE_POWER],
  ["quadrant 4 reactive energy", "第四象限无功", REACTIVE_ENERGY, REACTIVE_POWER],
  ["forward apparent energy", "正向视在", APPARENT_ENERGY, APPARENT_POWER],
  ["reverse apparent energy", "反向视在", APPARENT_ENERGY, APPARENT_POWER],
];
const HARMONIC: readonly [name: string, zh: string][] = [
  ["related energy", "关联"],
  ["forward active fundamental energy", "正向有功基波"],
  ["reverse active fundamental energy", "反向有功基波"],
  ["forward active harmonic energy", "正向有功谐波"],
  ["reverse active harmonic energy", "反向有功谐波"],
  ["copper loss energy", "铜损有功"],
  ["iron loss energy", "铁损有功"],
];
const PHASES = ["A", "B", "C"] as const;

TOTALS.forEach(([name, zh, energy, demand], di2) => {
  registers.set(di2, { name, zh, energy, demand, rates: true });
  PHASES.forEach((phase, i) => {
    if (di2 === 0) return;
    const register = { name: `${name} ${phase}`, zh: `${phase}相${zh}`, energy, demand, rates: false };
    registers.set(di2 + 20 * (i + 1), register);
  });
});
HARMONIC.forEach(([name, zh], i) => {
  registers.set(0x80 + i, { name, zh, energy: ENERGY, demand: null, rates: false });
  PHASES.forEach((phase, p) => {
    const register = { name: `${name} ${phase}`, zh: `${phase}相${zh}`, energy: ENERGY, demand: null, rates: false };
    registers.set(0x80 + i + 20 * (p + 1), register);
  });
});

/** Prepaid registers of the later filing, by DI2 DI1 DI0. */
const PREPAID: Readonly<Record<number, ItemParts>> = {
  9437440: oneValue("remaining energy", "剩余电量", "filing", ENERGY, "remaining"),
  9437441: oneValue("overdraft energy", "透支电量", "filing", ENERGY, "overdraft"),
  9437696: oneValue("remaining money", "剩余金额", "filing", MONEY, "remaining"),
  9437697: oneValue("overdraft money", "透支金额", "filing", MONEY, "overdraft"),
  720896: oneValue("usage this settlement period", "本结算周期用电量", "filing", ENERGY, "usage"),
  720897: oneValue("usage last settlement period", "上1结算周期用电量", "filing", ENERGY, "usage"),
};

/**
 * Energy (DI3 00, table A.1). DI1 is the tariff (FF: total and tariffs as far as they are set up), DI0 the settlement day
 * (FF: now and the last twelve). Both FF at once is not in the standard.
 */
export function energyItem(di2: number, di1: number, di0: number): ItemParts | undefined {
  const prepaid = PREPAID[(di2 << 16) | (di1 << 8) | di0];
  if (prepaid !== undefined) return prepaid;
  const register = registers.get(di2);
  if (register === undefined || !addressed(register, di1, di0)) return undefined;
  const { name, energy } = register;
  return {
    name: `${name} ${rateName(di1, register)}${whenName(di0)}`,
    zh: `${whenZh(di0)}${register.zh}${registerZh(di1, di0, register)}`,
    clause: "A.1",
    layouts: [
      layoutOfRegister(di1, di0, energy, (form) => {
        return single(name, `${register.zh}${registerZh(di1, di0, register)}`, form);
      }),
    ],
  };
}

/** Maximum demand with the minute it happened (DI3 01, table A.2); identifiers divide as those of energy do. */
export function demandItem(di2: number, di1: number, di0: number): ItemParts | undefined {
  const register = registers.get(di2);
  if (register === undefined || register.demand === null || !addressed(register, di1, di0)) return undefined;
  const name = register.name.replace("energy", "maximum demand");
  const fields = (prefix: string, prefixZh: string) => demandFields(prefix, prefixZh, register.demand ?? POWER);
  const parts = {
    name: `${name} ${rateName(di1, register)}${whenName(di0)}`,
    zh: `${whenZh(di0)}${register.zh}${registerZh(di1, di0, register).replace("电能", "最大需量")}`,
    clause: "A.2",
  };
  if (di0 === ALL) return { ...parts, layouts: [settlements((n) => fields(`#${n}`, settlementZh(n)))] };
  if (di1 === ALL) return { ...parts, layouts: [demandRates(register.demand)] };
  return { ...parts, layouts: [record(fields(name, `${register.zh}最大需量`))] };
}

/** Total and tariffs of a maximum demand, each with its minute. */
export function demandRates(form: Form): Layout {
  return block(RATES_MAX + 1, (rate) => demandFields(`#${rate}`, rateZh(rate), form));
}

/** The register of a freeze or energy identifier as total and tariffs; undefined where DI2 is no total register. */
export function totalRegister(di2: number): Register | undefined {
  const register = registers.get(di2);
  return register?.rates === true ? register : undefined;
}

/** Per-phase variables, DI2 of table A.3. `total` stands before A, B and C where the standard has one. */
const VARIABLES: Readonly<Record<number, { name: string; zh: string; form: Form; total: string | null }>> = {
  1: { name: "voltage", zh: "电压", form: VOLTAGE, total: null },
  2: { name: "current", zh: "电流", form: CURRENT, total: null },
  3: { name: "power", zh: "有功功率", form: POWER, total: "总有功功率" },
  4: { name: "reactive power", zh: "无功功率", form: REACTIVE_POWER, total: "总无功功率" },
  5: { name: "apparent power", zh: "视在功率", form: APPARENT_POWER, total: "总视在功率" },
  6: { name: "power factor", zh: "功率因数", form: FACTOR, total: "总功率因数" },
  7: { name: "phase angle", zh: "相角", form: ANGLE, total: null },
  8: { name: "voltage distortion", zh: "电压波形失真度", form: PERCENT, total: null },
  9: { name: "current distortion", zh: "电流波形失真度", form: PERCENT, total: null },
};
/** Orders of harmonics that table A.3 has identifiers for. */
const HARMONICS_MAX = 21;

/** Variables without a phase, 0280 00xx; those from 0BH on are of the filing. */
const SINGLE_VARIABLES: Readonly<Record<number, ItemParts>> = {
  1: oneValue("neutral current", "零线电流", "A.3", CURRENT),
  2: oneValue("frequency", "电网频率", "A.3", FREQUENCY),
  3: oneValue("one-minute average active power", "一分钟有功总平均功率", "A.3", POWER),
  4: oneValue("active demand current", "当前有功需量", "A.3", POWER),
  5: oneValue("reactive demand current", "当前无功需量", "A.3", REACTIVE_POWER),
  6: oneValue("apparent demand current", "当前视在需量", "A.3", APPARENT_POWER),
  7: oneValue("meter temperature", "表内温度", "A.3", TEMPERATURE),
  8: oneValue("clock battery voltage", "时钟电池电压", "A.3", BATTERY_VOLTAGE),
  9: oneValue("reading battery voltage", "停电抄表电池电压", "A.3", BATTERY_VOLTAGE),
  10: oneValue("battery run time", "内部电池工作时间", "A.3", count(4, "min")),
  11: oneValue("step price current", "当前阶梯电价", "filing", PRICE),
  32: oneValue("price current", "当前电价", "filing", PRICE),
  33: oneValue("tariff price current", "当前费率电价", "filing", PRICE),
  34: oneValue("authentication time left", "身份认证时效剩余时间", "filing", count(2, "min")),
  35: oneValue("infrared authentication time left", "红外认证时效剩余时间", "filing", count(1, "min")),
};

/** Variables (DI3 02, table A.3). A phase that the meter has not got is sent as FF bytes. */
export function variableItem(di2: number, di1: number, di0: number): ItemParts | undefined {
  if (di2 === 0x80) return di1 === 0 ? SINGLE_VARIABLES[di0] : undefined;
  if (di2 === 0x0a || di2 === 0x0b) return harmonicItem(di2 === 0x0a ? "voltage" : "current", di1, di0);
  const variable = VARIABLES[di2];
  if (variable === undefined || di0 !== 0) return undefined;
  const { name, zh, form, total } = variable;
  const each = PHASES.map((phase) => ({ name: `${name} ${phase}`, zh: `${phase}相${zh}`, form }));
  if (total !== null) each.unshift({ name: `${name} total`, zh: total, form });
  if (di1 === ALL) {
    const layout = block(each.length, (n) => each.slice(n, n + 1));
    return { name: `${name} block`, zh: `${zh}数据块`, clause: "A.3", layouts: [layout] };
  }
  const field = each[total === null ? di1 - 1 : di1];
  return field && oneValue(field.name, field.zh, "A.3", form);
}

function harmonicItem(kind: "voltage" | "current", di1: number, di0: number): ItemParts | undefined {
  const phase = PHASES[di1 - 1];
  if (phase === undefined) return undefined;
  const zh = `${phase}相${kind === "voltage" ? "电压" : "电流"}`;
  const field = (order: number) => ({
    name: `${kind} ${phase} harmonic ${order}`,
    zh: `${zh}${order}次谐波含量`,
    form: PERCENT,
  });
  if (di0 === ALL) {
    const layouts: [Layout] = [block(HARMONICS_MAX, (n) => [field(n + 1)])];
    return { name: `${kind} ${phase} harmonic block`, zh: `${zh}谐波含量数据块`, clause: "A.3", layouts };
  }
  if (di0 < 1 || di0 > HARMONICS_MAX) return undefined;
  const { name, zh: nameZh } = field(di0);
  return oneValue(name, nameZh, "A.3", PERCENT);
}

function addressed(register: Register, di1: number, di0: number): boolean {
  const rate = di1 === 0 || (register.rates && (di1 <= RATES_MAX || di1 === ALL));
  return rate && (di0 <= SETTLEMENTS_MAX || (di0 === ALL && di1 !== ALL));
}

function layoutOfRegister(di1: number, di0: number, form: Form, one: (form: Form) => Layout): Layout {
  if (di0 === ALL) return settlements((n) => [{ name: `#${n}`, zh: settlementZh(n), form }]);
  return di1 === ALL ? rates(form) : one(form);
}

/** Now and the twelve settlement days before, as many as the meter has. */
function settlements(group: Parameters<typeof block>[1]): Layout {
  return block(SETTLEMENTS_MAX + 1, group);
}

function demandFields(name: string, zh: string, form: Form) {
  return [
    { name, zh, form },
    { name: `${name} time`, zh: `${zh}发生时间`, form: MINUTE },
  ];
}

function rateName(di1: number, register: Register): string {
  if (di1 === ALL) return "block ";
  if (di1 > 0) return `rate ${di1} `;
  return register.rates ? "total " : "";
}

function whenName(di0: number): string {
  if (di0 === ALL) return "settlements";
  return di0 === 0 ? "current" : `last ${di0}`;
}

function whenZh(di0: number): string {
  return di0 === 0 || di0 === ALL ? "" : `(${settlementZh(di0)})`;
}

function settlementZh(n: number): string {
  return n === 0 ? "当前" : `上${n}结算日`;
}

function registerZh(di1: number, di0: number, register: Register): string {
  if (di0 === ALL) return `${di1 === 0 && register.rates ? "总" : rateZhOf(di1)}电能(当前及各结算日)`;
  if (di1 === ALL) return "电能数据块";
  return di1 === 0 && register.rates ? "总电能" : `${rateZhOf(di1)}电能`;
}

function rateZhOf(di1: number): string {
  return di1 === 0 ? "" : rateZh(di1);
}
