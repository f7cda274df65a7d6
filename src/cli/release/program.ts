import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Environment } from "#system/environment.ts";
import type { Owner, Place } from "./site.ts";
import { Refused } from "./steps.ts";

/** What a command of some version has said, and how it ended. */
export type Ran = { code: number; out: string };

/** What runs commands of the versions of an installation: as its user where it has one, with its settings. `env` is that of whoever asked. */
export type Runner = { place: Place; owner: Owner | null; env: Environment };

/** Runs `jichao …` of a version. `more` outweighs the settings file. What it says to people goes on to them. */
export async function runOf(
  { place, owner, env }: Runner,
  version: string,
  args: readonly string[],
  more: Environment = {},
): Promise<Ran> {
  const program = join(place.versions, version, "bin/jichao");
  const child = spawn(program, [...args], {
    cwd: place.dataDir,
    env: { ...clean(env), JICHAO_ENV_FILE: place.settings, ...more },
    stdio: ["ignore", "pipe", "inherit"],
    ...(owner !== null && { uid: owner.uid, gid: owner.gid }),
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (ended) => resolve(ended ?? 1));
  });
  return { code, out };
}

/** Runs it and refuses to go on when it did not end well. */
export async function mustRun(
  runner: Runner,
  version: string,
  args: readonly string[],
  more: Environment = {},
): Promise<string> {
  const { code, out } = await runOf(runner, version, args, more);
  if (code === 0) return out;
  throw new Refused(
    `jichao ${args[0]}(版本 ${version})没有成功(退出码 ${code})。排除上面的原因后,重新运行同一命令`,
    `jichao ${args[0]} of ${version} did not succeed (exit code ${code}); mend what is said above and run the same command again`,
  );
}

/** Settings come from the file of the installation, not from the shell of whoever runs this. */
function clean(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith("JICHAO_") || name === "JICHAO_FAULTS");
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
}
