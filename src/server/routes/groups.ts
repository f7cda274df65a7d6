import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { timeline, timelineQuery } from "#contract/customers.ts";
import {
  groupDetail,
  groupList,
  groupQuery,
  memberReason,
  mergePreview,
  mergePreviewRequest,
  mergeRequest,
  unmergePreview,
  unmergePreviewRequest,
  unmergeRequest,
} from "#contract/groups.ts";
import type { Actor } from "#domain/permission.ts";
import { recheckMember, withdrawMember } from "#flows/end-group.ts";
import { requestMerge } from "#flows/merge.ts";
import { previewMerge } from "#flows/merge-plan.ts";
import { previewUnmerge, requestUnmerge } from "#flows/unmerge.ts";
import { groupItems, groupMeterIds, groupDetail as loadDetail } from "#store/group-pages.ts";
import { groupRow } from "#store/groups.ts";
import { storyOfMeters } from "#store/timeline.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const groupNo = z.string().regex(/^G\d{1,20}$/);
const params = z.object({ groupNo });
const memberParams = z.object({
  groupNo,
  meterId: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Merged accounts (主分表合并): what there is, what a change would do, and the changes. */
export function groupRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const { db } = ctx;
  const asks = { method: "GET", access: "customer.view", params: nothing, query: nothing, body: nothing } as const;
  const writes = { method: "POST", access: "account.merge", params: nothing, query: nothing } as const;

  const seen = async (actor: Actor, no: string) => {
    const found = await loadDetail(db.read, actor.scope, no, ctx.clock());
    if (found === null) throw new AppError("group_not_found");
    return found;
  };

  addRoute(routes, {
    ...asks,
    path: "/api/groups",
    query: groupQuery,
    answer: groupList,
    handle: ({ actor, query }) => groupItems(db.read, actor.scope, query),
  });

  addRoute(routes, {
    ...asks,
    path: "/api/groups/file",
    query: groupQuery.extend({ language: exportLanguage }),
    answer: fileAnswer,
    async handle({ actor, query, reply }) {
      return directAnswer(routes, { actor, reply }, longReports.groups.of(query), query.language);
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/groups/preview",
    onlyAsks: true,
    body: mergePreviewRequest,
    answer: mergePreview,
    handle: ({ actor, body }) => previewMerge(ctx, actor, body),
  });

  addRoute(routes, {
    ...writes,
    path: "/api/groups",
    body: mergeRequest,
    mistakes: reasonMistake,
    answer: groupDetail,
    async handle({ actor, body, ip, reply }) {
      const done = await requestMerge(ctx, actor, { ...body, ip });
      nudge();
      reply.status(done.created ? 201 : 200);
      return seen(actor, done.groupNo);
    },
  });

  addRoute(routes, {
    ...asks,
    path: "/api/groups/:groupNo",
    params,
    answer: groupDetail,
    missing: "group_not_found",
    handle: ({ actor, params }) => seen(actor, params.groupNo),
  });

  addRoute(routes, {
    ...asks,
    path: "/api/groups/:groupNo/timeline",
    params,
    query: timelineQuery,
    answer: timeline,
    missing: "group_not_found",
    async handle({ actor, params, query }) {
      const group = await groupRow(db.read, params.groupNo);
      const ids = await groupMeterIds(db.read, actor.scope, params.groupNo);
      if (group === undefined || ids.length === 0) throw new AppError("group_not_found");
      const { before, limit } = query;
      const dot = before?.indexOf(".") ?? 0;
      const mark = before === undefined ? null : { at: Number(before.slice(0, dot)), id: before.slice(dot + 1) };
      return storyOfMeters(db.read, { ids, since: group.created_at, before: mark, limit });
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/groups/:groupNo/unmerge/preview",
    onlyAsks: true,
    params,
    body: unmergePreviewRequest,
    answer: unmergePreview,
    missing: "group_not_found",
    handle: ({ actor, params, body }) => previewUnmerge(ctx, actor, { ...body, groupNo: params.groupNo }),
  });

  addRoute(routes, {
    ...writes,
    path: "/api/groups/:groupNo/unmerge",
    params,
    body: unmergeRequest,
    mistakes: reasonMistake,
    answer: groupDetail,
    missing: "group_not_found",
    async handle({ actor, params, body, ip, reply }) {
      const done = await requestUnmerge(ctx, actor, { ...body, groupNo: params.groupNo, ip });
      nudge();
      reply.status(done.created ? 201 : 200);
      return seen(actor, done.groupNo);
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/groups/:groupNo/members/:meterId/withdraw",
    params: memberParams,
    body: memberReason,
    mistakes: reasonMistake,
    answer: groupDetail,
    missing: "group_not_found",
    async handle({ actor, params, body, ip }) {
      await withdrawMember(ctx, actor, { ...params, reason: body.reason, ip });
      nudge();
      return seen(actor, params.groupNo);
    },
  });

  addRoute(routes, {
    ...writes,
    access: "recharge.recheck",
    path: "/api/groups/:groupNo/members/:meterId/recheck",
    params: memberParams,
    body: memberReason,
    mistakes: reasonMistake,
    answer: groupDetail,
    missing: "group_not_found",
    async handle({ actor, params, body, ip }) {
      await recheckMember(ctx, actor, { ...params, reason: body.reason, ip });
      nudge();
      return seen(actor, params.groupNo);
    },
  });
}
