import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  exchange,
  exchangePlaces,
  exchangeQuery,
  exchangeReason,
  exchangeRequest,
  exchanges,
  meterDevice,
  modeChange,
  modePreview,
  modeRequest,
  ratioCarryOut,
  ratioChange,
  ratioRequest,
  stateOldRequest,
  swapRequest,
} from "#contract/devices.ts";
import type { Actor } from "#domain/permission.ts";
import { changeMode, previewMode } from "#flows/change-mode.ts";
import { carryOutRatio, requestRatio, withdrawRatio } from "#flows/change-ratio.ts";
import { seeExchange, seeExchanges, seePlaces } from "#flows/device-views.ts";
import { recheckMode, withdrawMode } from "#flows/end-mode.ts";
import { cancelExchange, openExchange } from "#flows/exchange.ts";
import { clearOldMeter, stateOldMeter } from "#flows/exchange-old.ts";
import { swapMeter } from "#flows/exchange-swap.ts";
import { recheckExchange } from "#flows/settle-exchange.ts";
import { EXCHANGES_SHOWN, meterDeviceView, modeChangeView, ratioChangeView } from "#store/device-pages.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const exchangeParams = z.object({ exchangeNo: z.string().regex(/^[\w-]{1,32}$/) });
const changeParams = z.object({ changeNo: z.string().regex(/^[\w-]{1,32}$/) });
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Exchanges, ratios and modes of meters. What is refused here changed nothing; what was answered is in the database. */
export function deviceRoutes(routes: Routes, nudge: () => void): void {
  exchangeRoutes(routes, nudge);
  const { ctx } = routes;
  const tx = ctx.db.read;

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/device",
    access: "meter.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: meterDevice,
    async handle({ actor, params }) {
      const seen = await meterDeviceView(tx, actor.scope, params.id);
      if (seen === null) throw new AppError("meter_not_found");
      return seen;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/ratio",
    access: "meter.exchange",
    params: meterParams,
    query: nothing,
    body: ratioRequest,
    mistakes: reasonMistake,
    answer: ratioChange,
    async handle({ actor, params, body, ip, reply }) {
      const made = await requestRatio(ctx, actor, { ...body, meterId: params.id, ip });
      reply.status(made.created ? 201 : 200);
      nudge();
      return ratioSeen(actor, made.changeNo);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/ratio-changes/:changeNo/carry-out",
    access: "meter.exchange",
    params: changeParams,
    query: nothing,
    body: ratioCarryOut,
    answer: ratioChange,
    async handle({ actor, params, body, ip }) {
      await carryOutRatio(ctx, actor, { ...params, ...body, ip });
      nudge();
      return ratioSeen(actor, params.changeNo);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/ratio-changes/:changeNo/withdraw",
    access: "meter.exchange",
    params: changeParams,
    query: nothing,
    body: nothing,
    answer: ratioChange,
    async handle({ actor, params, ip }) {
      await withdrawRatio(ctx, actor, { ...params, ip });
      return ratioSeen(actor, params.changeNo);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/mode-preview",
    access: "meter.mode",
    params: meterParams,
    query: z.object({ to: modeRequest.shape.to }),
    body: nothing,
    answer: modePreview,
    handle: ({ actor, params, query }) => previewMode(ctx, actor, { meterId: params.id, to: query.to }),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/mode",
    access: "meter.mode",
    params: meterParams,
    query: nothing,
    body: modeRequest,
    mistakes: reasonMistake,
    answer: modeChange,
    async handle({ actor, params, body, ip, reply }) {
      const made = await changeMode(ctx, actor, { ...body, meterId: params.id, ip });
      reply.status(made.created ? 201 : 200);
      nudge();
      const seen = await modeChangeView(tx, actor.scope, made.changeNo);
      // A key that somebody used for a meter outside this caller's scope: to him that meter does not exist.
      if (seen === null) throw new AppError("meter_not_found");
      return seen;
    },
  });

  for (const [verb, flow] of [
    ["recheck", recheckMode],
    ["withdraw", withdrawMode],
  ] as const) {
    addRoute(routes, {
      method: "POST",
      path: `/api/meters/:id/mode/${verb}`,
      access: "meter.mode",
      params: meterParams,
      query: nothing,
      body: exchangeReason,
      mistakes: reasonMistake,
      answer: modeChange,
      async handle({ actor, params, body, ip }) {
        const changeNo = await flow(ctx, actor, { meterId: params.id, ...body, ip });
        nudge();
        const seen = await modeChangeView(tx, actor.scope, changeNo);
        if (seen === null) throw new AppError("meter_not_found");
        return seen;
      },
    });
  }

  async function ratioSeen(actor: Actor, changeNo: string) {
    const seen = await ratioChangeView(tx, actor.scope, changeNo);
    if (seen === null) throw new AppError("ratio_change_not_found");
    return seen;
  }
}

function exchangeRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const tx = ctx.db.read;
  const seen = async (actor: Actor, exchangeNo: string) => {
    const found = await seeExchange(tx, actor.scope, exchangeNo);
    if (found === null) throw new AppError("exchange_not_found");
    return found;
  };

  addRoute(routes, {
    method: "GET",
    path: "/api/exchanges",
    access: "meter.view",
    params: nothing,
    query: exchangeQuery,
    body: nothing,
    answer: exchanges,
    async handle({ actor, query }) {
      const rows = await seeExchanges(tx, actor.scope, { ...query, limit: EXCHANGES_SHOWN + 1 });
      return { items: rows.slice(0, EXCHANGES_SHOWN), more: rows.length > EXCHANGES_SHOWN };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/exchanges/export",
    access: "meter.view",
    params: nothing,
    query: exchangeQuery.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      directAnswer(routes, { actor, reply }, longReports.exchanges.of(query), query.language),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/exchanges/places",
    access: "meter.exchange",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: exchangePlaces,
    handle: ({ actor }) => seePlaces(tx, actor.scope),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/exchanges",
    access: "meter.exchange",
    params: nothing,
    query: nothing,
    body: exchangeRequest,
    mistakes: reasonMistake,
    answer: exchange,
    async handle({ actor, body, ip, reply }) {
      const made = await openExchange(ctx, actor, { ...body, ip });
      reply.status(made.created ? 201 : 200);
      return seen(actor, made.exchangeNo);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/exchanges/:exchangeNo",
    access: "meter.view",
    params: exchangeParams,
    query: nothing,
    body: nothing,
    answer: exchange,
    handle: ({ actor, params }) => seen(actor, params.exchangeNo),
  });

  const step = { method: "POST", access: "meter.exchange", params: exchangeParams, query: nothing } as const;

  addRoute(routes, {
    ...step,
    path: "/api/exchanges/:exchangeNo/clear-old",
    body: nothing,
    answer: exchange,
    async handle({ actor, params, ip }) {
      await clearOldMeter(ctx, actor, { ...params, ip });
      nudge();
      return seen(actor, params.exchangeNo);
    },
  });

  addRoute(routes, {
    ...step,
    path: "/api/exchanges/:exchangeNo/state-old",
    body: stateOldRequest,
    answer: exchange,
    async handle({ actor, params, body, ip }) {
      await stateOldMeter(ctx, actor, { ...params, ...body, ip });
      nudge();
      return seen(actor, params.exchangeNo);
    },
  });

  addRoute(routes, {
    ...step,
    path: "/api/exchanges/:exchangeNo/swap",
    body: swapRequest,
    answer: exchange,
    async handle({ actor, params, body, ip }) {
      await swapMeter(ctx, actor, { ...params, ...body, ip });
      nudge();
      return seen(actor, params.exchangeNo);
    },
  });

  addRoute(routes, {
    ...step,
    path: "/api/exchanges/:exchangeNo/cancel",
    body: exchangeReason,
    mistakes: reasonMistake,
    answer: exchange,
    async handle({ actor, params, body, ip }) {
      await cancelExchange(ctx, actor, { ...params, ...body, ip });
      return seen(actor, params.exchangeNo);
    },
  });

  addRoute(routes, {
    ...step,
    path: "/api/exchanges/:exchangeNo/recheck",
    body: exchangeReason,
    mistakes: reasonMistake,
    answer: exchange,
    async handle({ actor, params, body, ip }) {
      await recheckExchange(ctx, actor, { ...params, ...body, ip });
      nudge();
      return seen(actor, params.exchangeNo);
    },
  });
}
