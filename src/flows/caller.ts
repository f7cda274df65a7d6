import { beyond } from "#domain/people.ts";
import { type Actor, SCOPE_NONE } from "#domain/permission.ts";
import type { Tx } from "#store/db.ts";
import { coversScope, userRow } from "#store/people.ts";
import { actorOf } from "#store/users.ts";

/**
 * Who asks in a session: its user, or, while he looks through another's eyes (预览), that one, but never more than he may see himself. Null
 * when the session's user is disabled.
 */
export async function callerOf(tx: Tx, session: { userId: number; previewOf: number | null }): Promise<Actor | null> {
  const own = await actorOf(tx, session.userId);
  if (own === null || session.previewOf === null) return own;
  return throughEyes(tx, own, session.previewOf);
}

/** What may be previewed was checked at its beginning; whatever has changed since makes it show less, never more. */
async function throughEyes(tx: Tx, own: Actor, userId: number): Promise<Actor> {
  const other = await actorOf(tx, userId);
  const previewedBy = { userId: own.userId, login: own.login, name: own.name };
  const isOver =
    other === null ||
    !own.permissions.has("user.manage") ||
    beyond(own.permissions, other.permissions).length > 0 ||
    !(await coversScope(tx, own.scope, other.scope));
  if (isOver) {
    const row = await userRow(tx, userId);
    const known = { userId, login: row?.login ?? "", name: row?.name ?? "" };
    return { ...known, permissions: new Set(), scope: SCOPE_NONE, previewedBy };
  }
  const { mustChangePassword: _, ...shown } = other;
  return { ...shown, previewedBy };
}
