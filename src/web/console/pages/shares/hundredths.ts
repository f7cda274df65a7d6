/** What somebody typed with up to two places, in hundredths: per cent to 1/100 per cent, m² to 1/100 m². Null for anything else. */
export function hundredths(text: string): number | null {
  const match = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(text.trim());
  return match === null ? null : Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
}

/** Hundredths as one would type them: 3350 → `33.5`. */
export function typed(value: number): string {
  const text = `${Math.floor(value / 100)}.${String(value % 100).padStart(2, "0")}`;
  return text.replace(/\.?0+$/, "") || "0";
}

/** 100 % in equal parts of 1/100 per cent; the first ones take what does not divide. */
export function equalParts(whole: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(whole / count) + (i < whole % count ? 1 : 0));
}
