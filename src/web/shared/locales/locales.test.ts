import { describe, expect, test } from "vitest";
import { en } from "./en.ts";
import { helpEn } from "./help.en.ts";
import { helpZh } from "./help.zh-CN.ts";
import { setupEn } from "./setup.en.ts";
import { setupZh } from "./setup.zh-CN.ts";
import { switchBatchesEn } from "./switch-batches.en.ts";
import { switchBatchesZh } from "./switch-batches.zh-CN.ts";
import { zhCN } from "./zh-CN.ts";

type Tree = { readonly [key: string]: string | Tree };

function sentences(tree: Tree, path = ""): [key: string, sentence: string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value] as [string, string]] : sentences(value, `${path}${key}.`),
  );
}
const placeholders = (sentence: string) => (sentence.match(/\{\{\w+\}\}/g) ?? []).sort();

/** All sentences, with those that come with their pages. */
const chinese: Tree = { ...zhCN, ...switchBatchesZh, ...setupZh };
const others: Tree = { ...en, ...switchBatchesEn, ...setupEn };

describe("both languages", () => {
  const english = new Map(sentences(others));

  test("have the same keys", () => {
    expect([...english.keys()].sort()).toEqual(
      sentences(chinese)
        .map(([key]) => key)
        .sort(),
    );
  });

  test.each(sentences(chinese))("fill the same places in %s", (key, chinese) => {
    expect(placeholders(english.get(key) ?? "")).toEqual(placeholders(chinese));
  });

  test("are not mixed: English has no Chinese characters", () => {
    expect(sentences(others).filter(([, sentence]) => /\p{Script=Han}/u.test(sentence))).toEqual([]);
  });
});

test("the help page says as much in both languages", () => {
  const shape = (texts: typeof helpZh) =>
    JSON.stringify(texts, (_, value) => (typeof value === "string" ? value !== "" : value));
  expect(shape(helpEn)).toBe(shape(helpZh));
  expect(JSON.stringify(helpEn)).not.toMatch(/\p{Script=Han}/u);
});
