import { z } from "zod";
import { AppError, assert } from "#base/errors.ts";
import { passwordChange, withReason } from "#contract/people.ts";
import { loginRequest, type Me, me } from "#contract/session.ts";
import { type Actor, permissions } from "#domain/permission.ts";
import { logIn, logOut } from "#flows/log-in.ts";
import { changeOwnPassword } from "#flows/own-password.ts";
import { beginPreview, endPreview } from "#flows/preview.ts";
import { countMeters } from "#store/meters.ts";
import type { Sealer } from "#system/seal.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";
import { clearSessionCookie, setSessionCookie } from "../session-cookie.ts";

const userParams = z.object({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });

/** Log in, who am I, log out, one's own password, looking through another's eyes. `nudge` tells the open pages. */
export function sessionRoutes(routes: Routes, { nudge, sealer }: { nudge: () => void; sealer: Sealer | null }): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "POST",
    path: "/api/session",
    access: "public",
    params: nothing,
    query: nothing,
    body: loginRequest,
    answer: me,
    async handle({ body, ip, token: earlier, reply }) {
      const agent = reply.request.headers["user-agent"] ?? "";
      const { token, actor } = await logIn(ctx, { ...body, ip, agent }, sealer);
      // The session that this browser had before is over: a token never outlives the login that follows it.
      if (earlier !== null) await logOut(ctx, earlier);
      setSessionCookie(reply, token);
      return describeMe(routes, actor);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/session",
    access: "public",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: me.nullable(),
    async handle({ token }) {
      const actor = token === null ? null : await routes.loadCaller(token);
      return actor && describeMe(routes, actor);
    },
  });

  addRoute(routes, {
    method: "DELETE",
    path: "/api/session",
    access: "logged_in",
    heldUp: ["must_change", "preview"],
    params: nothing,
    query: nothing,
    body: nothing,
    answer: noContent,
    async handle({ token, reply }) {
      if (token !== null) await logOut(ctx, token);
      clearSessionCookie(reply);
      reply.status(204);
      return undefined;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/session/password",
    access: "logged_in",
    heldUp: ["must_change"],
    params: nothing,
    query: nothing,
    body: passwordChange,
    answer: me,
    async handle({ actor, body, ip, token }) {
      await changeOwnPassword(ctx, actor, { ...body, token: known(token), ip });
      nudge();
      return meNow(token);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/users/:id/preview",
    access: "user.manage",
    params: userParams,
    query: nothing,
    body: withReason,
    answer: me,
    missing: "user_not_found",
    mistakes: { reason: () => new AppError("reason_required") },
    async handle({ actor, params, body, ip, token }) {
      await beginPreview(ctx, actor, { userId: params.id, reason: body.reason, token: known(token), ip });
      nudge();
      return meNow(token);
    },
  });

  addRoute(routes, {
    method: "DELETE",
    path: "/api/session/preview",
    access: "logged_in",
    heldUp: ["preview"],
    params: nothing,
    query: nothing,
    body: nothing,
    answer: me,
    async handle({ actor, ip, token }) {
      await endPreview(ctx, actor, { token: known(token), ip });
      nudge();
      return meNow(token);
    },
  });

  async function meNow(token: string | null): Promise<Me> {
    const actor = await routes.loadCaller(known(token));
    if (actor === null) throw new AppError("unauthenticated");
    return describeMe(routes, actor);
  }
}

function known(token: string | null): string {
  assert(token !== null, "who is logged in has a token");
  return token;
}

async function describeMe({ ctx }: Routes, actor: Actor): Promise<Me> {
  return {
    login: actor.login,
    name: actor.name,
    permissions: permissions.filter((each) => actor.permissions.has(each)),
    meters: await countMeters(ctx.db.read, actor.scope),
    mustChangePassword: actor.mustChangePassword === true,
    previewedBy: actor.previewedBy?.name ?? null,
  };
}
