import { INSTALL } from "../test/machine.ts";
import { scrubbed } from "./scrub.ts";

/** Parts of the acceptance: what is there works (功能), it holds under load (极限负荷), it holds for long (连续运行). */
export type Part = "function" | "load" | "soak";

/** How a run's output becomes figures. */
export type Kind = "suite" | "build" | "bench" | "abuse" | "chaos" | "take-over" | "sim" | "fuzz" | "soak";

/** Arguments and the longest time, minutes, of the whole run and of the quick one. */
type Sizes<T> = { full: T; quick: T };

/** One program that is run. `program` from the root of the repository; `needs` begins the sentence of tools/test/machine.ts that forbids it. */
export type Run = {
  id: string;
  part: Part;
  kind: Kind;
  zh: string;
  en: string;
  program: string;
  args: Sizes<readonly string[]>;
  minutesMax: Sizes<number>;
  needs?: string;
};

const TEST = "tools/test/main.ts";
/** No time at all: too long for a quick acceptance. */
const LEFT_OUT = 0;

/** What shows that functions are there. The tests get their files, or what is left of them, when they begin. */
export const functionRuns: readonly Run[] = [
  {
    ...{ id: "check", part: "function", kind: "suite", zh: "类型、格式、结构检查", en: "types, lint, house rules" },
    ...{ program: TEST, args: both(["--only", "check"]), minutesMax: { full: 15, quick: 15 } },
  },
  {
    ...{ id: "build", part: "function", kind: "build", zh: "页面构建", en: "build of the pages" },
    ...{ program: "tools/build-web.ts", args: both([]), minutesMax: { full: 10, quick: 10 } },
  },
  {
    // Its own end after 60 minutes names what hangs; ours comes later.
    ...{ id: "tests", part: "function", kind: "suite", zh: "全部测试", en: "all tests" },
    ...{ program: TEST, args: both([]), minutesMax: { full: 65, quick: 65 } },
  },
];

/** Load on everything that is timed or may break: benches, attacks, kills, chance. */
export const loadRuns: readonly Run[] = [
  bench("http", ["50 名操作员同时在线", "50 operators at once"], {
    ...{ full: [], quick: ["--meters", "1000", "--days", "3", "--seconds", "10", "--database", "mariadb"] },
    minutesMax: { full: 40, quick: 8 },
  }),
  bench("http-200", ["200 人同时在线", "200 people at once"], {
    full: ["--operators", "200", "--days", "22", "--database", "mariadb"],
    quick: ["--operators", "200", "--meters", "1000", "--days", "3", "--seconds", "10", "--database", "mariadb"],
    minutesMax: { full: 30, quick: 8 },
    needs: "MariaDB",
  }),
  bench("console", ["浏览器中的页面", "the console in a browser"], {
    ...{ full: ["--minutes", "10"], quick: ["--meters", "1000"], minutesMax: { full: 30, quick: 10 } },
    needs: "Chromium",
  }),
  bench("reports", ["一年历史上的查询", "questions to a year of history"], {
    full: [],
    quick: ["--meters", "1000", "--days", "70"],
    minutesMax: { full: 60, quick: 10 },
  }),
  bench("export", ["十万行、近百万行导出", "files of a hundred thousand rows and a million"], {
    full: [],
    quick: ["--database", "sqlite"],
    minutesMax: { full: 30, quick: 10 },
  }),
  bench("ingest", ["读数入库", "readings to rows"], { full: [], quick: [], minutesMax: { full: 15, quick: 10 } }),
  bench("ledger", ["账务并发", "transfers by many clients"], {
    full: [],
    quick: [],
    minutesMax: { full: 15, quick: 10 },
  }),
  bench("settle", ["一万块表计费", "billing of 10 000 meters"], {
    full: [],
    quick: [],
    minutesMax: { full: 20, quick: 15 },
  }),
  bench("close-month", ["月末结转", "the last day of a month is closed"], {
    full: [],
    quick: null,
    minutesMax: { full: 40, quick: LEFT_OUT },
  }),
  bench("store", ["历史占用的空间", "what the past weighs"], {
    full: [],
    quick: null,
    minutesMax: { full: 60, quick: LEFT_OUT },
  }),
  bench("line", ["一台集中器 500 块表一轮", "a round of 500 meters behind one concentrator"], {
    full: [],
    quick: ["--meters", "20"],
    minutesMax: { full: 60, quick: 8 },
  }),
  bench("control", ["整轮抄表中的指令", "a command in a full round"], {
    full: ["--seconds", "300"],
    quick: ["--seconds", "30"],
    minutesMax: { full: 15, quick: 5 },
  }),
  bench("fleet", ["1000 台集中器、50 万块表", "1000 concentrators, half a million meters"], {
    full: [],
    quick: ["--concentrators", "50", "--meters", "100", "--seconds", "10"],
    minutesMax: { full: 40, quick: 8 },
    needs: "MariaDB",
  }),
  bench("codec", ["报文编解码", "frames made and read"], { full: [], quick: [], minutesMax: { full: 5, quick: 5 } }),
  {
    ...{
      id: "abuse",
      part: "load",
      kind: "abuse",
      zh: "13 种攻击下的前置机",
      en: "the collector under thirteen attacks",
    },
    ...{ program: "tools/abuse/main.ts", args: { full: [], quick: ["--quick"] }, needs: "MariaDB" },
    minutesMax: { full: 40, quick: 12 },
  },
  {
    ...{
      id: "chaos-recharge",
      part: "load",
      kind: "chaos",
      zh: "充值中反复杀死程序",
      en: "programs killed during recharges",
    },
    ...{ program: "tools/chaos/main.ts", minutesMax: { full: 60, quick: 12 } },
    args: { full: ["recharge", "--runs", "200"], quick: ["recharge", "--runs", "15"] },
  },
  {
    ...{
      id: "chaos-take-over",
      part: "load",
      kind: "take-over",
      zh: "前置机死亡与接管",
      en: "collectors die, others take over",
    },
    ...{ program: "tools/chaos/main.ts", minutesMax: { full: 60, quick: 12 } },
    args: { full: ["take-over", "--runs", "45"], quick: ["take-over", "--runs", "4"] },
  },
  {
    ...{ id: "sim", part: "load", kind: "sim", zh: "资金核心的随机故事", en: "random stories of the money core" },
    ...{ program: "tools/sim/main.ts", minutesMax: { full: 60, quick: 12 } },
    args: { full: ["--seeds", "10000"], quick: ["--seeds", "300"] },
  },
  {
    ...{ id: "fuzz", part: "load", kind: "fuzz", zh: "畸形报文", en: "mutated frames" },
    ...{ program: "tools/fuzz/main.ts", minutesMax: { full: 30, quick: 8 } },
    args: { full: ["--frames", "1000000"], quick: ["--frames", "100000"] },
  },
];

