import { ENERGY_97, type Field97, NUMBER_97, type Reads97, type Row97 } from "./item.ts";
import { clockText, one, type Shape97, text, whole, written } from "./rows.ts";

const REACTIVE = { ...ENERGY_97, unit: "kvarh" } as const;
const DEMAND = { ...NUMBER_97, bytes: 3, decimals: 4, unit: "kW", over: 10 } as const;
const DEMAND_REACTIVE = { ...DEMAND, unit: "kvar" } as const;
const VOLTAGE = { ...NUMBER_97, bytes: 2, decimals: 0, unit: "V", times: 1000 } as const;
const CURRENT = { ...NUMBER_97, bytes: 2, decimals: 2, unit: "A", times: 10 } as const;
const POWER = { ...NUMBER_97, bytes: 3, decimals: 4, unit: "kW", over: 10 } as const;
const POWER_REACTIVE = { ...NUMBER_97, bytes: 2, decimals: 2, unit: "kvar", times: 10 } as const;
const FACTOR = { ...NUMBER_97, bytes: 2, decimals: 3, unit: "" } as const;

/** What a meter measures and counts: registers, phases, and what broke a phase (A.1 to A.4). */
export function registerRows97(): Row97[] {
  return [
    ...registers(),
    ...phases("B61", "voltage", "电压", VOLTAGE, "voltage", false),
    ...phases("B62", "current", "电流", CURRENT, "current", false),
    ...phases("B63", "power", "有功功率", POWER, "power", true),
    ...phases("B64", "reactive power", "无功功率", POWER_REACTIVE, null, true),
    ...phases("B65", "power factor", "功率因数", FACTOR, null, true),
    ...phaseLosses(),
  ];
}

/** Total (0), fourteen tariffs (1 … E) and the block (F) of one register: DI0 = direction, then the tariff digit. */
function withTariffs(
  high: string,
  direction: string,
  name: string,
  zh: string,
  clause: string,
  shape: Shape97 | "time",
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
function phases(high: string, name: string, zh: string, shape: Shape97, reads: Reads97, total: boolean): Row97[] {
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
