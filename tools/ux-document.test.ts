import { describe, expect, test } from "vitest";
import { readRepository } from "./source-files.ts";

const repository = readRepository();
const text = repository.find(({ path }) => path === "docs/UX.md")?.text ?? "";
const points = [...text.matchAll(/^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
  ([, number, asked = "", verdict = "", how = ""]) => ({ number: Number(number), asked, verdict, how }),
);

describe("docs/UX.md", () => {
  test("has each of the 98 points once, in order, with one of three verdicts and how it was checked", () => {
    expect(points.map(({ number }) => number)).toEqual(Array.from({ length: 98 }, (_, i) => i + 1));
    expect(points.filter(({ verdict }) => !["pass", "fail", "not yet"].includes(verdict))).toEqual([]);
    expect(points.filter(({ asked, how }) => asked.trim() === "" || how.trim() === "")).toEqual([]);
  });

  test("says at its top what its table comes to", () => {
    const of = (verdict: string) => points.filter((point) => point.verdict === verdict).length;
    expect(text).toContain(`**${of("pass")} pass, ${of("fail")} fail, ${of("not yet")} not yet**`);
  });

  test("names only files that are there", () => {
    const paths = new Set(repository.map(({ path }) => path));
    const named = points.flatMap(({ how }) =>
      [...how.matchAll(/`([\w./-]+\/[\w./-]+)`/g)].map(([, path = ""]) => path),
    );
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((path) => !paths.has(path))).toEqual([]);
  });
});
