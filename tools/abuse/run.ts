import { pause, systemClock } from "#system/clock.ts";
import { type AttackName, attackNames } from "./attack-names.ts";
import { attacks, type Size } from "./attacks.ts";
import { type Field, openField } from "./field.ts";
import type { SmallDisk } from "./small-disk.ts";

/** What is to be run. */
export type AbuseOptions = {
  database: "sqlite" | "mariadb";
  good: number;
  size: Size;
  /** What the database lies on, when that is a file system of its own. */
  databaseDisk?: SmallDisk | null;
  /** Names of attacks; all when empty. */
  only: readonly AttackName[];
};

/** The figures of one attack. */
export type Figures = {
  attack: string;
  verdict: "held" | "broken" | "not run";
  note: string;
  rssMbBefore: number;
  rssMbPeak: number;
  lagP99MsBefore: number;
  lagP99MsDuring: number;
  lagMaxMsDuring: number;
  /** Of the good sessions' questions, in per cent. */
  successBefore: number | null;
  successDuring: number | null;
  replyP99MsBefore: number | null;
  replyP99MsDuring: number | null;
  /** From the end of the attack until every good session answers again. */
  backAfterSeconds: number | null;
  /** Stored readings that were held against what the meters show, and those of them that were something else. */
  readings: number;
  wrongReadings: number;
};

export type AbuseReport = { database: string; good: number; ok: boolean; seconds: number; attacks: Figures[] };

/** Half of the smallest machine that a collector is put on; 550 sessions read every second leave up to 430 behind before it is cleared up. */
const RSS_MB_MAX = 512;
const CALM_MS = 3_000;
const BACK_MS_MAX = 90_000;
/** Attacks that strike the good sessions themselves: that they suffer is the attack. */
const STRIKES_THE_GOOD: ReadonlySet<string> = new Set([
  "bad-line",
  "older-and-other-answers",
  "database-gone",
  "database-disk-full",
  "clock-jumps",
]);
/** Good sessions lose less than one question in a hundred to an attack on the door. */
const SUCCESS_MIN = 99;

/** Runs the list of attacks against one collector process, one after the other, and says what held. */
export async function runAbuse(options: AbuseOptions, say: (line: string) => void): Promise<AbuseReport> {
  const began = performance.now();
  const others = Math.max(options.size.storm, 1);
  const field = await openField({ ...options, others, databaseDisk: options.databaseDisk ?? null });
  const names = options.only.length > 0 ? options.only : attackNames;
  const all: Figures[] = [];
  try {
    await back(field);
    for (const name of names) {
      const figures = await one(field, name, options.size);
      all.push(figures);
      say(`${figures.verdict.padEnd(7)} ${name}: ${figures.note}`);
    }
  } finally {
    await field.close();
  }
  return {
    database: options.database,
    good: options.good,
    ok: isHeld(all),
    seconds: Math.round((performance.now() - began) / 1_000),
    attacks: all,
  };
}

/** Whether nothing was broken and something was tried: what could not be run here is told and proves nothing. */
export function isHeld(all: readonly Pick<Figures, "verdict">[]): boolean {
  return all.some(({ verdict }) => verdict === "held") && all.every(({ verdict }) => verdict !== "broken");
}

async function one(field: Field, name: AttackName, size: Size): Promise<Figures> {
  const attack = attacks[name];
  const calm = watch(field);
  await pause(CALM_MS);
  const before = await calm.end();
  const during = watch(field);
  const outcome = await attack(field, size);
  const struck = await during.end();
  const ended = performance.now();
  const isBack = await back(field);
  const backAfterSeconds = isBack ? Math.round((performance.now() - ended) / 100) / 10 : null;
  const { checked, wrong: wrongReadings } = await field.readings();
  const suffers = !STRIKES_THE_GOOD.has(name) && (struck.success ?? 100) < SUCCESS_MIN;
  const peak = Math.max(before.rssMb, struck.rssMb);
  const broken = [
    outcome.ok === false && "the attack got through",
    !field.isAlive() && "the collector died",
    !isBack && "good sessions did not come back",
    checked === 0 && "no reading was stored",
    wrongReadings > 0 && `${wrongReadings} wrong readings`,
    struck.refused > before.refused && `${struck.refused - before.refused} reports given up`,
    peak > RSS_MB_MAX && `memory above ${RSS_MB_MAX} MB`,
    suffers && `good sessions below ${SUCCESS_MIN} %`,
  ].filter((each) => each !== false);
  return {
    attack: name,
    verdict: outcome.ok === null ? "not run" : broken.length > 0 ? "broken" : "held",
    note: [...broken, outcome.note].filter((each) => each !== "").join("; "),
    rssMbBefore: before.rssMb,
    rssMbPeak: peak,
    lagP99MsBefore: before.lagP99Ms,
    lagP99MsDuring: struck.lagP99Ms,
    lagMaxMsDuring: struck.lagMaxMs,
    successBefore: before.success,
    successDuring: struck.success,
    replyP99MsBefore: before.replyP99Ms,
    replyP99MsDuring: struck.replyP99Ms,
    backAfterSeconds,
    readings: checked,
    wrongReadings,
  };
}

type Seen = {
  rssMb: number;
  lagP99Ms: number;
  lagMaxMs: number;
  success: number | null;
  replyP99Ms: number | null;
  refused: number;
};

/**
 * Looks until it is ended. Concentrators of the attackers answer that their meters are silent, so questions to the good ones are counted
 * by what the log of frames keeps of them.
 */
function watch(field: Field): { end(): Promise<Seen> } {
  field.child.send({ anew: true });
  const from = field.told.length;
  const since = systemClock();
  return {
    async end() {
      const told = field.told.slice(from);
      const { replies, silences } = await field.replies(since);
      const asked = replies.length + silences;
      return {
        rssMb: Math.max(0, ...told.map(({ rssMb }) => rssMb)),
        lagP99Ms: told.at(-1)?.lagP99Ms ?? 0,
        lagMaxMs: told.at(-1)?.lagMaxMs ?? 0,
        success: asked === 0 ? null : Math.round((10_000 * replies.length) / asked) / 100,
        replyP99Ms: p99(replies),
        refused: told.at(-1)?.refused ?? 0,
      };
    },
  };
}

/** Waits until every good meter has answered a question that was asked from now on. */
async function back(field: Field): Promise<boolean> {
  const since = systemClock();
  for (const end = performance.now() + BACK_MS_MAX; performance.now() < end; ) {
    if (!field.isAlive()) return false;
    const answering = await field.answeringSince(since).catch(() => 0);
    if (answering === field.meters) return true;
    await pause(200);
  }
  return false;
}

function p99(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? null;
}
