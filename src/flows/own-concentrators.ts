import { type Instant, later, SECOND_MS } from "#base/time.ts";
import type { LinkChannel, LinkKind } from "#domain/link.ts";
import { updatedRows } from "#store/portable.ts";
import { Stale } from "#store/stale.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** How long a concentrator belongs to its collector without being renewed. */
export const CONCENTRATOR_LEASE_MS = 15 * SECOND_MS;

/** A concentrator that this collector may speak to, as long as the epoch is this one. */
export type OwnedConcentrator = { id: number; code: string; epoch: number };

/**
 * A concentrator has registered with this collector: it is its owner from now on, under a new epoch. The newest authenticated
 * session wins; whoever held it before finds its epoch gone and lets go. Null for a code that nobody knows, that speaks
 * another kind of link, that we have to dial, that has to come by TLS and did not, or that may not be spoken to. Remembers where
 * it first came from.
 */
export async function claimConcentrator(
  ctx: FlowContext,
  input: { code: string; kind: LinkKind; collector: string; channel?: LinkChannel; source?: string },
): Promise<OwnedConcentrator | null> {
  const { channel = "plain", source } = input;
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const row = await tx
      .selectFrom("concentrator")
      .select(["id", "epoch", "online", "first_source"])
      .where("code", "=", input.code)
      .where("link_kind", "=", input.kind)
      .where("direction", "=", "dials_in")
      .where("trust", "<>", "none")
      .where("channel", "in", channel === "tls" ? ["plain", "tls"] : ["plain"])
      .executeTakeFirst();
    if (!row) return null;
    const epoch = row.epoch + 1;
    const result = await tx
      .updateTable("concentrator")
      .set({
        owner: input.collector,
        epoch,
        lease_until: later(now, CONCENTRATOR_LEASE_MS),
        online: 1,
        ...(row.online === 0 ? { online_changed_at: now } : {}),
        last_seen_at: now,
        ...(row.first_source === null && source !== undefined ? { first_source: source } : {}),
      })
      .where("id", "=", row.id)
      .where("epoch", "=", row.epoch)
      .executeTakeFirst();
    if (updatedRows(result) === 0) throw new Stale(`concentrator ${input.code}`);
    return { id: row.id, code: input.code, epoch };
  });
}

/**
 * Takes the right to dial a concentrator that listens: a lease under a new epoch, so that two collectors never dial one
 * device. Null when another collector holds it. The concentrator counts as online by {@link dialSucceeded} only.
 */
export async function claimToDial(
  ctx: FlowContext,
  input: { id: number; collector: string },
): Promise<OwnedConcentrator | null> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const row = await tx
      .selectFrom("concentrator")
      .select(["code", "epoch", "owner", "lease_until"])
      .where("id", "=", input.id)
      .where("direction", "=", "listens")
      .where("trust", "<>", "none")
      .executeTakeFirst();
    // A lease beyond the longest one was given by a clock that has been put back since.
    const isHeld = row && row.lease_until >= now && row.lease_until <= later(now, 2 * CONCENTRATOR_LEASE_MS);
    if (!row || (isHeld && row.owner !== input.collector)) return null;
    const epoch = row.epoch + 1;
    const result = await tx
      .updateTable("concentrator")
      .set({ owner: input.collector, epoch, lease_until: later(now, CONCENTRATOR_LEASE_MS) })
      .where("id", "=", input.id)
      .where("epoch", "=", row.epoch)
      .executeTakeFirst();
    if (updatedRows(result) === 0) throw new Stale(`concentrator ${row.code}`);
    return { id: input.id, code: row.code, epoch };
  });
}

/** The dialled concentrator has answered: online. False when the right to dial has been lost meanwhile. */
export async function dialSucceeded(
  ctx: FlowContext,
  input: { id: number; epoch: number; collector: string },
): Promise<boolean> {
  const now = ctx.clock();
  return ctx.db.transact(async (tx) => {
    const mine = () =>
      tx
        .updateTable("concentrator")
        .where("id", "=", input.id)
        .where("owner", "=", input.collector)
        .where("epoch", "=", input.epoch);
    await mine().set({ online: 1, online_changed_at: now }).where("online", "=", 0).execute();
    const kept = await mine()
      .set({ lease_until: later(now, CONCENTRATOR_LEASE_MS), last_seen_at: now })
      .executeTakeFirst();
    return updatedRows(kept) === 1;
  });
}

/** Nobody answered: another collector may try, perhaps over a better way. */
export async function dialFailed(
  ctx: FlowContext,
  input: { id: number; epoch: number; collector: string },
): Promise<void> {
  await ctx.db.transact((tx) =>
    tx
      .updateTable("concentrator")
      .set({ owner: null, lease_until: 0 })
      .where("id", "=", input.id)
      .where("owner", "=", input.collector)
      .where("epoch", "=", input.epoch)
      .where("online", "=", 0)
      .execute(),
  );
}

/**
 * Keeps the leases; names the concentrators that another collector (or a newer session) has taken, and those that may not be
 * spoken to any more.
 */
export async function renewConcentrators(
  ctx: FlowContext,
  input: {
    collector: string;
    owned: readonly { id: number; epoch: number; lastSeenAt: Instant; rssiDbm: number | null; channel?: LinkChannel }[];
  },
): Promise<{ lost: number[] }> {
  if (input.owned.length === 0) return { lost: [] };
  return ctx.db.transact(async (tx) => {
    const lost: number[] = [];
    for (const each of [...input.owned].sort((a, b) => a.id - b.id)) {
      const result = await tx
        .updateTable("concentrator")
        .set({
          lease_until: later(ctx.clock(), CONCENTRATOR_LEASE_MS),
          last_seen_at: each.lastSeenAt,
          rssi_dbm: each.rssiDbm,
        })
        .where("id", "=", each.id)
        .where("owner", "=", input.collector)
        .where("epoch", "=", each.epoch)
        .where("trust", "<>", "none")
        .where("channel", "in", each.channel === "tls" ? ["plain", "tls"] : ["plain"])
        .executeTakeFirst();
      if (updatedRows(result) === 0) lost.push(each.id);
    }
    return { lost };
  });
}

/** The session has ended: offline, unless a newer session has the concentrator already. */
export async function releaseConcentrator(ctx: FlowContext, input: { id: number; epoch: number }): Promise<void> {
  const now = ctx.clock();
  await ctx.db.transact((tx) =>
    tx
      .updateTable("concentrator")
      .set({ owner: null, lease_until: 0, online: 0, online_changed_at: now })
      .where("id", "=", input.id)
      .where("epoch", "=", input.epoch)
      .where("online", "=", 1)
      .execute(),
  );
}

/** Marks concentrators offline whose collector has not renewed them (it died): returns how many. */
export async function sweepConcentrators(ctx: FlowContext): Promise<number> {
  const now = ctx.clock();
  const result = await ctx.db.transact((tx) =>
    tx
      .updateTable("concentrator")
      .set({ owner: null, online: 0, online_changed_at: now })
      .where("online", "=", 1)
      .where("lease_until", "<", now)
      .executeTakeFirst(),
  );
  return updatedRows(result);
}
