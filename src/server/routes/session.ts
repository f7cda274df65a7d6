import { loginRequest, type Me, me } from "#contract/session.ts";
import { type Actor, permissions } from "#domain/permission.ts";
import { logIn, logOut } from "#flows/log-in.ts";
import { countMeters } from "#store/meters.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";
import { clearSessionCookie, setSessionCookie } from "../session-cookie.ts";

/** Log in, who am I, log out: POST, GET and DELETE /api/session. */
export function sessionRoutes(routes: Routes): void {
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
      const { token, actor } = await logIn(ctx, { ...body, ip });
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
}

async function describeMe({ ctx }: Routes, actor: Actor): Promise<Me> {
  return {
    login: actor.login,
    name: actor.name,
    permissions: permissions.filter((each) => actor.permissions.has(each)),
    meters: await countMeters(ctx.db.read, actor.scope),
  };
}
