import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const PATIENCE_MS = 120_000;

let folder = "";

/** A folder of somebody else, into which the package as npm packs it was unpacked. Nothing is taken from a registry. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jichao-published-"));
  const env = { ...process.env, npm_config_offline: "true", npm_config_update_notifier: "false" };
  await run("npm", ["pack", "--pack-destination", folder], { cwd: root, env, shell: process.platform === "win32" });
  const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  const home = join(folder, "node_modules", "jichao");
  await mkdir(home, { recursive: true });
  await run("tar", ["-xzf", join(folder, tarball), "--strip-components=1", "-C", home]);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "somebody", private: true, type: "module" }));
}, PATIENCE_MS);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function printedBy(program: string): Promise<unknown> {
  await writeFile(join(folder, "program.js"), program);
  const { stdout, stderr } = await run(process.execPath, ["program.js"], { cwd: folder });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

test("another program reads a frame of each protocol and makes one", async () => {
  const program = `
    import { decodeAnswer, decodeFrame645, describeFrame, encodeFrame645, encodeRead, fromHex, toHex } from "jichao/protocol";
    const decoded = decodeFrame645(fromHex("fefefefe6861010000000068910833333433896745330016"));
    const kinds = [
      "68610100000000681104333334331416",
      "6895320600000068810643c433333333f716",
      "6810010000050800000103901f003916",
      "683200320068c900023412000271000001008516",
    ].map((hex) => describeFrame(fromHex(hex))).map((each) => each.ok ? each.protocol : each.reason);
    console.log(JSON.stringify({
      answer: decodeAnswer(decoded.frame),
      asked: toHex(encodeFrame645(encodeRead("000000000161", "00010000"))),
      kinds,
    }));`;
  expect(await printedBy(program)).toEqual({
    answer: { kind: "reading", di: "00010000", reading: { item: "energyTotal", wh: 1_234_560 } },
    asked: "fefefefe68610100000000681104333334331416",
    kinds: ["dlt645-2007", "dlt645-1997", "cjt188", "qgdw1376.1"],
  });
});

test("the types come along: a right program compiles, a wrong one does not", async () => {
  const options = { module: "nodenext", target: "es2024", strict: true, noEmit: true, types: [] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["check.ts"] }));
  const check = async (line: string) => {
    const text = `import { type Answer645, decodeAnswer, type Frame645 } from "jichao/protocol";
      declare const frame: Frame645; const answer: Answer645 = decodeAnswer(frame); ${line}`;
    await writeFile(join(folder, "check.ts"), text);
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    return run(process.execPath, [tsc, "-p", folder, "--pretty", "false"]).then(
      () => "",
      (error: { stdout: string }) => error.stdout,
    );
  };
  expect(await check("export const kind: string = answer.kind;")).toBe("");
  expect(await check("export const wh: number = answer.kind;")).toContain("check.ts");
});

test("only what is published is in the package, and no other way leads into it", async () => {
  const home = join(folder, "node_modules", "jichao");
  expect((await readdir(home)).sort()).toEqual(
    expect.arrayContaining(["LICENSE", "README.md", "dist", "package.json"].sort()),
  );
  expect(await readdir(home)).not.toContain("src");
  const inside = `import("jichao/src/protocol/bytes.ts").then(() => "open", (e) => e.code).then((x) => console.log(JSON.stringify(x)));`;
  expect(await printedBy(inside)).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
});
