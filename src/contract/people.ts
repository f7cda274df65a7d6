import { z } from "zod";
import { isLoginName, loginName } from "#domain/login-name.ts";
import { PASSWORD_CHARS_MAX } from "#domain/password-rule.ts";
import { permissions } from "#domain/permission.ts";
import { limitsChoice, userLimits } from "./user-limits.ts";

const ROLES_MAX = 100;
/** Areas and single meters of one user; who needs more takes an area above them. */
const REFS_MAX = 500;

const id = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const version = z.number().int().min(0);
const at = z.number().int();
const why = z.string().trim().min(1).max(200);
const personName = z.string().trim().min(1).max(40);
const password = z.string().min(1).max(PASSWORD_CHARS_MAX);
const ids = (most: number) =>
  z
    .array(id)
    .max(most)
    .transform((list) => [...new Set(list)]);

/** Which meters somebody looks after (管辖范围): all, or those below some areas and some single ones. */
export const scopeChoice = z.discriminatedUnion("all", [
  z.object({ all: z.literal(true) }),
  z.object({ all: z.literal(false), areaIds: ids(REFS_MAX), meterIds: ids(REFS_MAX) }),
]);
export type ScopeChoice = z.infer<typeof scopeChoice>;

/** GET /api/users?search=: words of the login or the name, and of roles. */
export const usersQuery = z.object({ search: z.string().trim().max(64).default("") });

const roleName = z.object({ roleId: z.number().int(), code: z.string(), name: z.string() });

/** One user as the list shows him. `mine`: whether I may change him; who may do more than I, I may only see. */
export const userLine = z.object({
  userId: z.number().int(),
  login: z.string(),
  name: z.string(),
  disabled: z.boolean(),
  mustChangePassword: z.boolean(),
  roles: z.array(roleName),
  scope: z.object({
    all: z.boolean(),
    /** Names of the areas; single meters are only counted. */
    areas: z.array(z.string()),
    singleMeters: z.number().int(),
    /** Meters in it altogether. */
    meters: z.number().int(),
  }),
  limits: userLimits,
  /** Null: never logged in. */
  seenAt: at.nullable(),
  sessions: z.number().int(),
  version,
  self: z.boolean(),
  mine: z.boolean(),
});
export type UserLine = z.infer<typeof userLine>;

/** What the page of users shows: those whose whole scope lies in mine. */
export const users = z.object({ asOf: at, items: z.array(userLine), more: z.boolean() });
export type Users = z.infer<typeof users>;

/** GET /api/users/:id: with everything that the form of changing him needs. */
export const userDetail = userLine.extend({
  areaIds: z.array(z.number().int()),
  /** Since when his log-in asks for a second factor (两步验证); null while it does not. */
  factorSince: at.nullable(),
  singles: z.array(
    z.object({
      meterId: z.number().int(),
      label: z.string(),
      number: z.string(),
      areaId: z.number().int(),
      areaName: z.string(),
    }),
  ),
});
export type UserDetail = z.infer<typeof userDetail>;

/** POST /api/users. Without a password one is made and shown once; either must be changed at the first login. */
export const userAdd = z.object({
  login: z.string().max(64).transform(loginName).refine(isLoginName),
  name: personName,
  roleIds: ids(ROLES_MAX),
  scope: scopeChoice,
  /** Left out, or null in one: none, but what the giver has himself. */
  limits: limitsChoice.optional(),
  password: password.nullable(),
  reason: why,
});
export type UserAdd = z.infer<typeof userAdd>;

/** POST /api/users/:id: his name, roles, scope and limits as they are to be. */
export const userEdit = z.object({
  version,
  name: personName,
  roleIds: ids(ROLES_MAX),
  scope: scopeChoice,
  /** Left out: as they are. */
  limits: limitsChoice.optional(),
  reason: why,
});
export type UserEdit = z.infer<typeof userEdit>;

/** POST /api/users/:id/state */
export const userState = z.object({ version, disabled: z.boolean(), reason: why });
export type UserState = z.infer<typeof userState>;

/** POST /api/users/:id/password: another one, made when null. */
export const passwordReset = z.object({ password: password.nullable(), reason: why });
export type PasswordReset = z.infer<typeof passwordReset>;

/** POST /api/users/:id/sign-out, /api/users/:id/preview */
export const withReason = z.object({ reason: why });
export type WithReason = z.infer<typeof withReason>;

/** A user after a change; `password` is the one that was made, in this answer and nowhere else. */
export const userMade = z.object({ user: userLine, password: z.string().nullable() });
export type UserMade = z.infer<typeof userMade>;

/** POST /api/session/password: one's own. */
export const passwordChange = z.object({ old: z.string().min(1).max(256), password });
export type PasswordChange = z.infer<typeof passwordChange>;

/** One role as a column of the matrix. `fixed`: has every permission and cannot be changed. */
export const roleView = z.object({
  roleId: z.number().int(),
  code: z.string(),
  name: z.string(),
  permissions: z.array(z.enum(permissions)),
  users: z.number().int(),
  fixed: z.boolean(),
  version,
});
export type RoleView = z.infer<typeof roleView>;

/** GET /api/roles. `editable`: roles hold for all meters, so only who looks after all of them may change roles. */
export const roles = z.object({ asOf: at, items: z.array(roleView), editable: z.boolean() });
export type Roles = z.infer<typeof roles>;

/** POST /api/roles: a new one, with the permissions of another or none. */
export const roleAdd = z.object({ name: personName, like: id.nullable(), reason: why });
export type RoleAdd = z.infer<typeof roleAdd>;
/** POST /api/roles/rename */
export const roleRename = z.object({ roleId: id, version, name: personName, reason: why });
export type RoleRename = z.infer<typeof roleRename>;
/** POST /api/roles/remove */
export const roleRemove = z.object({ roleId: id, version, reason: why });
export type RoleRemove = z.infer<typeof roleRemove>;
/** POST /api/roles/permissions: the changed columns of the matrix, all or none of them. */
export const roleMatrix = z.object({
  changes: z
    .array(z.object({ roleId: id, version, permissions: z.array(z.enum(permissions)) }))
    .min(1)
    .max(ROLES_MAX),
  reason: why,
});
export type RoleMatrix = z.infer<typeof roleMatrix>;

/** GET /api/scope-tree: areas that I may give, and those above them for orientation, with the meters of mine below each. */
export const scopeTree = z.object({
  asOf: at,
  /** Whether I may give all meters. */
  all: z.boolean(),
  meters: z.number().int(),
  areas: z.array(
    z.object({
      areaId: z.number().int(),
      parentId: z.number().int().nullable(),
      name: z.string(),
      meters: z.number().int(),
      inside: z.boolean(),
    }),
  ),
});
export type ScopeTree = z.infer<typeof scopeTree>;
