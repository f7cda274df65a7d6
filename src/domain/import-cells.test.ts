import { expect, test } from "vitest";
import { readCell } from "./import-cells.ts";
import { areaLevels, areaPath, type ImportColumn, importColumns } from "./import-sheets.ts";
import { countUp, expandPattern } from "./number-range.ts";

const column = (key: string): ImportColumn => {
  const found = Object.values(importColumns)
    .flat()
    .find((each) => each.key === key);
  if (found === undefined) throw new Error(key);
  return found;
};
const read = (key: string, text: string, kind: "text" | "number" = "text") => {
  const found = readCell({ kind, text }, column(key), { date1904: false });
  return found.ok ? found.value : found.code;
};

test("days are read as people and Excel write them", () => {
  for (const text of [
    "2026-08-01",
    "2026/8/1",
    "2026.8.1",
    "2026年8月1日",
    " 2026-08-01 00:00:00 ",
    "２０２６-０８-０１",
  ])
    expect(read("from", text)).toBe("2026-08-01");
  expect(read("from", "46235", "number")).toBe("2026-08-01");
  for (const text of ["8月1日", "2026-02-30", "20260801", "1"]) expect(read("from", text)).toBe("import_cell_day");
  expect(read("from", "12", "number")).toBe("import_cell_day");
});

test("numbers that are names keep their zeros, and those that Excel has spoilt are refused", () => {
  expect(read("number", " 000123456789　")).toBe("000123456789");
  expect(read("number", "０００１２３")).toBe("000123");
  expect(read("number", "123456789012", "number")).toBe("123456789012");
  for (const text of ["1.23457E+11", "123457000000", "1234567890123456", "12.5"])
    expect(read("number", text, "number")).toBe("import_cell_mangled");
  expect(read("number", "1.23457E+11")).toBe("import_cell_mangled");
});

test("figures are exact, words are taken in both languages", () => {
  expect(read("openIndex", "12.500")).toBe("12.5");
  expect(read("openIndex", "0.80000000000000004", "number")).toBe("0.8");
  expect(read("openIndex", "12.3456")).toBe("import_cell_decimal");
  expect(read("openIndex", "1,200")).toBe("import_cell_decimal");
  expect(read("count", "501")).toBe("import_cell_number");
  expect(read("count", "24.0")).toBe("24");
  expect([read("mode", "公共"), read("mode", "Public"), read("mode", "public"), read("mode", "公用")]).toEqual([
    ...["public", "public", "public"],
    "import_cell_choice",
  ]);
});

test("ranges count up, and patterns name the rooms of floors", () => {
  expect(countUp("E098", 3)).toEqual(["E098", "E099", "E100"]);
  expect(countUp("E99", 2)).toBeNull();
  expect(countUp("ABC", 2)).toBeNull();
  expect(expandPattern("{1-2}{01-02}", 500)).toEqual(["101", "102", "201", "202"]);
  expect(expandPattern("A-{09-11}号", 500)).toEqual(["A-09号", "A-10号", "A-11号"]);
  for (const pattern of ["{3-1}", "{a-b}", "{1-501}", "{1-30}{1-30}", "{1", "1}"])
    expect(expandPattern(pattern, 500)).toBeNull();
});

test("a path is read as it was written, whatever is in the names", () => {
  for (const levels of [["A"], ["A/B", "C"], ["甲", "乙", "丙"]]) expect(areaLevels(areaPath(levels))).toEqual(levels);
  for (const path of ["", "A/", "/A", "A/ /B"]) expect(areaLevels(path)).toBeNull();
});
