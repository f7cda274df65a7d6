import type {
  PasswordChange,
  PasswordReset,
  RoleAdd,
  RoleMatrix,
  RoleRemove,
  RoleRename,
  Roles,
  ScopeTree,
  UserAdd,
  UserDetail,
  UserEdit,
  UserMade,
  UserState,
  Users,
  WithReason,
} from "#contract/people.ts";
import type { Me } from "#contract/session.ts";
import { call, get } from "./api.ts";

/** Keys of what the pages keep about users and roles. */
export const peopleKeys = {
  users: (search: string) => ["users", "list", search] as const,
  user: (userId: number) => ["users", "one", userId] as const,
  all: ["users"] as const,
  roles: ["roles"] as const,
  tree: ["scope-tree"] as const,
};

const user = (userId: number) => `/api/users/${userId}`;

export const getUsers = (search: string) => get<Users>(`/api/users?${new URLSearchParams({ search })}`);
export const getUser = (userId: number) => get<UserDetail>(user(userId));
export const postUser = (request: UserAdd) => call<UserMade>("POST", "/api/users", { body: request });
export const editUser = (userId: number, request: UserEdit) => call<UserMade>("POST", user(userId), { body: request });
export const postUserState = (userId: number, request: UserState) =>
  call<UserMade>("POST", `${user(userId)}/state`, { body: request });
export const postPasswordReset = (userId: number, request: PasswordReset) =>
  call<UserMade>("POST", `${user(userId)}/password`, { body: request });
export const postSignOut = (userId: number, request: WithReason) =>
  call<UserMade>("POST", `${user(userId)}/sign-out`, { body: request });
export const postFactorReset = (userId: number, request: WithReason) =>
  call<unknown>("POST", `${user(userId)}/totp/reset`, { body: request });

export const getRoles = () => get<Roles>("/api/roles");
export const postRole = (request: RoleAdd) => call<Roles>("POST", "/api/roles", { body: request });
export const postRoleName = (request: RoleRename) => call<Roles>("POST", "/api/roles/rename", { body: request });
export const postRoleRemoval = (request: RoleRemove) => call<Roles>("POST", "/api/roles/remove", { body: request });
export const postRoleMatrix = (request: RoleMatrix) => call<Roles>("POST", "/api/roles/permissions", { body: request });
export const getScopeTree = () => get<ScopeTree>("/api/scope-tree");

export const postOwnPassword = (request: PasswordChange) =>
  call<Me>("POST", "/api/session/password", { body: request });
/** From here on the whole session sees what that user sees, in every tab, until {@link leavePreview}. */
export const beginPreview = (userId: number, request: WithReason) =>
  call<Me>("POST", `${user(userId)}/preview`, { body: request });
export const leavePreview = () => call<Me>("DELETE", "/api/session/preview", {});
