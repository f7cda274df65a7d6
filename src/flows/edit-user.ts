import { AppError, type ErrorCode } from "#base/errors.ts";
import type { PasswordReset, ScopeChoice, UserAdd, UserEdit, UserState, WithReason } from "#contract/people.ts";
import { type PasswordFault, passwordFault } from "#domain/password-rule.ts";
import type { Actor, Scope } from "#domain/permission.ts";
import { BATCH_METERS_MAX } from "#domain/switch-batch.ts";
import {
  atMost,
  hasLimits,
  LIMIT_MAX_YUAN,
  type LimitsText,
  limitsText,
  limitsTyped,
  NO_LIMITS,
  type UserLimits,
} from "#domain/user-limit.ts";
import { addUser, changeUser, coveredRefs, endSessions, nextPersonId, setRoles, setScope } from "#store/people.ts";
import { setLimits } from "#store/user-limits.ts";
import { userForLogin } from "#store/users.ts";
import { hashPassword, makePassword } from "#system/password.ts";
import type { FlowContext } from "./context.ts";
import {
  auditPeople,
  changePeople,
  inOrder,
  type PeopleChange,
  type Person,
  personSeen,
  personToChange,
  refuseBeyond,
  refuseLimitBeyond,
} from "./people-change.ts";

type Asked<T> = T & { ip: string };
type AskedOf<T> = Asked<T> & { userId: number };

/**
 * Enters a user with roles, a scope and limits that the asker has himself; where none is said, a limited asker gives his own. Answers the password when it was made here: it is told once, and
 * whoever logs in with it must choose another.
 */
export async function addPerson(
  ctx: FlowContext,
  actor: Actor,
  input: Asked<UserAdd>,
): Promise<{ userId: number; password: string | null }> {
  const given = await passwordFor(input.password, input.login);
  const userId = await changePeople(ctx, actor, async (change) => {
    const { tx } = change;
    await refuseRoles(change, input.roleIds, null);
    await refuseScope(change, input.scope);
    const limits = atMost(change.limits, input.limits === undefined ? NO_LIMITS : limitsAsked(input.limits));
    refuseLimits(change, input.roleIds, limits);
    const namesake = await userForLogin(tx, input.login);
    // Our own commit whose answer was lost: nobody else has this hash.
    if (namesake?.passwordHash === given.hash) return namesake.id;
    if (namesake !== null) throw new AppError("login_taken", { login: input.login });
    const id = await nextPersonId(tx, "user");
    await addUser(tx, {
      id,
      login: input.login,
      name: input.name,
      password_hash: given.hash,
      disabled: 0,
      all_meters: input.scope.all ? 1 : 0,
      created_at: ctx.clock(),
      must_change: 1,
      seen_at: 0,
      version: 0,
    });
    await setRoles(tx, id, input.roleIds);
    await setScope(tx, id, input.scope);
    await saveLimits(ctx, change, { userId: id, from: NO_LIMITS, to: limits, reason: input.reason, ip: input.ip });
    const after = shown(change, { ...input, limits });
    const line = { action: "user.create" as const, object: `user:${id}`, before: null, after };
    await auditPeople(ctx, tx, change.asker, { ...line, reason: input.reason, ip: input.ip });
    return id;
  });
  return { userId, password: given.made };
}

/** Gives a user another name, roles, scope and limits; they hold from his next request on. Nobody changes his own but the name. */
export async function editPerson(ctx: FlowContext, actor: Actor, input: AskedOf<UserEdit>): Promise<void> {
  await changePeople(ctx, actor, async (change) => {
    const { tx, asker } = change;
    const person = await personToChange(change, input.userId, input.version);
    await refuseRoles(change, input.roleIds, person);
    await refuseScope(change, input.scope);
    const limits = input.limits === undefined ? person.limits : limitsAsked(input.limits);
    refuseLimits(change, input.roleIds, limits);
    const before = shown(change, asShown(person));
    const after = shown(change, { login: person.row.login, ...input, limits });
    const { name: _, ...rights } = after;
    const { name: __, ...rightsBefore } = before;
    if (asker.userId === input.userId && JSON.stringify(rights) !== JSON.stringify(rightsBefore))
      throw new AppError("user_own_rights");
    await setRoles(tx, input.userId, input.roleIds);
    await setScope(tx, input.userId, input.scope);
    const { userId, reason, ip } = input;
    await saveLimits(ctx, change, { userId, from: person.limits, to: limits, reason, ip });
    await saveUser(change, person, { name: input.name, all_meters: input.scope.all ? 1 : 0 });
    const line = { action: "user.edit" as const, object: `user:${input.userId}`, before, after };
    await auditPeople(ctx, tx, asker, { ...line, reason: input.reason, ip: input.ip });
  });
}

/** Disables a user, whose sessions end at once, or lets him in again. Nobody disables himself. */
export async function setPersonState(ctx: FlowContext, actor: Actor, input: AskedOf<UserState>): Promise<void> {
  await changePeople(ctx, actor, async (change) => {
    const { tx, asker } = change;
    const person = await personToChange(change, input.userId, input.version);
    if (asker.userId === input.userId) throw new AppError("user_own_rights");
    const wanted = input.disabled ? 1 : 0;
    if (person.row.disabled === wanted) return;
    await saveUser(change, person, { disabled: wanted });
    const ended = await endSessions(tx, input.userId, null);
    await auditPeople(ctx, tx, asker, {
      action: input.disabled ? "user.disable" : "user.enable",
      object: `user:${input.userId}`,
      before: { disabled: person.row.disabled === 1 },
      after: { disabled: input.disabled, sessionsEnded: ended },
      reason: input.reason,
      ip: input.ip,
    });
  });
}

