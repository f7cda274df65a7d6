import { z } from "zod";
import { AppError, assert } from "#base/errors.ts";
import { command, commandRequest, waitingCommands, withdrawCommandRequest } from "#contract/metering.ts";
import type { Actor } from "#domain/permission.ts";
import { withdrawPermissions } from "#domain/withdrawal.ts";
import { requestCommand } from "#flows/request-command.ts";
import { waitingView } from "#flows/waiting-view.ts";
import { withdrawCommand } from "#flows/withdraw-command.ts";
import { commandView } from "#store/commands.ts";
import { addRoute, nothing, type Routes } from "../route.ts";
import { meterParams } from "./meters.ts";

const commandParams = z.object({ id: z.string().regex(/^[\w-]{1,64}$/) });

/** Asking a meter for something, what has not ended of that, how one thing goes, and taking it back. */
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

  addRoute(routes, {
    method: "GET",
    path: "/api/meters/:id/commands",
    access: "meter.view",
    params: meterParams,
    query: nothing,
    body: nothing,
    answer: waitingCommands,
    missing: "meter_not_found",
    async handle({ actor, params }) {
      const found = await waitingView(routes.ctx, actor.scope, params.id);
      if (found === null) throw new AppError("meter_not_found");
      return found;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/commands/:id/withdraw",
    access: withdrawPermissions,
    stepUp: ({ staysOff }) => staysOff,
    params: commandParams,
    query: nothing,
    body: withdrawCommandRequest,
    answer: command,
    missing: "command_not_found",
    mistakes: { reason: () => new AppError("reason_required") },
    async handle({ actor, params, body, ip }) {
      await withdrawCommand(routes.ctx, actor, { ...body, commandId: params.id, ip });
      nudge();
      const found = await view(routes, actor, params.id);
      assert(found !== null, "a command that was withdrawn can be seen");
      return found;
    },
  });
}

function view({ ctx }: Routes, actor: Actor, id: string) {
  return commandView(ctx.db.read, actor.scope, id);
}
