import type { seedRoles } from "#domain/permission.ts";
import type { Db } from "#store/db.ts";
import { nextNumbers } from "#store/sequences.ts";
import { systemClock } from "#system/clock.ts";
import { randomToken, sha256Hex } from "#system/crypto.ts";

/** Somebody who works beside the administrator, logged in: what a browser's context needs to be him. */
export type Colleague = { name: string; cookie: { name: string; value: string } };

const SHIFT_MS = 8 * 3_600_000;

type Who = {
  role: (typeof seedRoles)[number]["code"];
  name: string;
  /** The one area that he looks after; without it all meters. */
  areaId?: number;
};

/** A user with one of the roles that every installation starts with, and a session of his own. */
export function colleague(db: Db, { role, name, areaId }: Who): Promise<Colleague> {
  const token = randomToken();
  const now = systemClock();
  return db.transact(async (tx) => {
    const { id: roleId } = await tx.selectFrom("role").select("id").where("code", "=", role).executeTakeFirstOrThrow();
    const id = await nextNumbers(tx, "user");
    const user = {
      id,
      login: `user${id}`,
      name,
      password_hash: "none",
      disabled: 0,
      all_meters: areaId === undefined ? 1 : 0,
      created_at: now,
      must_change: 0,
      seen_at: 0,
      version: 0,
    } as const;
    await tx.insertInto("user").values(user).execute();
    await tx.insertInto("user_role").values({ user_id: id, role_id: roleId }).execute();
    if (areaId !== undefined)
      await tx.insertInto("user_scope").values({ user_id: id, kind: "area", ref_id: areaId }).execute();
    const times = { created_at: now, seen_at: now, expires_at: now + SHIFT_MS, proved_at: now, agent: "" };
    const session = { token_hash: sha256Hex(token), user_id: id, ...times, ip: "127.0.0.1" };
    await tx.insertInto("session").values(session).execute();
    return { name, cookie: { name: "jc_s", value: token } };
  });
}
