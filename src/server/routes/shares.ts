import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  boxAnswer,
  boxes,
  boxRequest,
  hvacInputAnswer,
  hvacInputRequest,
  hvacInputs,
  hvacInputsQuery,
  hvacUnit,
  hvacUnitRequest,
  meterShares,
  sharePreview,
  sharePreviewRequest,
  shareRuleRequest,
  shareRunAnswer,
  shareRunRequest,
  shareSheet,
  shareSourceDetail,
  shareSources,
  shareSourcesQuery,
} from "#contract/shares.ts";
import { saveBox } from "#flows/boxes.ts";
import { enterRunTimes, saveHvacUnit } from "#flows/hvac.ts";
import { makeShareRule, previewShare } from "#flows/share-rules.ts";
import { runShare } from "#flows/share-run.ts";
import { areasInScope } from "#store/areas.ts";
import { boxList, hvacUnits, hvacInputs as loadInputs } from "#store/box-pages.ts";
import {
  factsOf,
  lineView,
  shareSourceDetail as loadDetail,
  meterShares as loadMeterShares,
  shareSheet as loadSheet,
  shareSources as loadSources,
} from "#store/share-pages.ts";
import { dayAsked } from "../asked-day.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { shareFile } from "../excel/share-file.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const runParams = z.object({ id: z.string().regex(/^[\w-]{1,40}$/) });
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Public shares, boxes and indoor units. */
export function shareRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const { db } = ctx;
  const asks = { method: "GET", access: "share.view", params: nothing, query: nothing, body: nothing } as const;
  const writes = { method: "POST", access: "share.manage", params: nothing, query: nothing } as const;

  addRoute(routes, {
    ...asks,
    path: "/api/shares/sources",
    query: shareSourcesQuery,
    answer: shareSources,
    async handle({ actor, query }) {
      return { items: await loadSources(db.read, actor.scope, query.kind) };
    },
  });

  addRoute(routes, {
    ...asks,
    path: "/api/shares/sources/:id",
    params: meterParams,
    answer: shareSourceDetail,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      return found(await loadDetail(db.read, actor.scope, params.id), "meter_not_found");
    },
  });

  addRoute(routes, {
    ...asks,
    path: "/api/shares/runs/:id",
    params: runParams,
    answer: shareSheet,
    missing: "share_run_not_found",
    async handle({ actor, params }) {
      return found(await loadSheet(db.read, actor.scope, params.id), "share_run_not_found");
    },
  });

  addRoute(routes, {
    ...asks,
    path: "/api/shares/runs/:id/export",
    params: runParams,
    query: z.object({ language: exportLanguage }),
    answer: fileAnswer,
    missing: "share_run_not_found",
    async handle({ actor, params, query, reply }) {
      const sheet = found(await loadSheet(db.read, actor.scope, params.id), "share_run_not_found");
      return excelAnswer(reply, ctx.log, await shareFile(ctx, actor, sheet, query.language));
    },
  });

  // What a tenant's meter was charged is part of the meter: whoever may see the one may see the other.
  addRoute(routes, {
    ...asks,
    path: "/api/meters/:id/shares",
    access: "meter.view",
    params: meterParams,
    answer: meterShares,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      return found(await loadMeterShares(db.read, actor.scope, params.id), "meter_not_found");
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/shares/preview",
    onlyAsks: true,
    body: sharePreviewRequest,
    answer: sharePreview,
    async handle({ actor, body }) {
      const tried = await previewShare(ctx, actor, body);
      if (tried.outcome === "waiting") return tried;
      const { run, lines } = tried.plan;
      return { outcome: "ready" as const, sourceWh: run.source_wh, ...factsOf(run.facts), lines: lines.map(lineView) };
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/shares/rules",
    body: shareRuleRequest,
    answer: shareSourceDetail,
    mistakes: reasonMistake,
    async handle({ actor, body, ip, reply }) {
      const { created } = await makeShareRule(ctx, actor, { ...body, ip });
      reply.status(created ? 201 : 200);
      return found(await loadDetail(db.read, actor.scope, body.sourceMeterId), "meter_not_found");
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/shares/runs",
    body: shareRunRequest,
    answer: shareRunAnswer,
    async handle({ actor, body, ip }) {
      const done = await runShare(ctx, actor, { ...body, ip });
      nudge();
      if (done.outcome === "waiting") return { ...done, runId: null, rev: null };
      return { ...done, why: null, missing: [] };
    },
  });

  addRoute(routes, {
    ...asks,
    path: "/api/boxes",
    answer: boxes,
    async handle({ actor }) {
      const areas = await areasInScope(db.read, actor.scope);
      return boxList(
        db.read,
        actor.scope,
        areas.map((area) => area.areaId),
      );
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/boxes",
    body: boxRequest,
    answer: boxAnswer,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      return { boxId: await saveBox(ctx, actor, { ...body, ip }) };
    },
  });

  addRoute(routes, {
    ...asks,
    path: "/api/hvac/inputs",
    query: hvacInputsQuery,
    answer: hvacInputs,
    async handle({ actor, query }) {
      const day = dayAsked(query.day);
      return found(await loadInputs(db.read, actor.scope, query.outdoorMeterId, day), "meter_not_found");
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/hvac/inputs",
    body: hvacInputRequest,
    answer: hvacInputAnswer,
    async handle({ actor, body, ip }) {
      return { changed: await enterRunTimes(ctx, actor, { ...body, ip }) };
    },
  });

  addRoute(routes, {
    ...writes,
    path: "/api/hvac/units",
    body: hvacUnitRequest,
    answer: hvacUnit,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      const unitId = await saveHvacUnit(ctx, actor, { ...body, ip });
      const units = found(await hvacUnits(db.read, actor.scope, body.outdoorMeterId), "meter_not_found");
      return found(units.find((unit) => unit.unitId === unitId) ?? null, "hvac_unit_not_found");
    },
  });
}

function found<T>(value: T | null, missing: "meter_not_found" | "share_run_not_found" | "hvac_unit_not_found"): T {
  if (value === null) throw new AppError(missing);
  return value;
}
