import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../source-files.ts";
import { INSTALL, missingHere } from "./machine.ts";

test("a machine without a browser is told which tests cannot run", () => {
  expect(missingHere("/nowhere/bin")).toContainEqual(expect.stringMatching(/^Chromium is not installed/));
});

test("the command that people are told, and the one that CI runs, install the same packages", () => {
  const packages = INSTALL.replace("sudo apt-get install -y ", "");
  for (const path of [".ci/run", "README.md", "README.zh-CN.md", "CONTRIBUTING.md"]) {
    expect(readFileSync(join(root, path), "utf8"), path).toContain(packages);
  }
});
