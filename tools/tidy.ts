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

/** A house rule that a machine can see: what it is called and every place where it is broken. */
export type TidyRule = { name: string; breaches(files: readonly SourceFile[]): Breach[] };

/** Longest file in `src` in lines; the table of errors, migrations and texts are data and may be as long as they are. */
export const FILE_LINES_MAX = 400;
const MAY_BE_LONG = /^src\/base\/errors\.ts$|\/migrations\/|\/locales\//;

/** Files that are too long today, with the length they must not pass. A file leaves the list when it fits again. */
export const longFiles: Readonly<Record<string, number>> = {};

/** Exports without a doc comment today, `path name`. The list only gets shorter. */
export const undocumented: readonly string[] = [];

const PURE = /^src\/(base|protocol|domain|contract)\//;
/** Where every exported function and type says what it means. */
const DOCUMENTED = /^src\/(base|protocol|domain|flows)\//;
/** The wall clock and chance come in here and nowhere else; a page in a browser has no one to pass them in. */
const KNOWS_CLOCK = /^src\/(system|web|cli)\/|\/main\.ts$/;
/** Retries of transactions that met each other wait for a random while: chance that no result depends on. */
const KNOWS_CHANCE = /^src\/store\//;
/** A colour by its value or by its name: `#c62828`, `rgb(…)`, `color: white`. Imports and anchors are no colours. */
const COLOUR =
  /(?<![\w&/])#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})(?![\w/-])|\b(?:rgb|hsl)a?\(|\b(?:color|background|border|fill|stroke|outline)[\w-]*:[^;]*\b(?:white|black|red|green|blue|yellow|gr[ae]y|orange)\b/i;
const HAN = /\p{Script=Han}/u;

/** What conventions ask and a machine can see. */
export const tidyRules: readonly TidyRule[] = [
  { name: "files are kebab-case", breaches: (files) => files.flatMap(fileName) },
  { name: "no file is too long", breaches: (files) => files.flatMap((file) => fileLength(file, longFiles)) },
  inPrograms("pure layers touch no clock, chance or console", (file) =>
    PURE.test(file.path) && !isTest(file.path) ? impurities(file, true) : [],
  ),
  inPrograms("only main.ts, system, cli and web know the clock and chance", (file) =>
    isProduction(file.path) && !PURE.test(file.path) && !KNOWS_CLOCK.test(file.path) ? impurities(file, false) : [],
  ),
  inPrograms("only config.ts reads the environment", environment),
  inPrograms("no default exports", defaultExports),
  inPrograms("no any", anyTypes),
  inPrograms("no silenced checker without a reason", silenced),
  inPrograms("no literal Chinese in pages", literalChinese),
  inPrograms("every exported function and type of the inner layers has a doc comment", (file) =>
    missingDocs(file, undocumented),
  ),
  {
    name: "nothing is left for later",
    breaches: (files) => lines(files, /\b(?:TO[D]O|FIX[M]E|XX[X])\b/, "is left for later"),
  },
  {
    name: "no path of somebody's machine",
    breaches: (files) =>
      lines(
        files,
        /(?<![\w.-])\/(?:wor[k]\/|tmp\/bas[h]|roo[t]\/|hom[e]\/\w)|\.\.\/share[d]\/(?:desig[n]|spe[c])/,
        "names a path of one machine",
      ),
  },
  {
    name: "the lock file names no registry",
    breaches: (files) => lines(only(files, "package-lock.json"), /"resolved":\s*"http/, "names a registry host"),
  },
  {
    name: "colours of pages have names: only styles/tokens.css knows values",
    breaches: (files) => lines(files.filter(mayNameNoColour), COLOUR, "write var(--…) of styles/tokens.css"),
  },
  { name: ".env.example lists every variable", breaches: variables },
];

function inPrograms(name: string, breaches: (file: Parsed) => Breach[]): TidyRule {
  return { name, breaches: (files) => programs(files).map(parse).flatMap(breaches) };
}

function isProduction(path: string): boolean {
  return path.startsWith("src/") && !isTest(path);
}

function mayNameNoColour({ path }: SourceFile): boolean {
  return /^src\/web\/.*\.(css|tsx?)$/.test(path) && !/\/locales\/|\/styles\/tokens\.css$/.test(path) && !isTest(path);
}

function only(files: readonly SourceFile[], path: string): SourceFile[] {
  return files.filter((file) => file.path === path);
}

/** One breach for every line that matches. Works on text files of any kind. */
function lines(files: readonly SourceFile[], pattern: RegExp, what: string): Breach[] {
  return files.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, at) =>
        pattern.test(line) ? [{ path, line: at + 1, what: `${what}: ${line.trim().slice(0, 80)}` }] : [],
      ),
  );
}

