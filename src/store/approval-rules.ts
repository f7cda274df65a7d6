import { z } from "zod";
import type { Instant } from "#base/time.ts";
import { formatMoney, NO_MONEY, parseMoney } from "#base/units.ts";
import { type ApprovalKind, type ApprovalRule, defaultRule, hasAmount, isFixedRule } from "#domain/approval.ts";
import type { Tx } from "./db.ts";
import { saveSetting, setting } from "./settings.ts";

const stored = z.object({ on: z.boolean(), limitYuan: z.string() });

/** When a second person is asked (setting `approval.<kind>`). A value that cannot be understood asks always: doubt never waives. */
export async function approvalRuleOf(tx: Tx, kind: ApprovalKind): Promise<ApprovalRule> {
  if (isFixedRule(kind)) return defaultRule(kind);
  const text = await setting(tx, settingKey(kind));
  if (text === null) return defaultRule(kind);
  const read = stored.safeParse(parsed(text));
  const limit = !hasAmount(kind) ? NO_MONEY : read.success ? parseMoney(read.data.limitYuan, 2) : null;
  return read.success && limit !== null ? { on: read.data.on, limit } : { on: true, limit: NO_MONEY };
}

/** Sets the rule of a kind. */
export async function saveApprovalRule(
  tx: Tx,
  input: { kind: ApprovalKind; rule: ApprovalRule; by: string; at: Instant },
): Promise<void> {
  const value = JSON.stringify({ on: input.rule.on, limitYuan: formatMoney(input.rule.limit) });
  await saveSetting(tx, { key: settingKey(input.kind), value, by: input.by, at: input.at });
}

function settingKey(kind: ApprovalKind): string {
  return `approval.${kind}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
