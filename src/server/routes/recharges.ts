import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  preview,
  previewRequest,
  recharge,
  rechargeFilter,
  rechargeQuery,
  rechargeRequest,
  recharges,
  rechargeTotals,
  recheckRequest,
  withdrawRequest,
} from "#contract/money.ts";
import type { Actor } from "#domain/permission.ts";
import { RECHARGE_MAX_YUAN } from "#flows/money-limits.ts";
import { recharge as bookRecharge, previewRecharge } from "#flows/recharge.ts";
import { recheckTopUp } from "#flows/recheck-top-up.ts";
import { withdrawRecharge } from "#flows/withdraw-recharge.ts";
import { rechargeTotals as loadTotals, rechargeViews } from "#store/order-records.ts";
import { rechargeView } from "#store/orders.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const orderParams = z.object({ orderNo: z.string().regex(/^[\w-]{1,64}$/) });
/** The contract names one refusal for every amount that is not money, whatever it is instead. */
const amountMistake = { amount: () => new AppError("amount_invalid", { max: RECHARGE_MAX_YUAN }) };

/** Everything below /api/recharges. What is refused here was not booked; what was answered is in the database. */
export function rechargeRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "POST",
    path: "/api/recharges/preview",
    onlyAsks: true,
    access: "recharge.create",
    params: nothing,
    query: nothing,
    body: previewRequest,
    mistakes: amountMistake,
    answer: preview,
    async handle({ actor, body }) {
      return previewRecharge(ctx, actor, body);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/recharges",
    access: "recharge.create",
    params: nothing,
    query: nothing,
    body: rechargeRequest,
    mistakes: amountMistake,
    answer: recharge,
    async handle({ actor, body, ip, reply }) {
      const { orderNo, created } = await bookRecharge(ctx, actor, { ...body, ip });
      nudge();
      reply.status(created ? 201 : 200);
      const booked = await view(routes, actor, orderNo);
      // A key that somebody used for a meter outside this caller's scope: to him that meter does not exist.
      if (booked === null) throw new AppError("meter_not_found");
      return booked;
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/recharges/:orderNo",
    access: "recharge.view",
    params: orderParams,
    query: nothing,
    body: nothing,
    answer: recharge,
    missing: "order_not_found",
    async handle({ actor, params }) {
      return seenOrder(routes, actor, params.orderNo);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/recharges",
    access: "recharge.view",
    params: nothing,
    query: rechargeQuery,
    body: nothing,
    answer: recharges,
    async handle({ actor, query }) {
      return rechargeViews(ctx.db.read, actor.scope, query);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/recharges/totals",
    access: "recharge.view",
    params: nothing,
    query: rechargeFilter,
    body: nothing,
    answer: rechargeTotals,
    async handle({ actor, query }) {
      return loadTotals(ctx.db.read, actor.scope, query);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/recharges/file",
    access: "recharge.view",
    params: nothing,
    query: rechargeFilter.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.recharges.of(query), query.language);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/recharges/:orderNo/withdraw",
    access: "recharge.withdraw",
    params: orderParams,
    query: nothing,
    body: withdrawRequest,
    answer: recharge,
    missing: "order_not_found",
    mistakes: { reason: () => new AppError("reason_required") },
    async handle({ actor, params, body, ip }) {
      await withdrawRecharge(ctx, actor, { orderNo: params.orderNo, reason: body.reason, ip });
      nudge();
      return seenOrder(routes, actor, params.orderNo);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/recharges/:orderNo/recheck",
    access: "recharge.recheck",
    params: orderParams,
    query: nothing,
    body: recheckRequest,
    answer: recharge,
    missing: "order_not_found",
    mistakes: { reason: () => new AppError("reason_required") },
    async handle({ actor, params, body, ip }) {
      await recheckTopUp(ctx, actor, { orderNo: params.orderNo, reason: body.reason, ip });
      nudge();
      return seenOrder(routes, actor, params.orderNo);
    },
  });
}

async function seenOrder(routes: Routes, actor: Actor, orderNo: string) {
  const found = await view(routes, actor, orderNo);
  if (found === null) throw new AppError("order_not_found");
  return found;
}

function view({ ctx }: Routes, actor: Actor, orderNo: string) {
  return rechargeView(ctx.db.read, actor.scope, orderNo);
}
