import { AppError } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import { setPreview } from "#store/people.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";
import { auditPeople, changePeople, personToChange } from "./people-change.ts";

/**
 * Lets a session look through a user's eyes (以该管理员视角预览): menu, board and counts as he would see them, and nothing can be changed.
 * Only users whose permissions and scope the asker has himself; `callerOf` holds it to that as long as it lasts.
 */
export async function beginPreview(
  ctx: FlowContext,
  actor: Actor,
  input: { userId: number; reason: string; token: string; ip: string },
): Promise<void> {
  await changePeople(ctx, actor, async (change) => {
    const { row } = await personToChange(change, input.userId, null);
    if (row.id === change.asker.userId) throw new AppError("preview_self");
    if (row.disabled === 1) throw new AppError("preview_disabled", { name: row.name });
    const tokenHash = sha256Hex(input.token);
    await setPreview(change.tx, { tokenHash, userId: actor.userId, previewOf: input.userId });
    const line = {
      action: "user.preview" as const,
      object: `user:${row.id}`,
      before: null,
      after: { login: row.login },
    };
    await auditPeople(ctx, change.tx, actor, { ...line, reason: input.reason, ip: input.ip });
  });
}

/** Gives the session back its own eyes. Without a preview nothing happens. */
export async function endPreview(ctx: FlowContext, actor: Actor, input: { token: string; ip: string }): Promise<void> {
  const { previewedBy: own } = actor;
  if (own === undefined) return;
  await ctx.db.transact(async (tx) => {
    await setPreview(tx, { tokenHash: sha256Hex(input.token), userId: own.userId, previewOf: null });
    const line = {
      action: "user.preview_end" as const,
      object: `user:${actor.userId}`,
      before: { login: actor.login },
    };
    await auditPeople(ctx, tx, own, { ...line, after: null, reason: "", ip: input.ip });
  });
}