function fileName({ path }: SourceFile): Breach[] {
  if (!/^(src|tools|test|docs)\//.test(path)) return [];
  const segments = path.split("/");
  const name = segments.pop() ?? "";
  const folders = segments.every((segment) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(segment));
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/.test(name);
  const migration = /\/migrations\//.test(path) && /^\d{4}_[a-z0-9_]+(\.test)?\.ts$/.test(name);
  const locale = /^([a-z0-9]+(-[a-z0-9]+)*\.)?(zh-CN|en)\.(ts|json)$/.test(name);
  const document = path.startsWith("docs/") && /^[A-Z]+(-[A-Z]+)*\.md$|\p{Script=Han}.*\.md$/u.test(name);
  return folders && (kebab || migration || locale || document) ? [] : [{ path, line: 1, what: "is not kebab-case" }];
}

/** Too long, longer than the list allows, or on the list without need. */
export function fileLength({ path, text }: SourceFile, allowed: Readonly<Record<string, number>>): Breach[] {
  if (!/^src\/.*\.(ts|tsx|css)$/.test(path) || MAY_BE_LONG.test(path)) return [];
  const length = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const limit = allowed[path] ?? FILE_LINES_MAX;
  if (length > limit) return [{ path, line: limit + 1, what: `has ${length} lines; ${limit} are allowed` }];
  return path in allowed && length <= FILE_LINES_MAX
    ? [{ path, line: 1, what: "fits again: take it off the list longFiles" }]
    : [];
}

function impurities(file: Parsed, console: boolean): Breach[] {
  return find(file, (node) => {
    const called = memberName(node);
    if (called === "Math.random" && KNOWS_CHANCE.test(file.path)) return null;
    if (called === "Date.now" || called === "Math.random") return `${called}: take it as an argument`;
    if (console && called?.startsWith("console.")) return `${called}: pure layers do not log`;
    const isDate = nodeIn(node.callee)?.name === "Date" && nodesIn(node.arguments).length === 0;
    if (isDate && (node.type === "NewExpression" || node.type === "CallExpression"))
      return "new Date(): take the time as an argument";
    return null;
  });
}

function environment(file: Parsed): Breach[] {
  if (!isProduction(file.path) || /(^|\/)config\.ts$/.test(file.path)) return [];
  return find(file, (node) =>
    memberName(node) === "process.env" ? "process.env: declare the variable in a config.ts" : null,
  );
}

function defaultExports(file: Parsed): Breach[] {
  if (/^(vite|vitest)\.config\.ts$/.test(file.path.split("/").at(-1) ?? "") || file.path === "test/global-setup.ts")
    return [];
  return find(file, (node) => (node.type === "ExportDefaultDeclaration" ? "default export: give it a name" : null));
}

function anyTypes(file: Parsed): Breach[] {
  return find(file, (node) => (node.type === "TSAnyKeyword" ? "any: say what it is, or unknown" : null));
}

/** Silencing the compiler is never right; silencing the linter needs a reason of some words. */
function silenced(file: Parsed): Breach[] {
  return file.comments.flatMap((comment) => {
    const line = file.lineAt(comment.start);
    const checker = /@ts-(ignore|nocheck|expect-error)/.exec(comment.text);
    if (checker) return [{ path: file.path, line, what: `${checker[0]}: mend the type instead` }];
    const ignored = /biome-ignore[^:]*:?(.*)/s.exec(comment.text);
    const reason = ignored?.[1]?.trim() ?? "";
    return ignored && (reason.split(/\s+/).length < 3 || reason.startsWith("<"))
      ? [{ path: file.path, line, what: "biome-ignore without a reason" }]
      : [];
  });
}

/** Texts of pages come from the locales; comments may hold Chinese terms. */
function literalChinese(file: Parsed): Breach[] {
  if (!/^src\/web\/.*\.tsx$/.test(file.path) || isTest(file.path)) return [];
  return find(file, (node) => {
    const text =
      node.type === "TemplateElement"
        ? JSON.stringify(node.value)
        : node.type === "JSXText" || node.type === "Literal"
          ? node.value
          : null;
    return typeof text === "string" && HAN.test(text) ? `literal text: ${text.trim().slice(0, 40)}` : null;
  });
}

/**
 * Exported functions and types without a doc comment right above them. Overloads need one, at the first; so does a
 * list and the type made of it (`typeof list`) when they stand together.
 */
export function missingDocs(file: Parsed, allowed: readonly string[]): Breach[] {
  if (!DOCUMENTED.test(file.path) || isTest(file.path)) return [];
  const documented = new Set<string>();
  return file.body.flatMap((statement, at) => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    const above = file.body[at - 1];
    const told = above !== undefined && hasDoc(file, above) ? namesIn(above) : [];
    if (hasDoc(file, statement)) for (const name of namesIn(statement)) documented.add(name);
    return namesThatNeedDocs(statement).flatMap((name) => {
      const isTold = documented.has(name) || typeofNames(statement).some((each) => told.includes(each));
      if (isTold !== allowed.includes(`${file.path} ${name}`)) return [];
      const what = isTold
        ? `${name} has a doc comment: take it off the list undocumented`
        : `${name} has no doc comment`;
      return [{ path: file.path, line: file.lineAt(statement.start), what }];
    });
  });
}

