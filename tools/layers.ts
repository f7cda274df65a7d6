import { dirname, join } from "node:path/posix";
import {
  type Breach,
  isTest,
  nodeIn,
  nodesIn,
  type Parsed,
  parse,
  programs,
  type SourceFile,
  type SyntaxNode,
  walk,
} from "./source-files.ts";

/** What one layer may import besides itself. Paths are prefixes below `src/`. */
type Rule = {
  /** Whole layers. */
  may: readonly string[];
  /** Layers of which only types may be imported: nothing of them runs here. */
  mayTypesOf?: readonly string[];
  /** Single files of a layer that is otherwise closed. */
  mayFile?: readonly string[];
  /** Refused although their layer is open. */
  refused?: readonly string[];
  /** Packages; without it, whatever `dependencies` lists. `node:` stands for Node's own modules. */
  packages?: readonly string[];
};

/** Money is not the business of the programs that talk to meters: they report what happened, flows book it. */
export const MONEY: readonly string[] = [
  "domain/arrears",
  "domain/charging",
  "domain/group",
  "domain/ledger",
  "domain/move-out",
  "domain/lots",
  "domain/cash-count",
  "domain/prepay",
  "domain/refund",
  "domain/settlement",
  "domain/tariff",
  "domain/tariff-check",
  "domain/tariff-time",
  "domain/uncharge",
  "domain/split",
  "flows/close-shift",
  "flows/charge-meters",
  "flows/cut-off",
  "flows/external-payment",
  "flows/finish-move-out",
  "flows/move-in",
  "flows/move-out",
  "flows/join-group",
  "flows/leave-group",
  "flows/merge",
  "flows/merge-plan",
  "flows/unmerge",
  "flows/open-shift",
  "flows/plan-payment",
  "flows/count-print",
  "flows/propose-split",
  "flows/apply-prices",
  "flows/price-change",
  "flows/price-terms",
  "flows/recharge",
  "flows/reconnect",
  "flows/server-credit",
  "flows/standing",
  "flows/supply-care",
  "flows/settle-switch",
  "flows/settle-top-up",
  "flows/settle-usage",
  "flows/share-charge",
  "flows/share-run",
  "flows/take-back-usage",
  "flows/correct-reading",
  "flows/verify-ledger",
  "flows/what-if",
  "flows/withdraw-recharge",
  "store/charges",
  "store/emergency",
  "store/ledger",
  "store/lots",
  "store/order-records",
  "store/orders",
  "store/payments",
  "store/shift-pages",
  "store/shifts",
  "store/price-changes",
  "store/price-pages",
  "store/shown-prices",
  "store/tariffs",
  "store/statements",
];

/** The import rule of the house. Change it in a commit of its own, with the reason. */
export const layers: Readonly<Record<string, Rule>> = {
  base: { may: [], packages: [] },
  protocol: { may: ["base"], packages: [] },
  domain: { may: ["base"], packages: [] },
  // Codes that cross the wire are listed once, where they mean something; rules stay out of the contract.
  contract: {
    may: ["base"],
    mayTypesOf: ["domain"],
    mayFile: [
      "domain/alarm.ts",
      "domain/approval.ts",
      "domain/calendar.ts",
      "domain/clock-setting.ts",
      "domain/collection.ts",
      "domain/compared-period.ts",
      "domain/difference.ts",
      "domain/completeness.ts",
      "domain/load-guard.ts",
      "domain/loss.ts",
      "domain/ranking.ts",
      "domain/meter-day.ts",
      "domain/meter-slots.ts",
      "domain/field-mask.ts",
      "domain/group.ts",
      "domain/import-sheets.ts",
      "domain/login-name.ts",
      "domain/password-rule.ts",
      "domain/link.ts",
      "domain/last-day.ts",
      "domain/meter-event.ts",
      "domain/move-out.ts",
      "domain/link.ts",
      "domain/link-alarm.ts",
      "domain/off-guard.ts",
      "domain/permission.ts",
      "domain/quarantine.ts",
      "domain/reading.ts",
      "domain/refund.ts",
      "domain/running-out.ts",
      "domain/setup.ts",
      "domain/area-lines.ts",
      "domain/share.ts",
      "domain/static-rule.ts",
      "domain/switch-batch.ts",
      "domain/tariff.ts",
      "domain/tile.ts",
      "domain/trial.ts",
      "domain/withdrawal.ts",
      "domain/source-range.ts",
    ],
    packages: ["zod"],
  },
  system: { may: ["base", "protocol"] },
  store: { may: ["base", "domain", "contract", "system"] },
  // What a model of meter can do is said in one table; flows ask it whether a switch is proved and units may be sold.
  flows: { may: ["base", "domain", "contract", "system", "store"], mayFile: ["protocol/profiles.ts"] },
  collector: { may: ["base", "protocol", "domain", "contract", "system", "store", "flows"], refused: MONEY },
  // The server explains frames to people, and that is all it knows of protocols.
  server: {
    may: ["base", "domain", "contract", "system", "store", "flows"],
    mayFile: ["protocol/explain-frame.ts"],
  },
  // Schemas stay on the server: zod makes code from text, which the policy of the pages refuses.
  web: { may: ["base", "domain"], mayTypesOf: ["contract"], mayFile: ["contract/export-kinds.ts"] },
  simulator: { may: ["base", "protocol", "system"] },
  // A master of its own, so that it finds what the collector and the simulator get wrong alike.
  conformance: { may: ["base", "protocol", "system"] },
  cli: {
    may: [
      "base",
      "protocol",
      "domain",
      "contract",
      "system",
      "store",
      "flows",
      "collector",
      "server",
      "web",
      "simulator",
      "conformance",
    ],
  },
};

