import { z } from "zod";
import { AppError, assert } from "#base/errors.ts";
import { command, commandRequest } from "#contract/metering.ts";
import type { Actor } from "#domain/permission.ts";
import { requestCommand } from "#flows/request-command.ts";
import { commandView } from "#store/commands.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const commandParams = z.object({ id: z.string().regex(/^[\w-]{1,64}$/) });

/** POST /api/meters/:id/commands, GET /api/commands/:id. */
export function commandRoutes(routes: Routes, nudge: () => void): void {
  addRoute(routes, {
    method: "POST",
    path: "/api/meters/:id/commands",
    access: {
      oneOf: ["meter.read", "meter.trip", "meter.close"],
      of: (body) => `meter.${body.kind}`,
    },
    stepUp: ({ kind }) => kind === "trip",
    params: meterParams,
    query: nothing,
    body: commandRequest,
    answer: command,
    missing: "meter_not_found",
    async handle({ actor, params, body, ip, reply }) {
      const { commandId, created } = await requestCommand(routes.ctx, actor, { ...body, meterId: params.id, ip });
      nudge();
      reply.status(created ? 201 : 200);
      const made = await view(routes, actor, commandId);
      assert(made !== null, "a command that was just made can be seen");
      return made;
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/commands/:id",
    access: "meter.view",
    params: commandParams,
    query: nothing,
    body: nothing,
    answer: command,
    missing: "command_not_found",
    async handle({ actor, params }) {
      const found = await view(routes, actor, params.id);
      if (found === null) throw new AppError("command_not_found");
      return found;
    },
  });
}

function view({ ctx }: Routes, actor: Actor, id: string) {
  return commandView(ctx.db.read, actor.scope, id);
}
