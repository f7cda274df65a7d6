import { AppError } from "#base/errors.ts";
import type { LinkPolicyRequest } from "#contract/links.ts";
import type { Actor } from "#domain/permission.ts";
import { changeConcentrator } from "#store/archive.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { linkRows } from "#store/link-pages.ts";
import { concentratorSeen } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/**
 * Sets how a concentrator must come and from where. From then on no command leaves over the session that there is; its collector hangs
 * up on it within seconds, and the device comes again, if it may.
 */
export async function setLinkPolicy(
  ctx: FlowContext,
  actor: Actor,
  input: LinkPolicyRequest & { ip: string },
): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const before = (await linkRows(tx, actor.scope)).find(({ code }) => code === input.code);
    if (!before) throw new AppError("not_found");
    const row = await concentratorSeen(tx, actor, { id: before.id });
    // Whom we dial is where the archive says; TLS and sources are about who dials us.
    if (row.direction === "listens" && input.channel === "tls") throw new AppError("link_channel_dialled");
    const { channel, sources, lockSource, forgetSource, fingerprint, reason } = input;
    await demandOwnFingerprint(tx, before.id, fingerprint);
    const now = ctx.clock();
    const change = {
      // Whoever is in came by the old policy: nothing more is sent to it, and it has to come again by this one.
      epoch: row.epoch + 1,
      owner: null,
      lease_until: 0,
      online: 0 as const,
      ...(row.online === 1 ? { online_changed_at: now } : {}),
      channel,
      sources: sources === null ? null : JSON.stringify(sources),
      lock_source: lockSource ? (1 as const) : (0 as const),
      tls_fingerprint: fingerprint,
      ...(forgetSource ? { first_source: null } : {}),
    };
    if (!(await changeConcentrator(tx, row, change))) throw new AppError("archive_changed", { what: before.name });
    const told = ({ channel, sources, lockSource, firstSource, fingerprint }: typeof before) => {
      return { channel, sources, lockSource, firstSource, fingerprint };
    };
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "link.policy",
      object: `concentrator:${input.code}`,
      before: told(before),
      after: { channel, sources, lockSource, forgetSource, fingerprint },
      reason,
      ip: input.ip,
    });
  });
}

/** Refuses a certificate that stands for another concentrator: under two codes it could speak for the meters of both. */
export async function demandOwnFingerprint(tx: Tx, id: number, fingerprint: string | null): Promise<void> {
  if (fingerprint === null) return;
  const other = await tx
    .selectFrom("concentrator")
    .select("id")
    .where("tls_fingerprint", "=", fingerprint)
    .where("id", "<>", id)
    .executeTakeFirst();
  if (other) throw new AppError("link_fingerprint_taken");
}