/** Gives a user another password that he must change, and ends his sessions. Answers it when it was made here. */
export async function resetPassword(
  ctx: FlowContext,
  actor: Actor,
  input: AskedOf<PasswordReset>,
): Promise<string | null> {
  const { row } = await personSeen(ctx.db.read, actor, input.userId);
  const given = await passwordFor(input.password, row.login);
  await changePeople(ctx, actor, async (change) => {
    const person = await personToChange(change, input.userId, null);
    // One's own is changed with the old one in hand, not by the right to look after users.
    if (change.asker.userId === input.userId) throw new AppError("user_own_password");
    await saveUser(change, person, { password_hash: given.hash, must_change: 1 });
    const ended = await endSessions(change.tx, input.userId, null);
    await auditPeople(ctx, change.tx, change.asker, {
      action: "user.password_reset",
      object: `user:${input.userId}`,
      before: null,
      after: { sessionsEnded: ended },
      reason: input.reason,
      ip: input.ip,
    });
  });
  return given.made;
}

/** Ends all sessions of a user. */
export async function signOutPerson(ctx: FlowContext, actor: Actor, input: AskedOf<WithReason>): Promise<void> {
  await changePeople(ctx, actor, async (change) => {
    await personToChange(change, input.userId, null);
    const ended = await endSessions(change.tx, input.userId, null);
    await auditPeople(ctx, change.tx, change.asker, {
      action: "user.sign_out",
      object: `user:${input.userId}`,
      before: null,
      after: { sessionsEnded: ended },
      reason: input.reason,
      ip: input.ip,
    });
  });
}

const faults: Readonly<Record<NonNullable<PasswordFault>, ErrorCode>> = {
  short: "password_short",
  plain: "password_plain",
  login: "password_has_login",
};

/** Refuses a password that is too easily guessed. */
export function refusePassword(password: string, login: string): void {
  const fault = passwordFault(password, login);
  if (fault !== null) throw new AppError(faults[fault]);
}

async function passwordFor(typed: string | null, login: string): Promise<{ hash: string; made: string | null }> {
  if (typed !== null) refusePassword(typed, login);
  const made = typed === null ? makePassword() : null;
  return { hash: await hashPassword(typed ?? made ?? ""), made };
}

/** Roles that are given anew must hold nothing that the asker has not; those that he has already are nobody's gift. */
async function refuseRoles({ asker, roles }: PeopleChange, roleIds: readonly number[], person: Person | null) {
  for (const id of roleIds) {
    const role = roles.get(id);
    if (role === undefined) throw new AppError("role_not_found");
    if (!person?.roleIds.includes(id)) refuseBeyond(asker, role.permissions, "role_beyond_you");
  }
}

/** A scope must exist and lie in the asker's, piece by piece. */
async function refuseScope({ tx, asker }: PeopleChange, scope: ScopeChoice): Promise<void> {
  if (scope.all) {
    if (!asker.scope.all) throw new AppError("scope_beyond_you");
    return;
  }
  const covered = await coveredRefs(tx, asker.scope, scope);
  const isCovered = covered.areaIds.size === scope.areaIds.length && covered.meterIds.size === scope.meterIds.length;
  if (!isCovered) throw new AppError("scope_beyond_you");
}

/** What these roles and limits come to must not be wider than what the asker has himself. */
function refuseLimits(change: PeopleChange, roleIds: readonly number[], limits: UserLimits): void {
  const permissions = new Set(roleIds.flatMap((id) => change.roles.get(id)?.permissions ?? []));
  refuseLimitBeyond(change, { limits, permissions }, "limit_beyond_you");
}

function limitsAsked(text: LimitsText): UserLimits {
  const limits = limitsTyped(text);
  if (limits === null) throw limitInvalid();
  return limits;
}

/** What is typed for a limit can be none. */
export const limitInvalid = (): AppError =>
  new AppError("limit_invalid", { max: LIMIT_MAX_YUAN, meters: BATCH_METERS_MAX });

/** Keeps limits that are others than before, with a line of the audit of their own, by which every change of them is found. */
async function saveLimits(
  ctx: FlowContext,
  { tx, asker }: PeopleChange,
  change: { userId: number; from: UserLimits; to: UserLimits; reason: string; ip: string },
): Promise<void> {
  const [before, after] = [limitsText(change.from), limitsText(change.to)];
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  await setLimits(tx, change.userId, change.to);
  const { userId, reason, ip } = change;
  await auditPeople(ctx, tx, asker, { action: "user.limits", object: `user:${userId}`, before, after, reason, ip });
}

async function saveUser({ tx }: PeopleChange, person: Person, values: Parameters<typeof changeUser>[2]): Promise<void> {
  if (!(await changeUser(tx, person.row, values))) throw new AppError("user_changed", { name: person.row.name });
}

function asShown({ row, roleIds, scope, limits }: Person) {
  return { login: row.login, name: row.name, roleIds, scope, limits };
}

/** A user in the words of the audit. */
function shown(
  { roles }: PeopleChange,
  user: { login: string; name: string; roleIds: readonly number[]; scope: Scope; limits: UserLimits },
) {
  const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);
  const held = sorted(user.roleIds).map((id) => roles.get(id));
  return {
    login: user.login,
    name: user.name,
    roles: held.map((role) => role?.name ?? ""),
    permissions: inOrder(new Set(held.flatMap((role) => role?.permissions ?? []))),
    scope: user.scope.all ? "all" : { areas: sorted(user.scope.areaIds), meters: sorted(user.scope.meterIds) },
    ...(hasLimits(user.limits) && { limits: limitsText(user.limits) }),
  };
}
