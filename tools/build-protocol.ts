import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { relative } from "node:path/posix";
import { pathToFileURL } from "node:url";
import { root } from "./source-files.ts";

/** Where `exports` of package.json points. */
const OUT = "dist/protocol";
const DECLARATION = /\.d\.ts$/;

/**
 * Makes the protocol layer into plain JavaScript with declarations: Node strips no types below `node_modules`, so what is
 * published has to be built. The types are stripped as Node does it with our own sources, so lines and comments stay where
 * they are. `#layer` imports become relative ones, because they mean sources.
 */
export function buildProtocol(): void {
  // Beside its place first: whoever packs at the same time never sees half of it.
  const fresh = join(root, `dist/.protocol-${process.pid}`);
  rmSync(fresh, { recursive: true, force: true });
  declare(fresh);
  for (const path of readdirSync(fresh, { recursive: true, encoding: "utf8" })) {
    if (!DECLARATION.test(path)) continue;
    const source = path.replace(DECLARATION, ".ts");
    const code = stripTypeScriptTypes(readFileSync(join(root, "src", source), "utf8"));
    writeFileSync(join(fresh, path.replace(DECLARATION, ".js")), withOwnImports(code, path));
    writeFileSync(join(fresh, path), withOwnImports(readFileSync(join(fresh, path), "utf8"), path));
  }
  rmSync(join(root, OUT), { recursive: true, force: true });
  renameSync(fresh, join(root, OUT));
}

/** The declarations of the published file and of all that it reaches. */
function declare(outDir: string): void {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", "tsconfig.protocol.json", "--outDir", outDir, "--pretty", "false"];
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`the protocol layer could not be built:\n${run.stdout}${run.stderr}`);
}

/** The imports of a file as they must be where it is published; `path` is its place there. */
function withOwnImports(text: string, path: string): string {
  return text.replace(/"(#|\.{1,2}\/)([\w./-]+)\.ts"/g, (_, start: string, rest: string) => {
    const to = start === "#" ? relative(dirname(path), rest) : `${start}${rest}`;
    return `"${to.startsWith(".") ? to : `./${to}`}.js"`;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) buildProtocol();
