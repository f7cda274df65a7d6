import { type Permission, seedRoles } from "#domain/permission.ts";
import { permissionNames, seedRoleNames } from "#domain/permission-names.ts";
import { inLanguage } from "#web/shared/i18n.ts";

/** What a permission allows. */
export const permissionName = (permission: Permission) => inLanguage(permissionNames[permission]);

/** What a role is called: as people named it; a role of a new installation that kept its name, in the language of the page. */
export function roleTitle({ code, name }: { code: string; name: string }): string {
  const seed = seedRoles.find((each) => each.code === code);
  return seed?.name === name ? inLanguage([name, seedRoleNames[code] ?? name]) : name;
}
