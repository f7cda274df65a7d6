import { type ChildProcess, spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openDatabase } from "./db.ts";
import { insertIgnore } from "./portable.ts";
import { nextNumbers } from "./sequences.ts";

/**
 * A second program on a test's database, as a process of its own: `start` runs this very file. It says on standard output,
 * without any buffer, what it was told.
 */
export type OtherProgram = { child: ChildProcess; lines: AsyncIterator<string>; ended: Promise<number | null> };

/** What the other program can do. */
export type Task = "tell-rows" | "take-numbers" | "migrate";

/** Starts it. `count`: rows or numbers to take; tell-rows goes on until it is killed. */
export function start(task: Task, input: { url: string; name: string; count?: number }): OtherProgram {
  const args = [fileURLToPath(import.meta.url), task, input.url, input.name, String(input.count ?? 0)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), ended };
}

const CALLERS = 8;

async function main([task, url = "", name = "", count = "0"]: readonly string[]): Promise<void> {
  const db = await openDatabase(url);
  const say = (line: string) => writeSync(1, `${line}\n`);
  let next = 0;
  const tellRows = async () => {
    for (;;) {
      const row = { name: `${name}-${next++}`, value: 1 };
      await db.transact((tx) => insertIgnore(tx, "tally", [row], ["name"]));
      say(row.name);
    }
  };
  if (task === "migrate") say(JSON.stringify(await db.migrate()));
  else if (task === "tell-rows") await Promise.all(Array.from({ length: CALLERS }, tellRows));
  else for (let i = 0; i < Number(count); i++) say(String(await db.transact((tx) => nextNumbers(tx, name))));
  await db.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
