import { describe, expect, test } from "vitest";
import { type Breach, parse, readRepository } from "./source-files.ts";
import { fileLength, longFiles, missingDocs, tidyRules, undocumented } from "./tidy.ts";

const repository = readRepository();
const show = (breaches: Breach[]) => breaches.map(({ path, line, what }) => `${path}:${line} ${what}`);

describe("the house rules on the repository", () => {
  for (const { name, breaches } of tidyRules) {
    test(name, () => {
      expect(show(breaches(repository))).toEqual([]);
    });
  }

  test("ARCHITECTURE.md names only files that exist", () => {
    const paths = new Set(repository.map((file) => file.path));
    const text = repository.find((file) => file.path === "ARCHITECTURE.md")?.text ?? "";
    const named = [...text.matchAll(/`((?:src|tools|test|docs)\/[\w./-]+\.(?:ts|tsx|md|json))`/g)].map(
      (match) => match[1] ?? "",
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !paths.has(path))).toEqual([]);
  });

  test("every command of npm that a page of ours names is there", () => {
    const at = (path: string) => repository.find((file) => file.path === path)?.text ?? "";
    const { scripts } = JSON.parse(at("package.json")) as { scripts: Record<string, string> };
    const pages = repository.filter(({ path }) => /^(?:docs\/)?[\w.-]+\.md$/.test(path));
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name = ""]) => ({ path, name })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => scripts[name] === undefined)).toEqual([]);
    const tools = Object.values(scripts).flatMap((each) => each.match(/tools\/[\w/-]+\.\w+/g) ?? []);
    expect(tools.filter((path) => path !== "tools/node24.mjs" && at(path) === "")).toEqual([]);
  });

  test("the lists of old sins name only files that exist", () => {
    const paths = new Set(repository.map((file) => file.path));
    const listed = [...Object.keys(longFiles), ...undocumented.map((each) => each.split(" ")[0] ?? "")];
    expect(listed.filter((path) => !paths.has(path))).toEqual([]);
  });
});

describe("each house rule can fail", () => {
  const later = ["TO", "DO"].join("");
  const machine = ["", "work", "main"].join("/");
  test.each([
    ["files are kebab-case", "src/store/meterStates.ts", "", 1],
    ["files are kebab-case", "src/web/console/Board.tsx", "", 1],
    ["no file is too long", "src/store/a.ts", "x\n".repeat(401), 401],
    ["pure layers touch no clock, chance or console", "src/base/a.ts", "\nconst a = Date.now();", 2],
    ["pure layers touch no clock, chance or console", "src/domain/a.ts", "const a = new Date();", 1],
    ["pure layers touch no clock, chance or console", "src/protocol/a.ts", "const a = () => Math.random();", 1],
    ["pure layers touch no clock, chance or console", "src/contract/a.ts", "console.log(1);", 1],
    ["only main.ts, system, cli and web know the clock and chance", "src/flows/a.ts", "const a = Date.now();", 1],
    ["only main.ts, system, cli and web know the clock and chance", "src/flows/a.ts", "const a = Math.random();", 1],
    ["only config.ts reads the environment", "src/server/app.ts", "const a = process.env.HOME;", 1],
    ["no default exports", "src/server/app.ts", "export default 1;", 1],
    ["no any", "test/world.ts", "const a = (b: any[]) => b;", 1],
    ["no silenced checker without a reason", "src/store/a.ts", "// @ts-ignore it is fine\nf();", 1],
    ["no silenced checker without a reason", "src/store/a.ts", "\n// biome-ignore lint/a/b: x\nf();", 2],
    ["no literal Chinese in pages", "src/web/console/a.tsx", "export const A = () => <b>充值</b>;", 1],
    ["no literal Chinese in pages", "src/web/console/a.tsx", 'export const A = () => <b title="充值" />;', 1],
    ["no literal Chinese in pages", "src/web/console/a.tsx", "export const a = `第 1 页`;", 1],
    [
      "every exported function and type of the inner layers has a doc comment",
      "src/domain/a.ts",
      "export type A = 1;",
      1,
    ],
    [
      "every exported function and type of the inner layers has a doc comment",
      "src/flows/a.ts",
      "// no\nexport const a = () => 1;",
      2,
    ],
    [
      "colours of pages have names: only styles/tokens.css knows values",
      "src/web/console/a.css",
      "a {\n  color: #fff;\n}",
      2,
    ],
    [
      "colours of pages have names: only styles/tokens.css knows values",
      "src/web/console/a.css",
      "a { fill: white; }",
      1,
    ],
    [
      "colours of pages have names: only styles/tokens.css knows values",
      "src/web/console/a.css",
      "b { x: rgb(0 0 0); }",
      1,
    ],
    [
      "colours of pages have names: only styles/tokens.css knows values",
      "src/web/a.tsx",
      'const a = "0 0 2px #1677a3";',
      1,
    ],
    ["nothing is left for later", "docs/a.md", `one\n${later}: two`, 2],
    ["no path of somebody's machine", "README.md", `see ${machine}/x`, 1],
    ["the lock file names no registry", "package-lock.json", '{\n"resolved": "https://registry.example/x.tgz" }', 2],
  ])("%s: %s", (name, path, text, line) => {
    const rule = tidyRules.find((each) => each.name === name);
    expect(rule?.breaches([{ path, text }]).map((each) => [each.path, each.line])).toEqual([[path, line]]);
  });

  test("a variable that is read but not listed, and one that is listed but not read", () => {
    const rule = tidyRules.find((each) => each.name === ".env.example lists every variable");
    const variable = (name: string) => ["JICHAO", name].join("_");
    const files = [
      { path: ".env.example", text: `# ${variable("OLD")}=1` },
      { path: "src/server/config.ts", text: `env.${variable("NEW")}` },
    ];
    expect(rule?.breaches(files).map((each) => each.what)).toEqual([
      `does not list ${variable("NEW")}`,
      `lists ${variable("OLD")}, which nothing reads`,
    ]);
  });
});

