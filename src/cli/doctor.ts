import { parseArgs } from "node:util";
import { databaseFacts } from "#store/anonymous-facts.ts";
import { systemClock } from "#system/clock.ts";
import { type Environment, installationConfig } from "#system/environment.ts";
import { writeBundle } from "./doctor/bundle.ts";
import { databaseChecks } from "./doctor/database-checks.ts";
import type { Finding, State } from "./doctor/finding.ts";
import { hostChecks } from "./doctor/host-checks.ts";

const USAGE = "用法 usage: jichao doctor [--json] [--bundle 文件FILE] [--lang zh|en]";
const MARKS: Readonly<Record<State, string>> = { ok: "✓", warn: "!", fail: "✗" };

/**
 * `jichao doctor`: looks at everything that this installation stands on, and says for each what is not well, why, and what to do. Changes nothing: it makes no key,
 * no folder and no table. Exit code 0: all well; 1: something must be mended; 3: something is worth a look.
 */
export async function doctorCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      bundle: { type: "string" },
      lang: { type: "string" },
    },
  });
  if (positionals.length > 0 || (values.lang !== undefined && !/^(zh|en)$/.test(values.lang))) {
    console.error(USAGE);
    return 2;
  }
  const findings: Finding[] = await hostChecks(env);
  let database: Record<string, unknown> | null = null;
  if (!findings.some(({ check, state }) => check === "config" && state === "fail")) {
    const about = async (db: Parameters<typeof databaseFacts>[0]) => {
      if (values.bundle !== undefined) database = await databaseFacts(db);
    };
    findings.push(...(await databaseChecks(installationConfig(env), about)));
  }
  if (values.bundle !== undefined) {
    await writeBundle(values.bundle, { env, findings, database, now: systemClock() });
  }
  if (values.json) console.log(JSON.stringify(findings.map(asJson), null, 1));
  else for (const each of findings) console.log(asText(each, values.lang));
  const worst = worstOf(findings);
  return worst === "fail" ? 1 : worst === "warn" ? 3 : 0;
}

/** The worst state that any check has found. */
export function worstOf(findings: readonly Finding[]): State {
  if (findings.some(({ state }) => state === "fail")) return "fail";
  return findings.some(({ state }) => state === "warn") ? "warn" : "ok";
}

function asJson({ check, state, why, todo }: Finding): object {
  return { check, state, zh: { why: why[0], todo: todo?.[0] ?? "" }, en: { why: why[1], todo: todo?.[1] ?? "" } };
}

function asText({ check, state, why, todo }: Finding, lang: string | undefined): string {
  const told = (words: readonly [string, string]) => {
    if (lang === "zh") return words[0];
    if (lang === "en" || words[0] === words[1]) return words[1];
    return `${words[0]}  ${words[1]}`;
  };
  const line = `${MARKS[state]} ${check.padEnd(16)} ${told(why)}`;
  return todo === undefined ? line : `${line}\n${" ".repeat(19)}→ ${told(todo)}`;
}
