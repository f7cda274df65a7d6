import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { root } from "../source-files.ts";
import { scrubbed } from "./scrub.ts";

/** How a program ended: by itself, after its limit, or because somebody stopped the acceptance. */
export type Ended = { how: "ended" | "hung" | "stopped"; code: number | null; seconds: number; limitMs: number };

/** One program: `output` and `log` are the files that keep what it prints; `heard` gets each line of either. */
export type Order = {
  command: readonly string[];
  limitMs: number;
  output: string;
  log: string;
  heard(line: string): void;
  signal: AbortSignal;
};

/** After a request to end in good order. */
const GRACE_MS = 10_000;

/**
 * Runs a program in a process group of its own, so that what it started ends with it, with its output cleared of names of this machine. It
 * is ended after its limit, and when the signal comes.
 */
export async function runProgram(order: Order): Promise<Ended> {
  const began = performance.now();
  const [program = "", ...args] = order.command;
  // As many open files as we may have: attacks and fleets need thousands of sockets.
  const child = spawn("sh", ["-c", 'ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$@"', "sh", program, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  const pid = child.pid;
  if (pid !== undefined) endWithUs(pid, child);
  const kept = [
    [child.stdout, order.output],
    [child.stderr, order.log],
  ] as const;
  const written = kept.map(async ([stream, path]) => {
    const file = createWriteStream(path, { flags: "a" });
    for await (const line of createInterface({ input: stream })) {
      const clean = scrubbed(line);
      file.write(`${clean}\n`);
      order.heard(clean);
    }
    await new Promise<void>((resolve, reject) => {
      file.once("error", reject);
      file.end(resolve);
    });
  });
  let how: Ended["how"] = "ended";
  let killing: NodeJS.Timeout | undefined;
  const stop = (why: "hung" | "stopped") => {
    if (how !== "ended") return;
    how = why;
    signalGroup(pid, "SIGTERM");
    killing = setTimeout(() => signalGroup(pid, "SIGKILL"), GRACE_MS);
  };
  const limit = setTimeout(() => stop("hung"), order.limitMs);
  const onStop = () => stop("stopped");
  order.signal.addEventListener("abort", onStop, { once: true });
  if (order.signal.aborted) onStop();
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("exit", (exitCode) => resolve(exitCode));
  });
  clearTimeout(limit);
  clearTimeout(killing);
  order.signal.removeEventListener("abort", onStop);
  signalGroup(pid, "SIGKILL"); // whatever it left behind holds our pipes open
  await Promise.all(written);
  return { how, code, seconds: Math.round((performance.now() - began) / 100) / 10, limitMs: order.limitMs };
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Whoever ends the acceptance, also by kill -9, ends the run: a watcher kills the group when our end of its input is gone. */
function endWithUs(pid: number, child: NodeJS.EventEmitter): void {
  const watch = 'read -r said; [ "$said" = over ] || kill -9 "-$1"';
  const watcher = spawn("sh", ["-c", watch, "sh", String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watcher.stdin?.on("error", () => {}); // it has gone before us
  child.once("exit", () => watcher.stdin?.end("over\n"));
}
