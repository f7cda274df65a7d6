import { HOUR_MS, type Instant, later } from "#base/time.ts";
import { cost, type Price, price, wh } from "#base/units.ts";
import { type DifferenceCause, type DifferenceKind, judgeCredit, judgePurchaseCount } from "#domain/difference.ts";
import {
  addReconciliation,
  creditFacts,
  endUnseen,
  lateOrders,
  noteDifference,
  purchasesOf,
  shiftsWithCash,
  wrongPayments,
} from "#store/reconcile.ts";
import type { DifferenceTable } from "#store/schema-reconcile.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { type LedgerReport, verifyLedger } from "./verify-ledger.ts";

/** What a reconciliation found. */
export type Reconciled = { id: string; found: number; gone: number; ledger: LedgerReport };

/** A recharge that has not reached its meter by then is shown to a person. */
const LATE_ORDER_MS = 24 * HOUR_MS;
/** Differences written in one transaction. */
const PER_TRANSACTION = 200;

type Found = {
  kind: DifferenceKind;
  object: string;
  projectId: number | null;
  meterId: number | null;
  expected: number | null;
  actual: number | null;
  valueE4: number;
  cause: DifferenceCause;
  detail?: Record<string, string | number>;
};

/**
 * Reconciles (对账) what is booked with what is so: the ledger with itself and its seals, purchases and credit with what the meters show, recharges with
 * their ends, payments with what they paid for, shifts with their cash. Each difference becomes a row that a person works on, with what it most likely comes from; one that
 * is not found any more ends by itself. Nothing is corrected here.
 */
export async function reconcile(
  ctx: FlowContext,
  sealer: Sealer | null,
  actor: { login: string },
): Promise<Reconciled> {
  const startedAt = ctx.clock();
  const ledger = await verifyLedger(ctx, sealer);
  const found = [
    ...ledger.problems.map(ledgerDifference),
    ...(await meterDifferences(ctx)),
    ...(await orderDifferences(ctx, startedAt)),
    ...(await moneyDifferences(ctx)),
  ];
  for (let i = 0; i < found.length; i += PER_TRANSACTION) {
    await decide(ctx.db, async (tx) => {
      for (const each of found.slice(i, i + PER_TRANSACTION)) await noteDifference(tx, rowOf(ctx, each, startedAt));
    });
  }
  const { id, gone } = await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const id = ctx.newId(now);
    const gone = await endUnseen(tx, startedAt, now);
    await addReconciliation(tx, {
      id,
      started_at: startedAt,
      ended_at: now,
      actor: actor.login,
      found: found.length,
      ledger_ok: ledger.ok ? 1 : 0,
      report: JSON.stringify({ ...ledger, problems: ledger.problems.slice(0, 5) }),
    });
    return { id, gone };
  });
  const counts = { found: found.length, gone, ledgerOk: ledger.ok, by: actor.login };
  if (ledger.ok) ctx.log.info(counts, "reconciled");
  else ctx.log.error({ ...counts, problem: ledger.problems[0] ?? "" }, "the ledger does not hold");
  return { id, found: found.length, gone, ledger };
}

function ledgerDifference(problem: string): Found {
  const tampered = /was changed after|is gone|was not booked|is not signed|does not fit|written down/.test(problem);
  return {
    kind: "ledger",
    object: problem.slice(0, 100),
    projectId: null,
    meterId: null,
    expected: null,
    actual: null,
    valueE4: 0,
    cause: tampered ? "tampered" : "sum_wrong",
    detail: { problem },
  };
}

/** Credit and purchase count of every meter that holds its credit, as the books and as the meter have them. */
async function meterDifferences(ctx: FlowContext): Promise<Found[]> {
  const found: Found[] = [];
  for (const facts of await creditFacts(ctx.db.read)) {
    const at = { projectId: facts.project_id, meterId: facts.meter_id, object: `meter:${facts.meter_id}` };
    const [booksWh, meterWh] = [Number(facts.books ?? 0), facts.shown];
    const count = judgePurchaseCount({ booked: facts.booked, shown: facts.counted ?? facts.booked });
    if (count !== null) {
      const figures = { expected: facts.booked, actual: facts.counted, valueE4: 0, cause: count };
      found.push({ ...at, kind: "purchase_count", ...figures });
    }
    if (judgeCredit({ booksWh, meterWh, purchasesWh: [] }) === null) continue;
    const purchasesWh = await purchasesOf(ctx.db.read, facts.meter_id);
    const cause = judgeCredit({ booksWh, meterWh, purchasesWh }) ?? "unknown";
    const valueE4 = worth(meterWh - booksWh, price(facts.price_e4));
    found.push({ ...at, kind: "remaining", expected: booksWh, actual: meterWh, valueE4, cause });
  }
  return found;
}

/** What so many Wh are worth at a price, with their sign. */
export function worth(energyWh: number, at: Price): number {
  const value = cost(wh(Math.abs(energyWh)), at);
  return energyWh < 0 ? -value : value;
}

async function orderDifferences(ctx: FlowContext, now: Instant): Promise<Found[]> {
  const orders = await lateOrders(ctx.db.read, later(now, -LATE_ORDER_MS));
  return orders.map((order) => ({
    kind: "order" as const,
    object: `order:${order.order_no}`,
    projectId: order.project_id,
    meterId: order.meter_id,
    expected: null,
    actual: null,
    valueE4: order.units_cost_e4,
    cause:
      order.state === "stopped" ? ("stopped" as const) : order.online === 0 ? ("offline" as const) : ("waits" as const),
    detail: { orderNo: order.order_no, state: order.state, reason: order.state_reason },
  }));
}

async function moneyDifferences(ctx: FlowContext): Promise<Found[]> {
  const payments = await wrongPayments(ctx.db.read);
  const shifts = await shiftsWithCash(ctx.db.read);
  const none = { meterId: null };
  return [
    ...payments.map((each) => ({
      ...none,
      kind: "payment" as const,
      object: `payment:${each.payment_no}`,
      projectId: each.project_id,
      expected: each.amount_e4,
      actual: Number(each.parts ?? 0),
      valueE4: each.amount_e4 - Number(each.parts ?? 0),
      cause: "sum_wrong" as const,
    })),
    ...shifts.map((each) => ({
      ...none,
      kind: "shift" as const,
      object: `shift:${each.id}`,
      projectId: each.project_id,
      expected: 0,
      actual: each.cash,
      valueE4: each.cash,
      cause: "cash_left" as const,
      detail: { cashier: each.cashier },
    })),
  ];
}

function rowOf(ctx: FlowContext, found: Found, at: Instant): DifferenceTable {
  return {
    id: ctx.newId(at),
    open_key: `${found.kind}|${found.object}`.slice(0, 128),
    kind: found.kind,
    object: found.object,
    project_id: found.projectId,
    meter_id: found.meterId,
    expected: found.expected,
    actual: found.actual,
    value_e4: found.valueE4,
    cause: found.cause,
    detail: JSON.stringify(found.detail ?? {}),
    state: "open",
    found_at: at,
    seen_at: at,
    ended_at: null,
    ended_by: null,
    reason: "",
    transfer_id: null,
    version: 0,
  };
}
