/** Numbers that follow each other (起止表号): the last digits count up and keep their width. Null when they run out. */
export function countUp(first: string, count: number): string[] | null {
  if (count === 1) return [first];
  const [, head = "", digits = ""] = /^(.*?)(\d{1,18})$/.exec(first) ?? [];
  if (digits === "") return null;
  const from = BigInt(digits);
  if (String(from + BigInt(count) - 1n).length > digits.length) return null;
  return Array.from({ length: count }, (_, i) => head + String(from + BigInt(i)).padStart(digits.length, "0"));
}

/**
 * Names by a pattern: each `{a-b}` stands for the numbers from a to b in the width of a, the last one counting fastest, so
 * `{1-2}0{1-3}` is 101 102 103 201 202 203. Null when the pattern is not understood or gives more than `max`.
 */
export function expandPattern(pattern: string, max: number): string[] | null {
  const parts = pattern.split(/(\{[^{}]*\})/);
  let names: string[] = [""];
  for (const part of parts) {
    const choices = part.startsWith("{") ? rangeOf(part, max) : [part];
    if (choices === null || /[{}]/.test(choices[0] ?? "")) return null;
    if (names.length * choices.length > max) return null;
    names = names.flatMap((name) => choices.map((choice) => name + choice));
  }
  return names;
}

function rangeOf(part: string, max: number): string[] | null {
  const [, from = "", to = ""] = /^\{\s*(\d{1,9})\s*[-–~至]\s*(\d{1,9})\s*\}$/.exec(part) ?? [];
  const count = Number(to) - Number(from) + 1;
  if (from === "" || count < 1 || count > max) return null;
  return Array.from({ length: count }, (_, i) => String(Number(from) + i).padStart(from.length, "0"));
}