/** Real programs under a steady load for so many hours. */
export function soakRun(hours: number): Run {
  const minutes = Math.ceil(hours * 60) + 20; // start, and whatever has to come to an end
  return {
    ...{ id: "soak", part: "soak", kind: "soak", zh: `连续运行 ${hours} 小时`, en: `${hours} hours without a rest` },
    ...{ program: "tools/acceptance/soak.ts", args: both(["--hours", String(hours)]) },
    minutesMax: { full: minutes, quick: minutes },
  };
}

/** Whether a run has a size for a quick acceptance; the others say in the report that they were left out. */
export function isMade(run: Run, quick: boolean): boolean {
  return !(quick && run.minutesMax.quick === LEFT_OUT);
}

/** Why a run cannot be made on this machine, or null. */
export function whyNot(run: Run, missing: readonly string[]): string | null {
  const { needs } = run;
  const sentence = needs === undefined ? undefined : missing.find((each) => each.startsWith(needs));
  return sentence === undefined ? null : `${sentence} ${INSTALL}`;
}

/** What a person types to make the run alone. */
export function commandOf(run: Run, quick: boolean): string {
  if (run.kind === "soak") return `npm run acceptance -- --only soak --soak-hours ${run.args.full.at(-1) ?? ""}`;
  const args = run.args[quick ? "quick" : "full"];
  const bare = SCRIPTS.find(([program]) => run.program === program)?.[1] ?? `node ${run.program}`;
  return scrubbed(args.length === 0 ? bare : `${bare} -- ${args.join(" ")}`);
}

const SCRIPTS = [
  ["tools/test/main.ts", "npm test"],
  ["tools/build-web.ts", "npm run build"],
  ["tools/bench/main.ts", "npm run bench"],
  ["tools/abuse/main.ts", "npm run abuse"],
  ["tools/chaos/main.ts", "npm run chaos"],
  ["tools/sim/main.ts", "npm run sim"],
  ["tools/fuzz/main.ts", "npm run fuzz"],
] as const;

type BenchSizes = {
  full: readonly string[];
  /** null: too long for a quick acceptance. */
  quick: readonly string[] | null;
  minutesMax: Sizes<number>;
  needs?: string;
};

function bench(id: string, [zh, en]: readonly [string, string], sizes: BenchSizes): Run {
  const name = id === "http-200" ? "http" : id;
  const { full, quick, minutesMax, needs } = sizes;
  return {
    ...{ id, part: "load", kind: "bench", zh, en, program: "tools/bench/main.ts", minutesMax },
    args: { full: [name, ...full], quick: [name, ...(quick ?? [])] },
    ...(needs !== undefined && { needs }),
  };
}

function both<T>(value: T): Sizes<T> {
  return { full: value, quick: value };
}
