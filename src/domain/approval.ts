import { type Money, money, PER_YUAN } from "#base/units.ts";
import type { Permission } from "./permission.ts";

/**
 * What may need a second person (审批), who may be that person, and from which amount on when nobody has set it otherwise. The rule of
 * each kind is a setting `approval.<kind>`; what is above its limit waits for somebody else than the one who asked.
 */
export const approvalKinds = {
  /** Money or units given back to a customer (退费). */
  refund: { decidedBy: "refund.approve", limitYuan: 200 },
  /** Credit of a meter that is wiped and not paid back (清零). */
  clear: { decidedBy: "refund.approve", limitYuan: 0 },
  /** A debt that is given up (核销欠费). */
  debt: { decidedBy: "refund.approve", limitYuan: 0 },
  /** The purchase count of a meter that is taken over against the books (购电次数更正). */
  count: { decidedBy: "refund.approve", limitYuan: 0 },
  /** A change of prices (调价). */
  price: { decidedBy: "price.approve", limitYuan: 0, amountless: true },
  /** What a meter that no longer answers is said to have held, and its successor is given (换表余量). */
  exchange: { decidedBy: "refund.approve", limitYuan: 200 },
  /** Another ratio of a meter's transformers (变比变更): it multiplies every bill from then on. */
  ratio: { decidedBy: "price.approve", limitYuan: 0, amountless: true },
  /** Trips of a project that were stopped and shall leave again (解除拉闸保护). */
  off_release: { decidedBy: "guard.release", limitYuan: 0, amountless: true },
  /** Trips of a system that was restored from a backup (解除隔离). */
  quarantine: { decidedBy: "guard.release", limitYuan: 0, amountless: true },
  /** Many meters that are tripped together (批量拉闸): always, no rule takes the second person away. */
  trip_batch: { decidedBy: "meter.trip", limitYuan: 0, amountless: true, fixed: true },
  /** Many meters that are closed together (批量合闸): only where the house wants it. */
  close_batch: { decidedBy: "meter.close", limitYuan: 0, amountless: true, off: true },
} as const satisfies Record<
  string,
  { decidedBy: Permission; limitYuan: number; amountless?: true; fixed?: true; off?: true }
>;

export type ApprovalKind = keyof typeof approvalKinds;

/** States of an approval: one open one, and four ends. */
export const approvalStates = ["requested", "approved", "rejected", "withdrawn", "expired"] as const;
export type ApprovalState = (typeof approvalStates)[number];

/** When a second person is asked: never when off, else for amounts above the limit (1/10000 yuan); at limit 0 for everything. */
export type ApprovalRule = { readonly on: boolean; readonly limit: Money };

/** The rule of a kind that nobody has set. */
export function defaultRule(kind: ApprovalKind): ApprovalRule {
  return { on: !("off" in approvalKinds[kind]), limit: money(approvalKinds[kind].limitYuan * PER_YUAN) };
}

/** Whether the rule of a kind cannot be changed: a second person is always asked. */
export function isFixedRule(kind: ApprovalKind): boolean {
  return "fixed" in approvalKinds[kind];
}

/** Whether requests of a kind have an amount, so that a limit says anything; of the others all are asked about, or none. */
export function hasAmount(kind: ApprovalKind): boolean {
  return !("amountless" in approvalKinds[kind]);
}

/** Whether an amount waits for a second person. Limit 0 means everything, also what is worth nothing. */
export function needsApproval(rule: ApprovalRule, amount: Money): boolean {
  return rule.on && (rule.limit === 0 || amount > rule.limit);
}

/** What is asked of an approval, and by whom, as far as deciding about it goes. */
export type Asked = { kind: ApprovalKind; state: ApprovalState; requestedBy: string; expiresAt: number };

/**
 * Why this person may not approve or reject it now; null when nothing stands against it. The one who asked never decides, whatever
 * he is permitted (四眼原则).
 */
export function whyNotDecide(
  asked: Asked,
  by: { login: string; permissions: ReadonlySet<Permission> },
  now: number,
): "not_permitted" | "same_person" | "not_open" | "expired" | null {
  if (!by.permissions.has(approvalKinds[asked.kind].decidedBy)) return "not_permitted";
  if (asked.state !== "requested") return "not_open";
  if (asked.requestedBy === by.login) return "same_person";
  return asked.expiresAt <= now ? "expired" : null;
}
