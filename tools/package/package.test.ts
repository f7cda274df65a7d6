import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrations } from "#store/migrate.ts";
import { type Release, releaseIn, SUMS_FILE } from "#system/release.ts";
import { root } from "../source-files.ts";
import { pack } from "./pack.ts";
import { filesIn, layOut, sha256 } from "./tree.ts";

const place = mkdtempSync(join(tmpdir(), "jichao-package-"));
const web = join(place, "web");
const tree = join(place, "tree");
let release: Release;
beforeAll(async () => {
  mkdirSync(web);
  writeFileSync(join(web, "index.html"), "<p>集抄</p>");
  release = await layOut(tree, { root, web, node: process.execPath, source: "test" });
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

test("a release says what it is, and lists each of its files with its hash", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(releaseIn(tree)).toEqual(release);
  expect(release).toMatchObject({ version, source: "test", node: process.versions.node });
  expect(release.migrations).toEqual(
    migrations.map(({ name, olderCanRun }) => ({ name, olderCanRun: olderCanRun === true })),
  );
  const listed = readFileSync(join(tree, SUMS_FILE), "utf8").trimEnd().split("\n");
  expect(listed.map((line) => line.slice(66))).toEqual(filesIn(tree).filter((path) => path !== SUMS_FILE));
  for (const line of listed.filter((_, i) => i % 50 === 0))
    expect(sha256(join(tree, line.slice(66)))).toBe(line.slice(0, 64));
});

test("in it is what runs, and nothing of what builds and tests", () => {
  const files = filesIn(tree);
  expect(files).toContain("dist/web/index.html");
  expect(files).toContain("docs/OPERATIONS.md");
  expect(files).toContain("ops/systemd/jichao-server.service");
  expect(
    files.filter((path) => /\.test\.|^(test|tools)\/|^src\/(?:.*\/)?test-[\w-]+\.ts$|^src\/web\//.test(path)),
  ).toEqual([]);
  for (const name of ["vite", "typescript", "vitest", "react", "antd", "playwright-core", "@biomejs"])
    expect(files.filter((path) => path.startsWith(`node_modules/${name}/`))).toEqual([]);
});

test("every command loads from the release alone, without any other Node", () => {
  const alone = { PATH: "/usr/bin:/bin", NODE_PATH: "", HOME: place };
  const told = execFileSync(join(tree, "bin/jichao"), ["help"], { cwd: place, env: alone, encoding: "utf8" });
  const commands = [...told.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name = ""]) => name);
  expect(commands.length).toBeGreaterThan(15);
  // Every file that any command may load is there: a missing one would only be noticed on the day that it is needed.
  const loading = filesIn(tree)
    .filter((path) => /^src\/cli\/(?!jichao\.ts).*\.ts$/.test(path))
    .map((path) => `await import(${JSON.stringify(join(tree, path))});`);
  const all = join(tree, "src/all.ts");
  writeFileSync(all, loading.join("\n"));
  const loaded = spawnSync(join(tree, "node/bin/node"), [all], { cwd: place, env: alone, encoding: "utf8" });
  rmSync(all);
  expect(loaded).toMatchObject({ status: 0, stderr: "" });
});

test("one byte more in any file, and the installer does nothing", () => {
  const damaged = join(tree, "src/cli/start.ts");
  const before = readFileSync(damaged);
  appendFileSync(damaged, "\n");
  const target = join(place, "target");
  const run = spawnSync("sh", [join(tree, "install.sh"), "--root", target], { encoding: "utf8" });
  writeFileSync(damaged, before);
  expect(run.status).toBe(1);
  expect(run.stderr).toContain("安装包不完整");
  expect(spawnSync("ls", [target]).status).not.toBe(0);
});

test("packed twice it is the same file, with its hash beside it", async () => {
  const small = { root, web, node: join(web, "index.html"), source: "test", at: 1_700_000_000 };
  const [one, two] = [await pack(join(place, "one"), small), await pack(join(place, "two"), small)];
  expect(two.sha256).toBe(one.sha256);
  execFileSync("sha256sum", ["-c", "--quiet", `${one.file}.sha256`], { cwd: join(place, "one") });
  expect(execFileSync("tar", ["tzf", one.file], { encoding: "utf8" })).toContain(
    `jichao-${one.release.version}-${one.release.platform}/install.sh`,
  );
});
