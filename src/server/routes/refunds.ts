import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { printed } from "#contract/payments.ts";
import {
  clearRequest,
  payoutRequest,
  refund,
  refundFilter,
  refundOptions,
  refundOptionsQuery,
  refundPreview,
  refundPreviewRequest,
  refundPrintRequest,
  refundQuery,
  refundReason,
  refundRequest,
  refunds,
  refundTotals,
  replacementRequest,
  writeOffRequest,
} from "#contract/refunds.ts";
import type { Actor } from "#domain/permission.ts";
import { printRefund } from "#flows/count-print.ts";
import { linkReplacement, payOut, recheckRefund, withdrawRefund } from "#flows/end-refund.ts";
import { requestClear, requestRefund, requestWriteOff } from "#flows/refund.ts";
import { refundOptions as optionsOf, previewRefund } from "#flows/refund-plan.ts";
import { refundTotals as loadTotals, refundViews } from "#store/refund-records.ts";
import { refundView } from "#store/refunds.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const params = z.object({ refundNo: z.string().regex(/^[\w-]{1,32}$/) });
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Everything below /api/refunds. What is refused here was not booked; what was answered is in the database. */
export function refundRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const booked = async (actor: Actor, made: { refundNo: string }) => {
    nudge();
    const seen = await refundView(ctx.db.read, actor.scope, made.refundNo);
    // A key that somebody used for a meter outside this caller's scope: to him that meter does not exist.
    if (seen === null) throw new AppError("meter_not_found");
    return seen;
  };

  addRoute(routes, {
    method: "GET",
    path: "/api/refunds/options",
    access: ["refund.create", "credit.clear"],
    params: nothing,
    query: refundOptionsQuery,
    body: nothing,
    answer: refundOptions,
    handle: ({ actor, query }) => optionsOf(ctx, actor, query.meterId),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds/preview",
    onlyAsks: true,
    access: {
      oneOf: ["refund.create", "credit.clear"],
      of: ({ kind }) => (kind === "clear" || kind === "debt" ? "credit.clear" : "refund.create"),
    },
    params: nothing,
    query: nothing,
    body: refundPreviewRequest,
    answer: refundPreview,
    handle: ({ actor, body }) => previewRefund(ctx, actor, body),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds",
    access: "refund.create",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: refundRequest,
    mistakes: reasonMistake,
    answer: refund,
    async handle({ actor, body, ip, reply }) {
      const made = await requestRefund(ctx, actor, { ...body, ip });
      reply.status(made.created ? 201 : 200);
      return booked(actor, made);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds/clear",
    access: "credit.clear",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: clearRequest,
    mistakes: reasonMistake,
    answer: refund,
    async handle({ actor, body, ip, reply }) {
      const made = await requestClear(ctx, actor, { ...body, ip });
      reply.status(made.created ? 201 : 200);
      return booked(actor, made);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds/write-off",
    access: "credit.clear",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: writeOffRequest,
    mistakes: reasonMistake,
    answer: refund,
    async handle({ actor, body, ip, reply }) {
      const made = await requestWriteOff(ctx, actor, { ...body, ip });
      reply.status(made.created ? 201 : 200);
      return booked(actor, made);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/refunds",
    access: "recharge.view",
    params: nothing,
    query: refundQuery,
    body: nothing,
    answer: refunds,
    handle: ({ actor, query }) => refundViews(ctx.db.read, actor.scope, query),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/refunds/totals",
    access: "recharge.view",
    params: nothing,
    query: refundFilter,
    body: nothing,
    answer: refundTotals,
    handle: ({ actor, query }) => loadTotals(ctx.db.read, actor.scope, query),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/refunds/file",
    access: "recharge.view",
    params: nothing,
    query: refundFilter.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      directAnswer(routes, { actor, reply }, longReports.refunds.of(query), query.language),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds/:refundNo/prints",
    access: "recharge.view",
    params,
    query: nothing,
    body: refundPrintRequest,
    answer: printed,
    missing: "refund_not_found",
    handle: async ({ actor, params, body, ip }) => ({
      n: await printRefund(ctx, actor, { refundNo: params.refundNo, key: body.key, ip }),
    }),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/refunds/:refundNo",
    access: "recharge.view",
    params,
    query: nothing,
    body: nothing,
    answer: refund,
    missing: "refund_not_found",
    handle: ({ actor, params }) => seenRefund(routes, actor, params.refundNo),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds/:refundNo/withdraw",
    access: "refund.create",
    params,
    query: nothing,
    body: refundReason,
    mistakes: reasonMistake,
    answer: refund,
    missing: "refund_not_found",
    async handle({ actor, params, body, ip }) {
      await withdrawRefund(ctx, actor, { refundNo: params.refundNo, reason: body.reason, ip });
      nudge();
      return seenRefund(routes, actor, params.refundNo);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds/:refundNo/payout",
    access: "refund.create",
    stepUp: true,
    params,
    query: nothing,
    body: payoutRequest,
    answer: refund,
    missing: "refund_not_found",
    async handle({ actor, params, body, ip }) {
      await payOut(ctx, actor, { refundNo: params.refundNo, note: body.note, ip });
      nudge();
      return seenRefund(routes, actor, params.refundNo);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds/:refundNo/recheck",
    access: "recharge.recheck",
    params,
    query: nothing,
    body: refundReason,
    mistakes: reasonMistake,
    answer: refund,
    missing: "refund_not_found",
    async handle({ actor, params, body, ip }) {
      await recheckRefund(ctx, actor, { refundNo: params.refundNo, reason: body.reason, ip });
      nudge();
      return seenRefund(routes, actor, params.refundNo);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/refunds/:refundNo/replacement",
    access: "refund.create",
    params,
    query: nothing,
    body: replacementRequest,
    answer: refund,
    missing: "refund_not_found",
    async handle({ actor, params, body, ip }) {
      await linkReplacement(ctx, actor, { refundNo: params.refundNo, orderNo: body.orderNo, ip });
      return seenRefund(routes, actor, params.refundNo);
    },
  });
}

async function seenRefund({ ctx }: Routes, actor: Actor, refundNo: string) {
  const found = await refundView(ctx.db.read, actor.scope, refundNo);
  if (found === null) throw new AppError("refund_not_found");
  return found;
}
