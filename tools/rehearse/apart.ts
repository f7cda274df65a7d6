import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../source-files.ts";

/** What a rehearsal tells at its end. */
export type Report = { ok: boolean; [figure: string]: unknown };

/** Folders of the machine that a rehearsal writes to: it sees what is there, and what it writes is gone with it. */
const OVERLAID = ["/etc", "/opt", "/usr/local", "/var/lib", "/var/log"];

/**
 * Namespaces of its own for network (only the loopback address), mounts and processes. `/run` is empty: a systemd of the machine must not be told anything.
 * Whatever was started ends with it.
 */
const SCRIPT = `
set -eu
ip link set lo up
layers=$1; shift
mount -t tmpfs tmpfs "$layers"
for folder in ${OVERLAID.join(" ")}; do
  own="$layers/$(echo "$folder" | tr / _)"
  mkdir -p "$own/upper" "$own/work"
  mount -t overlay overlay -o "lowerdir=$folder,upperdir=$own/upper,workdir=$own/work" "$folder"
done
mount -t tmpfs tmpfs /run
exec "$@"
`;

/** Runs the inner part of a rehearsal apart from the machine, and answers what it tells. */
export async function apart(what: string, place: string, packages: Readonly<Record<string, string>>): Promise<Report> {
  const layers = join(place, "layers");
  mkdirSync(layers);
  const script = join(place, "apart.sh");
  writeFileSync(script, SCRIPT);
  const inner = [process.execPath, join(root, "tools/rehearse/inside.ts"), what, place, JSON.stringify(packages)];
  const flags = ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const outer = Object.entries(process.env).filter(([name]) => !name.startsWith("JICHAO_"));
  const child = spawn("unshare", [...flags, "sh", script, layers, ...inner], {
    cwd: "/",
    env: Object.fromEntries(outer),
    stdio: ["ignore", "pipe", "inherit"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill("SIGKILL"));
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const last = out.trim().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) return { ok: false, problem: `the rehearsal ended with ${code} and told nothing` };
  return JSON.parse(last) as Report;
}
