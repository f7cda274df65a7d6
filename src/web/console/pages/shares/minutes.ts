/** Run minutes as they were typed, by the number of the indoor unit. */
export type TypedMinutes = Record<string, { low: string; middle: string; high: string }>;

/** Minutes of a unit: null where nothing was entered at all, undefined where something is no number of minutes. An empty speed beside entered ones is 0. */
export function minutesOf(
  typed: TypedMinutes[string] | undefined,
): { low: number; middle: number; high: number } | null | undefined {
  if (typed === undefined) return null;
  const texts = [typed.low.trim(), typed.middle.trim(), typed.high.trim()];
  if (texts.every((text) => text === "")) return null;
  if (!texts.every((text) => /^\d{0,4}$/.test(text))) return undefined;
  const [low = 0, middle = 0, high = 0] = texts.map(Number);
  return { low, middle, high };
}

/** Lines of `number low middle high`, parted by blanks, tabs or commas; other lines are left out. */
export function pasted(text: string): TypedMinutes {
  const found: TypedMinutes = {};
  for (const line of text.split(/\r?\n/)) {
    const [number, low, middle, high, ...rest] = line.trim().split(/[\s,,]+/);
    if (number && low !== undefined && middle !== undefined && high !== undefined && rest.length === 0) {
      found[number] = { low, middle, high };
    }
  }
  return found;
}
