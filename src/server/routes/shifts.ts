import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { DAY_MS, type Day, later, startOfDay } from "#base/time.ts";
import {
  closeShiftRequest,
  countRequest,
  openShiftRequest,
  shiftCount,
  shiftQuery,
  shiftReport,
  shifts,
} from "#contract/shifts.ts";
import type { Actor } from "#domain/permission.ts";
import { closeShift, countShift } from "#flows/close-shift.ts";
import { openShift } from "#flows/open-shift.ts";
import { projectsOf, shiftReportOf, shiftViews, toCount } from "#store/shift-pages.ts";
import { countByKey } from "#store/shifts.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { shiftFile } from "../excel/shift-file.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const shiftParams = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});
/** Whoever takes money has shifts; whoever may look at shifts sees them. */
const HAS_OR_SEES = ["recharge.create", "shift.view"] as const;
/** His own by taking money, others' by the permission for it: the flow tells them apart. */
const CLOSES = ["recharge.create", "shift.close_other"] as const;

/** Everything below /api/shifts (班次): open, count blind, close, report. */
export function shiftRoutes(routes: Routes): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/shifts",
    access: HAS_OR_SEES,
    params: nothing,
    query: shiftQuery,
    body: nothing,
    answer: shifts,
    async handle({ actor, query }) {
      const filter = {
        state: query.state,
        from: query.from === undefined ? undefined : startOfDay(query.from as Day),
        to: query.to === undefined ? undefined : later(startOfDay(query.to as Day), DAY_MS),
        mine: query.mine === "1",
        now: ctx.clock(),
      };
      return { items: await shiftViews(ctx.db.read, actor, filter), projects: await projectsOf(ctx.db.read) };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/shifts",
    access: "recharge.create",
    params: nothing,
    query: nothing,
    body: openShiftRequest,
    answer: shiftReport,
    async handle({ actor, body, ip }) {
      return seenShift(routes, actor, await openShift(ctx, actor, { ...body, ip }));
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/shifts/:id",
    access: HAS_OR_SEES,
    params: shiftParams,
    query: nothing,
    body: nothing,
    answer: shiftReport,
    missing: "shift_not_found",
    async handle({ actor, params }) {
      return seenShift(routes, actor, params.id);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/shifts/:id/file",
    access: HAS_OR_SEES,
    params: shiftParams,
    query: z.object({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    missing: "shift_not_found",
    async handle({ actor, params, query, reply }) {
      return excelAnswer(
        reply,
        ctx.log,
        await shiftFile(ctx, actor, await seenShift(routes, actor, params.id), query.language),
      );
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/shifts/:id/counts",
    access: CLOSES,
    params: shiftParams,
    query: nothing,
    body: countRequest,
    answer: shiftCount,
    missing: "shift_not_found",
    async handle({ actor, params, body }) {
      await countShift(ctx, actor, { shiftId: params.id, ...body });
      const count = await countByKey(ctx.db.read, body.key);
      if (!count) throw new AppError("shift_not_found");
      return toCount(count);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/shifts/:id/close",
    access: CLOSES,
    params: shiftParams,
    query: nothing,
    body: closeShiftRequest,
    answer: shiftReport,
    missing: "shift_not_found",
    async handle({ actor, params, body, ip }) {
      await closeShift(ctx, actor, { shiftId: params.id, ...body, ip });
      return seenShift(routes, actor, params.id);
    },
  });
}

async function seenShift({ ctx }: Routes, actor: Actor, shiftId: number) {
  const report = await shiftReportOf(ctx.db.read, actor, shiftId, ctx.clock());
  if (report === null) throw new AppError("shift_not_found");
  return report;
}
