/** The sheets of an import (档案导入), in the order in which they are carried out: what a row needs was made before it. */
export const importSheets = ["areas", "rooms", "boxes", "concentrators", "prices", "customers", "meters"] as const;
export type ImportSheet = (typeof importSheets)[number];

/** A value that a cell may have, by the words that people choose. */
export type ImportChoice = { readonly value: string; readonly zh: string; readonly en: string };

/**
 * A column of a sheet. `digits` are numbers that are names (leading zeros count), `code` other short names without blanks; both are text in
 * Excel. `whole` from `min` to `max`; `decimal` with at most `decimals` places; `max` of texts counts characters.
 */
export type ImportColumn = {
  readonly key: string;
  readonly zh: string;
  readonly en: string;
  readonly kind: "text" | "digits" | "code" | "whole" | "decimal" | "day" | "choice" | "secret";
  readonly required?: true;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  readonly choices?: readonly ImportChoice[];
  readonly width: number;
  /** What to write there, for the help sheet. */
  readonly helpZh: string;
  readonly helpEn: string;
};

/** A row whose first cell says so is an example and is not imported. */
export const EXAMPLE_WORDS: readonly string[] = ["示例", "example"];
/** The first column of every sheet: for remarks of whoever fills it in, and for marking examples. */
export const REMARK = { zh: "备注", en: "Remark" } as const;

/** Names of the sheets in the file. */
export const sheetNames: Readonly<Record<ImportSheet, { zh: string; en: string }>> = {
  areas: { zh: "片区", en: "Areas" },
  rooms: { zh: "房间", en: "Rooms" },
  boxes: { zh: "电表箱", en: "Boxes" },
  concentrators: { zh: "集中器", en: "Concentrators" },
  prices: { zh: "价格", en: "Prices" },
  customers: { zh: "客户", en: "Customers" },
  meters: { zh: "表计", en: "Meters" },
};

const NAME_CHARS = 50;
const yuan = { kind: "decimal", decimals: 4 } as const;
const kinds: readonly ImportChoice[] = [
  { value: "electricity", zh: "电", en: "Electricity" },
  { value: "water", zh: "水", en: "Water" },
];
const area: ImportColumn = {
  key: "area",
  zh: "片区",
  en: "Area",
  kind: "text",
  required: true,
  max: 250,
  width: 28,
  helpZh: "从最上级写起,各级以 / 分隔,例如 阳光小区/A座/1层。名称本身含 / 的写成 //。",
  helpEn: "From the top down, levels separated by /. A / that belongs to a name is written //.",
};

