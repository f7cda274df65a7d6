import { type Permission, permissions } from "./permission.ts";
import { hasLimits, type UserLimits } from "./user-limit.ts";

/** Of what is wanted, what the giver has not got himself, in the order of the list of permissions. */
export function beyond(held: ReadonlySet<Permission>, wanted: Iterable<Permission>): Permission[] {
  const asked = new Set(wanted);
  return permissions.filter((each) => asked.has(each) && !held.has(each));
}

/** What a set of permissions loses and gains by a change, in the order of the list. */
export function permissionDiff(
  before: Iterable<Permission>,
  after: Iterable<Permission>,
): { added: Permission[]; removed: Permission[] } {
  const [had, has] = [new Set(before), new Set(after)];
  return {
    added: permissions.filter((each) => has.has(each) && !had.has(each)),
    removed: permissions.filter((each) => had.has(each) && !has.has(each)),
  };
}

/** Whether somebody could give everything to everybody: all permissions over all meters, without a limit. One such active user must always remain. */
export function isFullAdministrator(user: {
  allMeters: boolean;
  permissions: ReadonlySet<Permission>;
  limits: UserLimits;
}): boolean {
  return user.allMeters && !hasLimits(user.limits) && permissions.every((each) => user.permissions.has(each));
}
