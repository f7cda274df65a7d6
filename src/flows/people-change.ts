import { AppError, type ErrorCode } from "#base/errors.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { beyond, isFullAdministrator } from "#domain/people.ts";
import { type Actor, type Permission, permissions, type Scope } from "#domain/permission.ts";
import { permissionNames } from "#domain/permission-names.ts";
import { limitBeyond, limitNames, limitsText, NO_LIMITS, type UserLimits } from "#domain/user-limit.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import {
  claimPeople,
  coversScope,
  type Role,
  roleRows,
  rolesOfUsers,
  scopesOfUsers,
  type UserRow,
  userRow,
  userRows,
} from "#store/people.ts";
import { limitsOf, limitsOfUsers } from "#store/user-limits.ts";
import { actorOf } from "#store/users.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** A user as somebody who looks after users decides about him. */
export type Person = {
  row: UserRow;
  roleIds: readonly number[];
  permissions: ReadonlySet<Permission>;
  scope: Scope;
  limits: UserLimits;
};

/** What a change of users or roles rests upon: the asker and his limits as they are now, and all roles. */
export type PeopleChange = { tx: Tx; asker: Actor; limits: UserLimits; roles: ReadonlyMap<number, Role> };

/** More users than any installation has; beyond it the list is cut. */
export const USERS_MAX = 5_000;

/**
 * Runs a change of users or roles: one at a time in the whole installation, decided by what the asker may do at that moment and not when
 * his request was let in. Undone when it would leave nobody who has all permissions over all meters.
 */
export function changePeople<T>(
  ctx: FlowContext,
  actor: Actor,
  body: (change: PeopleChange) => Promise<T>,
): Promise<T> {
  return decide(ctx.db, async (tx) => {
    await claimPeople(tx);
    const asker = await actorOf(tx, actor.userId);
    if (asker === null) throw new AppError("unauthenticated");
    if (!asker.permissions.has("user.manage")) throw new AppError("forbidden", { permission: "user.manage" });
    const before = await fullAdministrators(tx);
    const limits = await limitsOf(tx, asker.userId);
    const roles = new Map((await roleRows(tx)).map((role) => [role.id, role]));
    const result = await body({ tx, asker, limits, roles });
    const after = await fullAdministrators(tx);
    if (before > 0 && after === 0) throw new AppError("last_administrator");
    const still = await actorOf(tx, actor.userId);
    if (!still?.permissions.has("user.manage")) throw new AppError("user_own_rights");
    return result;
  });
}

/** A user that the asker may know of: his whole scope lies in the asker's. Everybody else does not exist for him. */
export async function personSeen(tx: Tx, asker: Actor, userId: number): Promise<Person> {
  const row = await userRow(tx, userId);
  if (row === undefined) throw new AppError("user_not_found");
  const [person] = await personsOf(tx, [row]);
  if (person === undefined || !(await coversScope(tx, asker.scope, person.scope))) throw new AppError("user_not_found");
  return person;
}

/** The same, of whom the asker may also decide: who may do more than he would lend him his rights by a new password. */
export async function personToChange(change: PeopleChange, userId: number, version: number | null): Promise<Person> {
  const { tx, asker } = change;
  const person = await personSeen(tx, asker, userId);
  refuseBeyond(asker, person.permissions, "user_beyond_you");
  refuseLimitBeyond(change, person, "user_beyond_limits");
  if (version !== null && version !== person.row.version) throw new AppError("user_changed", { name: person.row.name });
  return person;
}

/** Roles, permissions, scopes and limits of some users. */
export async function personsOf(tx: Tx, rows: readonly UserRow[]): Promise<Person[]> {
  const roles = new Map((await roleRows(tx)).map((role) => [role.id, role]));
  const [held, scopes] = [
    await rolesOfUsers(
      tx,
      rows.map((row) => row.id),
    ),
    await scopesOfUsers(tx, rows),
  ];
  const limits = await limitsOfUsers(
    tx,
    rows.map((row) => row.id),
  );
  return rows.map((row) => {
    const roleIds = held.get(row.id) ?? [];
    return {
      row,
      roleIds,
      permissions: new Set(roleIds.flatMap((id) => roles.get(id)?.permissions ?? [])),
      scope: scopes.get(row.id) ?? { all: false, areaIds: [], meterIds: [] },
      limits: limits.get(row.id) ?? NO_LIMITS,
    };
  });
}

/** Refuses permissions that the asker has not got himself, and names the first. */
export function refuseBeyond(asker: Actor, wanted: Iterable<Permission>, code: ErrorCode): void {
  const [first] = beyond(asker.permissions, wanted);
  if (first !== undefined) throw new AppError(code, { permission: permissionNames[first][0] });
}

/** Refuses limits that are wider than the asker's own, where they mean something with these permissions, and names the first. */
export function refuseLimitBeyond(
  { limits }: PeopleChange,
  wanted: { limits: UserLimits; permissions: ReadonlySet<Permission> },
  code: "limit_beyond_you" | "user_beyond_limits",
): void {
  const kind = limitBeyond(limits, wanted);
  if (kind !== null) throw new AppError(code, { kind: limitNames[kind][0], limit: limitsText(limits)[kind] ?? "" });
}

/** One line of the audit about a user or a role. Never a password. */
export async function auditPeople(
  ctx: FlowContext,
  tx: Tx,
  actor: Pick<Actor, "login">,
  line: {
    action: AuditAction;
    object: string;
    before: object | null;
    after: object | null;
    reason: string;
    ip: string;
  },
): Promise<void> {
  const now = ctx.clock();
  await addAudit(tx, { id: ctx.newId(now), at: now, actor: actor.login, ...line });
}

/** Active users who may do everything everywhere, without a limit. */
export async function fullAdministrators(tx: Tx): Promise<number> {
  const active = (await userRows(tx, USERS_MAX)).filter((row) => row.disabled === 0 && row.all_meters === 1);
  const persons = await personsOf(tx, active);
  return persons.filter((each) => isFullAdministrator({ ...each, allMeters: each.scope.all })).length;
}

/** Permissions in the order of the list, for the audit and for pages. */
export const inOrder = (held: ReadonlySet<Permission>): Permission[] => permissions.filter((each) => held.has(each));
