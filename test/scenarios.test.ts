import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** Each code with the browser files that have a story of it, as `OP-1 browser-desk`. */
const told = (page: string): string[] =>
  page.split("\n").flatMap((line) => {
    const [code, , by] = line.split("|").slice(1);
    if (code === undefined || by === undefined || !/^ [A-Z]{2}-\d+ $/.test(code)) return [];
    return [...by.matchAll(/`(browser[a-z-]*)`/g)].map(([, file]) => `${code.trim()} ${file}`);
  });

test("the page of scenarios and the titles of browser stories name the same; other tests that it names are there", () => {
  const page = readFileSync(join(root, "docs", "SCENARIOS.md"), "utf8");
  const titles = readdirSync(join(root, "test"))
    .filter((file) => /^browser.*\.test\.ts$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(root, "test", file), "utf8");
      return [...text.matchAll(/"((?:[A-Z]{2}-\d+(?:, )?)+): /g)].flatMap(([, codes]) =>
        (codes ?? "").split(", ").map((code) => `${code} ${file.replace(".test.ts", "")}`),
      );
    });
  expect(told(page).toSorted()).toEqual([...new Set(titles)].toSorted());
  expect(titles.length).toBeGreaterThan(20);
  const named = [...page.matchAll(/`((?:test|src)\/[\w/.-]+\.ts)`/g)].map(([, path]) => path ?? "");
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
