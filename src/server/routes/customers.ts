import { z } from "zod";
import { AppError } from "#base/errors.ts";
import type { Day } from "#base/time.ts";
import {
  customerDetail,
  customerHits,
  customerSearch,
  statement,
  statementQuery,
  timeline,
  timelineQuery,
} from "#contract/customers.ts";
import type { Actor } from "#domain/permission.ts";
import { customerDetail as loadCustomer, searchCustomers } from "#store/customers.ts";
import { roomStatement } from "#store/statements.ts";
import { customerTimeline } from "#store/timeline.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { statementFile } from "../excel/statement-file.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const idParams = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});

/** Customers (客户) and the statements of their rooms. What has no meter in the caller's scope does not exist for him. */
export function customerRoutes(routes: Routes): void {
  const { ctx } = routes;
  const { db } = ctx;

  addRoute(routes, {
    method: "GET",
    path: "/api/customers",
    access: "customer.view",
    params: nothing,
    query: customerSearch,
    body: nothing,
    answer: customerHits,
    async handle({ actor, query }) {
      return searchCustomers(db.read, actor.scope, query.search, query.limit);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/customers/:id",
    access: "customer.view",
    params: idParams,
    query: nothing,
    body: nothing,
    answer: customerDetail,
    missing: "customer_not_found",
    async handle({ actor, params }) {
      return seen(await loadCustomer(db.read, actor.scope, params.id, ctx.clock()));
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/customers/:id/timeline",
    access: "customer.view",
    params: idParams,
    query: timelineQuery,
    body: nothing,
    answer: timeline,
    missing: "customer_not_found",
    async handle({ actor, params, query }) {
      const { before, limit } = query;
      const mark =
        before === undefined
          ? null
          : { at: Number(before.slice(0, before.indexOf("."))), id: before.slice(before.indexOf(".") + 1) };
      return seen(await customerTimeline(db.read, actor.scope, params.id, { before: mark, limit }));
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/rooms/:id/statement",
    access: "customer.view",
    params: idParams,
    query: statementQuery,
    body: nothing,
    answer: statement,
    missing: "room_not_found",
    async handle({ actor, params, query }) {
      return statementOf(actor, params.id, query);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/rooms/:id/statement/file",
    access: "customer.view",
    params: idParams,
    query: statementQuery.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    missing: "room_not_found",
    async handle({ actor, params, query, reply }) {
      return excelAnswer(
        reply,
        ctx.log,
        await statementFile(ctx, actor, await statementOf(actor, params.id, query), query.language),
      );
    },
  });

  async function statementOf(actor: Actor, roomId: number, { from, to }: { from: string; to: string }) {
    if (from > to) throw new AppError("invalid_input", { what: "「起始日期」晚于「截止日期」", field: "from" });
    const period = { from: from as Day, to: to as Day, now: ctx.clock() };
    const found = await roomStatement(db.read, actor.scope, roomId, period);
    if (found === null) throw new AppError("room_not_found");
    return found;
  }
}

function seen<T>(found: T | null): T {
  if (found === null) throw new AppError("customer_not_found");
  return found;
}
