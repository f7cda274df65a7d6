import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../source-files.ts";

/** A check that is one program run: it passes with exit code 0, else its output says what is wrong. */
export type Step = { name: string; run(signal: AbortSignal): Promise<StepResult> };
export type StepResult = { ok: boolean; output: string };

const PROJECTS = ["tsconfig.json", "tsconfig.pure.json", "tsconfig.web.json"];

/** All three views of the sources: everything but pages, the pure layers without a platform, the pages. */
export const types: Step = {
  name: "types",
  run: async (signal) => {
    const tsc = join("node_modules", "typescript", "bin", "tsc");
    const results = await Promise.all(
      PROJECTS.map((project) => node([tsc, "-p", project, "--pretty", "false"], signal)),
    );
    const failed = results.flatMap((result, at) => (result.ok ? [] : [`${PROJECTS[at]}:\n${result.output}`]));
    return { ok: failed.length === 0, output: failed.join("\n") };
  },
};

/** Format, import order and lint rules. */
export const lint: Step = {
  name: "lint",
  run: (signal) =>
    node(
      [join("node_modules", "@biomejs", "biome", "bin", "biome"), "check", "--colors=off", "--max-diagnostics=50"],
      signal,
    ),
};

/**
 * The pages as they are shipped. In a process of its own: a production build sets NODE_ENV for everything after it.
 */
export const build: Step = {
  name: "build",
  run: (signal) => {
    const url = JSON.stringify(pathToFileURL(join(root, "tools", "build-web.ts")).href);
    return node(["--input-type=module", "-e", `const { buildWeb } = await import(${url}); await buildWeb();`], signal);
  },
};

/** Whether there are pages to build. */
export function hasWeb(): boolean {
  return existsSync(join(root, "tools", "build-web.ts"));
}

function node(args: readonly string[], signal: AbortSignal): Promise<StepResult> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], signal });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    const end = (ok: boolean, more = "") =>
      resolve({ ok, output: Buffer.concat(chunks).toString("utf8").trim() + more });
    child.on("error", (error) => end(false, `\n${error.message}`));
    child.on("close", (code) => end(code === 0));
  });
}
