import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { auditActionName, auditActions } from "./audit-action.ts";

const flows = new URL("../flows/", import.meta.url);
/** Every text in the sources of the flows; `${…}` in one stands for some words. */
const texts = readdirSync(flows)
  .filter((name) => !name.endsWith(".test.ts"))
  .flatMap(
    (name) => readFileSync(new URL(name, flows), "utf8").match(/"[a-z_.]+"|`[a-z_.]*(?:\$\{[^`]*?\}[a-z_.]*)+`/g) ?? [],
  )
  .map((text) => text.slice(1, -1).replace(/\$\{.*?\}/g, "*"));
const plain = new Set(texts.filter((text) => !text.includes("*")));
const patterns = [...new Set(texts)]
  .filter((text) => /^[a-z_]+\.[a-z_]*\*/.test(text))
  .map((text) => new RegExp(`^${text.replaceAll(".", "\\.").replaceAll("*", "[a-z_]+")}$`));

test.each(Object.entries(auditActions))("%s has a word of its own in both languages", (code, [chinese, english]) => {
  expect(chinese).toMatch(/\p{Script=Han}/u);
  expect(english).toMatch(/^[A-Z][a-zA-Z,:' -]+$/);
  const same = Object.values(auditActions).filter((words) => words[0] === chinese || words[1] === english);
  expect([code, same.length]).toEqual([code, 1]);
});

test("no word is kept for what nothing writes any more", () => {
  const idle = Object.keys(auditActions).filter(
    (code) => !plain.has(code) && !patterns.some((pattern) => pattern.test(code)),
  );
  expect(idle).toEqual([]);
});

test("a code of earlier days, or the name of something else, has no word", () => {
  for (const code of ["payment.print", "toString", ""]) expect(auditActionName(code)).toBeNull();
});
