import { describe, expect, test } from "vitest";
import { barrels, importCycles, layerBreaches, layers, MONEY } from "./layers.ts";
import { type Breach, readRepository } from "./source-files.ts";

const repository = readRepository();
const manifest = repository.find((file) => file.path === "package.json")?.text ?? "{}";
const show = (breaches: Breach[]) => breaches.map(({ path, line, what }) => `${path}:${line} ${what}`);

describe("the import rule on the sources", () => {
  test("no file imports what its layer must not see", () => {
    expect(show(layerBreaches(repository, manifest))).toEqual([]);
  });

  test("no files import each other in a ring", () => {
    expect(show(importCycles(repository))).toEqual([]);
  });

  test("no file is a barrel", () => {
    expect(show(barrels(repository))).toEqual([]);
  });

  test("the table opens only layers that exist", () => {
    const named = Object.values(layers).flatMap((rule) => [...rule.may, ...(rule.mayTypesOf ?? [])]);
    expect(named.filter((name) => !(name in layers))).toEqual([]);
  });
});

test("every file that is kept from the collector exists", () => {
  const gone = MONEY.filter((prefix) => !repository.some((file) => file.path === `src/${prefix}.ts`));
  expect(gone).toEqual([]);
});

describe("the rule can fail: planted breaches", () => {
  const packages = JSON.stringify({
    dependencies: { zod: "1", kysely: "1", left: "1" },
    devDependencies: { vitest: "1" },
  });
  const breachesOf = (path: string, text: string) => show(layerBreaches([{ path, text }], packages));

  test.each([
    ["src/base/a.ts", 'import { x } from "#domain/x.ts";', "base must not import domain/x.ts"],
    ["src/protocol/a.ts", 'import { x } from "#domain/x.ts";', "protocol must not import domain/x.ts"],
    ["src/domain/a.ts", 'import type { X } from "#store/schema.ts";', "domain must not import store/schema.ts"],
    ["src/domain/a.ts", 'type X = import("#store/schema.ts").X;', "domain must not import store/schema.ts"],
    ["src/domain/a.ts", 'import { readFileSync } from "node:fs";', "domain must not import node:fs"],
    ["src/domain/a.ts", 'import { z } from "zod";', "domain must not import zod"],
    [
      "src/contract/a.ts",
      'import { x } from "#domain/x.ts";',
      "contract may import only types from domain: domain/x.ts",
    ],
    ["src/system/a.ts", 'import { x } from "#store/db.ts";', "system must not import store/db.ts"],
    ["src/store/a.ts", 'export { x } from "#flows/recharge.ts";', "store must not import flows/recharge.ts"],
    ["src/flows/a.ts", 'import { sql } from "kysely";', "kysely belongs to store, not to flows"],
    ["src/flows/a.ts", 'const x = await import("#server/app.ts");', "flows must not import server/app.ts"],
    [
      "src/collector/a.ts",
      'import { x } from "#domain/settlement.ts";',
      "collector must not import domain/settlement.ts",
    ],
    [
      "src/collector/a.ts",
      'import { x } from "#flows/recharge-withdraw.ts";',
      "collector must not import flows/recharge-withdraw.ts",
    ],
    ["src/collector/a.ts", 'import { x } from "#store/ledger.ts";', "collector must not import store/ledger.ts"],
    ["src/server/a.ts", 'import { x } from "#protocol/bytes.ts";', "server must not import protocol/bytes.ts"],
    ["src/server/a.ts", 'import { x } from "#collector/main.ts";', "server must not import collector/main.ts"],
    ["src/web/console/a.tsx", 'import { x } from "#store/meters.ts";', "web must not import store/meters.ts"],
    ["src/web/console/a.tsx", 'import { x } from "node:fs";', "web runs in a browser and has no node:fs"],
    ["src/simulator/a.ts", 'import { x } from "#domain/meter.ts";', "simulator must not import domain/meter.ts"],
    [
      "src/server/a.ts",
      'import { x } from "../flows/recharge.ts";',
      "../flows/recharge.ts leaves its layer: write #flows/recharge.ts",
    ],
    ["src/server/a.ts", 'import { x } from "#server/b.ts";', "#server/b.ts is a neighbour: write ./"],
    ["src/server/a.ts", 'import { x } from "../../tools/layers.ts";', "../../tools/layers.ts is outside src"],
    ["src/server/a.ts", 'import { x } from "#store/test-databases.ts";', "#store/test-databases.ts is for tests only"],
    ["src/server/a.ts", 'import { x } from "vitest";', "vitest is a development dependency"],
    ["src/server/a.ts", 'import { x } from "right";', "right is not in package.json"],
    [
      "src/server/a.ts",
      'const x = await import("#server/" + name);',
      "computes what it imports, so nobody can check it",
    ],
    ["src/elsewhere/a.ts", "export const x = 1;", "is in no layer that tools/layers.ts knows"],
  ])("%s with %s", (path, text, what) => {
    expect(breachesOf(path, `// first line\n${text}\n`)).toEqual([
      `${path}:${path.includes("elsewhere") ? 1 : 2} ${what}`,
    ]);
  });

  test.each([
    ["src/contract/a.ts", 'import type { X } from "#domain/x.ts"; import { z } from "zod";'],
    ["src/server/routes/a.ts", 'import { x } from "#protocol/explain-frame.ts"; import { y } from "../app.ts";'],
    ["src/collector/a.ts", 'import { x } from "#domain/reading.ts"; import { y } from "#flows/settle-command.ts";'],
    ["src/protocol/a.test.ts", 'import { nodeCiphers } from "#system/crypto.ts"; import { test } from "vitest";'],
    ["src/cli/a.ts", 'const x = await import("../../tools/build-web.ts");'],
  ])("but %s may write %s", (path, text) => {
    expect(breachesOf(path, text)).toEqual([]);
  });

  test("a ring of three files is found and named once", () => {
    const ring = [
      { path: "src/domain/a.ts", text: 'import { b } from "./b.ts"; export const a = b;' },
      { path: "src/domain/b.ts", text: 'import type { C } from "./c.ts"; export const b: C = 1;' },
      { path: "src/domain/c.ts", text: 'import { a } from "./a.ts"; export type C = typeof a;' },
      { path: "src/domain/d.ts", text: 'import { a } from "./a.ts"; export const d = a;' },
    ];
    expect(importCycles(ring).map((each) => each.what)).toEqual([
      "imports itself in a ring: src/domain/a.ts → src/domain/b.ts → src/domain/c.ts → src/domain/a.ts",
    ]);
  });

  test("a barrel is found, a file that also holds something is not", () => {
    const files = [
      { path: "src/domain/index.ts", text: 'export * from "./a.ts";\nexport { b } from "./b.ts";' },
      { path: "src/domain/c.ts", text: 'export { b } from "./b.ts";\nexport const c = 1;' },
    ];
    expect(barrels(files).map((each) => each.path)).toEqual(["src/domain/index.ts"]);
  });
});
