import { type SqlBool, sql } from "kysely";
import type { Instant } from "#base/time.ts";
import { type Permission, permissions, type Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import type { RoleTable, UserTable } from "./schema-users.ts";
import { inScope } from "./scope.ts";
import { nextNumbers } from "./sequences.ts";

/**
 * Takes the one row that every change of users and roles writes before it reads anything: such changes happen one after another, so each
 * may decide by all of them (who else is an administrator, what the asker himself may do by now). They are rare.
 */
export async function claimPeople(tx: Tx): Promise<void> {
  await nextNumbers(tx, "people_change");
}

/** The next number of a user or role; past all that were entered in another way. Only after {@link claimPeople}. */
export async function nextPersonId(tx: Tx, table: "user" | "role"): Promise<number> {
  const next = await nextNumbers(tx, table);
  const row = await tx
    .selectFrom(table)
    .select((eb) => eb.fn.max("id").as("top"))
    .executeTakeFirst();
  const top = Number(row?.top ?? 0);
  if (next > top) return next;
  await nextNumbers(tx, table, top - next + 1);
  return top + 1;
}

/** A user as he is kept, without the hash of his password. */
export type UserRow = Omit<UserTable, "password_hash">;
const userColumns = [
  ...["id", "login", "name", "disabled", "all_meters", "created_at", "must_change", "seen_at", "version"],
] as const satisfies readonly (keyof UserRow)[];

/** One user; undefined when there is none of this id. */
export function userRow(tx: Tx, id: number): Promise<UserRow | undefined> {
  return tx.selectFrom("user").select(userColumns).where("id", "=", id).executeTakeFirst();
}

/** All users in the order of their names; an installation has dozens, some have hundreds. */
export function userRows(tx: Tx, most: number): Promise<UserRow[]> {
  return tx.selectFrom("user").select(userColumns).orderBy("login").limit(most).execute();
}

/** Enters a user. */
export async function addUser(tx: Tx, user: UserTable): Promise<void> {
  await tx.insertInto("user").values(user).execute();
}

/** Changes a user; false when he is not the version any more that was seen. */
export async function changeUser(
  tx: Tx,
  seen: { id: number; version: number },
  change: Partial<Omit<UserTable, "id" | "version">>,
): Promise<boolean> {
  const result = await tx
    .updateTable("user")
    .set((eb) => ({ ...change, version: eb("version", "+", 1) }))
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Replaces the password that somebody showed by the one that he chose; false when it is another by now, or he was disabled. */
export async function setOwnPassword(tx: Tx, change: { userId: number; from: string; to: string }): Promise<boolean> {
  const result = await tx
    .updateTable("user")
    .set({ password_hash: change.to, must_change: 0 })
    .where("id", "=", change.userId)
    .where("password_hash", "=", change.from)
    .where("disabled", "=", 0)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** A role with its permissions read: names that this version does not know are left out. */
export type Role = Omit<RoleTable, "permissions"> & { permissions: readonly Permission[] };

/** All roles, the first made first. */
export async function roleRows(tx: Tx): Promise<Role[]> {
  const rows = await tx.selectFrom("role").selectAll().orderBy("id").execute();
  return rows.map((row) => {
    const granted = new Set<string>(JSON.parse(row.permissions) as string[]);
    return { ...row, permissions: permissions.filter((each) => granted.has(each)) };
  });
}

/** Enters a role. */
export async function addRole(tx: Tx, role: RoleTable): Promise<void> {
  await tx.insertInto("role").values(role).execute();
}

/** Changes a role; false when it is not the version any more that was seen. */
export async function changeRole(
  tx: Tx,
  seen: { id: number; version: number },
  change: Partial<Pick<RoleTable, "name" | "permissions">>,
): Promise<boolean> {
  const result = await tx
    .updateTable("role")
    .set((eb) => ({ ...change, version: eb("version", "+", 1) }))
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** Takes a role away; false when it is not the version any more that was seen. */
export async function removeRole(tx: Tx, seen: { id: number; version: number }): Promise<boolean> {
  const removing = tx.deleteFrom("role").where("id", "=", seen.id).where("version", "=", seen.version);
  return Number((await removing.executeTakeFirst()).numDeletedRows) === 1;
}

/** The roles of some users: user → roles. */
export async function rolesOfUsers(tx: Tx, userIds: readonly number[]): Promise<Map<number, number[]>> {
  const roles = new Map<number, number[]>(userIds.map((id) => [id, []]));
  if (userIds.length === 0) return roles;
  const rows = await tx
    .selectFrom("user_role")
    .selectAll()
    .where("user_id", "in", [...userIds])
    .orderBy("role_id")
    .execute();
  for (const row of rows) roles.get(row.user_id)?.push(row.role_id);
  return roles;
}

/** Gives a user exactly these roles. */
export async function setRoles(tx: Tx, userId: number, roleIds: readonly number[]): Promise<void> {
  await tx.deleteFrom("user_role").where("user_id", "=", userId).execute();
  if (roleIds.length === 0) return;
  await tx
    .insertInto("user_role")
    .values(roleIds.map((roleId) => ({ user_id: userId, role_id: roleId })))
    .execute();
}

/** How many users have each role. */
export async function usersOfRoles(tx: Tx): Promise<Map<number, number>> {
  const rows = await tx
    .selectFrom("user_role")
    .groupBy("role_id")
    .select(["role_id", (eb) => eb.fn.countAll<number>().as("users")])
    .execute();
  return new Map(rows.map((row) => [row.role_id, Number(row.users)]));
}

/** The scopes (辖区) of some users. */
export async function scopesOfUsers(tx: Tx, users: readonly UserRow[]): Promise<Map<number, Scope>> {
  const some = users.filter((user) => user.all_meters === 0).map((user) => user.id);
  const scopes = new Map<number, Scope>(users.map((user) => [user.id, { all: true }]));
  const lists = new Map(some.map((id) => [id, { areaIds: [] as number[], meterIds: [] as number[] }]));
  if (some.length > 0) {
    const rows = await tx.selectFrom("user_scope").selectAll().where("user_id", "in", some).orderBy("ref_id").execute();
    for (const row of rows) lists.get(row.user_id)?.[row.kind === "area" ? "areaIds" : "meterIds"].push(row.ref_id);
  }
  for (const [id, { areaIds, meterIds }] of lists) scopes.set(id, { all: false, areaIds, meterIds });
  return scopes;
}

/** Gives a user exactly this scope; `all_meters` is a column of his own row. */
export async function setScope(tx: Tx, userId: number, scope: Scope): Promise<void> {
  await tx.deleteFrom("user_scope").where("user_id", "=", userId).execute();
  if (scope.all) return;
  const refs = [
    ...scope.areaIds.map((ref_id) => ({ user_id: userId, kind: "area" as const, ref_id })),
    ...scope.meterIds.map((ref_id) => ({ user_id: userId, kind: "meter" as const, ref_id })),
  ];
  if (refs.length > 0) await tx.insertInto("user_scope").values(refs).execute();
}

/** Of some areas and meters, those that exist and lie inside a scope. */
export async function coveredRefs(
  tx: Tx,
  scope: Scope,
  refs: { areaIds: readonly number[]; meterIds: readonly number[] },
): Promise<{ areaIds: Set<number>; meterIds: Set<number> }> {
  const covered = { areaIds: new Set<number>(), meterIds: new Set<number>() };
  if (refs.areaIds.length > 0) {
    const areas = tx.selectFrom("area").where("area.id", "in", [...new Set(refs.areaIds)]);
    const inside = scope.all
      ? areas
      : areas.where((eb) =>
          scope.areaIds.length === 0
            ? sql<SqlBool>`1 = 0`
            : eb.exists(
                eb
                  .selectFrom("area_ancestor")
                  .select("area_ancestor.area_id")
                  .whereRef("area_ancestor.area_id", "=", "area.id")
                  .where("area_ancestor.ancestor_id", "in", [...scope.areaIds]),
              ),
        );
    for (const row of await inside.select("area.id").execute()) covered.areaIds.add(row.id);
  }
  if (refs.meterIds.length > 0) {
    const meters = tx.selectFrom("meter").where("meter.id", "in", [...new Set(refs.meterIds)]);
    const rows = await meters
      .where((eb) => inScope(eb, scope))
      .select("meter.id")
      .execute();
    for (const row of rows) covered.meterIds.add(row.id);
  }
  return covered;
}

/** Whether the inner scope lies in the outer as a whole; an empty one lies in every scope. What has been removed from the archive counts for nothing. */
export async function coversScope(tx: Tx, outer: Scope, inner: Scope): Promise<boolean> {
  if (outer.all) return true;
  if (inner.all) return false;
  const covered = await coveredRefs(tx, outer, inner);
  return covered.areaIds.size === new Set(inner.areaIds).size && covered.meterIds.size === new Set(inner.meterIds).size;
}

/** How many sessions of each user live now. */
export async function liveSessions(tx: Tx, at: { now: Instant; idleBefore: Instant }): Promise<Map<number, number>> {
  const rows = await tx
    .selectFrom("session")
    .where("expires_at", ">", at.now)
    .where("seen_at", ">", at.idleBefore)
    .groupBy("user_id")
    .select(["user_id", (eb) => eb.fn.countAll<number>().as("sessions")])
    .execute();
  return new Map(rows.map((row) => [row.user_id, Number(row.sessions)]));
}

/** Ends all sessions of a user but one; says how many. */
export async function endSessions(tx: Tx, userId: number, keepHash: string | null): Promise<number> {
  const ending = tx.deleteFrom("session").where("user_id", "=", userId);
  const result = await (keepHash === null ? ending : ending.where("token_hash", "!=", keepHash)).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Lets a session look through another user's eyes, or no longer. */
export async function setPreview(
  tx: Tx,
  session: { tokenHash: string; userId: number; previewOf: number | null },
): Promise<void> {
  await tx
    .updateTable("session")
    .set({ preview_of: session.previewOf })
    .where("token_hash", "=", session.tokenHash)
    .where("user_id", "=", session.userId)
    .execute();
}

/** Areas inside a scope, and those above them, with the number of its meters below each. */
export async function areaTree(tx: Tx, scope: Scope) {
  const [areas, counts] = [
    await tx.selectFrom("area").select(["id", "parent_id", "name"]).orderBy("sort").orderBy("id").execute(),
    await tx
      .selectFrom("meter")
      .innerJoin("area_ancestor", "area_ancestor.area_id", "meter.area_id")
      .where((eb) => inScope(eb, scope))
      .groupBy("area_ancestor.ancestor_id")
      .select(["area_ancestor.ancestor_id", (eb) => eb.fn.countAll<number>().as("meters")])
      .execute(),
  ];
  const meters = new Map(counts.map((row) => [row.ancestor_id, Number(row.meters)]));
  const { areaIds } = await coveredRefs(tx, scope, { areaIds: areas.map((area) => area.id), meterIds: [] });
  return areas
    .filter((area) => areaIds.has(area.id) || meters.has(area.id))
    .map((area) => ({
      areaId: area.id,
      parentId: area.parent_id,
      name: area.name,
      meters: meters.get(area.id) ?? 0,
      inside: areaIds.has(area.id),
    }));
}

/** What some areas and meters are called; for meters also the areas that hold them, at whatever depth. */
export async function namesOfRefs(tx: Tx, refs: { areaIds: readonly number[]; meterIds: readonly number[] }) {
  const areas =
    refs.areaIds.length === 0
      ? []
      : await tx
          .selectFrom("area")
          .select(["id", "name"])
          .where("id", "in", [...refs.areaIds])
          .execute();
  const meters =
    refs.meterIds.length === 0
      ? []
      : await tx
          .selectFrom("meter")
          .innerJoin("area", "area.id", "meter.area_id")
          .select(["meter.id", "meter.label", "meter.number", "area.id as area_id", "area.name as area_name"])
          .where("meter.id", "in", [...refs.meterIds])
          .orderBy("meter.label")
          .execute();
  return { areas, meters };
}
