import { dayOf, formatInstant, instant } from "#base/time.ts";
import { formatUnits, wh } from "#base/units.ts";

/** Shown where nothing is known. */
export const MISSING = "—";
/** Shown for a field that one may not see (字段权限). */
export const MASKED = "***";

/** Wh or litres as units with two places, `133.00`; {@link MISSING} for null. */
export function units(amount: number | null): string {
  return amount === null ? MISSING : formatUnits(wh(amount));
}

/** Units for a tile: one place, no more than a glance needs. Cut, not rounded: a tile never shows more than there is. */
export function unitsShort(amount: number | null): string {
  if (amount === null) return MISSING;
  const tenths = Math.trunc(amount / 100);
  const digits = String(Math.abs(tenths)).padStart(2, "0");
  return `${tenths < 0 ? "−" : ""}${digits.slice(0, -1)}.${digits.slice(-1)}`;
}

/** Whole units sold without needless places: 110000 → `110`, 110500 → `110.50`. */
export function unitsSold(amount: number): string {
  return units(amount).replace(/\.00$/, "");
}

/** Yuan text of the wire with thousands separators: `-1234.50` → `−1,234.50`. */
export function yuan(text: string | null): string {
  if (text === null) return MISSING;
  const [whole = "", fraction] = text.replace(/^-/, "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${text.startsWith("-") ? "−" : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** Yuan for a glance: two places, cut like {@link unitsShort}, so that nobody is shown more than there is. */
export function yuanShort(text: string | null): string {
  return text === null ? MISSING : yuan(text.replace(/^(-?\d+\.\d\d)\d+$/, "$1"));
}

/** True for `0`, `0.00`, `-0.0`: an amount that needs no words. */
export function isZero(text: string): boolean {
  return /^-?0*(\.0*)?$/.test(text);
}

/** `2026-08-01 15:45:12` in Asia/Shanghai; {@link MISSING} for 0 (never). */
export function dateTime(ms: number | null): string {
  return ms === null || ms === 0 ? MISSING : formatInstant(instant(ms));
}

/** `15:45:12` in Asia/Shanghai. */
export function clockTime(ms: number): string {
  return formatInstant(instant(ms)).slice(11);
}

/** The time alone when it is of today, with its date otherwise: `15:45:12`, `07-31 15:45`, `2025-07-31 15:45`. */
export function shortTime(ms: number | null, now: number): string {
  if (ms === null || ms === 0) return MISSING;
  const full = formatInstant(instant(ms));
  const today = dayOf(instant(now));
  if (full.startsWith(today)) return full.slice(11);
  return full.startsWith(today.slice(0, 4)) ? full.slice(5, 16) : full.slice(0, 16);
}

/** The last four digits of a meter or phone number, by which people recognise it. */
export function tail(number: string): string {
  return number.slice(-4);
}

/** Thousandths as a decimal with `places`: 231450 mV → `231.5`. */
export function thousandths(value: number | null, places: 1 | 3): string {
  return value === null ? MISSING : (value / 1000).toFixed(places).replace("-", "−");
}
