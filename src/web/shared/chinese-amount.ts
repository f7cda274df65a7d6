const DIGITS = "零壹贰叁肆伍陆柒捌玖";
const PLACES = ["", "拾", "佰", "仟"] as const;
const GROUPS = ["", "万", "亿"] as const;

/**
 * Yuan in the capital numerals of receipts (大写): `"100.37"` → 壹佰元叁角柒分, `"100.00"` → 壹佰元整.
 * Null for anything but a non-negative amount of at most twelve digits before and two after the point.
 */
export function chineseAmount(yuan: string): string | null {
  const match = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(yuan);
  if (!match) return null;
  const whole = (match[1] ?? "").replace(/^0+/, "");
  const [jiao, fen] = (match[2] ?? "").padEnd(2, "0").split("").map(Number);
  return wholeYuan(whole) + fraction(jiao ?? 0, fen ?? 0, whole !== "") || "零元整";
}

function wholeYuan(digits: string): string {
  if (digits === "") return "";
  let text = "";
  let zeroWaits = false;
  for (let group = Math.ceil(digits.length / 4) - 1; group >= 0; group--) {
    const part = digits.slice(Math.max(0, digits.length - 4 * group - 4), digits.length - 4 * group);
    let said = "";
    [...part].forEach((digit, at) => {
      if (digit === "0") {
        zeroWaits = text + said !== "";
        return;
      }
      said += (zeroWaits ? "零" : "") + DIGITS[Number(digit)] + PLACES[part.length - 1 - at];
      zeroWaits = false;
    });
    if (said !== "") text += said + GROUPS[group];
  }
  return `${text}元`;
}

function fraction(jiao: number, fen: number, afterYuan: boolean): string {
  if (jiao === 0 && fen === 0) return afterYuan ? "整" : "";
  if (fen === 0) return `${DIGITS[jiao]}角整`;
  if (jiao === 0) return `${afterYuan ? "零" : ""}${DIGITS[fen]}分`;
  return `${DIGITS[jiao]}角${DIGITS[fen]}分`;
}
