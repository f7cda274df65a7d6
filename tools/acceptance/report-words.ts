import type { CaseState } from "./cases.ts";
import type { Verdict } from "./join.ts";
import { both, html, type Markup } from "./markup.ts";
import type { RunResult } from "./run-result.ts";

const VERDICTS: Readonly<Record<Verdict | RunResult["state"], readonly [zh: string, en: string, tone: string]>> = {
  passed: ["通过", "passed", "good"],
  part: ["部分通过", "passed in part", "warn"],
  failed: ["失败", "failed", "bad"],
  hung: ["超时中止", "hung", "bad"],
  skipped: ["跳过", "skipped", "warn"],
  not_run: ["未运行", "not run", "none"],
  not_built: ["未做", "not built", "none"],
};

const STATES: Readonly<Record<CaseState, readonly [zh: string, en: string]>> = {
  there: ["有", "there"],
  part: ["部分", "part"],
  not_built: ["未做", "not built"],
};

const QUESTIONS: Readonly<Record<string, string>> = {
  board: "状态墙",
  search: "客户搜索",
  account: "客户账户",
  "day-report": "日报",
  soak: "连续运行",
};

/** What was asked when answers were timed: the case of a bench with its Chinese name. */
export function questionText(what: string): Markup {
  const [, name = "", , database = ""] = /^([\w-]+)( of \d+ operators on (\w+), p99)?$/.exec(what) ?? [];
  const [zh, on] = [QUESTIONS[name], database === "mariadb" ? " · MariaDB" : database === "sqlite" ? " · SQLite" : ""];
  return zh === undefined ? html`${what}` : both(`${zh}${on}`, name);
}

/** How something came out, in words and colour. */
export function mark(verdict: keyof typeof VERDICTS): Markup {
  const [zh, en, tone] = VERDICTS[verdict];
  return html`<span class="mark ${tone}">${zh} ${en}</span>`;
}

/** How much of a case is there. */
export function stateText(state: CaseState): Markup {
  return both(...STATES[state]);
}

/** Whether a limit was met. */
export function metMark(met: boolean | null, demanded: boolean): Markup {
  if (met === null) return html`<span class="none">–</span>`;
  if (met) return html`<span class="mark good">达到 met</span>`;
  return html`<span class="mark ${demanded ? "bad" : "warn"}">未达到 not met</span>`;
}

/** A moment in Beijing: 2026-08-01 09:30:00. */
export function timeText(ms: number): string {
  return `${new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ")} (UTC+8)`;
}

/** 90 061 s as 25 h 1 min; shorter ones in seconds. */
export function spanText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds * 10) / 10} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number as people read it: 1 234 567.89, small ones with their digits. */
export function numberText(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "–";
  const rounded = Math.abs(value) >= 1_000 ? Math.round(value) : Math.round(value * 1_000) / 1_000;
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 3 }).replaceAll(",", " ");
}