/** Packages that live in certain layers only, so that leaving one means changing one layer. */
export const packageHomes: Readonly<Record<string, readonly string[]>> = {
  kysely: ["store"],
  mysql2: ["store"],
  fastify: ["server", "collector"],
  pino: ["system"],
  react: ["web"],
  antd: ["web"],
  echarts: ["web"],
};

/**
 * The entry of the published package: the one file of re-exports, because other programs need one address. Nobody inside
 * imports it, so it hides nothing here.
 */
export const PUBLISHED = "src/protocol/published.ts";

/** One import as it is written in a file. `typeOnly` when nothing of it exists at run time. */
export type Import = { specifier: string; typeOnly: boolean; line: number };

/** Every import that breaks the rule, each with file and line. `manifest` is the text of package.json. */
export function layerBreaches(files: readonly SourceFile[], manifest: string): Breach[] {
  const declared = dependenciesIn(manifest);
  return sources(files).flatMap((file) => [
    ...(layerOf(file.path) in layers
      ? []
      : [{ path: file.path, line: 1, what: "is in no layer that tools/layers.ts knows" }]),
    ...importsOf(file).flatMap((each) => {
      const what = refusal(file.path, each, declared);
      return what === null ? [] : [{ path: file.path, line: each.line, what }];
    }),
  ]);
}

/** Every ring of files that import each other, named once, by its first file. */
export function importCycles(files: readonly SourceFile[]): Breach[] {
  const parsed = sources(files);
  const known = new Set(parsed.map((file) => file.path));
  const targets = new Map(
    parsed.map((file) => [
      file.path,
      importsOf(file)
        .map((each) => target(file.path, each.specifier))
        .filter((path) => path !== null && known.has(path)),
    ]),
  );
  const done = new Set<string>();
  const found: Breach[] = [];
  const visit = (path: string, trail: string[]): void => {
    const from = trail.indexOf(path);
    if (from >= 0) {
      const ring = [...trail.slice(from), path];
      found.push({ path, line: 1, what: `imports itself in a ring: ${ring.join(" → ")}` });
      return;
    }
    if (done.has(path)) return;
    for (const next of targets.get(path) ?? []) if (next !== null) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of known) visit(path, []);
  return found;
}

/** Files that hold nothing but re-exports (barrels): they hide where a thing lives and make rings. */
export function barrels(files: readonly SourceFile[]): Breach[] {
  return sources(files)
    .filter((file) => file.path !== PUBLISHED && file.body.length > 0 && file.body.every(isReExportOrImport))
    .map((file) => ({ path: file.path, line: 1, what: "only re-exports; import the file that holds the thing" }));
}

