import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  trial,
  trialCancelRequest,
  trialFilter,
  trialMade,
  trialPlan,
  trialPlanQuery,
  trialQuery,
  trialRepeatRequest,
  trialRequest,
  trialSignRequest,
  trials,
  trialVerdict,
  trialVerifyQuery,
} from "#contract/trials.ts";
import type { Actor } from "#domain/permission.ts";
import { isInUse, whyNeverSwitched } from "#domain/trial.ts";
import { signTrial, verifyTrial } from "#flows/sign-trial.ts";
import { cancelTrial, demandTrialSize, repeatTrial, startTrial, switchFacts } from "#flows/trial.ts";
import { trialPage, trialView } from "#store/trial-pages.ts";
import { metersOfPlace, placeName } from "#store/trials.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { trialReportFile } from "../excel/trials-file.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const params = z.object({ trialNo: z.string().regex(/^[\w-]{1,32}$/) });
const missing = "trial_not_found";
/** A switch test is a trip and a close. */
const switching = (body: { switchTest: boolean }) => (body.switchTest ? (["meter.trip", "meter.close"] as const) : []);

/** Everything below /api/trials: trial runs (试运行) of meters, their reports, and who signed them. */
export function trialRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const tx = ctx.db.read;
  const found = async (actor: Actor, trialNo: string) => {
    const seen = await trialView(tx, actor.scope, trialNo);
    if (seen === null) throw new AppError(missing);
    return { ...seen, asOf: ctx.clock() };
  };
  const after = (actor: Actor, trialNo: string) => {
    nudge();
    return found(actor, trialNo);
  };
  const looks = { method: "GET", access: "meter.view", params: nothing, body: nothing } as const;
  const looksAtOne = { ...looks, params, missing } as const;
  const acts = {
    method: "POST",
    access: "concentrator.manage",
    params,
    query: nothing,
    answer: trial,
    missing,
  } as const;

  addRoute(routes, {
    ...looks,
    path: "/api/trials",
    query: trialQuery,
    answer: trials,
    async handle({ actor, query }) {
      return { asOf: ctx.clock(), page: query.page, ...(await trialPage(tx, actor.scope, query)) };
    },
  });

  addRoute(routes, {
    ...looks,
    path: "/api/trials/file",
    query: trialFilter.extend({ language: exportLanguage }),
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      directAnswer(routes, { actor, reply }, longReports.trials.of(query), query.language),
  });

  addRoute(routes, {
    ...looks,
    access: "concentrator.manage",
    path: "/api/trials/plan",
    query: trialPlanQuery,
    answer: trialPlan,
    async handle({ actor, query }) {
      const place = { kind: query.place, id: query.placeId ?? null };
      const meters = place.id === null ? [] : await metersOfPlace(tx, actor.scope, { place, meterIds: null });
      if (meters.length === 0) throw new AppError("trial_place_empty");
      demandTrialSize(meters);
      const items = meters.map((meter) => ({
        ...{ meterId: meter.id, number: meter.number, label: meter.label },
        inUse: isInUse({ hasCustomer: meter.customer_id !== null, mode: meter.mode }),
        neverSwitched: whyNeverSwitched(switchFacts(meter)),
      }));
      return { asOf: ctx.clock(), placeName: (await placeName(tx, place)) ?? "", items };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/trials",
    access: "concentrator.manage",
    params: nothing,
    query: nothing,
    body: trialRequest,
    answer: trialMade,
    stepUp: (body) => body.switchTest,
    alsoTakes: switching,
    async handle({ actor, body, ip }) {
      const { place: kind, placeId: id, ...asked } = body;
      return startTrial(ctx, actor, { ...asked, place: { kind, id }, ip });
    },
  });

  addRoute(routes, {
    ...looksAtOne,
    path: "/api/trials/:trialNo",
    query: nothing,
    answer: trial,
    handle: ({ actor, params }) => found(actor, params.trialNo),
  });

  addRoute(routes, {
    ...looksAtOne,
    path: "/api/trials/:trialNo/file",
    query: z.object({ language: exportLanguage }),
    answer: fileAnswer,
    handle: async ({ actor, params, query, reply }) => {
      const seen = await found(actor, params.trialNo);
      return excelAnswer(reply, ctx.log, trialReportFile(ctx, actor, seen, query.language));
    },
  });

  addRoute(routes, {
    ...looksAtOne,
    path: "/api/trials/:trialNo/verify",
    query: trialVerifyQuery,
    answer: trialVerdict,
    handle: ({ actor, params, query }) => verifyTrial(tx, actor, { ...params, code: query.code }),
  });

  addRoute(routes, {
    ...acts,
    path: "/api/trials/:trialNo/cancel",
    body: trialCancelRequest,
    async handle({ actor, params, body, ip }) {
      await cancelTrial(ctx, actor, { ...params, ...body, ip });
      return after(actor, params.trialNo);
    },
  });

  addRoute(routes, {
    ...acts,
    path: "/api/trials/:trialNo/repeat",
    body: trialRepeatRequest,
    stepUp: (body) => body.switchTest,
    alsoTakes: switching,
    async handle({ actor, params, body, ip }) {
      await repeatTrial(ctx, actor, { ...params, ...body, ip });
      return after(actor, params.trialNo);
    },
  });

  addRoute(routes, {
    ...acts,
    path: "/api/trials/:trialNo/sign",
    body: trialSignRequest,
    stepUp: true,
    mistakes: { note: () => new AppError("reason_required") },
    async handle({ actor, params, body, ip }) {
      await signTrial(ctx, actor, { ...params, ...body, ip });
      return after(actor, params.trialNo);
    },
  });
}
