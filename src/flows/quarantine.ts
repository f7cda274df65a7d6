import { AppError } from "#base/errors.ts";
import { formatInstant, type Instant, instant } from "#base/time.ts";
import { NO_MONEY } from "#base/units.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { judgeQuarantine } from "#domain/quarantine.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import {
  areTripsBarred,
  currentRestore,
  endOfQuarantine,
  heldMeters,
  noteQuarantine,
  openTripRelease,
  releaseBarredTrips,
  tellWaiting,
} from "#store/quarantine.ts";
import { inScope } from "#store/scope.ts";
import { Stale } from "#store/stale.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { ApprovalEffect } from "./decide-approval.ts";
import { askForApproval } from "./request-approval.ts";

/** Meters looked at in one transaction. */
const PER_TRANSACTION = 200;

/**
 * Looks at every meter that a restore holds back: one that has shown what is booked goes free, one that shows something else is left to a person.
 * A doubtful one is looked at again, so it goes free by itself when books and meter have been brought together. Answers what has changed.
 */
export async function lookAtQuarantine(ctx: FlowContext): Promise<{ cleared: number; doubtful: number }> {
  const told = { cleared: 0, doubtful: 0 };
  if ((await currentRestore(ctx.db.read)) === null) return told;
  for (let after: number | null = 0; after !== null; ) {
    const from: number = after;
    const page = await decide(ctx.db, async (tx) => {
      const found = { cleared: 0, doubtful: 0 };
      const meters = await heldMeters(tx, { after: from, limit: PER_TRANSACTION });
      for (const meter of meters) {
        const verdict = judgeQuarantine(meter.facts);
        const { booked, shown } = meter.facts;
        const isSame = verdict.state === meter.state && verdict.reason === meter.reason;
        if (isSame && (verdict.state === "waiting" || (meter.booked === booked && meter.shownBefore === shown)))
          continue;
        const ended = verdict.state === "clear" ? { by: "quarantine", reason: "" } : null;
        const at = ctx.clock();
        const { meterId, version } = meter;
        if (!(await noteQuarantine(tx, { meterId, version, ...verdict, booked, shown, at, ended }))) {
          throw new Stale(`quarantine ${meterId}`);
        }
        if (verdict.state === "clear") found.cleared++;
        else if (!isSame) found.doubtful++;
      }
      return { ...found, next: meters.length < PER_TRANSACTION ? null : (meters.at(-1)?.meterId ?? null) };
    });
    told.cleared += page.cleared;
    told.doubtful += page.doubtful;
    after = page.next;
  }
  await ctx.db.transact((tx) => tellWaiting(tx, ctx.clock()));
  if (told.cleared + told.doubtful > 0) ctx.log.info(told, "meters in quarantine were looked at");
  return told;
}

/**
 * Lets one meter go on although it has not shown what is booked: a person has looked at it, or it cannot be read. Its credit stays guarded: before
 * every purchase its count is read and held against the books.
 */
export async function releaseMeter(
  ctx: FlowContext,
  actor: Pick<Actor, "login" | "scope">,
  input: { meterId: number; reason: string; ip: string },
): Promise<void> {
  if (input.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const seen = await tx
      .selectFrom("meter")
      .select("id")
      .where("id", "=", input.meterId)
      .where((eb) => inScope(eb as never, actor.scope))
      .executeTakeFirst();
    if (seen === undefined) throw new AppError("meter_not_found");
    const [meter] = await heldMeters(tx, { after: 0, limit: 1, meterId: input.meterId });
    if (meter === undefined) {
      const ended = await endOfQuarantine(tx, input.meterId);
      if (ended?.by === actor.login && ended.reason === input.reason) return; // a second click
      throw new AppError("quarantine_meter_done");
    }
    const now = ctx.clock();
    const { booked, shown } = meter.facts;
    const ended = { by: actor.login, reason: input.reason };
    const { meterId, version, reason } = meter;
    const released = { meterId, version, state: "released" as const, reason, booked, shown, at: now, ended };
    if (!(await noteQuarantine(tx, released))) throw new Stale(`quarantine ${meterId}`);
    await audit(ctx, tx, {
      at: now,
      by: actor.login,
      action: "quarantine.release_meter",
      object: `meter:${meterId}`,
      before: { state: meter.state, why: reason, booked, shown },
      reason: input.reason,
      ip: input.ip,
    });
  });
}

/** Asks a second person to let trips leave again in a restored system. */
export async function askToReleaseTrips(
  ctx: FlowContext,
  actor: Actor,
  input: { reason: string; ip: string },
): Promise<{ released: boolean }> {
  if (input.reason === "") throw new AppError("reason_required");
  if (!actor.scope.all) throw new AppError("not_found"); // it is about every meter
  return decide(ctx.db, async (tx) => {
    const restore = await currentRestore(tx);
    if (restore === null) throw new AppError("quarantine_none");
    if (!(await areTripsBarred(tx))) return { released: true };
    const own = `quarantine:${restore.id}:`;
    if ((await openTripRelease(tx))?.object.startsWith(own)) return { released: false };
    const now = ctx.clock();
    const approval = await askForApproval(
      ctx,
      tx,
      {
        kind: "quarantine",
        object: `${own}${ctx.newId(now)}`,
        meterId: null,
        amount: NO_MONEY,
        summary: {
          restoredAt: formatInstant(instant(restore.restored_at)),
          snapshotAt: formatInstant(instant(restore.snapshot_at)),
          file: restore.file,
        },
        reason: input.reason,
        by: actor.login,
        ip: input.ip,
      },
      now,
    );
    if (approval !== null) return { released: false };
    await releaseTrips(ctx, tx, { by: actor.login, at: now, ...input });
    return { released: true };
  });
}

/** A second person has agreed: trips may leave again. A restore that has come since is not meant. */
export const quarantineEffect: ApprovalEffect = {
  async approved(ctx, tx, approval, ending) {
    const restore = await currentRestore(tx);
    if (restore !== null && approval.object.split(":")[1] !== restore.id) throw new AppError("approval_changed");
    await releaseTrips(ctx, tx, { by: ending.by, at: ending.at, reason: approval.reason, ip: "" });
  },
  async ended() {},
};

/** Lets trips leave again, by one person at the host who says who he is and what he has looked at. */
export async function releaseTripsAtHost(ctx: FlowContext, input: { by: string; reason: string }): Promise<boolean> {
  return decide(ctx.db, (tx) => releaseTrips(ctx, tx, { ...input, at: ctx.clock(), ip: "" }));
}

async function releaseTrips(
  ctx: FlowContext,
  tx: Tx,
  input: { by: string; at: Instant; reason: string; ip: string },
): Promise<boolean> {
  if (!(await releaseBarredTrips(tx, input))) return false;
  await audit(ctx, tx, { ...input, action: "quarantine.release_trips", object: "restore", before: null });
  return true;
}

function audit(
  ctx: FlowContext,
  tx: Tx,
  entry: {
    at: Instant;
    by: string;
    action: AuditAction;
    object: string;
    before: object | null;
    reason: string;
    ip: string;
  },
): Promise<void> {
  const { by, ...rest } = entry;
  return addAudit(tx, { ...rest, id: ctx.newId(entry.at), actor: by, after: null });
}
