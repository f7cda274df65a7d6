import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RELEASE_FILE } from "#system/release.ts";
import { packageVersion } from "#system/version.ts";
import { versionText } from "./version.ts";

test("the command names the version of the package, and of a release what it was made of", () => {
  const folder = mkdtempSync(join(tmpdir(), "jichao-version-"));
  try {
    expect(versionText(folder)).toBe(`集抄 Jichao ${packageVersion()}`);
    const release = { product: "jichao", version: packageVersion(), platform: "linux-x64", node: "24.1.0" };
    writeFileSync(join(folder, RELEASE_FILE), JSON.stringify({ ...release, source: "abc", migrations: [] }));
    expect(versionText(folder)).toBe(`集抄 Jichao ${packageVersion()} (abc, linux-x64, Node 24.1.0)`);
    writeFileSync(join(folder, RELEASE_FILE), "half of a fi");
    expect(versionText(folder)).toBe(`集抄 Jichao ${packageVersion()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
