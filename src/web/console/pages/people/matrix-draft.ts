import type { RoleMatrix, RoleView } from "#contract/people.ts";
import { permissionDiff } from "#domain/people.ts";
import type { Permission } from "#domain/permission.ts";
import { permissionGroups } from "#domain/permission-names.ts";

/** Permissions in the order of the rows. */
export const rowOrder: readonly Permission[] = permissionGroups.flatMap((group) => group.permissions);

/** Ticks that differ from what was saved, by role and permission. What somebody else saves meanwhile stands under them. */
export type Draft = ReadonlyMap<string, boolean>;
const key = (roleId: number, permission: Permission) => `${roleId} ${permission}`;

/** Whether a cell is ticked. */
export function isTicked(role: RoleView, permission: Permission, draft: Draft): boolean {
  return draft.get(key(role.roleId, permission)) ?? role.permissions.includes(permission);
}

/** The draft with some cells ticked or not; a cell that is as it was saved is no change. */
export function ticked(draft: Draft, cells: readonly { role: RoleView; permission: Permission }[], on: boolean): Draft {
  const next = new Map(draft);
  for (const { role, permission } of cells) {
    if (role.permissions.includes(permission) === on) next.delete(key(role.roleId, permission));
    else next.set(key(role.roleId, permission), on);
  }
  return next;
}

/** What saving would change, role by role. */
export function changesOf(roles: readonly RoleView[], draft: Draft) {
  return roles
    .map((role) => {
      const permissions = rowOrder.filter((permission) => isTicked(role, permission, draft));
      return { role, permissions, ...permissionDiff(role.permissions, permissions) };
    })
    .filter(({ added, removed }) => added.length + removed.length > 0);
}

/** The same, as it is sent. */
export function matrixOf(changes: ReturnType<typeof changesOf>): RoleMatrix["changes"] {
  return changes.map(({ role, permissions }) => ({ roleId: role.roleId, version: role.version, permissions }));
}
