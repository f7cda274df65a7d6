import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  demoAnswer,
  faceReading,
  faceRequest,
  setupAreasAnswer,
  setupAreasRequest,
  setupProjectRequest,
  setupSkipRequest,
  setupView,
} from "#contract/setup.ts";
import type { Actor } from "#domain/permission.ts";
import { compareFace } from "#flows/compare-face.ts";
import { addAreas, saveProject, skipStep } from "#flows/setup.ts";
import { setupNow } from "#flows/setup-view.ts";
import type { DemoAsked } from "#flows/try-town.ts";
import { excelAnswer, exportLanguage, fileAnswer } from "../excel/answer.ts";
import { facesFile } from "../excel/faces-file.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

/** Enrols the simulated town; false when it is there already. What the town is made of only the program knows. */
export type TryTown = (asked: DemoAsked) => Promise<boolean>;

/** Everything below /api/setup: the assistant that takes an installation into use (开通向导). */
export function setupRoutes(routes: Routes, deps: { nudge: () => void; tryTown: TryTown | null }): void {
  const { ctx } = routes;
  const seen = async (actor: Actor) => {
    const { isDemo, ...view } = await setupNow(ctx, actor);
    return { ...view, demo: { offered: deps.tryTown !== null && view.empty && actor.scope.all, enrolled: isDemo } };
  };
  const acts = { method: "POST", access: "settings.manage", params: nothing, query: nothing } as const;

  addRoute(routes, {
    method: "GET",
    path: "/api/setup",
    access: "settings.manage",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: setupView,
    handle: ({ actor }) => seen(actor),
  });

  addRoute(routes, {
    ...acts,
    path: "/api/setup/project",
    body: setupProjectRequest,
    answer: setupView,
    async handle({ actor, body, ip }) {
      await saveProject(ctx, actor, { ...body, ip });
      deps.nudge();
      return seen(actor);
    },
  });

  addRoute(routes, {
    ...acts,
    // Making areas is what an import does, too.
    access: "archive.import",
    path: "/api/setup/areas",
    body: setupAreasRequest,
    answer: setupAreasAnswer,
    async handle({ actor, body, ip }) {
      const done = await addAreas(ctx, actor, { ...body, ip });
      deps.nudge();
      return done;
    },
  });

  addRoute(routes, {
    ...acts,
    path: "/api/setup/skip",
    body: setupSkipRequest,
    answer: setupView,
    async handle({ actor, body, ip }) {
      await skipStep(ctx, actor, { ...body, ip });
      return seen(actor);
    },
  });

  addRoute(routes, {
    ...acts,
    access: "meter.read",
    path: "/api/setup/faces",
    body: faceRequest,
    answer: faceReading,
    handle: ({ actor, body, ip }) => compareFace(ctx, actor, { ...body, ip }),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/setup/faces/file",
    access: "settings.manage",
    params: nothing,
    query: z.object({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) => excelAnswer(reply, ctx.log, await facesFile(ctx, actor, query.language)),
  });

  addRoute(routes, {
    ...acts,
    path: "/api/setup/demo",
    stepUp: true,
    body: nothing,
    answer: demoAnswer,
    async handle({ actor, ip }) {
      if (deps.tryTown === null) throw new AppError("setup_no_demo");
      const enrolled = await deps.tryTown({ actor, ip });
      deps.nudge();
      return { enrolled };
    },
  });
}
