import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statfsSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { packageVersion } from "#system/version.ts";
import { find } from "../../test/mariadb.ts";
import { readRepository, root, type SourceFile } from "../source-files.ts";
import { BROWSERS, missingHere } from "../test/machine.ts";
import { PAGES } from "./cases.ts";

/** What an acceptance was made on, as rows of a table: no name, address or path of the machine. */
export type MachineFact = { zh: string; en: string; value: string };

/** What was accepted. `sources` is a hash of all that runs and of the pages of cases; `changed`: it is not what the commit holds. */
export type Subject = { version: string; commit: string | null; changed: boolean; sources: string };

const GB = 1_000_000_000;
/** All that decides how an acceptance comes out. */
const ACCEPTED = [
  ...["src", "tools", "test", "ops", "package.json", "package-lock.json"],
  ...PAGES.map((page) => `docs/${page}`),
];

/** Looks at the sources that would run now, and at the pages that they would be held against. */
export function subjectHere(files: readonly SourceFile[] = readRepository()): Subject {
  const hash = createHash("sha256");
  const isAccepted = (path: string) => ACCEPTED.some((each) => path === each || path.startsWith(`${each}/`));
  for (const { path, text } of files) if (isAccepted(path)) hash.update(`${path}\0${text}\0`);
  const commit = said("git", ["rev-parse", "HEAD"]);
  return {
    version: packageVersion(),
    commit,
    changed: hasChanges(),
    sources: hash.digest("hex").slice(0, 16),
  };
}

/** Whether anything of that is not as the commit holds it. */
export function hasChanges(folder: string = root): boolean {
  const changes = said("git", ["status", "--porcelain", "--", ...ACCEPTED], folder);
  return changes !== null && changes !== "";
}

/** Looks at the machine. */
export function machineHere(): MachineFact[] {
  const disk = statfsSync(root);
  const gb = (bytes: number) => `${(bytes / GB).toFixed(1)} GB`;
  const facts: MachineFact[] = [
    {
      zh: "处理器",
      en: "Processor",
      value: `${cpus()[0]?.model.trim() || arch()} · ${availableParallelism()} 核 cores`,
    },
    { zh: "内存", en: "Memory", value: gb(totalmem()) },
    { zh: "磁盘", en: "Disk", value: `${gb(disk.blocks * disk.bsize)}, 可用 free ${gb(disk.bavail * disk.bsize)}` },
    { zh: "操作系统", en: "System", value: `${systemName()} · ${platform()} ${release()} · ${arch()}` },
    { zh: "Node", en: "Node", value: process.versions.node },
    { zh: "数据库", en: "Databases", value: `SQLite ${process.versions.sqlite ?? "–"}; ${mariadbVersion()}` },
    { zh: "浏览器", en: "Browser", value: browserVersion() },
    {
      zh: "开始时负载",
      en: "Load at the start",
      value: loadavg()
        .map((load) => load.toFixed(2))
        .join(" / "),
    },
  ];
  return facts;
}

/** What this machine lacks for tests and loads; a database server that was given to them is as good as one that is installed. */
export function missingForUs(): string[] {
  const isGiven = process.env.JICHAO_TEST_MYSQL !== undefined;
  return missingHere().filter((sentence) => !(isGiven && sentence.startsWith("MariaDB")));
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
  } catch {
    return platform(); // only Linux has that file
  }
}

function mariadbVersion(): string {
  if (process.env.JICHAO_TEST_MYSQL !== undefined) return "MariaDB/MySQL: JICHAO_TEST_MYSQL";
  const program = find("mariadbd", "mysqld");
  if (program === null) return "MariaDB 未安装 not installed";
  const [, version] = /Ver (\S+)/.exec(said(program, ["--no-defaults", "--version"]) ?? "") ?? [];
  return `MariaDB ${version ?? "?"}`;
}

function browserVersion(): string {
  const program = find(...BROWSERS);
  return (program === null ? null : said(program, ["--version"])?.split(" built on")[0]) ?? "未安装 not installed";
}

/** What a program says, or null when it is not there or fails. */
function said(program: string, args: readonly string[], cwd: string = root): string | null {
  try {
    return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null;
  }
}
