/** One bit of a status or error word, in the words of tools (en, as in the frame vectors) and of people (zh). */
export type NamedBit = { mask: number; name: string; zh: string };

/**
 * Status word 3, 04000503 (DL/T 645-2007 appendix C; bits 5 to 15 from the later filing). Bits 2–1 and 9–8 are numbers
 * and bits 10/11 differ between makers: they are left out here, the word itself is always shown.
 */
export const STATUS_3_BITS: readonly NamedBit[] = [
  { mask: 0x0001, name: "second-period-set", zh: "第二套时段" },
  { mask: 0x0008, name: "programming-allowed", zh: "编程允许" },
  { mask: 0x0010, name: "relay-open", zh: "继电器断开" },
  { mask: 0x0020, name: "second-season-set", zh: "第二套时区" },
  { mask: 0x0040, name: "relay-commanded-open", zh: "继电器命令断" },
  { mask: 0x0080, name: "pre-trip-alarm", zh: "预跳闸报警" },
  { mask: 0x1000, name: "keep-supply", zh: "保电" },
  { mask: 0x2000, name: "authentication-valid", zh: "身份认证有效" },
  { mask: 0x4000, name: "local-account-not-opened", zh: "本地未开户" },
  { mask: 0x8000, name: "remote-account-not-opened", zh: "远程未开户" },
];

/** The bits of word 3 that the system acts on. Only `relayOpen` says that supply is really off. */
export const STATUS_3 = { relayOpen: 0x0010, relayCommandedOpen: 0x0040, preTripAlarm: 0x0080, keepSupply: 0x1000 };

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
];

/** The bits of the table that are set in a word. */
export function bitsIn(word: number, table: readonly NamedBit[]): NamedBit[] {
  return table.filter((bit) => (word & bit.mask) !== 0);
}
