import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  payment,
  paymentPreview,
  paymentPreviewRequest,
  paymentRequest,
  printed,
  printRequest,
  splitProposal,
  splitRequest,
} from "#contract/payments.ts";
import type { Actor } from "#domain/permission.ts";
import { printReceipt } from "#flows/count-print.ts";
import { RECHARGE_MAX_YUAN } from "#flows/money-limits.ts";
import { proposeSplit } from "#flows/propose-split.ts";
import { previewPayment, takePayment } from "#flows/recharge.ts";
import { paymentView } from "#store/payments.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const paymentParams = z.object({ paymentNo: z.string().regex(/^[\w-]{1,32}$/) });

/** Everything below /api/payments: one payment over one or several meters of a customer, its receipt and its prints. */
export function paymentRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "POST",
    path: "/api/payments/split",
    onlyAsks: true,
    access: "recharge.create",
    params: nothing,
    query: nothing,
    body: splitRequest,
    mistakes: { amount: () => new AppError("amount_invalid", { max: RECHARGE_MAX_YUAN }) },
    answer: splitProposal,
    async handle({ actor, body }) {
      return proposeSplit(ctx, actor, body);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/payments/preview",
    onlyAsks: true,
    access: "recharge.create",
    params: nothing,
    query: nothing,
    body: paymentPreviewRequest,
    answer: paymentPreview,
    async handle({ actor, body }) {
      return previewPayment(ctx, actor, body);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/payments",
    access: "recharge.create",
    params: nothing,
    query: nothing,
    body: paymentRequest,
    answer: payment,
    async handle({ actor, body, ip, reply }) {
      const { paymentNo, created } = await takePayment(ctx, actor, { ...body, ip });
      nudge();
      reply.status(created ? 201 : 200);
      return seenPayment(routes, actor, paymentNo);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/payments/:paymentNo",
    access: "recharge.view",
    params: paymentParams,
    query: nothing,
    body: nothing,
    answer: payment,
    missing: "payment_not_found",
    async handle({ actor, params }) {
      return seenPayment(routes, actor, params.paymentNo);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/payments/:paymentNo/prints",
    access: "recharge.view",
    params: paymentParams,
    query: nothing,
    body: printRequest,
    answer: printed,
    missing: "payment_not_found",
    async handle({ actor, params, body, ip }) {
      return { n: await printReceipt(ctx, actor, { paymentNo: params.paymentNo, key: body.key, ip }) };
    },
  });
}

async function seenPayment({ ctx }: Routes, actor: Actor, paymentNo: string) {
  const found = await paymentView(ctx.db.read, actor.scope, paymentNo);
  if (found === null) throw new AppError("payment_not_found");
  return found;
}
