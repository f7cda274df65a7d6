#!/usr/bin/env node
// Runs Jichao on Node 24, which reads the TypeScript sources directly and brings SQLite.
// Plain JavaScript that any Node from 18 understands: under Node ≥ 24 it just goes on;
// under an older one it takes Node 24 from the npm registry once and remembers where.
//
//   node tools/node24.mjs start                 the jichao command
//   node tools/node24.mjs --run tools/x.ts …    any other program of this repository
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NODE_WANTED = "24.21.0";
const NODE_MAJOR_MIN = 24;
const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const remembered = join(root, "node_modules", ".cache", "jichao", "node24-path");

const args = process.argv.slice(2);
const runsFile = args[0] === "--run";
const program = runsFile ? resolve(root, args[1] ?? "") : join(root, "src", "cli", "jichao.ts");
const programArgs = runsFile ? args.slice(2) : args;

if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) {
  process.argv = [process.argv[0], program, ...programArgs];
  await import(pathToFileURL(program).href);
} else {
  hand(findNode24(), [program, ...programArgs]);
}

/** The path of a Node ≥ 24: the remembered one if it is still there, else one fetched from the npm registry. */
function findNode24() {
  if (existsSync(remembered)) {
    const path = readFileSync(remembered, "utf8").trim();
    if (existsSync(path)) return path;
  }
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  console.error(
    `Jichao 需要 Node ${NODE_MAJOR_MIN};当前是 ${process.versions.node},正在从 npm 取用一份(仅此一次)。\n` +
      `Jichao needs Node ${NODE_MAJOR_MIN}; this is ${process.versions.node}. Taking a copy from npm (only this once).`,
  );
  const found = spawnSync(
    process.platform === "win32" ? "npm.cmd" : "npm",
    ["exec", "--yes", `--package=${name}@${NODE_WANTED}`, "--", "node", "-p", "process.execPath"],
    { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], shell: process.platform === "win32" },
  );
  const path = (found.stdout ?? "").trim().split("\n").pop() ?? "";
  if (found.status !== 0 || !existsSync(path)) {
    console.error(
      `没有取到适合本机(${name})的 Node ${NODE_MAJOR_MIN}。请从 https://nodejs.org 安装 Node ${NODE_MAJOR_MIN} 或更新版本后再运行同一命令。\n` +
        `No Node ${NODE_MAJOR_MIN} for this machine (${name}) could be fetched. Install Node ${NODE_MAJOR_MIN} or newer from https://nodejs.org and run the same command again.\n` +
        (found.stderr ?? "").trim().split("\n").slice(-3).join("\n"),
    );
    process.exit(1);
  }
  mkdirSync(dirname(remembered), { recursive: true });
  writeFileSync(remembered, path);
  return path;
}

/** Runs the program under that Node, passes signals on, and ends as it ends. */
function hand(node, argv) {
  const child = spawn(node, argv, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}
