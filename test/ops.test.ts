import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const folder = join(root, "ops", "systemd");
const units = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));

test.each(units.filter(({ name }) => name.endsWith(".service")))(
  "$name runs a command that there is, with few rights",
  ({ text }) => {
    const command = /^ExecStart=\/opt\/jichao\/current\/bin\/jichao (\w+)/m.exec(text)?.[1] ?? "";
    expect(readFileSync(join(root, "src", "cli", "jichao.ts"), "utf8")).toMatch(new RegExp(`^  ${command}: \\{`, "m"));
    for (const line of [
      "User=jichao",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
      "ProtectHome=yes",
      "CapabilityBoundingSet=",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    for (const line of text.split("\n")) expect(line).toMatch(/^$|^#|^\[\w+\]$|^\w+=.*$/);
  },
);

test("every variable and unit that the operations manual names is there", () => {
  const manual = readFileSync(join(root, "docs", "OPERATIONS.md"), "utf8");
  const example = readFileSync(join(root, ".env.example"), "utf8");
  for (const [name] of manual.matchAll(/JICHAO_[A-Z_]+/g)) expect(example).toContain(name);
  const program = readFileSync(join(root, "src", "cli", "jichao.ts"), "utf8");
  for (const [, command = ""] of manual.matchAll(/^(?:JICHAO_DB=\S+ )?jichao ([a-z]+)/gm)) {
    expect(program).toMatch(new RegExp(`^  "?${command}"?: \\{`, "m"));
  }
  expect(units.map(({ name }) => name).sort()).toEqual([
    "jichao-backup.service",
    "jichao-backup.timer",
    "jichao-collector.service",
    "jichao-server.service",
  ]);
});
