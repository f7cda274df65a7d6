import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  accountSafety,
  endedSessions,
  ownSessions as ownSessionsAnswer,
  proofRequest,
  recoveryCodes,
  safetySettings as safetySettingsAnswer,
  safetySettingsRequest,
  totpCodeRequest,
  totpResetRequest,
  totpSecret,
} from "#contract/safety.ts";
import { endOwnSessions, ownSessions } from "#flows/log-in.ts";
import { prove } from "#flows/prove.ts";
import { safetySettings, saveSafetySettings } from "#flows/safety-settings.ts";
import {
  beginTotp,
  confirmSecondFactor,
  factorState,
  hasSecondFactor,
  removeOwnFactor,
  renewRecoveryCodes,
  resetSecondFactor,
} from "#flows/second-factor.ts";
import type { Sealer } from "#system/seal.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";

const bare = { params: nothing, query: nothing, body: nothing } as const;
const reasonMistake = { reason: () => new AppError("reason_required") };

/** The caller's second factor and sessions, proofs, and what the site asks of everybody. */
export function safetyRoutes(routes: Routes, sealer: Sealer | null): void {
  const { ctx } = routes;
  const keys = (): Sealer => {
    if (sealer === null) throw new AppError("not_found");
    return sealer;
  };

  addRoute(routes, {
    ...bare,
    method: "GET",
    path: "/api/session/security",
    access: "logged_in",
    answer: accountSafety,
    async handle({ actor }) {
      const { stepUpMinutes } = await safetySettings(ctx.db.read);
      return { login: actor.login, stepUpMinutes, ...(await factorState(ctx.db.read, actor)) };
    },
  });

  addRoute(routes, {
    ...bare,
    method: "POST",
    path: "/api/session/proof",
    access: "logged_in",
    body: proofRequest,
    answer: noContent,
    async handle({ actor, body, ip, token, reply }) {
      await prove(ctx, sealer, actor, { ...body, token: token ?? "", ip });
      reply.status(204);
      return undefined;
    },
  });

  addRoute(routes, {
    ...bare,
    method: "POST",
    path: "/api/session/totp",
    access: "logged_in",
    body: proofRequest,
    answer: totpSecret,
    async handle({ actor, body, ip, token }) {
      // Whoever finds an open session must not tie it to a phone of his own: always a proof, whatever the setting says.
      await prove(ctx, sealer, actor, { ...body, token: token ?? "", ip });
      return beginTotp(ctx, keys(), actor);
    },
  });

  addRoute(routes, {
    ...bare,
    method: "POST",
    path: "/api/session/totp/confirm",
    access: "logged_in",
    body: totpCodeRequest,
    answer: recoveryCodes,
    handle: async ({ actor, body, ip, token }) => ({
      codes: await confirmSecondFactor(ctx, keys(), actor, { code: body.code, token: token ?? "", ip }),
    }),
  });

  addRoute(routes, {
    ...bare,
    method: "POST",
    path: "/api/session/totp/remove",
    access: "logged_in",
    body: totpCodeRequest,
    answer: noContent,
    async handle({ actor, body, ip, token, reply }) {
      await prove(ctx, sealer, actor, { password: "", code: body.code, token: token ?? "", ip });
      await removeOwnFactor(ctx, actor, { ip });
      reply.status(204);
      return undefined;
    },
  });

  addRoute(routes, {
    ...bare,
    method: "POST",
    path: "/api/session/totp/recovery-codes",
    access: "logged_in",
    body: totpCodeRequest,
    answer: recoveryCodes,
    async handle({ actor, body, ip, token }) {
      await prove(ctx, sealer, actor, { password: "", code: body.code, token: token ?? "", ip });
      return { codes: await renewRecoveryCodes(ctx, actor, { ip }) };
    },
  });

  addRoute(routes, {
    ...bare,
    method: "GET",
    path: "/api/sessions",
    access: "logged_in",
    answer: ownSessionsAnswer,
    handle: async ({ actor, token }) => ({ items: await ownSessions(ctx, actor, token ?? "") }),
  });

  addRoute(routes, {
    ...bare,
    method: "DELETE",
    path: "/api/sessions/:id",
    access: "logged_in",
    params: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) }),
    answer: endedSessions,
    missing: "session_not_found",
    handle: async ({ actor, params }) => ({ ended: await endOwnSessions(ctx, actor, { id: params.id }) }),
  });

  addRoute(routes, {
    ...bare,
    method: "POST",
    path: "/api/sessions/end-others",
    access: "logged_in",
    answer: endedSessions,
    handle: async ({ actor, token, ip }) => ({
      ended: await endOwnSessions(ctx, actor, { others: token ?? "", ip }),
    }),
  });

  addRoute(routes, {
    ...bare,
    method: "GET",
    path: "/api/security-settings",
    access: "settings.manage",
    answer: safetySettingsAnswer,
    handle: () => safetySettings(ctx.db.read),
  });

  addRoute(routes, {
    ...bare,
    method: "POST",
    path: "/api/security-settings",
    access: "settings.manage",
    stepUp: true,
    body: safetySettingsRequest,
    mistakes: reasonMistake,
    answer: safetySettingsAnswer,
    async handle({ actor, body, ip }) {
      const hasFactor = await hasSecondFactor(ctx.db.read, actor.userId);
      await saveSafetySettings(ctx, actor, { ...body, hasFactor, ip });
      return safetySettings(ctx.db.read);
    },
  });

  addRoute(routes, {
    ...bare,
    method: "POST",
    path: "/api/users/:id/totp/reset",
    access: "user.manage",
    stepUp: true,
    params: z.object({ id: z.coerce.number().int().positive() }),
    body: totpResetRequest,
    mistakes: reasonMistake,
    answer: noContent,
    missing: "user_not_found",
    async handle({ actor, params, body, ip, reply }) {
      await resetSecondFactor(ctx, actor, { userId: params.id, reason: body.reason, ip });
      reply.status(204);
      return undefined;
    },
  });
}
