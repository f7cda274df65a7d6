/**
 * One bit of a status or error word, in the words of tools (en, as in the frame vectors) and of people (zh). Where a few
 * bits are a number, `value` is what they must be. `filing` marks what only the later prepaid filing (备案文件) and
 * firmware have, `doubt` why such a bit must not be acted on.
 */
export type NamedBit = { mask: number; name: string; zh: string; value?: number; filing?: true; doubt?: string };

/** Faults of one phase, words 4 to 6 (appendix C). */
const PHASE_BITS: readonly NamedBit[] = [
  { mask: 0x0001, name: "voltage-loss", zh: "失压" },
  { mask: 0x0002, name: "undervoltage", zh: "欠压" },
  { mask: 0x0004, name: "overvoltage", zh: "过压" },
  { mask: 0x0008, name: "current-loss", zh: "失流" },
  { mask: 0x0010, name: "overcurrent", zh: "过流" },
  { mask: 0x0020, name: "overload", zh: "过载" },
  { mask: 0x0040, name: "reverse-flow", zh: "潮流反向" },
  { mask: 0x0080, name: "phase-loss", zh: "断相" },
  { mask: 0x0100, name: "current-break", zh: "断流" },
];

const SETS_DISAGREE = "one firmware calls bit 10 the step table and bit 11 the step set, another bit 10 the tariff set";
const COVERS_DIFFER = "one prepaid firmware tells the covers of the meter in bits 9 and 10";

/** Status word 3, 04000503 (operation; DL/T 645-2007 appendix C, bits 5 to 15 from the later filing). */
export const STATUS_3_BITS: readonly NamedBit[] = [
  { mask: 0x0001, name: "second-period-set", zh: "第二套时段" },
  { mask: 0x0006, value: 0x0002, name: "auxiliary-supply", zh: "辅助电源供电" },
  { mask: 0x0006, value: 0x0004, name: "battery-supply", zh: "电池供电" },
  { mask: 0x0008, name: "programming-allowed", zh: "编程允许" },
  { mask: 0x0010, name: "relay-open", zh: "继电器断开" },
  { mask: 0x0020, name: "second-season-set", zh: "第二套时区", filing: true },
  { mask: 0x0040, name: "relay-commanded-open", zh: "继电器命令断", filing: true },
  { mask: 0x0080, name: "pre-trip-alarm", zh: "预跳闸报警", filing: true },
  { mask: 0x0300, value: 0x0100, name: "prepaid-energy", zh: "电量型预付费", filing: true },
  { mask: 0x0300, value: 0x0200, name: "prepaid-money", zh: "电费型预付费", filing: true },
  { mask: 0x0400, name: "bit-10", zh: "第10位(费率或阶梯套,各厂不一)", filing: true, doubt: SETS_DISAGREE },
  { mask: 0x0800, name: "bit-11", zh: "第11位(阶梯套,各厂不一)", filing: true, doubt: SETS_DISAGREE },
  { mask: 0x1000, name: "keep-supply", zh: "保电", filing: true },
  { mask: 0x2000, name: "authentication-valid", zh: "身份认证有效", filing: true },
  { mask: 0x4000, name: "local-account-not-opened", zh: "本地未开户", filing: true },
  { mask: 0x8000, name: "remote-account-not-opened", zh: "远程未开户", filing: true },
];

/** Status words 1 to 7, 04000501 … 04000507 (appendix C), the first word first. */
export const STATUS_WORDS: readonly (readonly NamedBit[])[] = [
  [
    { mask: 0x0002, name: "demand-by-interval", zh: "需量按区间(否则滑差)" },
    { mask: 0x0004, name: "clock-battery-low", zh: "时钟电池欠压" },
    { mask: 0x0008, name: "reading-battery-low", zh: "停电抄表电池欠压" },
    { mask: 0x0010, name: "active-reverse", zh: "有功功率反向" },
    { mask: 0x0020, name: "reactive-reverse", zh: "无功功率反向" },
    { mask: 0x0040, name: "remote-billing", zh: "远程费控(否则本地)", filing: true },
    { mask: 0x0100, name: "relay-circuit-fault", zh: "控制回路错误", filing: true },
    { mask: 0x0200, name: "esam-fault", zh: "ESAM 错误", filing: true },
    { mask: 0x1000, name: "program-fault", zh: "程序错误", filing: true },
    { mask: 0x2000, name: "memory-fault", zh: "存储器故障", filing: true },
    { mask: 0x4000, name: "overdraft", zh: "透支状态", filing: true },
    { mask: 0x8000, name: "clock-fault", zh: "时钟故障", filing: true },
  ],
  [
    { mask: 0x0001, name: "active-reverse-a", zh: "A相有功反向" },
    { mask: 0x0002, name: "active-reverse-b", zh: "B相有功反向" },
    { mask: 0x0004, name: "active-reverse-c", zh: "C相有功反向" },
    { mask: 0x0010, name: "reactive-reverse-a", zh: "A相无功反向" },
    { mask: 0x0020, name: "reactive-reverse-b", zh: "B相无功反向" },
    { mask: 0x0040, name: "reactive-reverse-c", zh: "C相无功反向" },
  ],
  STATUS_3_BITS,
  PHASE_BITS,
  PHASE_BITS,
  PHASE_BITS,
  [
    { mask: 0x0001, name: "voltage-sequence-reversed", zh: "电压逆相序" },
    { mask: 0x0002, name: "current-sequence-reversed", zh: "电流逆相序" },
    { mask: 0x0004, name: "voltage-unbalance", zh: "电压不平衡" },
    { mask: 0x0008, name: "current-unbalance", zh: "电流不平衡" },
    { mask: 0x0010, name: "auxiliary-supply-lost", zh: "辅助电源失电" },
    { mask: 0x0020, name: "power-down", zh: "掉电" },
    { mask: 0x0040, name: "demand-over-limit", zh: "需量超限" },
    { mask: 0x0080, name: "power-factor-low", zh: "总功率因数超下限", filing: true },
    { mask: 0x0100, name: "current-unbalance-severe", zh: "电流严重不平衡", filing: true },
    { mask: 0x0200, name: "reverse-flow", zh: "潮流反向(个别厂作开表盖)", filing: true, doubt: COVERS_DIFFER },
    {
      mask: 0x0400,
      name: "all-phase-voltage-loss",
      zh: "全失压(个别厂作开端钮盖)",
      filing: true,
      doubt: COVERS_DIFFER,
    },
  ],
];

