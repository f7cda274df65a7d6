import { timingSafeEqual } from "node:crypto";
import { AppError } from "#base/errors.ts";
import { type Instant, later, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { type Actor, type Permission, SCOPE_ALL } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { insertIgnore, updatedRows } from "#store/portable.ts";
import { countLoginFailure, lockedUntil, lockLogin } from "#store/sessions.ts";
import { randomToken, sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";

/** Wrong keys from one address before it has to wait, and how long. */
export const WRONG_KEYS_MAX = 10;
const LOCK_MS = 15 * MINUTE_MS;
/** How exactly "last used" is kept. */
const USED_EVERY_MS = MINUTE_MS;

const LOOKS: readonly Permission[] = ["meter.view"];
const CHANGES: readonly Permission[] = [
  "meter.view",
  "meter.read",
  "meter.manage",
  "concentrator.manage",
  "settings.manage",
];

/** Compared with when nobody has the name: an unknown name takes as long to refuse as a wrong key. */
const NOBODYS_HASH = sha256Hex("nobody");

/** Makes a key of the collector's door (管理口密钥). It is in the answer, once; only its hash is kept. Null: the name is taken. */
export async function makeCollectorKey(
  ctx: FlowContext,
  input: { name: string; readOnly: boolean },
): Promise<string | null> {
  const { name } = input;
  const key = `${name}.${randomToken()}`;
  const permissions = input.readOnly ? LOOKS : CHANGES;
  const isNew = await ctx.db.transact(async (tx) => {
    const at = ctx.clock();
    const row = {
      name,
      key_hash: sha256Hex(key),
      permissions: JSON.stringify(permissions),
      created_at: at,
      revoked_at: null,
      used_at: 0,
    };
    if ((await insertIgnore(tx, "collector_key", [row], ["name"])) === 0) return false;
    await audit(ctx, tx, { action: "collector_key.make", name, at, after: { permissions } });
    return true;
  });
  return isNew ? key : null;
}

/** Nobody gets in with this key any more. False when there is none of that name that is good. */
export async function revokeCollectorKey(ctx: FlowContext, name: string): Promise<boolean> {
  return ctx.db.transact(async (tx) => {
    const at = ctx.clock();
    const result = await tx
      .updateTable("collector_key")
      .set({ revoked_at: at })
      .where("name", "=", name)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    if (updatedRows(result) === 0) return false;
    await audit(ctx, tx, { action: "collector_key.revoke", name, at, after: null });
    return true;
  });
}

/**
 * Who comes with a key: somebody called `key:<name>`, with what the key may, over all meters. Wrong keys are logged, and an address with
 * too many of them is told to wait without being looked at. A right key always gets in: keys are too long to be guessed, and whoever
 * shares an address with a guesser (a tunnel, a browser that was lured to us) must not be shut out by him.
 */
export async function actorOfKey(ctx: FlowContext, input: { key: string; ip: string }): Promise<Actor> {
  // Who shows nothing has guessed nothing: any page in a browser can make it call here without a key.
  if (input.key === "") throw new AppError("collector_key_wrong");
  const now = ctx.clock();
  const name = input.key.slice(0, Math.max(0, input.key.indexOf(".")));
  const row = await ctx.db.read.selectFrom("collector_key").selectAll().where("name", "=", name).executeTakeFirst();
  const isRight = timingSafeEqual(Buffer.from(sha256Hex(input.key)), Buffer.from(row?.key_hash ?? NOBODYS_HASH));
  if (!isRight || !row || row.revoked_at !== null) {
    await countWrongKey(ctx, { ip: input.ip, name: row ? name : "?", now });
    throw new AppError("collector_key_wrong");
  }
  if (now - row.used_at >= USED_EVERY_MS) {
    await ctx.db.transact((tx) =>
      tx.updateTable("collector_key").set({ used_at: now }).where("name", "=", name).execute(),
    );
  }
  const permissions = new Set(JSON.parse(row.permissions) as Permission[]);
  return { userId: 0, login: `key:${name}`, name: `key:${name}`, permissions, scope: SCOPE_ALL };
}

/** Throws when the address has shown too many; what it shows then is not counted, nor logged. */
async function countWrongKey(ctx: FlowContext, { ip, name, now }: { ip: string; name: string; now: Instant }) {
  const subject = `key:${ip}`;
  const waitMs = (await lockedUntil(ctx.db.read, subject)) - now;
  if (waitMs > 0) throw new AppError("collector_key_slow", { seconds: Math.ceil(waitMs / SECOND_MS) });
  ctx.log.warn({ ip, name }, "a wrong key was shown at the collector's door");
  const since = later(now, -LOCK_MS);
  await ctx.db.transact(async (tx) => {
    const { failures } = await countLoginFailure(tx, { subject, at: now, since, locksSince: since });
    if (failures >= WRONG_KEYS_MAX) await lockLogin(tx, subject, { locks: 0, until: later(now, LOCK_MS) });
  });
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  of: { action: AuditAction; name: string; at: Instant; after: object | null },
): Promise<void> {
  const entry = { action: of.action, object: `collector_key:${of.name}`, before: null, after: of.after };
  await addAudit(tx, { id: ctx.newId(of.at), at: of.at, actor: "host", ...entry, reason: "", ip: "" });
}
