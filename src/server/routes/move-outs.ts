import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  againRequest,
  clearedRequest,
  confirmMoveOutRequest,
  finalReadingRequest,
  finishRequest,
  movedIn,
  moveInRequest,
  moveOut,
  moveOutFilter,
  moveOutQuery,
  moveOutReason,
  moveOutRequest,
  moveOuts,
  overrideRequest,
  tenant,
  tenantQuery,
} from "#contract/move-outs.ts";
import type { Actor } from "#domain/permission.ts";
import { finishMoveOut } from "#flows/finish-move-out.ts";
import { moveIn } from "#flows/move-in.ts";
import { startMoveOut, tenantAt } from "#flows/move-out.ts";
import { attestCleared, cancelMoveOut, confirmMoveOut, repeatClears } from "#flows/move-out-clear.ts";
import { enterFinalReading, overridePrice, readFinalAgain } from "#flows/move-out-readings.ts";
import { moveOutLines, moveOutView } from "#store/move-out-pages.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const number = z.string().regex(/^[\w-]{1,32}$/);
const params = z.object({ moveOutNo: number });
const meterParams = z.object({ moveOutNo: number, meterId: z.coerce.number().int().positive() });
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Everything below /api/move-outs and /api/move-ins. Each answer is the move-out as it is then. */
export function moveOutRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const seen = async (actor: Actor, moveOutNo: string) => {
    const found = await moveOutView(ctx.db.read, actor.scope, moveOutNo);
    if (found === null) throw new AppError("move_out_not_found");
    return found;
  };
  const after = (actor: Actor, moveOutNo: string) => {
    nudge();
    return seen(actor, moveOutNo);
  };
  const asks = { method: "GET", access: "moveout.create", params: nothing, query: nothing, body: nothing } as const;
  const acts = {
    method: "POST",
    access: "moveout.create",
    params,
    query: nothing,
    answer: moveOut,
    missing: "move_out_not_found",
    mistakes: reasonMistake,
  } as const;

  addRoute(routes, {
    ...asks,
    path: "/api/move-outs/tenant",
    query: tenantQuery,
    answer: tenant,
    handle: ({ actor, query }) => tenantAt(ctx, actor, query.meterId),
  });

  addRoute(routes, {
    ...asks,
    path: "/api/move-outs",
    query: moveOutQuery,
    answer: moveOuts,
    handle: ({ actor, query }) => moveOutLines(ctx.db.read, actor.scope, query),
  });

  addRoute(routes, {
    ...asks,
    path: "/api/move-outs/export",
    query: moveOutFilter.extend({ language: exportLanguage }),
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      directAnswer(routes, { actor, reply }, longReports.moveOuts.of(query), query.language),
  });

  addRoute(routes, {
    ...asks,
    path: "/api/move-outs/:moveOutNo",
    // Whoever approves the sum looks at it here.
    access: ["moveout.create", "refund.approve"],
    params,
    answer: moveOut,
    missing: "move_out_not_found",
    handle: ({ actor, params }) => seen(actor, params.moveOutNo),
  });

  addRoute(routes, {
    ...acts,
    path: "/api/move-outs",
    params: nothing,
    body: moveOutRequest,
    async handle({ actor, body, ip, reply }) {
      const made = await startMoveOut(ctx, actor, { ...body, ip });
      reply.status(made.created ? 201 : 200);
      return after(actor, made.moveOutNo);
    },
  });

  addRoute(routes, {
    ...acts,
    path: "/api/move-outs/:moveOutNo/meters/:meterId/read",
    params: meterParams,
    body: againRequest,
    async handle({ actor, params, ip }) {
      await readFinalAgain(ctx, actor, { ...params, ip });
      return after(actor, params.moveOutNo);
    },
  });

  addRoute(routes, {
    ...acts,
    path: "/api/move-outs/:moveOutNo/meters/:meterId/reading",
    params: meterParams,
    body: finalReadingRequest,
    async handle({ actor, params, body, ip }) {
      await enterFinalReading(ctx, actor, { ...params, ...body, ip });
      return after(actor, params.moveOutNo);
    },
  });

  addRoute(routes, {
    ...acts,
    path: "/api/move-outs/:moveOutNo/meters/:meterId/override",
    access: "refund.approve",
    params: meterParams,
    body: overrideRequest,
    async handle({ actor, params, body, ip }) {
      await overridePrice(ctx, actor, { ...params, ...body, ip });
      return after(actor, params.moveOutNo);
    },
  });

  addRoute(routes, {
    ...acts,
    path: "/api/move-outs/:moveOutNo/meters/:meterId/cleared",
    params: meterParams,
    body: clearedRequest,
    async handle({ actor, params, body, ip }) {
      await attestCleared(ctx, actor, { ...params, ...body, ip });
      return after(actor, params.moveOutNo);
    },
  });

  addRoute(routes, {
    ...acts,
    path: "/api/move-outs/:moveOutNo/confirm",
    body: confirmMoveOutRequest,
    async handle({ actor, params, body, ip }) {
      await confirmMoveOut(ctx, actor, { ...params, ...body, ip });
      return after(actor, params.moveOutNo);
    },
  });

  for (const [what, flow] of [
    ["retry", repeatClears],
    ["cancel", cancelMoveOut],
  ] as const) {
    addRoute(routes, {
      ...acts,
      path: `/api/move-outs/:moveOutNo/${what}`,
      body: moveOutReason,
      async handle({ actor, params, body, ip }) {
        await flow(ctx, actor, { ...params, ...body, ip });
        return after(actor, params.moveOutNo);
      },
    });
  }

  addRoute(routes, {
    ...acts,
    path: "/api/move-outs/:moveOutNo/finish",
    body: finishRequest,
    async handle({ actor, params, body, ip }) {
      await finishMoveOut(ctx, actor, { ...params, ...body, ip });
      return after(actor, params.moveOutNo);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/move-ins",
    access: "moveout.create",
    params: nothing,
    query: nothing,
    body: moveInRequest,
    answer: movedIn,
    async handle({ actor, body, ip, reply }) {
      const { created, ...begun } = await moveIn(ctx, actor, { ...body, ip });
      reply.status(created ? 201 : 200);
      nudge();
      return begun;
    },
  });
}
