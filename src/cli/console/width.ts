import { shownText } from "../shown-text.ts";

/** How many columns of a terminal a text takes: Chinese signs and full-width forms take two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const sign of text) width += isWide(sign.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
}

/** The text in exactly so many columns, fit to be shown: cut with a mark, or filled with blanks. */
export function fitted(raw: string, columns: number): string {
  const text = shownText(raw);
  if (widthOf(text) <= columns) return text + " ".repeat(columns - widthOf(text));
  let cut = "";
  for (const sign of text) {
    if (widthOf(cut + sign) > columns - 1) break;
    cut += sign;
  }
  return `${cut}…${" ".repeat(Math.max(0, columns - widthOf(cut) - 1))}`;
}

/** Ranges that terminals draw two columns wide (Unicode East Asian Width W and F), as far as our texts go. */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}