/** The columns of each sheet, in the order of the template; in a file they may stand in any order. */
export const importColumns: Readonly<Record<ImportSheet, readonly ImportColumn[]>> = {
  areas: [area],
  rooms: [
    area,
    {
      ...{ key: "name", zh: "房间", en: "Room", kind: "text", required: true, max: NAME_CHARS, width: 18 },
      helpZh: "片区内不重复。表计所在的房间会自动建立,这里只需写还没有表的房间。",
      helpEn: "Unique in its area. Rooms of meters are made by themselves; only rooms without a meter need a row.",
    },
  ],
  boxes: [
    area,
    {
      ...{ key: "name", zh: "电表箱", en: "Box", kind: "text", required: true, max: NAME_CHARS, width: 18 },
      helpZh: "片区内不重复。箱里有哪些表,写在“表计”工作表中。",
      helpEn: "Unique in its area. Which meters are in it is said on the sheet of meters.",
    },
  ],
  concentrators: [
    {
      ...{ key: "code", zh: "集中器编号", en: "Code", kind: "code", required: true, max: 32, width: 20 },
      helpZh: "设备登录时报的编号;376.1 终端为 9 位数字。已在用的编号不会重复建立。",
      helpEn: "What the device says when it registers; nine digits for terminals of Q/GDW 1376.1.",
    },
    {
      ...{ key: "name", zh: "名称", en: "Name", kind: "text", required: true, max: NAME_CHARS, width: 20 },
      helpZh: "可用导入修改。",
      helpEn: "May be changed by an import.",
    },
    area,
    {
      ...{ key: "link", zh: "接入方式", en: "Link", kind: "choice", width: 14 },
      choices: [
        { value: "jichao", zh: "JCP/1", en: "JCP/1" },
        { value: "transparent", zh: "透传DTU", en: "Plain DTU" },
        { value: "gw1376", zh: "376.1", en: "Q/GDW 1376.1" },
      ],
      helpZh: "不填为 JCP/1。透传和 376.1 新建后只允许抄表和充值,拉闸须在集中器页面放开。",
      helpEn: "JCP/1 when empty. Other links begin with reading and recharging only.",
    },
    {
      ...{ key: "linkKey", zh: "链路密钥", en: "Link key", kind: "secret", width: 36 },
      helpZh: "新的 JCP/1 集中器必填,32 位十六进制。导出的文件中永远为空。",
      helpEn: "Needed for a new JCP/1 concentrator, 32 hex digits. Always empty in files that were taken out.",
    },
  ],
  prices: [
    {
      ...{ key: "name", zh: "价格名称", en: "Price", kind: "text", required: true, max: NAME_CHARS, width: 20 },
      helpZh: "供“表计”工作表按名称引用。导入不新建、不修改系统中的价格。",
      helpEn: "A name that the sheet of meters may use. An import neither makes nor changes tariffs.",
    },
    {
      ...{ key: "kind", zh: "类别", en: "Kind", kind: "choice", required: true, width: 10 },
      choices: kinds,
      helpZh: "电或水。",
      helpEn: "Electricity or water.",
    },
    {
      ...{ key: "price", zh: "单价(元)", en: "Price (yuan)", ...yuan, required: true, width: 12 },
      helpZh: "每 kWh 或 m³,最多四位小数。",
      helpEn: "For a kWh or m³, at most four decimals.",
    },
  ],
  customers: [
    {
      ...{ key: "number", zh: "客户编号", en: "Customer number", kind: "digits", required: true, max: 32, width: 18 },
      helpZh: "项目内不重复。",
      helpEn: "Unique in the project.",
    },
    {
      ...{ key: "name", zh: "姓名", en: "Name", kind: "text", required: true, max: NAME_CHARS, width: 18 },
      helpZh: "户名。",
      helpEn: "Whose account it is.",
    },
    {
      ...{ key: "phone", zh: "电话", en: "Phone", kind: "digits", max: 20, width: 18 },
      helpZh: "可不填。",
      helpEn: "May be empty.",
    },
  ],
  meters: [
    {
      ...{ key: "number", zh: "表号", en: "Meter number", kind: "digits", required: true, max: 32, width: 18 },
      helpZh: "全系统不重复。数量大于 1 时为起始表号,末尾数字逐一加 1。",
      helpEn: "Unique in the system. With a count above 1 it is the first one; its last digits count up.",
    },
    {
      ...{ key: "count", zh: "数量", en: "Count", kind: "whole", min: 1, max: 500, width: 8 },
      helpZh: "不填为 1。大于 1 时按起始表号、起始地址连续建立,房间写成 {101-124} 或 {1-6}{01-04}。",
      helpEn: "1 when empty. Above 1, numbers and addresses count up, and rooms are {101-124} or {1-6}{01-04}.",
    },
    area,
    {
      ...{ key: "room", zh: "房间", en: "Room", kind: "text", required: true, max: NAME_CHARS, width: 18 },
      helpZh: "同一房间的电表和水表写相同的房间。没有的会建立。",
      helpEn: "Electricity and water of one room have the same. Made when it is new.",
    },
    {
      ...{ key: "label", zh: "名称", en: "Label", kind: "text", max: NAME_CHARS, width: 18 },
      helpZh: "状态墙上显示的名称,不填同房间。可用导入修改。",
      helpEn: "What tiles show; the room when empty. May be changed by an import.",
    },
    {
      ...{ key: "profile", zh: "表型", en: "Model", kind: "code", required: true, max: 40, width: 22 },
      helpZh: "从下拉列表选择。",
      helpEn: "Choose from the list.",
    },
    {
      ...{ key: "address", zh: "通信地址", en: "Address", kind: "digits", required: true, max: 20, width: 18 },
      helpZh: "DL/T 645 为 12 位,CJ/T 188 为 14 位,前导零不能省。",
      helpEn: "12 digits for DL/T 645, 14 for CJ/T 188, with leading zeros.",
    },
    {
      ...{
        key: "concentrator",
        zh: "集中器编号",
        en: "Concentrator",
        kind: "code",
        required: true,
        max: 32,
        width: 20,
      },
      helpZh: "已有的,或“集中器”工作表中的。每台最多 500 只表。",
      helpEn: "One that is there, or on the sheet of concentrators. At most 500 meters each.",
    },
    {
      ...{ key: "bus", zh: "端口", en: "Port", kind: "whole", min: 1, max: 255, width: 8 },
      helpZh: "不填为 1。",
      helpEn: "1 when empty.",
    },
    {
      ...{ key: "gateway", zh: "网关表号", en: "Gateway", kind: "digits", max: 32, width: 16 },
      helpZh: "经哪只表转发;直接挂在总线上的不填。",
      helpEn: "The meter that passes its frames on; empty on the bus itself.",
    },
    {
      ...{ key: "mode", zh: "模式", en: "Mode", kind: "choice", width: 10 },
      choices: [
        { value: "prepaid", zh: "预付费", en: "Prepaid" },
        { value: "postpaid", zh: "后付费", en: "Postpaid" },
        { value: "public", zh: "公共", en: "Public" },
      ],
      helpZh: "不填为预付费。",
      helpEn: "Prepaid when empty.",
    },
    {
      ...{ key: "switchKind", zh: "开关", en: "Switch", kind: "choice", width: 10 },
      choices: [
        { value: "relay", zh: "继电器", en: "Relay" },
        { value: "breaker", zh: "断路器", en: "Breaker" },
        { value: "valve", zh: "阀门", en: "Valve" },
        { value: "none", zh: "无", en: "None" },
      ],
      helpZh: "不填按表型。",
      helpEn: "As the model has it when empty.",
    },
    {
      ...{ key: "closesBy", zh: "合闸方式", en: "Closes by", kind: "choice", width: 10 },
      choices: [
        { value: "direct", zh: "直接", en: "Directly" },
        { value: "button", zh: "按钮", en: "Button" },
      ],
      helpZh: "不填按表型。",
      helpEn: "As the model does when empty.",
    },
    {
      ...{ key: "price", zh: "单价", en: "Price", kind: "text", max: NAME_CHARS, width: 16 },
      helpZh: "每 kWh 或 m³ 多少元,或“价格”工作表中的名称。新表必填,在用表可空。",
      helpEn:
        "Yuan for a kWh or m³, or a name on the sheet of prices. Needed for a new meter, may be empty for one in use.",
    },
    {
      ...{ key: "ratio", zh: "倍率", en: "Ratio", kind: "whole", min: 1, max: 100_000, width: 8 },
      helpZh: "CT×PT,不填为 1。",
      helpEn: "CT × PT; 1 when empty.",
    },
    {
      ...{ key: "openIndex", zh: "起码", en: "First index", kind: "decimal", decimals: 3, width: 12 },
      helpZh: "建档时表上的示数(kWh 或 m³,未乘倍率)。用量从这里算起:有客户编号的必填,空房不填为 0。",
      helpEn:
        "What the meter shows (kWh or m³, before the ratio). Usage counts from here: needed with a customer, else 0 when empty.",
    },
    {
      ...{
        key: "powerMaxW",
        zh: "最大功率(W)",
        en: "Maximum power (W)",
        kind: "whole",
        min: 1,
        max: 1_000_000_000,
        width: 12,
      },
      helpZh: "用于识别异常读数,不填为 15000×倍率。",
      helpEn: "Tells impossible readings; 15000 × ratio when empty.",
    },
    {
      ...{ key: "lowCredit", zh: "低额提醒", en: "Low credit", kind: "decimal", decimals: 3, width: 10 },
      helpZh: "余量低于多少 kWh 或 m³ 时第一次提醒,不填为 20。",
      helpEn: "First reminder, in kWh or m³; 20 when empty.",
    },
    {
      ...{ key: "box", zh: "电表箱", en: "Box", kind: "text", max: NAME_CHARS, width: 16 },
      helpZh: "同一片区的电表箱,可不填。可用导入修改。",
      helpEn: "A box of the same area; may be empty. May be changed by an import.",
    },
    {
      ...{ key: "masterOf", zh: "总表", en: "Master meter of", kind: "choice", width: 12 },
      choices: [
        { value: "box", zh: "电表箱", en: "Box" },
        { value: "area", zh: "片区", en: "Area" },
        { value: "none", zh: "不是", en: "Nothing" },
      ],
      helpZh: "该表计量其电表箱或片区的全部进线,用于线损;不填不改。可用导入修改。",
      helpEn:
        "It measures all that goes into its box or area, for losses; empty changes nothing. May be changed by an import.",
    },
    {
      ...{ key: "customer", zh: "客户编号", en: "Customer number", kind: "digits", max: 32, width: 18 },
      helpZh: "空房不填。填写后即办理入住,账户从零开始;余额在系统中的预付费表先保电,取消保电前不会因欠费断电。",
      helpEn:
        "Empty for an empty room. The customer moves in with an account of nothing; where credit is on the server, the supply guard is set until somebody lifts it.",
    },
    {
      ...{ key: "from", zh: "入住日期", en: "Since", kind: "day", width: 14 },
      helpZh: "写成 2026-08-01,不填为当天。",
      helpEn: "Like 2026-08-01; today when empty.",
    },
  ],
};

/** The levels of an area's path; null when one is empty. `//` stands for a `/` in a name. */
export function areaLevels(path: string): string[] | null {
  const levels = path
    .replaceAll("//", "\u0000")
    .split("/")
    .map((level) => level.replaceAll("\u0000", "/").trim());
  return levels.some((level) => level === "" || level.length > NAME_CHARS) ? null : levels;
}

/** A path as it is written in a cell, and as areas are told apart. */
export function areaPath(levels: readonly string[]): string {
  return levels.map((level) => level.replaceAll("/", "//")).join("/");
}
