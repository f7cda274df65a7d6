import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openDatabase } from "#store/db.ts";
import { insertIgnore } from "#store/portable.ts";
import { pause } from "#system/clock.ts";

/** A process of its own that writes a row every few milliseconds and says so as soon as its commit was acknowledged. */
export type Teller = {
  /** Names of the rows that were acknowledged. */
  readonly told: readonly string[];
  /** The longest time without an acknowledgement since the last call, until now, in ms. */
  worstGap(): number;
  /** Resolves at the next acknowledgement. */
  next(): Promise<void>;
  end(): Promise<void>;
};

const EVERY_MS = 20;
const END_MS_MAX = 3_000;

/** Starts one on the database; it gives up never. */
export async function teller(url: string, name: string): Promise<Teller> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), url, name], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const told: string[] = [];
  let [lastAt, worst] = [performance.now(), 0];
  let hearers: (() => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    told.push(line);
    worst = Math.max(worst, performance.now() - lastAt);
    lastAt = performance.now();
    for (const hear of hearers.splice(0)) hear();
  });
  const next = () =>
    Promise.race([
      new Promise<void>((resolve) => {
        hearers = [...hearers, resolve];
      }),
      gone.then(() => {
        throw new Error(`teller ${name} has ended`);
      }),
    ]);
  await next();
  return {
    told,
    worstGap() {
      const found = Math.max(worst, performance.now() - lastAt);
      worst = 0;
      return found;
    },
    next,
    async end() {
      child.stdin.end();
      await gone;
    },
  };
}

async function main([url = "", name = ""]: readonly string[]): Promise<void> {
  let ending = false;
  process.stdin.resume().once("end", () => {
    ending = true;
    setTimeout(() => process.exit(0), END_MS_MAX); // what is not acknowledged by then was not told
  });
  const db = await openDatabase(url);
  for (let i = 0; !ending; ) {
    const row = { name: `${name}-${i}`, value: 1 };
    const isNew = await db.transact((tx) => insertIgnore(tx, "tally", [row], ["name"])).catch(() => null);
    if (isNew === null) continue; // given up: what became of it is not known, so the same row is asked for again
    writeSync(1, `${row.name}\n`);
    i++;
    await pause(EVERY_MS);
  }
  await db.close();
  process.exit(0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
