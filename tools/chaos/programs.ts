import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const jichao = fileURLToPath(new URL("../../src/cli/jichao.ts", import.meta.url));

/** A real program of Jichao that is killed and started again. */
export type Victim = {
  readonly name: "server" | "collector";
  /** Starts it, with fault points armed or without; resolves when it says that it is up. */
  start(faults: string): Promise<void>;
  /** kill -9; false when it was dead already. */
  kill(): boolean;
  /** Stops the process where it stands, as a paused virtual machine does, and lets it go on. */
  freeze(): void;
  thaw(): void;
  /** Asks it to end in good order; resolves when it has. */
  end(): Promise<void>;
  /** Resolves when the process that runs now has died. */
  died(): Promise<void>;
  isAlive(): boolean;
  /** Of the process that runs now; null when none does. */
  pid(): number | null;
  /** The fault points that the process that runs now carries. */
  faults(): string;
};

const READY = { server: "server listened", collector: "collector started" } as const;
const READY_MS_MAX = 30_000;

/** Makes a victim; `onFault` hears the name of the fault point that killed it. */
export function victim(
  name: Victim["name"],
  env: Readonly<Record<string, string>>,
  onFault: (point: string) => void,
): Victim {
  let child: ChildProcess | null = null;
  let gone: Promise<void> = Promise.resolve();
  let last: string[] = [];
  let armed = "";

  async function start(faults: string): Promise<void> {
    const own = spawn(process.execPath, [jichao, name], {
      env: { ...process.env, ...env, JICHAO_FAULTS: faults },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child = own;
    dieWithUs(own);
    armed = faults;
    last = [];
    gone = new Promise((resolve) => own.once("exit", () => resolve()));
    let ready = () => {};
    const isReady = new Promise<void>((resolve) => {
      ready = resolve;
    });
    if (own.stderr === null) throw new Error("stderr is piped");
    createInterface({ input: own.stderr }).on("line", (line) => {
      last = [...last.slice(-19), line];
      if (line.includes(READY[name])) ready();
      const fault = /"fault":"([^"]+)"/.exec(line);
      if (fault?.[1]) onFault(fault[1]);
    });
    await Promise.race([isReady, gone, timeout()]);
    if (own.exitCode !== null && own.exitCode !== 0) throw new Error(`${name} did not start:\n${last.join("\n")}`);
  }

  function timeout(): Promise<never> {
    return new Promise((_, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} was not ready:\n${last.join("\n")}`)), READY_MS_MAX);
      timer.unref();
    });
  }

  return {
    name,
    start,
    kill() {
      return isAlive() && (child?.kill("SIGKILL") ?? false);
    },
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    async end() {
      child?.kill("SIGTERM");
      await gone;
    },
    died: () => gone,
    isAlive,
    pid: () => (isAlive() ? (child?.pid ?? null) : null),
    faults: () => armed,
  };

  function isAlive(): boolean {
    return child !== null && child.exitCode === null && child.signalCode === null;
  }
}

/** Whoever ends this run in any way, also by kill -9, leaves no program behind: a watcher kills it when our end of its input is gone. */
function dieWithUs(program: ChildProcess): void {
  const watcher = spawn("sh", ["-c", 'read -r said; [ "$said" = over ] || kill -9 "$1"', "sh", String(program.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // Ctrl-C is for us; it outlives us by a moment
  });
  program.once("exit", () => watcher.stdin?.end("over\n"));
}
