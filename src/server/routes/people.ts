import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  passwordReset,
  roleAdd,
  roleMatrix,
  roleRemove,
  roleRename,
  roles,
  scopeTree,
  userAdd,
  userDetail,
  userEdit,
  userMade,
  userState,
  users,
  usersQuery,
  withReason,
} from "#contract/people.ts";
import type { Actor } from "#domain/permission.ts";
import { makeRole, renameRole, saveMatrix, takeRoleAway } from "#flows/edit-role.ts";
import { addPerson, editPerson, limitInvalid, resetPassword, setPersonState, signOutPerson } from "#flows/edit-user.ts";
import { rolesFor, scopeTreeFor, userFor, userLineFor, usersFor } from "#flows/people-views.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const userParams = z.object({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
const reasonMistake = { reason: () => new AppError("reason_required") };
const userMistakes = { ...reasonMistake, limits: limitInvalid };

/** Users, roles and scopes (管理员与角色): /api/users, /api/roles and /api/scope-tree. `nudge` tells the open pages. */
export function peopleRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const made = async (actor: Actor, userId: number, password: string | null) => {
    nudge();
    return { user: await userLineFor(ctx, actor, userId), password };
  };

  addRoute(routes, {
    method: "GET",
    path: "/api/users",
    access: "user.manage",
    params: nothing,
    query: usersQuery,
    body: nothing,
    answer: users,
    handle: ({ actor, query }) => usersFor(ctx, actor, query.search),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/users",
    access: "user.manage",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: userAdd,
    answer: userMade,
    mistakes: { ...userMistakes, login: () => new AppError("login_invalid") },
    async handle({ actor, body, ip }) {
      const { userId, password } = await addPerson(ctx, actor, { ...body, ip });
      return made(actor, userId, password);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/users/:id",
    access: "user.manage",
    params: userParams,
    query: nothing,
    body: nothing,
    answer: userDetail,
    missing: "user_not_found",
    handle: ({ actor, params }) => userFor(ctx, actor, params.id),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/users/:id",
    access: "user.manage",
    stepUp: true,
    params: userParams,
    query: nothing,
    body: userEdit,
    answer: userMade,
    missing: "user_not_found",
    mistakes: userMistakes,
    async handle({ actor, params, body, ip }) {
      await editPerson(ctx, actor, { ...body, userId: params.id, ip });
      return made(actor, params.id, null);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/users/:id/state",
    access: "user.manage",
    stepUp: true,
    params: userParams,
    query: nothing,
    body: userState,
    answer: userMade,
    missing: "user_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      await setPersonState(ctx, actor, { ...body, userId: params.id, ip });
      return made(actor, params.id, null);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/users/:id/password",
    access: "user.manage",
    stepUp: true,
    params: userParams,
    query: nothing,
    body: passwordReset,
    answer: userMade,
    missing: "user_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      const password = await resetPassword(ctx, actor, { ...body, userId: params.id, ip });
      return made(actor, params.id, password);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/users/:id/sign-out",
    access: "user.manage",
    stepUp: true,
    params: userParams,
    query: nothing,
    body: withReason,
    answer: userMade,
    missing: "user_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      await signOutPerson(ctx, actor, { ...body, userId: params.id, ip });
      return made(actor, params.id, null);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/roles",
    access: "user.manage",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: roles,
    handle: ({ actor }) => rolesFor(ctx, actor),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/roles",
    access: "user.manage",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: roleAdd,
    answer: roles,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      await makeRole(ctx, actor, { ...body, ip });
      return rolesFor(ctx, actor);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/roles/rename",
    access: "user.manage",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: roleRename,
    answer: roles,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      await renameRole(ctx, actor, { ...body, ip });
      return rolesFor(ctx, actor);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/roles/remove",
    access: "user.manage",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: roleRemove,
    answer: roles,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      await takeRoleAway(ctx, actor, { ...body, ip });
      return rolesFor(ctx, actor);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/roles/permissions",
    access: "user.manage",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: roleMatrix,
    answer: roles,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      await saveMatrix(ctx, actor, { ...body, ip });
      nudge();
      return rolesFor(ctx, actor);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/scope-tree",
    access: "user.manage",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: scopeTree,
    handle: ({ actor }) => scopeTreeFor(ctx, actor),
  });
}