/** Every import of a file: static, dynamic, re-export and `import("…")` types. A computed one has the specifier "". */
export function importsOf(file: Parsed): Import[] {
  const found: Import[] = [];
  for (const statement of file.body) {
    walk(statement, (node) => {
      const source = sourceOf(node);
      if (source === undefined) return;
      const specifier = typeof source.value === "string" ? source.value : "";
      found.push({ specifier, typeOnly: isTypeOnly(node), line: file.lineAt(node.start) });
    });
  }
  return found;
}

function sources(files: readonly SourceFile[]): Parsed[] {
  return programs(files)
    .filter((file) => file.path.startsWith("src/"))
    .map(parse);
}

function layerOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/** Why this import is refused, or null. Tests may import anything: what they need decides what they see. */
function refusal(path: string, each: Import, declared: Dependencies): string | null {
  const layer = layerOf(path);
  const rule = layers[layer];
  if (rule === undefined) return null;
  if (each.specifier === "") return "computes what it imports, so nobody can check it";
  const to = target(path, each.specifier);
  if (to === null) return isTest(path) ? null : packageRefusal(layer, rule, each.specifier, declared);
  const inside = to.startsWith("src/") ? to.slice("src/".length) : null;
  if (to === PUBLISHED) return `${each.specifier} is for other programs: import the file that holds the thing`;
  if (each.specifier.startsWith("#") && dirname(to) === dirname(path))
    return `${each.specifier} is a neighbour: write ./`;
  if (isTest(path)) return null;
  if (isTest(to)) return `${each.specifier} is for tests only`;
  if (inside === null) return layer === "cli" ? null : `${each.specifier} is outside src`;
  const toLayer = layerOf(to);
  if (toLayer === layer) return null;
  if (each.specifier.startsWith(".")) return `${each.specifier} leaves its layer: write #${inside}`;
  if (rule.refused?.some((prefix) => inside.startsWith(prefix))) return `${layer} must not import ${inside}`;
  if (rule.may.includes(toLayer) || rule.mayFile?.includes(inside)) return null;
  if (rule.mayTypesOf?.includes(toLayer))
    return each.typeOnly ? null : `${layer} may import only types from ${toLayer}: ${inside}`;
  return `${layer} must not import ${inside}`;
}

function packageRefusal(layer: string, rule: Rule, specifier: string, declared: Dependencies): string | null {
  const isNode = specifier.startsWith("node:");
  const name = isNode ? "node:" : packageName(specifier);
  if (rule.packages !== undefined && !rule.packages.includes(name)) return `${layer} must not import ${specifier}`;
  if (isNode) return layer === "web" ? `web runs in a browser and has no ${specifier}` : null;
  const homes = packageHomes[name];
  if (homes !== undefined && !homes.includes(layer)) return `${name} belongs to ${homes.join(", ")}, not to ${layer}`;
  if (declared.run.has(name)) return null;
  return declared.development.has(name) ? `${name} is a development dependency` : `${name} is not in package.json`;
}

/** Where an import leads, from the root; null for packages and Node's own modules. */
function target(path: string, specifier: string): string | null {
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}`;
  return specifier.startsWith(".") ? join(dirname(path), specifier.replace(/\?.*$/, "")) : null;
}

type Dependencies = { run: ReadonlySet<string>; development: ReadonlySet<string> };

function dependenciesIn(manifest: string): Dependencies {
  const read: { dependencies?: Record<string, string>; devDependencies?: Record<string, string> } =
    JSON.parse(manifest);
  return {
    run: new Set(Object.keys(read.dependencies ?? {})),
    development: new Set(Object.keys(read.devDependencies ?? {})),
  };
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function sourceOf(node: SyntaxNode): SyntaxNode | undefined {
  if (
    /^(ImportDeclaration|ExportNamedDeclaration|ExportAllDeclaration|ImportExpression|TSImportType)$/.test(node.type)
  ) {
    return nodeIn(node.source);
  }
  return undefined;
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node.type === "TSImportType" || node.importKind === "type" || node.exportKind === "type") return true;
  const names = nodesIn(node.specifiers);
  return names.length > 0 && names.every((name) => name.importKind === "type" || name.exportKind === "type");
}

function isReExportOrImport(statement: SyntaxNode): boolean {
  if (statement.type === "ImportDeclaration") return nodesIn(statement.specifiers).length > 0;
  if (statement.type === "ExportAllDeclaration") return true;
  return statement.type === "ExportNamedDeclaration" && nodeIn(statement.declaration) === undefined;
}
