import { later } from "#base/time.ts";
import type { Roles, ScopeTree, UserDetail, UserLine, Users } from "#contract/people.ts";
import { loginName } from "#domain/login-name.ts";
import { beyond } from "#domain/people.ts";
import { type Actor, ADMIN_ROLE, type Scope } from "#domain/permission.ts";
import { limitBeyond, limitsText } from "#domain/user-limit.ts";
import type { Tx } from "#store/db.ts";
import { countMeters } from "#store/meters.ts";
import {
  areaTree,
  coveredRefs,
  liveSessions,
  namesOfRefs,
  type Role,
  roleRows,
  userRows,
  usersOfRoles,
} from "#store/people.ts";
import { totpOf } from "#store/second-factor.ts";
import { limitsOf } from "#store/user-limits.ts";
import type { FlowContext } from "./context.ts";
import { SESSION_IDLE_MS } from "./log-in.ts";
import { type Person, personSeen, personsOf, USERS_MAX } from "./people-change.ts";

/** Users in one answer; a search finds the others. */
export const USERS_SHOWN_MAX = 200;

/** The users that somebody may know of, by a part of their login, name or roles: those whose whole scope lies in his. */
export async function usersFor(ctx: FlowContext, actor: Actor, search: string): Promise<Users> {
  const tx = ctx.db.read;
  const roles = await roleRows(tx);
  const persons = await personsOf(tx, await userRows(tx, USERS_MAX));
  const known = await within(tx, actor.scope, persons);
  const found = known.filter((person) => isFound(person, roles, loginName(search)));
  const shown = found.slice(0, USERS_SHOWN_MAX);
  return { asOf: ctx.clock(), items: await lines(ctx, actor, shown, roles), more: found.length > shown.length };
}

/** One user for the list, after a change. */
export async function userLineFor(ctx: FlowContext, actor: Actor, userId: number): Promise<UserLine> {
  const person = await personSeen(ctx.db.read, actor, userId);
  const [line] = await lines(ctx, actor, [person], await roleRows(ctx.db.read));
  return line as UserLine;
}

/** One user with his areas and meters. */
export async function userFor(ctx: FlowContext, actor: Actor, userId: number): Promise<UserDetail> {
  const { scope } = await personSeen(ctx.db.read, actor, userId);
  const line = await userLineFor(ctx, actor, userId);
  const refs = scope.all ? { areaIds: [], meterIds: [] } : scope;
  const { meters } = await namesOfRefs(ctx.db.read, { areaIds: [], meterIds: refs.meterIds });
  return {
    ...line,
    areaIds: [...refs.areaIds],
    factorSince: (await totpOf(ctx.db.read, userId))?.confirmed_at ?? null,
    singles: meters.map((row) => ({
      meterId: row.id,
      label: row.label,
      number: row.number,
      areaId: row.area_id,
      areaName: row.area_name,
    })),
  };
}

/** All roles, with how many users have each. */
export async function rolesFor(ctx: FlowContext, actor: Actor): Promise<Roles> {
  const users = await usersOfRoles(ctx.db.read);
  const items = (await roleRows(ctx.db.read)).map((role) => ({
    roleId: role.id,
    code: role.code,
    name: role.name,
    permissions: [...role.permissions],
    users: users.get(role.id) ?? 0,
    fixed: role.code === ADMIN_ROLE,
    version: role.version,
  }));
  return { asOf: ctx.clock(), items, editable: actor.scope.all };
}

/** The areas that somebody may give others, with the meters below each. */
export async function scopeTreeFor(ctx: FlowContext, actor: Actor): Promise<ScopeTree> {
  return {
    asOf: ctx.clock(),
    all: actor.scope.all,
    meters: await countMeters(ctx.db.read, actor.scope),
    areas: await areaTree(ctx.db.read, actor.scope),
  };
}

async function within(tx: Tx, scope: Scope, persons: readonly Person[]): Promise<readonly Person[]> {
  if (scope.all) return persons;
  const parts = persons.flatMap((person) => (person.scope.all ? [] : [person.scope]));
  const covered = await coveredRefs(tx, scope, {
    areaIds: parts.flatMap((part) => part.areaIds),
    meterIds: parts.flatMap((part) => part.meterIds),
  });
  return persons.filter(
    ({ scope: own }) =>
      !own.all &&
      own.areaIds.every((id) => covered.areaIds.has(id)) &&
      own.meterIds.every((id) => covered.meterIds.has(id)),
  );
}

function isFound({ row, roleIds }: Person, roles: readonly Role[], search: string): boolean {
  const names = roles.filter((role) => roleIds.includes(role.id)).map((role) => role.name);
  return [row.login, row.name, ...names].some((text) => loginName(text).includes(search));
}

async function lines(
  ctx: FlowContext,
  actor: Actor,
  persons: readonly Person[],
  roles: readonly Role[],
): Promise<UserLine[]> {
  const tx = ctx.db.read;
  const now = ctx.clock();
  const sessions = await liveSessions(tx, { now, idleBefore: later(now, -SESSION_IDLE_MS) });
  const areaIds = [...new Set(persons.flatMap(({ scope }) => (scope.all ? [] : scope.areaIds)))];
  const { areas } = await namesOfRefs(tx, { areaIds, meterIds: [] });
  const areaNames = new Map(areas.map((area) => [area.id, area.name]));
  const counted = new Map<string, number>();
  const own = await limitsOf(tx, actor.userId);
  const shown: UserLine[] = [];
  for (const { row, roleIds, permissions, scope, limits } of persons) {
    const key = JSON.stringify(scope);
    const meters = counted.get(key) ?? (await countMeters(tx, scope));
    counted.set(key, meters);
    shown.push({
      userId: row.id,
      login: row.login,
      name: row.name,
      disabled: row.disabled === 1,
      mustChangePassword: row.must_change === 1,
      roles: roles
        .filter((role) => roleIds.includes(role.id))
        .map((role) => ({ roleId: role.id, code: role.code, name: role.name })),
      scope: {
        all: scope.all,
        areas: scope.all ? [] : scope.areaIds.map((id) => areaNames.get(id) ?? ""),
        singleMeters: scope.all ? 0 : scope.meterIds.length,
        meters,
      },
      limits: limitsText(limits),
      seenAt: row.seen_at === 0 ? null : row.seen_at,
      sessions: sessions.get(row.id) ?? 0,
      version: row.version,
      self: row.id === actor.userId,
      mine: beyond(actor.permissions, permissions).length === 0 && limitBeyond(own, { limits, permissions }) === null,
    });
  }
  return shown;
}
