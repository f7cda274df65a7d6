import {
  ascii,
  COEFFICIENT,
  CURRENT,
  CURRENT_THRESHOLD,
  count,
  DATE_WEEK,
  DATE_WEEK_TIME,
  DAY_HOUR,
  ENERGY,
  FACTOR,
  type Form,
  HOLIDAY,
  HOUR_MINUTE,
  IDENTIFIER,
  MINUTE,
  MONEY,
  MONTH_MINUTE,
  OVERCURRENT_THRESHOLD,
  PERCENT,
  PERIOD,
  POWER,
  PRICE,
  printed,
  REACTIVE_POWER,
  SEASON,
  TIME,
  VOLTAGE,
  wireHex,
  word,
} from "./forms.ts";
import { block, type ItemParts, oneValue, rates, record, single } from "./item.ts";
import { loadGuardItems } from "./items-load-guard.ts";

type Row = readonly [di1di0: number, name: string, zh: string, form: Form, value?: string];

/** 0400 xx xx of table A.5 by DI1 DI0. */
const BASE: readonly Row[] = [
  [0x0101, "date+weekday", "日期及星期", DATE_WEEK, "date"],
  [0x0102, "time", "时间", TIME],
  [0x0103, "demand period", "最大需量周期", count(1, "min")],
  [0x0104, "demand slide time", "滑差时间", count(1, "min")],
  [0x0105, "calibration pulse width", "校表脉冲宽度", count(2, "ms")],
  [0x0106, "season table switch time", "两套时区表切换时间", MINUTE],
  [0x0107, "day table switch time", "两套日时段表切换时间", MINUTE],
  [0x0201, "seasons per year", "年时区数", count(1)],
  [0x0202, "day tables", "日时段表数", count(1)],
  [0x0203, "periods per day", "日时段数(每日切换数)", count(1)],
  [0x0204, "tariffs", "费率数", count(1)],
  [0x0205, "holidays", "公共假日数", count(2)],
  [0x0206, "harmonic orders", "谐波分析次数", count(1)],
  [0x0301, "screens in automatic cycle", "自动循环显示屏数", count(1)],
  [0x0302, "seconds per screen", "每屏显示时间", count(1, "s")],
  [0x0303, "energy decimals shown", "显示电能小数位数", count(1)],
  [0x0304, "power decimals shown", "显示功率(最大需量)小数位数", count(1)],
  [0x0305, "screens by button", "按键循环显示屏数", count(1)],
  [0x0401, "communication address", "通信地址", printed(6), "address"],
  [0x0402, "meter number", "表号", printed(6), "meterNo"],
  [0x0403, "asset code", "资产管理编码", ascii(32)],
  [0x0404, "rated voltage", "额定电压", ascii(6)],
  [0x0405, "rated current", "额定电流/基本电流", ascii(6)],
  [0x0406, "maximum current", "最大电流", ascii(6)],
  [0x0407, "active accuracy class", "有功准确度等级", ascii(4)],
  [0x0408, "reactive accuracy class", "无功准确度等级", ascii(4)],
  [0x0409, "active constant", "电表有功常数", count(3, "imp/kWh")],
  [0x040a, "reactive constant", "电表无功常数", count(3, "imp/kvarh")],
  [0x040b, "model", "电表型号", ascii(10)],
  [0x040c, "production date", "生产日期", ascii(10)],
  [0x040d, "protocol version", "协议版本号", ascii(16)],
  [0x0601, "active combination word", "有功组合方式特征字", word(1)],
  [0x0602, "reactive combination 1 word", "无功组合方式1特征字", word(1)],
  [0x0603, "reactive combination 2 word", "无功组合方式2特征字", word(1)],
  [0x0701, "infrared modulated baud word", "调制型红外光口通信速率特征字", word(1)],
  [0x0702, "infrared contact baud word", "接触式红外光口通信速率特征字", word(1)],
  [0x0703, "port 1 baud word", "通信口1通信速率特征字", word(1)],
  [0x0704, "port 2 baud word", "通信口2通信速率特征字", word(1)],
  [0x0705, "port 3 baud word", "通信口3通信速率特征字", word(1)],
  [0x0801, "weekend word", "周休日特征字", word(1)],
  [0x0802, "weekend day table", "周休日采用的日时段表号", count(1)],
  [0x0901, "load record mode word", "负荷记录模式字", word(1)],
  [0x0902, "freeze mode word", "冻结数据模式字", word(1)],
  [0x0a01, "load record start", "负荷记录起始时间", MONTH_MINUTE],
  [0x0b01, "settlement day 1", "每月第1结算日", DAY_HOUR],
  [0x0b02, "settlement day 2", "每月第2结算日", DAY_HOUR],
  [0x0b03, "settlement day 3", "每月第3结算日", DAY_HOUR],
  [0x0e01, "forward power upper limit", "正向有功功率上限值", POWER],
  [0x0e02, "reverse power upper limit", "反向有功功率上限值", POWER],
  [0x0e03, "voltage upper limit", "电压上限值", VOLTAGE],
  [0x0e04, "voltage lower limit", "电压下限值", VOLTAGE],
];

