import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";

/** One text file of the repository: its path from the root with `/`, and what is in it. Tests plant their own. */
export type SourceFile = { path: string; text: string };

/** A place where a house rule is broken. */
export type Breach = { path: string; line: number; what: string };

/** A node of the syntax tree, seen without knowing its kind. */
export type SyntaxNode = { type: string; start: number; end: number; [field: string]: unknown };

/** A comment: `block` ones may be doc comments. `text` is without its marks. */
export type Comment = { block: boolean; text: string; start: number; end: number };

/** A parsed file: the tree, its comments, and the line of any offset. */
export type Parsed = SourceFile & { body: SyntaxNode[]; comments: Comment[]; lineAt(offset: number): number };

/** The root of the repository. */
export const root = join(import.meta.dirname, "..");

const LEFT_OUT = new Set(["node_modules", ".git", "dist", "coverage"]);
const LEFT_OUT_AT_ROOT = new Set(["data", "acceptance-reports"]); // what a running Jichao and its acceptance keep
const TEXT_FILE = /(\.(ts|tsx|mjs|md|json|css|html|yml|yaml|sql)|^\.[a-z.]+|LICENSE|NOTICE|run)$/;

/** Every text file of the repository, sorted by path. */
export function readRepository(): SourceFile[] {
  return list("").map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** Only the programs among them: `.ts`, `.tsx`, `.mjs`. */
export function programs(files: readonly SourceFile[]): SourceFile[] {
  return files.filter((file) => /\.(ts|tsx|mjs)$/.test(file.path) && !file.path.endsWith(".d.ts"));
}

/** True for tests and for the helpers that only tests may use (`x.test.ts`, `test-databases.ts`, everything in `test/`). */
export function isTest(path: string): boolean {
  return path.startsWith("test/") || /\.test\.tsx?$/.test(path) || /(^|\/)test-[a-z0-9-]+\.tsx?$/.test(path);
}

/** Reads the syntax of a file. Throws, with its name, when it cannot be read: nothing could be checked in it. */
export function parse(file: SourceFile): Parsed {
  const result = parseSync(file.path, file.text);
  const [error] = result.errors;
  if (error) throw new Error(`${file.path} cannot be parsed: ${error.message}`);
  const lineStarts = [0];
  for (let at = file.text.indexOf("\n"); at >= 0; at = file.text.indexOf("\n", at + 1)) lineStarts.push(at + 1);
  return {
    ...file,
    body: nodesIn(result.program.body),
    comments: result.comments.map(({ type, value, start, end }) => ({
      block: type === "Block",
      text: value,
      start,
      end,
    })),
    lineAt: (offset) => lineStarts.findLastIndex((start) => start <= offset) + 1,
  };
}

/** Visits a node and everything below it, parents first. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node);
  for (const value of Object.values(node)) for (const child of nodesIn(value)) walk(child, visit);
}

/** The node in a field, if there is one. */
export function nodeIn(value: unknown): SyntaxNode | undefined {
  return nodesIn(value)[0];
}

/** The nodes in a field that holds one or a list. */
export function nodesIn(value: unknown): SyntaxNode[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value
  );
}

function list(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        return LEFT_OUT.has(entry.name) || (folder === "" && LEFT_OUT_AT_ROOT.has(entry.name)) ? [] : list(path);
      }
      return entry.isFile() && entry.name !== ".git" && TEXT_FILE.test(entry.name) ? [path] : [];
    })
    .sort();
}
