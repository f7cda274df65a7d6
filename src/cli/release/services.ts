import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from "node:fs";
import { join } from "node:path";
import { pause, systemClock } from "#system/clock.ts";
import type { Runner } from "./program.ts";
import { type Place, settingsIn } from "./site.ts";
import { Refused } from "./steps.ts";

/** The programs of an installation, started and stopped together. */
export type Services = {
  /** By systemd, or as processes that this command starts and remembers. */
  readonly by: "systemd" | "processes";
  /** Puts units of a version where systemd finds them. */
  install(version: string): void;
  start(): Promise<void>;
  stop(): Promise<void>;
};

const PROGRAMS = ["server", "collector"] as const;
const UNITS = [...PROGRAMS.map((name) => `jichao-${name}.service`), "jichao-backup.timer"];
const UNIT_FOLDER = "/etc/systemd/system";
/** A collector finishes what is on its lines first. */
const STOP_MS_MAX = 60_000;
const ANSWER_MS_MAX = 120_000;
const LOOK_EVERY_MS = 200;

/** Those of the machine's own installation where systemd runs, else processes. */
export function servicesOf(runner: Runner): Services {
  const isOwn = runner.place.root === "" && existsSync("/run/systemd/system");
  return isOwn ? bySystemd(runner) : byProcesses(runner);
}

function bySystemd(runner: Runner): Services {
  const ctl = (...args: string[]) => execFileSync("systemctl", args, { stdio: ["ignore", "inherit", "inherit"] });
  return {
    by: "systemd",
    install(version) {
      const from = join(runner.place.versions, version, "ops/systemd");
      for (const name of readdirSync(from)) copyFileSync(join(from, name), join(UNIT_FOLDER, name));
      ctl("daemon-reload");
      ctl("enable", "--quiet", ...UNITS);
    },
    async start() {
      ctl("start", ...UNITS);
      await answering(runner);
    },
    async stop() {
      ctl("stop", ...UNITS, "jichao-backup.service");
    },
  };
}

function byProcesses(runner: Runner): Services {
  const { place, owner, env } = runner;
  return {
    by: "processes",
    install() {},
    async start() {
      const logs = join(place.root || "/", "var/log/jichao");
      mkdirSync(logs, { recursive: true, mode: 0o750 });
      for (const name of PROGRAMS) {
        if (running(place, name).length > 0) continue;
        const log = openSync(join(logs, `${name}.log`), "a", 0o640);
        const child = spawn(join(place.current, "bin/jichao"), [name], {
          cwd: place.dataDir,
          env: { PATH: env.PATH ?? "/usr/bin:/bin", JICHAO_ENV_FILE: place.settings },
          stdio: ["ignore", log, log],
          detached: true,
          ...(owner !== null && { uid: owner.uid, gid: owner.gid }),
        });
        child.unref();
        closeSync(log);
      }
      await answering(runner);
    },
    async stop() {
      const deadline = systemClock() + STOP_MS_MAX;
      for (let signal: NodeJS.Signals = "SIGTERM"; ; ) {
        const left = PROGRAMS.flatMap((name) => running(place, name));
        if (left.length === 0) return;
        for (const pid of left) send(pid, signal);
        await until(() => left.every((pid) => !PROGRAMS.some((name) => running(place, name).includes(pid))), deadline);
        signal = "SIGKILL";
      }
    },
  };
}

/**
 * Processes of this installation that are this program. They are looked for where they are, not in a file: a kill between a start and its note would leave
 * two. Of a trial in another mount namespace the paths may be the same.
 */
function running(place: Place, program: string): number[] {
  const ours = namespaceOf("self");
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const at = args.findIndex((arg) => arg.startsWith(`${place.versions}/`) || arg.startsWith(`${place.current}/`));
      const later = args.slice(at + 1).filter((arg) => !/^[/-]/.test(arg));
      return at >= 0 && later[0] === program && namespaceOf(pid) === ours ? [Number(pid)] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

function namespaceOf(pid: string): string {
  return readlinkSync(`/proc/${pid}/ns/mnt`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it ended meanwhile
  }
}

async function until(isSo: () => boolean, deadline: number): Promise<void> {
  while (!isSo() && systemClock() < deadline) await pause(LOOK_EVERY_MS);
}

/** Where the pages are opened on this machine. */
export function pagesAddress({ place }: Runner): string {
  const { JICHAO_HTTP_HOST: host = "127.0.0.1", JICHAO_HTTP_PORT: port = "6200" } = settingsIn(place.settings);
  return `http://${host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host}:${port}`;
}

async function answering(runner: Runner): Promise<void> {
  const address = pagesAddress(runner);
  const deadline = systemClock() + ANSWER_MS_MAX;
  for (;;) {
    const isThere = await fetch(`${address}/api/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isThere) return;
    if (systemClock() > deadline) {
      throw new Refused(
        `${address} 没有应答。请看日志:journalctl -u jichao-server,或 ${join(runner.place.root || "/", "var/log/jichao")}`,
        `${address} does not answer. See the log: journalctl -u jichao-server, or the folder named above`,
      );
    }
    await pause(LOOK_EVERY_MS);
  }
}