/** 0400 xx xx of the later filing, as prepaid firmware has them. */
const FILING: readonly Row[] = [
  [0x0108, "tariff price switch time", "两套费率电价切换时间", MINUTE],
  [0x0109, "step switch time", "两套阶梯切换时间", MINUTE],
  [0x010c, "date+weekday+time", "日期星期时间", DATE_WEEK_TIME],
  [0x0207, "steps", "阶梯数", count(1)],
  [0x0306, "current transformer ratio", "电流互感器变比", count(3)],
  [0x0307, "voltage transformer ratio", "电压互感器变比", count(3)],
  [0x040e, "customer number", "客户编号", printed(6)],
  [0x0705, "port 4 baud word", "通信口4通信速率特征字", word(1)],
  [0x0903, "instant freeze mode word", "瞬时冻结数据模式字", word(1)],
  [0x0904, "agreed freeze mode word", "约定冻结数据模式字", word(1)],
  [0x0905, "hourly freeze mode word", "整点冻结数据模式字", word(1)],
  [0x0906, "daily freeze mode word", "日冻结数据模式字", word(1)],
  [0x0f01, "energy alarm 1", "报警电量1限值", ENERGY],
  [0x0f02, "energy alarm 2", "报警电量2限值", ENERGY],
  [0x0f03, "energy hoard limit", "囤积电量限值", ENERGY],
  [0x0f04, "energy overdraft limit", "透支电量限值", ENERGY],
  [0x1001, "money alarm 1", "报警金额1限值", MONEY],
  [0x1002, "money alarm 2", "报警金额2限值", MONEY],
  [0x1003, "money overdraft limit", "透支金额限值", MONEY],
  [0x1004, "money hoard limit", "囤积金额限值", MONEY],
  [0x1005, "money close-allowed limit", "合闸允许金额限值", MONEY],
  [0x1101, "operation word 1", "电表运行特征字1", word(1)],
  [0x1104, "report mode word", "主动上报模式字", word(8)],
  [0x1201, "hourly freeze start", "整点冻结起始时间", MINUTE],
  [0x1202, "hourly freeze interval", "整点冻结时间间隔", count(1, "min")],
  [0x1203, "daily freeze time", "日冻结时间", HOUR_MINUTE],
  [0x1301, "radio signal", "无线通信在线及信号强弱指示", word(1)],
  [0x1401, "trip delay", "跳闸延时时间", count(2, "min")],
  [0x1402, "relay current limit", "继电器拉闸电流门限值", CURRENT],
  [0x1501, "report status word", "主动上报状态字", word(12)],
  [0x1403, "relay current limit delay", "继电器拉闸控制电流门限保护延时时间", count(2, "min")],
];

