/** What a unit measures: energy counts in Wh, power in W, volume in litres, flow in litres an hour. */
export type Measured = "energy" | "power" | "volume" | "flow";

/**
 * One unit code (CJ/T 188 table of units): `shift` decimal places for the ×10 and ×100 forms; `times / over` base units
 * make one of it, those forms included.
 */
export type Unit188 = { code: number; unit: string; measures: Measured; shift: 0 | 1 | 2; times: number; over: number };

/** Codes run in threes: ×1, ×10, ×100. Joules come out as Wh (3600 J). */
const RUNS: readonly [first: number, unit: string, measures: Measured, times: number, over: number][] = [
  [0x02, "Wh", "energy", 1, 1],
  [0x05, "kWh", "energy", 1_000, 1],
  [0x08, "MWh", "energy", 1_000_000, 1],
  [0x0b, "kJ", "energy", 10, 36],
  [0x0e, "MJ", "energy", 10_000, 36],
  [0x11, "GJ", "energy", 10_000_000, 36],
  [0x14, "W", "power", 1, 1],
  [0x17, "kW", "power", 1_000, 1],
  [0x1a, "MW", "power", 1_000_000, 1],
  [0x29, "L", "volume", 1, 1],
  [0x2c, "m3", "volume", 1_000, 1],
  [0x32, "L/h", "flow", 1, 1],
  [0x35, "m3/h", "flow", 1_000, 1],
];

const SHIFTS = [0, 1, 2] as const;

/** The unit codes by code. 01H is the joule itself. */
export const units188: ReadonlyMap<number, Unit188> = new Map(
  [
    { code: 0x01, unit: "J", measures: "energy", shift: 0, times: 1, over: 3_600 } satisfies Unit188,
    ...RUNS.flatMap(([first, unit, measures, times, over]) =>
      SHIFTS.map((shift): Unit188 => {
        return { code: first + shift, unit, measures, shift, times: times * 10 ** shift, over };
      }),
    ),
  ].map((unit) => [unit.code, unit]),
);

/** Cubic metres: what water and gas meters send. */
export const UNIT_M3 = 0x2c;
/** Kilowatt hours, kilowatts and cubic metres an hour: what heat meters send. */
export const UNIT_KWH = 0x05;
export const UNIT_KW = 0x17;
export const UNIT_M3_PER_HOUR = 0x35;

const NAMES: readonly [type: number, name: string, zh: string][] = [
  [0x10, "cold water", "冷水表"],
  [0x11, "hot water", "生活热水表"],
  [0x12, "drinking water", "直饮水表"],
  [0x13, "reclaimed water", "中水表"],
  [0x20, "heat", "热量表(计热量)"],
  [0x21, "cooling", "热量表(计冷量)"],
  [0x22, "heat and cooling", "热量表(计热量和冷量)"],
  [0x30, "gas", "燃气表"],
  [0x40, "custom", "自定义仪表"],
  [0xaa, "any", "任意表"],
];

/** Name of a meter type T; reserved types take the name of their family. */
export function meterTypeName(type: number): { name: string; zh: string } {
  const found = NAMES.find(([code]) => code === type);
  if (found !== undefined) return { name: found[1], zh: found[2] };
  const family = [
    { name: "water", zh: "水表" },
    { name: "heat", zh: "热量表" },
    { name: "gas", zh: "燃气表" },
    { name: "custom", zh: "自定义仪表" },
  ][(type >> 4) - 1];
  return family ?? { name: "unknown", zh: "未知仪表" };
}
