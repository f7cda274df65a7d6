import { AppError } from "#base/errors.ts";
import type { RoleAdd, RoleMatrix, RoleRemove, RoleRename } from "#contract/people.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { permissionDiff } from "#domain/people.ts";
import { type Actor, ADMIN_ROLE, type Permission } from "#domain/permission.ts";
import { limitBeyond, limitNames, limitsText, NO_LIMITS } from "#domain/user-limit.ts";
import type { Tx } from "#store/db.ts";
import { addRole, changeRole, nextPersonId, type Role, removeRole, usersOfRoles } from "#store/people.ts";
import type { FlowContext } from "./context.ts";
import { auditPeople, changePeople, type PeopleChange, refuseBeyond } from "./people-change.ts";

type Asked<T> = T & { ip: string };

/** Makes a role of one's own (自定义角色), with the permissions of another or none. */
export function makeRole(ctx: FlowContext, actor: Actor, input: Asked<RoleAdd>): Promise<number> {
  return changePeople(ctx, actor, async (change) => {
    refusePart(change);
    refuseNamesake(change, input.name, null);
    const permissions = input.like === null ? [] : roleOf(change, input.like).permissions;
    refuseBeyond(change.asker, permissions, "role_beyond_you");
    const id = await nextPersonId(change.tx, "role");
    const row = { id, code: `role${id}`, name: input.name, permissions: JSON.stringify(permissions), version: 0 };
    await addRole(change.tx, row);
    const after = { name: input.name, permissions };
    await audit(ctx, change, { action: "role.create", id, before: null, after, ...input });
    return id;
  });
}

/** Gives a role another name. */
export async function renameRole(ctx: FlowContext, actor: Actor, input: Asked<RoleRename>): Promise<void> {
  await changePeople(ctx, actor, async (change) => {
    const role = roleToChange(change, input);
    refuseNamesake(change, input.name, role.id);
    await saveRole(change.tx, role, { name: input.name });
    const [before, after] = [{ name: role.name }, { name: input.name }];
    await audit(ctx, change, { action: "role.rename", id: role.id, before, after, ...input });
  });
}

/** Takes away a role that nobody has. */
export async function takeRoleAway(ctx: FlowContext, actor: Actor, input: Asked<RoleRemove>): Promise<void> {
  await changePeople(ctx, actor, async (change) => {
    const role = roleToChange(change, input);
    const users = (await usersOfRoles(change.tx)).get(role.id) ?? 0;
    if (users > 0) throw new AppError("role_in_use", { name: role.name, users });
    refuseBeyond(change.asker, role.permissions, "role_beyond_you");
    if (!(await removeRole(change.tx, role))) throw new AppError("role_changed", { name: role.name });
    const before = { name: role.name, permissions: role.permissions };
    await audit(ctx, change, { action: "role.remove", id: role.id, before, after: null, ...input });
  });
}

/**
 * Changes what roles may do: every changed column of the matrix, or none of them. Each must be the version that was seen, and only
 * permissions that the asker has himself are given or taken. They hold for open sessions from their next request on.
 */
export async function saveMatrix(ctx: FlowContext, actor: Actor, input: Asked<RoleMatrix>): Promise<void> {
  await changePeople(ctx, actor, async (change) => {
    for (const wanted of input.changes) {
      const role = roleToChange(change, wanted);
      const { added, removed } = permissionDiff(role.permissions, wanted.permissions);
      if (added.length + removed.length === 0) continue;
      refuseBeyond(change.asker, [...added, ...removed], "permission_beyond_you");
      refuseUnlimited(change, added);
      const permissions = inListOrder(role.permissions, { added, removed });
      await saveRole(change.tx, role, { permissions: JSON.stringify(permissions) });
      const [before, after] = [
        { name: role.name, removed },
        { name: role.name, added },
      ];
      await audit(ctx, change, { action: "role.permissions", id: role.id, before, after, ...input });
    }
  });
}

function inListOrder(had: readonly Permission[], { added, removed }: ReturnType<typeof permissionDiff>): Permission[] {
  return [...had.filter((each) => !removed.includes(each)), ...added];
}

function roleOf({ roles }: PeopleChange, id: number): Role {
  const role = roles.get(id);
  if (role === undefined) throw new AppError("role_not_found");
  return role;
}

function roleToChange(change: PeopleChange, seen: { roleId: number; version: number }): Role {
  refusePart(change);
  const role = roleOf(change, seen.roleId);
  if (role.code === ADMIN_ROLE) throw new AppError("role_fixed", { name: role.name });
  if (role.version !== seen.version) throw new AppError("role_changed", { name: role.name });
  return role;
}

/** A role means the same for everybody who has it, in whichever area: only who looks after all of them changes it. */
function refusePart({ asker }: PeopleChange): void {
  if (!asker.scope.all) throw new AppError("roles_need_all_meters");
}

/** A role may be held by users without limits: who has one himself does not give them by a role what it limits. */
function refuseUnlimited({ limits }: PeopleChange, added: readonly Permission[]): void {
  const kind = limitBeyond(limits, { limits: NO_LIMITS, permissions: new Set(added) });
  if (kind !== null)
    throw new AppError("role_beyond_limits", { kind: limitNames[kind][0], limit: limitsText(limits)[kind] ?? "" });
}

function refuseNamesake({ roles }: PeopleChange, name: string, own: number | null): void {
  const key = (text: string) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");
  for (const role of roles.values())
    if (role.id !== own && key(role.name) === key(name)) throw new AppError("role_name_taken", { name: role.name });
}

async function saveRole(tx: Tx, role: Role, values: Parameters<typeof changeRole>[2]): Promise<void> {
  if (!(await changeRole(tx, role, values))) throw new AppError("role_changed", { name: role.name });
}

function audit(
  ctx: FlowContext,
  { tx, asker }: PeopleChange,
  line: { action: AuditAction; id: number; before: object | null; after: object | null; reason: string; ip: string },
): Promise<void> {
  const { action, id, before, after, reason, ip } = line;
  return auditPeople(ctx, tx, asker, { action, object: `role:${id}`, before, after, reason, ip });
}