/** 0409 xx xx: from when on an event counts. The last one of each group is how long that must have lasted. */
const THRESHOLDS: readonly Row[] = [
  [0x0101, "voltage loss voltage upper", "失压事件电压触发上限", VOLTAGE],
  [0x0102, "voltage loss recovery voltage lower", "失压事件电压恢复下限", VOLTAGE],
  [0x0103, "voltage loss current lower", "失压事件电流触发下限", CURRENT_THRESHOLD],
  [0x0104, "voltage loss delay", "失压事件判定延时时间", count(1, "s")],
  [0x0201, "undervoltage voltage upper", "欠压事件电压触发上限", VOLTAGE],
  [0x0202, "undervoltage delay", "欠压事件判定延时时间", count(1, "s")],
  [0x0301, "overvoltage voltage lower", "过压事件电压触发下限", VOLTAGE],
  [0x0302, "overvoltage delay", "过压事件判定延时时间", count(1, "s")],
  [0x0401, "phase loss voltage upper", "断相事件电压触发上限", VOLTAGE],
  [0x0402, "phase loss current upper", "断相事件电流触发上限", CURRENT_THRESHOLD],
  [0x0403, "phase loss delay", "断相事件判定延时时间", count(1, "s")],
  [0x0501, "voltage unbalance limit", "电压不平衡率限值", PERCENT],
  [0x0502, "voltage unbalance delay", "电压不平衡率判定延时时间", count(1, "s")],
  [0x0601, "current unbalance limit", "电流不平衡率限值", PERCENT],
  [0x0602, "current unbalance delay", "电流不平衡率判定延时时间", count(1, "s")],
  [0x0701, "current loss voltage lower", "失流事件电压触发下限", VOLTAGE],
  [0x0702, "current loss current upper", "失流事件电流触发上限", CURRENT_THRESHOLD],
  [0x0703, "current loss current lower", "失流事件电流触发下限", CURRENT_THRESHOLD],
  [0x0704, "current loss delay", "失流事件判定延时时间", count(1, "s")],
  [0x0801, "overcurrent current lower", "过流事件电流触发下限", OVERCURRENT_THRESHOLD],
  [0x0802, "overcurrent delay", "过流事件判定延时时间", count(1, "s")],
  [0x0901, "current break voltage lower", "断流事件电压触发下限", VOLTAGE],
  [0x0902, "current break current upper", "断流事件电流触发上限", CURRENT_THRESHOLD],
  [0x0903, "current break delay", "断流事件判定延时时间", count(1, "s")],
  [0x0a01, "reverse flow power lower", "潮流反向事件有功功率触发下限", POWER],
  [0x0a02, "reverse flow delay", "潮流反向事件判定延时时间", count(1, "s")],
  [0x0b01, "overload power lower", "过载事件有功功率触发下限", POWER],
  [0x0b02, "overload delay", "过载事件判定延时时间", count(1, "s")],
  [0x0c01, "voltage quality upper", "电压考核上限", VOLTAGE],
  [0x0c02, "voltage quality lower", "电压考核下限", VOLTAGE],
  [0x0d01, "active demand limit", "有功需量超限事件需量触发下限", POWER],
  [0x0d02, "reactive demand limit", "无功需量超限事件需量触发下限", REACTIVE_POWER],
  [0x0d03, "demand delay", "需量超限事件判定延时时间", count(1, "s")],
  [0x0e01, "power factor lower", "总功率因数超下限阀值", FACTOR],
  [0x0e02, "power factor delay", "总功率因数超下限判定延时时间", count(1, "s")],
  [0x0f01, "severe current unbalance limit", "电流严重不平衡限值", PERCENT],
  [0x0f02, "severe current unbalance delay", "电流严重不平衡触发延时时间", count(1, "s")],
];
const thresholds = new Map<number, ItemParts>(
  THRESHOLDS.map(([key, name, zh, form]) => [key, oneValue(name, zh, "filing", form)]),
);

const LOSS_PARTS = ["电导", "电纳", "电阻", "电抗"] as const;
const LOSS_NAMES = ["conductance", "susceptance", "resistance", "reactance"] as const;
const ALL = 0xff;

const table = new Map<number, ItemParts>([
  ...BASE.map(([key, name, zh, form, value]) => [key, oneValue(name, zh, "A.5", form, value)] as const),
  ...FILING.map(([key, name, zh, form, value]) => [key, oneValue(name, zh, "filing", form, value)] as const),
  ...loadGuardItems,
]);
for (let n = 1; n <= 7; n++) {
  const zh = `电表运行状态字${n}`;
  table.set(0x0500 + n, oneValue(`status word ${n}`, zh, "A.5, appendix C", word(2), "status"));
}
for (let n = 1; n <= 6; n++) {
  const parts = oneValue(`load record interval ${n}`, `第${n}类负荷记录间隔时间`, "A.5", count(2, "min"));
  table.set(0x0a01 + n, parts);
}
for (let level = 0; level <= 9; level++) {
  table.set(0x0c01 + level, oneValue(`password ${level}`, `${level}级密码`, "A.5", wireHex(4)));
}
["A", "B", "C"].forEach((phase, p) => {
  LOSS_PARTS.forEach((zh, i) => {
    const name = `${LOSS_NAMES[i]} ${phase}`;
    table.set(0x0d01 + 4 * p + i, oneValue(name, `${phase}相${zh}系数`, "A.5", COEFFICIENT));
  });
});
// Two bytes there are the delay before closing (合闸延时), which other makers keep under the same identifier.
const relayLimit = table.get(0x1402);
if (relayLimit !== undefined) {
  const closeDelay = single("close delay", "合闸延时时间", count(2, "min"));
  table.set(0x1402, { ...relayLimit, layouts: [relayLimit.layouts[0], closeDelay] });
}
const STATUS_BLOCK: ItemParts = {
  name: "status words",
  zh: "电表运行状态字数据块",
  clause: "A.5, appendix C",
  layouts: [block(7, (n) => [{ name: `status ${n + 1}`, zh: `运行状态字${n + 1}`, form: word(2) }])],
};

