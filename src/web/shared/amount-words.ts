import { chineseAmount } from "./chinese-amount.ts";
import { currentLanguage } from "./i18n.ts";

/** The amount in capital numerals (大写), for those who read Chinese; null for the others and for what is no amount. */
export function amountWords(yuan: string): string | null {
  return currentLanguage() === "zh-CN" ? chineseAmount(yuan) : null;
}
