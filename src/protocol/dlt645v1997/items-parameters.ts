import { type Bytes, toHexReversed } from "../bytes.ts";
import { NUMBER_97, type Row97 } from "./item.ts";
import { byteText, clockText, one, text, whole, written } from "./rows.ts";

const CONSTANT = { ...NUMBER_97, bytes: 3, decimals: 0, unit: "imp/kWh" } as const;

const SEASON = clockText("%-% ‹%›");
const PERIOD = clockText("%:% ‹%›");
/** Day tables of a meter at most, and periods of each. */
const DAY_TABLES = 8;
const PERIODS_MAX = 10;

const NUMBER_6 = (bytes: Bytes) => toHexReversed(bytes);

/** What a meter is set to and when it was (A.5, and B21x of A.4). C020 … C022 are shown as bytes. */
export const parameterRows97: readonly Row97[] = [
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

/** Rows of the same kind that stand one behind the other, counted from 1. */
function numbered(high: string, count: number, row: (di: string, n: number) => Row97): Row97[] {
  return Array.from({ length: count }, (_, i) => row(high + (i + 1).toString(16).toUpperCase(), i + 1));
}
