import { type Bytes, fromHex } from "#protocol/bytes.ts";
import { ANY_METER, isPossible, type LocalTime } from "#protocol/dlt645/control.ts";

/** What is wrong with the words of a person: the only error that is told, not thrown on. */
export class WordsError extends Error {}

/** A DL/T 645 address: at most 12 digits, AA for any two of the higher ones, or `any`. Throws {@link WordsError}. */
export function addressWord(text = ""): string {
  if (text.toLowerCase() === "any") return ANY_METER;
  const wild = /^(?:[Aa]{2})*\d*$/.test(text) && text.length <= 12;
  if (!wild || text === "") throw new WordsError(`不是表地址(至多 12 位数字,高位可用 AA 通配):${text}`);
  return text.toUpperCase().padStart(12, "0");
}

/** So many digits at most, filled up with zeros in front. Throws {@link WordsError}. */
export function digitsWord(name: string, text = "", length: number): string {
  if (!/^\d+$/.test(text) || text.length > length) throw new WordsError(`${name}应为至多 ${length} 位数字:${text}`);
  return text.padStart(length, "0");
}

/** A data identifier of the 2007 edition as printed: 8 hex digits. Throws {@link WordsError}. */
export function diWord(text = ""): string {
  if (!/^[0-9A-Fa-f]{8}$/.test(text)) throw new WordsError(`数据标识应为 8 位十六进制(高字节在前):${text}`);
  return text.toUpperCase();
}

/** Exactly so many bytes of hex. Throws {@link WordsError}. */
export function hexWord(name: string, text = "", bytes: number): string {
  if (fromHex(text)?.length !== bytes) throw new WordsError(`${name}应为 ${2 * bytes} 位十六进制:${text}`);
  return text.toLowerCase();
}

/** The data of a write, in hex as it travels. Throws {@link WordsError}. */
export function dataWord(text = ""): Bytes {
  const bytes = fromHex(text);
  if (bytes === null || bytes.length > 243) throw new WordsError(`写入数据不是十六进制或过长:${text}`);
  return bytes;
}

/** `100.50` → 10050 hundredths. Throws {@link WordsError}. */
export function amountWord(text = ""): number {
  const [, units = "", hundredths = ""] = /^(\d{1,8})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  if (units === "") throw new WordsError(`充值量应为至多两位小数的正数:${text}`);
  return Number(units) * 100 + Number(hundredths.padEnd(2, "0"));
}

/** A whole number from 0 on. Throws {@link WordsError}. */
export function whole(name: string, text = "", max: number): number {
  return within(name, text, 0, max);
}

/** A whole number between two. Throws {@link WordsError}. */
export function within(name: string, text = "", min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new WordsError(`${name}应在 ${min} 与 ${max} 之间:${text}`);
  return value;
}

/** A possible time, with or without seconds. Throws {@link WordsError}. */
export function timeWord(text: string): LocalTime {
  const parts = /^20(\d\d)-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?$/.exec(text.trim());
  if (parts === null) throw new WordsError(`时间应写作 '2026-08-01 12:00:00':${text}`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  const time = { year: 2000 + year, month, day, hour, minute, second };
  if (!isPossible(time)) throw new WordsError(`没有这个时间:${text}`);
  return time;
}
