import { areaLevels, areaPath } from "./import-sheets.ts";

/** Lines that are taken at once: more than any site has floors. */
export const AREA_LINES_MAX = 500;
/** Characters that are taken at once. */
export const AREA_TEXT_CHARS_MAX = 30_000;
/** Levels below the top of a project. */
export const AREA_LINE_LEVELS_MAX = 7;

/** A line that cannot be understood: its number from 1, and why. */
export type AreaLineFault = { line: number; text: string; why: "empty_level" | "too_deep" | "too_long" | "no_above" };
/** Areas as they were pasted, each with its levels below the top, every one once, above before below; and what is wrong. */
export type AreaLines = { areas: readonly (readonly string[])[]; lines: number; faults: readonly AreaLineFault[] };

const NAME_CHARS = 50;

/**
 * Reads areas that were pasted from Excel or typed: a line for each, its levels in cells (tabs) or behind slashes (`A座/1层`). An empty cell at
 * the beginning means the same as in the line above, which is what merged cells become.
 */
export function readAreaLines(text: string): AreaLines {
  const found = new Map<string, readonly string[]>();
  const faults: AreaLineFault[] = [];
  let above: readonly string[] = [];
  let lines = 0;
  for (const [i, whole] of text.split(/\r\n|\r|\n/).entries()) {
    if (whole.trim() === "") continue;
    lines++;
    const fault = (why: AreaLineFault["why"]) => faults.push({ line: i + 1, text: whole.trim(), why });
    const levels = levelsOf(whole, above);
    if (typeof levels === "string") {
      fault(levels);
      continue;
    }
    above = levels;
    for (let depth = 1; depth <= levels.length; depth++) {
      const path = levels.slice(0, depth);
      found.set(areaPath(path), path);
    }
  }
  return { areas: [...found.values()], lines, faults };
}

function levelsOf(line: string, above: readonly string[]): readonly string[] | AreaLineFault["why"] {
  const levels = line.includes("\t") ? fromCells(line, above) : (areaLevels(line.trim()) ?? "empty_level");
  if (typeof levels === "string")
    return line.split("/").some((each) => each.trim().length > NAME_CHARS) ? "too_long" : levels;
  if (levels.some((level) => level.length > NAME_CHARS)) return "too_long";
  return levels.length > AREA_LINE_LEVELS_MAX ? "too_deep" : levels;
}

function fromCells(line: string, above: readonly string[]): string[] | AreaLineFault["why"] {
  const cells = line.split("\t").map((cell) => cell.trim());
  while (cells.at(-1) === "") cells.pop();
  const first = cells.findIndex((cell) => cell !== "");
  if (first > above.length) return "no_above";
  const levels = [...above.slice(0, first), ...cells.slice(first)];
  return levels.some((level) => level === "") ? "empty_level" : levels;
}