/** The bits of word 3 that the system acts on. Only `relayOpen` says that supply is really off. */
export const STATUS_3 = { relayOpen: 0x0010, relayCommandedOpen: 0x0040, preTripAlarm: 0x0080, keepSupply: 0x1000 };

/** The bits of word 3 that say that a meter trips by its credit, in energy or in money; none of them: it only counts. */
export const PREPAID_MASK = 0x0300;

/** The ERR byte of an abnormal answer (DL/T 645-2007 appendix C). */
export const ERR_BITS: readonly NamedBit[] = [
  { mask: 0x01, name: "other", zh: "其他错误" },
  { mask: 0x02, name: "no-such-data", zh: "无请求数据" },
  { mask: 0x04, name: "password-or-unauthorised", zh: "密码错或未授权" },
  { mask: 0x08, name: "baud-not-changeable", zh: "通信速率不能更改" },
  { mask: 0x10, name: "too-many-seasons", zh: "年时区数超" },
  { mask: 0x20, name: "too-many-periods", zh: "日时段数超" },
  { mask: 0x40, name: "too-many-tariffs", zh: "费率数超" },
  { mask: 0x80, name: "reserved", zh: "保留位" },
];

/** The bits of ERR that the meter side sets. */
export const ERR = { other: 0x01, noSuchData: 0x02, unauthorised: 0x04 } as const;

/** The SERR word of a refused security command: low byte first on the wire, the low byte as the filing has it. */
export const SERR = {
  other: 0x01,
  /** This purchase count has been credited already. */
  repeated: 0x02,
  /** The security module refused the MAC. */
  verification: 0x04,
  /** MAC wrong or not authenticated. */
  authentication: 0x08,
  customer: 0x10,
  /** The purchase count is neither the stored one nor the next. */
  purchaseCount: 0x20,
  /** The credit would exceed the hoard limit (囤积限额). */
  overLimit: 0x40,
  /** High byte: locked after too many wrong MACs. */
  locked: 0x0100,
  /** High byte: a key update that does not begin at the version in the meter, or does not lead to a later one. */
  keyVersion: 0x0200,
  /** High byte: less is left than was to be taken back. */
  tooLittle: 0x0400,
} as const;

/** The SERR bits by name. */
export const SERR_BITS: readonly NamedBit[] = [
  { mask: SERR.other, name: "other", zh: "其他错误" },
  { mask: SERR.repeated, name: "repeated-recharge", zh: "重复充值" },
  { mask: SERR.verification, name: "esam-verify-failed", zh: "ESAM 验证失败" },
  { mask: SERR.authentication, name: "authentication-failed", zh: "身份认证失败" },
  { mask: SERR.customer, name: "customer-mismatch", zh: "客户编号不匹配" },
  { mask: SERR.purchaseCount, name: "purchase-count-error", zh: "购电次数错误" },
  { mask: SERR.overLimit, name: "over-hoard-limit", zh: "购电超囤积" },
  { mask: SERR.locked, name: "locked", zh: "认证已锁定" },
  { mask: SERR.keyVersion, name: "key-version", zh: "密钥版本不符" },
  { mask: SERR.tooLittle, name: "credit-too-low", zh: "剩余量不足" },
];

/** The bits of the table that are set in a word, and the numbers in it that say something. */
export function bitsIn(word: number, table: readonly NamedBit[]): NamedBit[] {
  return table.filter((bit) => (bit.value === undefined ? (word & bit.mask) !== 0 : (word & bit.mask) === bit.value));
}
