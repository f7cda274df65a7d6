import type { NamedBit } from "../dlt645/status.ts";

/** The ERR byte of an abnormal answer (DL/T 645-1997 appendix B). Bits 3 and 7 are reserved. */
export const ERR_BITS_97: readonly NamedBit[] = [
  { mask: 0x01, name: "illegal-data", zh: "非法数据" },
  { mask: 0x02, name: "bad-data-identifier", zh: "数据标识错" },
  { mask: 0x04, name: "password", zh: "密码错" },
  { mask: 0x10, name: "too-many-seasons", zh: "年时区数超" },
  { mask: 0x20, name: "too-many-periods", zh: "日时段数超" },
  { mask: 0x40, name: "too-many-tariffs", zh: "费率数超" },
];

/** The bits of ERR that the meter side sets. */
export const ERR_97 = { illegalData: 0x01, badIdentifier: 0x02, password: 0x04 } as const;
