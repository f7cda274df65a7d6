import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const marks = join(import.meta.dirname, "marks");
const tokens = readFileSync(join(import.meta.dirname, "../../styles/tokens.css"), "utf8");

test.each(readdirSync(marks))("%s is drawn in a colour that the states have", (file) => {
  const colours = [...readFileSync(join(marks, file), "utf8").matchAll(/"(#[0-9a-f]+)"/g)].map(([, colour]) => colour);
  expect(colours.length).toBeGreaterThan(0);
  for (const colour of colours) expect(tokens).toContain(`: ${colour};`);
});