describe("what is allowed stays allowed", () => {
  test.each([
    ["src/store/migrations/0001_first_tables.ts", ""],
    ["src/web/shared/locales/zh-CN.ts", `export const zh = { pay: "充值" };\n${"\n".repeat(500)}`],
    [
      "src/domain/a.ts",
      "/** One. */\nexport function a(x: 1): 1;\nexport function a(x: 2): 2;\nexport function a(x: 1 | 2) { return x; }",
    ],
    ["src/domain/a.ts", "/** At. */\nexport const a = (ms: number) => new Date(ms);"],
    [
      "src/domain/a.ts",
      "/** Codes. */\nexport const codes = [1] as const;\nexport type Code = (typeof codes)[number];",
    ],
    ["src/store/a.ts", "const waitMs = 10 * Math.random();"],
    ["src/server/config.ts", "const a = process.env.HOME;"],
    ["src/store/a.ts", "// biome-ignore lint/a/b: the driver types this row as unknown\nf();"],
    ["src/web/console/a.tsx", '/* 充值 */ export const A = () => <b>{t("pay")}</b>;'],
  ])("%s", (path, text) => {
    expect(tidyRules.flatMap((rule) => (rule.name.startsWith(".env") ? [] : rule.breaches([{ path, text }])))).toEqual(
      [],
    );
  });

  test("a long file on the list must not grow and leaves the list when it fits", () => {
    const file = (length: number) => ({ path: "src/store/a.ts", text: "x\n".repeat(length) });
    const at = (length: number) => fileLength(file(length), { "src/store/a.ts": 450 }).map((each) => each.what);
    expect(at(450)).toEqual([]);
    expect(at(451)).toEqual(["has 451 lines; 450 are allowed"]);
    expect(at(400)).toEqual(["fits again: take it off the list longFiles"]);
  });

  test("an export on the list leaves it when it is documented", () => {
    const docs = (text: string) =>
      missingDocs(parse({ path: "src/domain/a.ts", text }), ["src/domain/a.ts A"]).map((each) => each.what);
    expect(docs("export type A = 1;")).toEqual([]);
    expect(docs("/** A. */\nexport type A = 1;")).toEqual(["A has a doc comment: take it off the list undocumented"]);
  });
});
