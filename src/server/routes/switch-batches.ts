import { z } from "zod";
import { AppError, assert } from "#base/errors.ts";
import {
  batch,
  batchCancelRequest,
  batchFilter,
  batchLines,
  batchPreview,
  batchPreviewRequest,
  batchQuery,
  batchRequest,
} from "#contract/switch-batches.ts";
import type { Actor } from "#domain/permission.ts";
import type { BatchKind } from "#domain/switch-batch.ts";
import { cancelBatch } from "#flows/cancel-batch.ts";
import { previewBatch } from "#flows/preview-batch.ts";
import { requestBatch } from "#flows/request-batch.ts";
import { batchPage, batchView } from "#store/switch-batch-pages.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { batchMetersFile } from "../excel/batches-file.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const params = z.object({ id: z.string().regex(/^[0-9a-z]{20}$/) });
const missing = "batch_not_found";
const switching = {
  oneOf: ["meter.trip", "meter.close"],
  of: (body: { kind: BatchKind }) => `meter.${body.kind}` as const,
} as const;

/** Everything below /api/switch-batches: many meters tripped or closed together (批量拉合闸), and how each is going. */
export function switchBatchRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const tx = ctx.db.read;

  addRoute(routes, {
    method: "GET",
    path: "/api/switch-batches",
    access: "meter.view",
    params: nothing,
    query: batchQuery,
    body: nothing,
    answer: batchLines,
    async handle({ actor, query }) {
      const now = ctx.clock();
      return { asOf: now, page: query.page, ...(await batchPage(tx, actor, { ...query, now })) };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/switch-batches/file",
    access: "meter.view",
    params: nothing,
    query: batchFilter.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      directAnswer(routes, { actor, reply }, longReports.batches.of(query), query.language),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/switch-batches/preview",
    access: switching,
    onlyAsks: true,
    params: nothing,
    query: nothing,
    body: batchPreviewRequest,
    answer: batchPreview,
    handle: ({ actor, body }) => previewBatch(ctx, actor, body),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/switch-batches",
    access: switching,
    stepUp: true,
    params: nothing,
    query: nothing,
    body: batchRequest,
    answer: batch,
    async handle({ actor, body, ip, reply }) {
      const { batchId, created } = await requestBatch(ctx, actor, { ...body, ip });
      nudge();
      reply.status(created ? 201 : 200);
      const made = await batchView(tx, actor, batchId, ctx.clock());
      assert(made !== null, "a batch that was just made can be seen");
      return made;
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/switch-batches/:id",
    access: "meter.view",
    params,
    query: nothing,
    body: nothing,
    answer: batch,
    missing,
    handle: ({ actor, params }) => seen(actor, params.id),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/switch-batches/:id/file",
    access: "meter.view",
    params,
    query: z.object({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    missing,
    handle: async ({ actor, params, query, reply }) =>
      excelAnswer(reply, ctx.log, batchMetersFile(ctx, actor, await seen(actor, params.id), query.language)),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/switch-batches/:id/cancel",
    access: ["meter.trip", "meter.close"],
    params,
    query: nothing,
    body: batchCancelRequest,
    answer: batch,
    missing,
    async handle({ actor, params, body, ip }) {
      await cancelBatch(ctx, actor, { batchId: params.id, reason: body.reason, ip });
      nudge();
      return seen(actor, params.id);
    },
  });

  async function seen(actor: Actor, id: string) {
    const found = await batchView(tx, actor, id, ctx.clock());
    if (found === null) throw new AppError(missing);
    return found;
  }
}