/** Parameters (DI3 04, table A.5). Makers may use identifiers of their own there: those are not in the table. */
export function parameterItem(di2: number, di1: number, di0: number): ItemParts | undefined {
  switch (di2) {
    case 0x00:
      return di1 === 0x05 && di0 === ALL ? STATUS_BLOCK : table.get((di1 << 8) | di0);
    case 0x01:
    case 0x02:
      return di1 === 0 ? timeTable(di2, di0) : undefined;
    case 0x03:
      return di1 === 0 ? numbered(di0, "holiday", "第#公共假日日期及日时段表号", HOLIDAY) : undefined;
    case 0x04:
      if (di1 === 1) return screen(di0, "automatic screen", "自动循环显示第#屏");
      return di1 === 2 ? screen(di0, "button screen", "按键循环显示第#屏") : undefined;
    case 0x05:
      return di1 === 1 || di1 === 2 ? tariffPrices(di1, di0) : undefined;
    case 0x06:
      return stepTable(di1, di0);
    case 0x09:
      return thresholds.get((di1 << 8) | di0);
    case 0x80:
      return di1 === 0 ? makersOwn(di0) : undefined;
    default:
      return undefined;
  }
}

/** 0401 and 0402: DI0 00 is the season table of the set, 01 to 08 its day tables. */
function timeTable(set: number, di0: number): ItemParts | undefined {
  const setZh = set === 1 ? "第一套" : "第二套";
  if (di0 > 8) return undefined;
  const layout =
    di0 === 0
      ? block(14, (n) => [{ name: `season ${n + 1}`, zh: `第${n + 1}时区起始日期及日时段表号`, form: SEASON }])
      : block(14, (n) => [{ name: `period ${n + 1}`, zh: `第${n + 1}时段起始时间及费率号`, form: PERIOD }]);
  return di0 === 0
    ? { name: `season table ${set}`, zh: `${setZh}时区表`, clause: "A.5", layouts: [layout] }
    : { name: `day table ${set}.${di0}`, zh: `${setZh}第${di0}日时段表`, clause: "A.5", layouts: [layout] };
}

/** 0405: the prices of one set, one by one or (FF) as a block. */
function tariffPrices(set: number, di0: number): ItemParts | undefined {
  const zh = `${set === 1 ? "第一套" : "第二套"}费率`;
  if (di0 === ALL) {
    return { name: `tariff prices ${set}`, zh: `${zh}电价数据块`, clause: "filing", layouts: [rates(PRICE)] };
  }
  return di0 >= 1 && di0 <= 63 ? oneValue(`tariff price ${set}.${di0}`, `${zh}${di0}电价`, "filing", PRICE) : undefined;
}

/** 0406: DI1 00 step energies and 01 step prices of the first set, 02 and 03 of the second. */
function stepTable(di1: number, di0: number): ItemParts | undefined {
  if (di1 > 3 || di0 > 63) return undefined;
  const set = di1 < 2 ? 1 : 2;
  const setZh = set === 1 ? "第一套" : "第二套";
  return di1 % 2 === 0
    ? oneValue(`step energy ${set}.${di0}`, `${setZh}第${di0}阶梯值`, "filing", ENERGY)
    : oneValue(`step price ${set}.${di0}`, `${setZh}第${di0}阶梯电价`, "filing", PRICE);
}

function numbered(di0: number, name: string, zh: string, form: Form): ItemParts | undefined {
  return di0 >= 1 && di0 <= 254 ? oneValue(`${name} ${di0}`, zh.replace("#", String(di0)), "A.5", form) : undefined;
}

/** What a screen shows: an identifier, in the filing with the number of the part of it behind. */
function screen(di0: number, name: string, zh: string): ItemParts | undefined {
  const item = numbered(di0, name, zh, IDENTIFIER);
  if (item === undefined) return undefined;
  const shown = { name: item.name, zh: item.zh, form: IDENTIFIER };
  return { ...item, layouts: [item.layouts[0], record([shown, { name: "part", zh: "数据项序号", form: count(1) }])] };
}

function makersOwn(di0: number): ItemParts | undefined {
  if (di0 === 1) return oneValue("maker software version", "厂家软件版本号", "A.5", ascii(32));
  if (di0 === 2) return oneValue("maker hardware version", "厂家硬件版本号", "A.5", ascii(32));
  return di0 === 3 ? oneValue("maker number", "厂家编号", "A.5", ascii(32)) : undefined;
}
