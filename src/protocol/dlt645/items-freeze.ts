import { type Form, MINUTE, POWER, REACTIVE_POWER } from "./forms.ts";
import { type Field, type ItemParts, type Layout, oneValue, RATES_MAX, rates, record } from "./item.ts";
import { demandRates, totalRegister } from "./items-registers.ts";

/** What froze the registers, by DI2, and how many of such freezes a meter keeps. 04 to 07 are of the filing. */
const FREEZES: Readonly<Record<number, { name: string; zh: string; kept: number; clause: string }>> = {
  0: { name: "timed", zh: "定时冻结", kept: 12, clause: "A.6" },
  1: { name: "instant", zh: "瞬时冻结", kept: 3, clause: "A.6" },
  2: { name: "season table switch", zh: "两套时区表切换", kept: 2, clause: "A.6" },
  3: { name: "day table switch", zh: "两套日时段表切换", kept: 2, clause: "A.6" },
  4: { name: "hourly", zh: "整点冻结", kept: 254, clause: "filing" },
  5: { name: "tariff price switch", zh: "两套费率电价切换", kept: 2, clause: "filing" },
  6: { name: "daily", zh: "日冻结", kept: 62, clause: "filing" },
  7: { name: "step switch", zh: "两套阶梯切换", kept: 2, clause: "filing" },
};

const PHASES = ["A", "B", "C"] as const;
/** DI1 of the demands, of the variables and of the whole freeze. */
const FORWARD_DEMAND = 0x09;
const REVERSE_DEMAND = 0x0a;
const VARIABLES = 0x10;

/** Active and reactive power, each in total and per phase. */
const VARIABLE_FIELDS: readonly Field[] = [
  ...powers("power", "有功功率", POWER),
  ...powers("reactive power", "无功功率", REACTIVE_POWER),
];

/**
 * Freezes (DI3 05, table A.6). DI1 is the register: 00 the time, 01 to 08 energy, 09 and 0A demand, 10 powers; DI0 the
 * n-th last freeze. The block of everything (DI1 FF) depends on the mode word of the meter, so it stays bytes.
 */
export function freezeItem(di2: number, di1: number, di0: number): ItemParts | undefined {
  const freeze = FREEZES[di2];
  if (freeze === undefined || di0 < 1 || di0 > freeze.kept) return undefined;
  const { name, zh, clause } = freeze;
  const last = `(last ${di0})`;
  const lastZh = `上${di0}次${zh}`;
  if (di1 === 0) return oneValue(`${name} freeze time ${last}`, `${lastZh}时间`, clause, MINUTE, "frozenAt");
  const named = (what: string, whatZh: string, layout: Layout): ItemParts => {
    return { name: `${name} freeze ${what} ${last}`, zh: `${lastZh}${whatZh}`, clause, layouts: [layout] };
  };
  if (di1 === VARIABLES) return named("powers", "变量数据", record(VARIABLE_FIELDS));
  if (di1 === FORWARD_DEMAND) return named("forward active maximum demand", "正向有功最大需量", demandRates(POWER));
  if (di1 === REVERSE_DEMAND) return named("reverse active maximum demand", "反向有功最大需量", demandRates(POWER));
  const register = di1 < FORWARD_DEMAND ? totalRegister(di1) : undefined;
  return register && named(register.name, `${register.zh}电能(总及${RATES_MAX}费率以内)`, rates(register.energy));
}

function powers(name: string, zh: string, form: Form): Field[] {
  const total = { name: `${name} total`, zh: `总${zh}`, form };
  return [total, ...PHASES.map((phase) => ({ name: `${name} ${phase}`, zh: `${phase}相${zh}`, form }))];
}
