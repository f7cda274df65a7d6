import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#system/clock.ts";
import { root } from "../source-files.ts";

/** How a command ended, and what it said. */
export type Said = { code: number; signal: string | null; out: string; err: string };

/** Steps with a clock each. */
export type Stage = {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  readonly steps: { step: string; seconds: number }[];
};

export function stage(): Stage {
  const steps: { step: string; seconds: number }[] = [];
  return {
    steps,
    async step(name, work) {
      const began = systemClock();
      const result = await work();
      const seconds = Math.round((systemClock() - began) / 100) / 10;
      steps.push({ step: name, seconds });
      console.error(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
      return result;
    },
  };
}

/** Runs a command as it stands, as root in a folder. */
export function run(command: string, cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Said> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 26 };
    execFile("bash", ["-c", command], options, (error, out, err) => {
      const { code = 0, signal = null } = (error ?? {}) as { code?: number | string; signal?: string | null };
      resolve({ code: typeof code === "number" ? code : 1, signal: signal ?? null, out, err });
    });
  });
}

/** The same, and it must end well: 0, or 3 where the self-check has something worth a look. */
export async function must(command: string, cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const said = await run(command, cwd, env);
  if (said.code === 0 || said.code === 3) return said;
  throw new Error(`${command} ended with ${said.signal ?? said.code}:\n${said.out}\n${said.err}`);
}

/** The commands of the manual's first block below a heading, as written. Root needs no sudo, and the server has its own address. */
export function manualCommands(heading: string, admin: string): string[] {
  const manual = readFileSync(join(root, "docs/OPERATIONS.md"), "utf8");
  const [, block = ""] = new RegExp(`^### ${heading}[\\s\\S]*?\`\`\`sh\\n([\\s\\S]*?)\`\`\``, "m").exec(manual) ?? [];
  const lines = block.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new Error(`the manual has no commands below ${heading}`);
  return lines.map((line) =>
    line.replace(/^sudo /, "").replace(/--admin mysql:\/\/\S+/, `--admin-file ${adminFile(admin)}`),
  );
}

/** A file with the address of an administrator, for root alone: nobody sits at the terminal of a rehearsal. */
export function adminFile(admin: string): string {
  const file = "/run/jichao-admin";
  writeFileSync(file, `${admin}\n`, { mode: 0o600 });
  return file;
}

/** The last line of JSON that a command has printed. */
export function told<T>(said: Said): T {
  const line = said.out
    .trim()
    .split("\n")
    .findLast((each) => each.startsWith("{"));
  if (line === undefined) throw new Error(`no JSON in: ${said.out}\n${said.err}`);
  return JSON.parse(line) as T;
}