/** Names after `typeof` in a type alias; none for anything else. */
function typeofNames(statement: SyntaxNode): string[] {
  const names: string[] = [];
  const declaration = nodeIn(statement.declaration);
  if (declaration?.type !== "TSTypeAliasDeclaration") return names;
  walk(declaration, (node) => {
    if (node.type === "TSTypeQuery") names.push(String(nodeIn(node.exprName)?.name));
  });
  return names;
}

function namesIn(statement: SyntaxNode): string[] {
  const declaration = nodeIn(statement.declaration);
  const declared =
    declaration?.type === "VariableDeclaration" ? nodesIn(declaration.declarations) : nodesIn(declaration);
  return declared.map((each) => String(nodeIn(each.id)?.name));
}

function namesThatNeedDocs(statement: SyntaxNode): string[] {
  const declaration = nodeIn(statement.declaration);
  if (declaration?.type !== "VariableDeclaration") return namesIn(statement);
  const functions = nodesIn(declaration.declarations).filter((each) => /Function/.test(nodeIn(each.init)?.type ?? ""));
  return functions.map((each) => String(nodeIn(each.id)?.name));
}

function hasDoc(file: Parsed, statement: SyntaxNode): boolean {
  return file.comments.some(
    (comment) =>
      comment.block &&
      comment.text.startsWith("*") &&
      comment.end <= statement.start &&
      file.text.slice(comment.end, statement.start).trim() === "",
  );
}

/** Every `JICHAO_…` that a program reads is in `.env.example`, and nothing else is. */
function variables(files: readonly SourceFile[]): Breach[] {
  const name = /\bJICHAO_[A-Z0-9_]*[A-Z0-9]\b/g;
  const [example] = only(files, ".env.example");
  const listed = new Set(example?.text.match(name) ?? []);
  const readers = files.filter((file) => isProduction(file.path) || /^(tools|test)\/.*\.(ts|mjs)$/.test(file.path));
  const read = new Set(readers.flatMap((file) => file.text.match(name) ?? []));
  const missing = [...read].filter((each) => !listed.has(each)).map((each) => `does not list ${each}`);
  const surplus = [...listed].filter((each) => !read.has(each)).map((each) => `lists ${each}, which nothing reads`);
  return [...missing, ...surplus].map((what) => ({ path: ".env.example", line: 1, what }));
}

function find(file: Parsed, judge: (node: SyntaxNode) => string | null): Breach[] {
  const found: Breach[] = [];
  for (const statement of file.body) {
    walk(statement, (node) => {
      const what = judge(node);
      if (what !== null) found.push({ path: file.path, line: file.lineAt(node.start), what });
    });
  }
  return found;
}

/** `a.b` of a member expression, null for anything else. */
function memberName(node: SyntaxNode): string | null {
  if (node.type !== "MemberExpression") return null;
  const [object, property] = [nodeIn(node.object)?.name, nodeIn(node.property)?.name];
  return typeof object === "string" && typeof property === "string" ? `${object}.${property}` : null;
}
