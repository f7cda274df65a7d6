import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  busFrameQuery,
  busFrames,
  channelRequest,
  concentratorAdd,
  concentratorEdit,
  concentratorLinkRequest,
  concentratorList,
  concentratorMade,
  concentratorQuery,
  concentratorReplace,
  concentratorView,
  meterAdd,
  meterEdit,
  meterMade,
  meterMove,
  meterProtocol,
  retireRequest,
} from "#contract/collection.ts";
import type { Actor } from "#domain/permission.ts";
import { addMeter } from "#flows/add-meter.ts";
import { saveChannel } from "#flows/edit-channel.ts";
import {
  addConcentrator,
  editConcentrator,
  replaceConcentrator,
  retireConcentrator,
} from "#flows/edit-concentrator.ts";
import { editLink } from "#flows/edit-link.ts";
import { changeProtocol, editMeter, moveMeter } from "#flows/edit-meter.ts";
import { retireMeter } from "#flows/retire-meter.ts";
import { shownFrame } from "#protocol/explain-frame.ts";
import { busFramesOf, concentratorDetail, concentratorPage, concentratorVisible } from "#store/concentrator-pages.ts";
import type { Sealer } from "#system/seal.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { concentratorsFile } from "../excel/concentrators-file.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const idParams = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});
const missing = "concentrator_not_found";
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Concentrators, their channels and meters: looked at, changed, taken out of use. What lies outside the caller's scope does not exist for him. */
export function concentratorRoutes(routes: Routes, deps: { nudge: () => void; sealer: Sealer | null }): void {
  lookRoutes(routes);
  changeRoutes(routes, deps);
  meterArchiveRoutes(routes, deps.nudge);
}

function lookRoutes(routes: Routes): void {
  const { ctx } = routes;
  const tx = ctx.db.read;

  addRoute(routes, {
    method: "GET",
    path: "/api/concentrators",
    access: "meter.view",
    params: nothing,
    query: concentratorQuery,
    body: nothing,
    answer: concentratorList,
    handle: ({ actor, query }) => concentratorPage(tx, actor.scope, query, ctx.clock()),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/concentrators/export",
    access: "meter.view",
    params: nothing,
    query: concentratorQuery.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) => excelAnswer(reply, ctx.log, await concentratorsFile(ctx, actor, query)),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/concentrators/:id",
    access: "meter.view",
    params: idParams,
    query: nothing,
    body: nothing,
    answer: concentratorView,
    missing,
    handle: ({ actor, params }) => seen(routes, actor, params.id),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/concentrators/:id/frames",
    access: "meter.view",
    params: idParams,
    query: busFrameQuery,
    body: nothing,
    answer: busFrames,
    missing,
    async handle({ actor, params, query }) {
      if (!(await concentratorVisible(tx, actor.scope, params.id))) throw new AppError("concentrator_not_found");
      const asOf = ctx.clock();
      const of = { concentratorId: params.id, since: query.since ?? 0, meterId: query.meterId ?? null };
      const frames = await busFramesOf(tx, actor.scope, of);
      return { asOf, items: frames.map(shownFrame) };
    },
  });
}

async function seen({ ctx }: Routes, actor: Actor, id: number) {
  const found = await concentratorDetail(ctx.db.read, actor.scope, id, ctx.clock());
  if (found === null) throw new AppError("concentrator_not_found");
  return found;
}

function changeRoutes(routes: Routes, { nudge, sealer }: { nudge: () => void; sealer: Sealer | null }): void {
  const { ctx } = routes;
  const sealing = () => {
    if (sealer === null) throw new AppError("internal", { requestId: "" });
    return { ...ctx, sealer };
  };
  const change = { method: "POST", access: "concentrator.manage", params: idParams, query: nothing, missing } as const;

  addRoute(routes, {
    ...change,
    path: "/api/concentrators",
    params: nothing,
    body: concentratorAdd,
    answer: concentratorMade,
    async handle({ actor, body, ip, reply }) {
      reply.status(201);
      return addConcentrator(sealing(), actor, { ...body, ip });
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/concentrators/:id/edit",
    body: concentratorEdit,
    answer: concentratorView,
    async handle({ actor, params, body, ip }) {
      await editConcentrator(ctx, actor, { ...params, ...body, ip });
      return seen(routes, actor, params.id);
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/concentrators/:id/link",
    body: concentratorLinkRequest,
    mistakes: {
      ...reasonMistake,
      sources: () => new AppError("link_sources_wrong"),
      fingerprint: () => new AppError("link_fingerprint_wrong"),
      linkKey: () => new AppError("link_key_missing"),
      port: () => new AppError("link_address_wrong"),
    },
    answer: concentratorView,
    async handle({ actor, params, body, ip }) {
      await editLink(sealing(), actor, { ...params, ...body, ip });
      return seen(routes, actor, params.id);
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/concentrators/:id/replace",
    body: concentratorReplace,
    mistakes: reasonMistake,
    answer: concentratorMade,
    async handle({ actor, params, body, ip }) {
      const made = await replaceConcentrator(sealing(), actor, { ...params, ...body, ip });
      nudge();
      return made;
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/concentrators/:id/retire",
    body: retireRequest,
    mistakes: reasonMistake,
    answer: concentratorView,
    async handle({ actor, params, body, ip }) {
      await retireConcentrator(ctx, actor, { ...params, ...body, ip });
      return seen(routes, actor, params.id);
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/concentrators/:id/channels",
    body: channelRequest,
    answer: concentratorView,
    async handle({ actor, params, body, ip }) {
      await saveChannel(ctx, actor, { ...body, concentratorId: params.id, ip });
      return seen(routes, actor, params.id);
    },
  });
}

function meterArchiveRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const change = {
    method: "POST",
    access: "meter.manage",
    params: meterParams,
    query: nothing,
    mistakes: reasonMistake,
    answer: noContent,
    missing: "meter_not_found",
  } as const;

  addRoute(routes, {
    ...change,
    path: "/api/meters",
    params: nothing,
    body: meterAdd,
    answer: meterMade,
    async handle({ actor, body, ip, reply }) {
      reply.status(201);
      return { meterId: await addMeter(ctx, actor, { ...body, ip }) };
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/meters/:id/edit",
    body: meterEdit,
    async handle({ actor, params, body, ip, reply }) {
      await editMeter(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      reply.status(204);
      return undefined;
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/meters/:id/protocol",
    body: meterProtocol,
    async handle({ actor, params, body, ip, reply }) {
      await changeProtocol(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      reply.status(204);
      return undefined;
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/meters/:id/move",
    body: meterMove,
    async handle({ actor, params, body, ip, reply }) {
      await moveMeter(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      reply.status(204);
      return undefined;
    },
  });

  addRoute(routes, {
    ...change,
    path: "/api/meters/:id/retire",
    body: retireRequest,
    async handle({ actor, params, body, ip, reply }) {
      await retireMeter(ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      reply.status(204);
      return undefined;
    },
  });
}
