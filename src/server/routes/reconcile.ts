import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { formatMoney, formatUnits, money, wh } from "#base/units.ts";
import {
  type Difference,
  endDifferenceRequest,
  type Reconciliation,
  reconcilePage,
  reconcileQuery,
  reconciliation,
} from "#contract/reconcile.ts";
import type { DifferenceKind } from "#domain/difference.ts";
import { correctDifference, explainDifference } from "#flows/end-difference.ts";
import { reconcile } from "#flows/reconcile.ts";
import type { LedgerReport } from "#flows/verify-ledger.ts";
import { type differenceById, differences, lastReconciliation, openDifferenceCounts } from "#store/reconcile.ts";
import type { Sealer } from "#system/seal.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";

/** Rows of one page; whoever has more of them open has another problem than paging. */
const ROWS_MAX = 200;
const differenceParams = z.object({ id: z.string().regex(/^[\w-]{1,20}$/) });
const reasonMistake = { reason: () => new AppError("reason_required") };

/** The reconciliation (对账): its result, its differences, and what a person does about them. */
export function reconcileRoutes(routes: Routes, sealer: Sealer | null): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/reconciliation",
    access: "reconcile.view",
    params: nothing,
    query: reconcileQuery,
    body: nothing,
    answer: reconcilePage,
    async handle({ actor, query }) {
      const filter = { open: query.state === "open", kind: query.kind, limit: ROWS_MAX + 1 };
      const rows = await differences(ctx.db.read, actor.scope, filter);
      const open = await openDifferenceCounts(ctx.db.read, actor.scope);
      return {
        last: await lastView(routes, actor.scope.all),
        open: [...open].map(([kind, count]) => ({ kind: kind as DifferenceKind, count })),
        items: rows.slice(0, ROWS_MAX).map(toDifference),
        more: rows.length > ROWS_MAX,
      };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/reconciliation",
    access: "reconcile.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: reconciliation,
    async handle({ actor }) {
      await reconcile(ctx, sealer, actor);
      const last = await lastView(routes, actor.scope.all);
      if (last === null) throw new AppError("not_found");
      return last;
    },
  });

  for (const [what, flow] of [
    ["explain", explainDifference],
    ["correct", correctDifference],
  ] as const) {
    addRoute(routes, {
      method: "POST",
      path: `/api/differences/:id/${what}`,
      access: "reconcile.correct",
      stepUp: what === "correct",
      params: differenceParams,
      query: nothing,
      body: endDifferenceRequest,
      answer: noContent,
      missing: "difference_not_found",
      mistakes: reasonMistake,
      async handle({ actor, params, body, ip }) {
        await flow(ctx, actor, { id: params.id, ...body, ip });
        return undefined;
      },
    });
  }
}

/** The latest result. Sentences about single rows are for who sees everything: they may name what is outside a scope. */
async function lastView({ ctx }: Routes, seesAll: boolean): Promise<Reconciliation | null> {
  const row = await lastReconciliation(ctx.db.read);
  if (row === null) return null;
  const report = JSON.parse(row.report) as LedgerReport;
  return {
    at: row.ended_at,
    by: row.actor,
    found: row.found,
    ledger: {
      ok: report.ok,
      sum: formatMoney(money(report.sumE4)),
      transfers: report.transfers,
      accounts: report.accounts,
      sealed: report.seals.sealed,
      waiting: report.seals.waiting,
      head: report.seals.head,
      problems: seesAll ? report.problems : [],
    },
  };
}

const UNITS: Readonly<Record<DifferenceKind, Difference["unit"]>> = {
  ledger: "none",
  purchase_count: "times",
  remaining: "wh",
  order: "none",
  payment: "yuan",
  shift: "yuan",
};

function toDifference(row: NonNullable<Awaited<ReturnType<typeof differenceById>>>): Difference {
  const unit = UNITS[row.kind];
  const figure = (value: number | null): string | null => {
    if (value === null) return null;
    if (unit === "wh") return formatUnits(wh(value));
    return unit === "yuan" ? formatMoney(money(value)) : String(value);
  };
  return {
    id: row.id,
    kind: row.kind,
    object: row.object,
    meterId: row.meter_id,
    label: row.label,
    number: row.number,
    unit,
    expected: figure(row.expected),
    actual: figure(row.actual),
    value: formatMoney(money(row.value_e4)),
    cause: row.cause,
    detail: JSON.parse(row.detail) as Difference["detail"],
    state: row.state,
    correctable: row.state === "open" && row.kind === "remaining",
    foundAt: row.found_at,
    seenAt: row.seen_at,
    endedAt: row.ended_at,
    endedBy: row.ended_by,
    reason: row.reason,
    version: row.version,
  };
}
