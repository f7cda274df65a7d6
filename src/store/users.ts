import { loginName } from "#domain/login-name.ts";
import { type Actor, type Permission, permissions, type Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";

/** The one who logs in under this name, however he types it, with the password's hash: only flows about passwords may ask. */
export async function userForLogin(
  tx: Tx,
  login: string,
): Promise<{ id: number; passwordHash: string; disabled: boolean } | null> {
  const rows = await tx
    .selectFrom("user")
    .select(["id", "login", "password_hash", "disabled"])
    .where("login", "in", [...new Set([login, loginName(login)])])
    .execute();
  const row = rows.find((each) => each.login === login) ?? rows[0];
  return row ? { id: row.id, passwordHash: row.password_hash, disabled: row.disabled === 1 } : null;
}

/** Who a user is, what his roles let him do, and over which meters; null when he is unknown or disabled. */
export async function actorOf(tx: Tx, userId: number): Promise<Actor | null> {
  const user = await tx
    .selectFrom("user")
    .select(["id", "login", "name", "all_meters", "must_change"])
    .where("id", "=", userId)
    .where("disabled", "=", 0)
    .executeTakeFirst();
  if (!user) return null;
  const roles = await tx
    .selectFrom("user_role")
    .innerJoin("role", "role.id", "user_role.role_id")
    .select("role.permissions")
    .where("user_role.user_id", "=", userId)
    .execute();
  const granted = new Set(roles.flatMap((role) => JSON.parse(role.permissions) as Permission[]));
  return {
    userId,
    login: user.login,
    name: user.name,
    permissions: new Set(permissions.filter((each) => granted.has(each))),
    scope: user.all_meters === 1 ? { all: true } : await scopeOf(tx, userId),
    ...(user.must_change === 1 && { mustChangePassword: true as const }),
  };
}

/** The hash of a user's password; null when he is unknown or disabled. Only flows about passwords may ask. */
export async function passwordHashOf(tx: Tx, userId: number): Promise<string | null> {
  const row = await tx
    .selectFrom("user")
    .select("password_hash")
    .where("id", "=", userId)
    .where("disabled", "=", 0)
    .executeTakeFirst();
  return row?.password_hash ?? null;
}

async function scopeOf(tx: Tx, userId: number): Promise<Scope> {
  const rows = await tx.selectFrom("user_scope").select(["kind", "ref_id"]).where("user_id", "=", userId).execute();
  return {
    all: false,
    areaIds: rows.filter((row) => row.kind === "area").map((row) => row.ref_id),
    meterIds: rows.filter((row) => row.kind === "meter").map((row) => row.ref_id),
  };
}
