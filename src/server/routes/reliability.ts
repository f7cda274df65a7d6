import { statfsSync } from "node:fs";
import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { HOUR_MS, later } from "#base/time.ts";
import {
  quarantine,
  quarantineRequest,
  type Reliability,
  reliability,
  tripReleaseAnswer,
} from "#contract/reliability.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { askToReleaseTrips, releaseMeter } from "#flows/quarantine.ts";
import { auditChainNow } from "#store/audit-checks.ts";
import { lastBackups } from "#store/backup/runs.ts";
import { healthCounts } from "#store/counts.ts";
import { databaseClockAhead } from "#store/engine-settings.ts";
import { allOffStops } from "#store/off-stops.ts";
import { currentRestore, heldMeterPage, openTripRelease, quarantineCounts } from "#store/quarantine.ts";
import { lastReconciliation, openDifferenceCounts } from "#store/reconcile.ts";
import { openCommandAges, readingFreshness } from "#store/reliability.ts";
import { packageVersion } from "#system/version.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";

/** Held meters of one page: the doubtful ones come first. */
const METERS_MAX = 200;
const reasonMistake = { reason: () => new AppError("reason_required") };

/** Whether what the system rests on holds (可靠性), and the way out of the quarantine of a restored one (隔离). */
export function reliabilityRoutes(routes: Routes): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/reliability",
    access: ["audit.view", "settings.manage"],
    params: nothing,
    query: nothing,
    body: nothing,
    answer: reliability,
    async handle() {
      return look(ctx);
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/quarantine",
    access: "board.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: quarantine,
    async handle({ actor }) {
      const read = ctx.db.read;
      const restore = await currentRestore(read);
      if (restore === null) return null;
      const asked = await openTripRelease(read);
      const rows = await heldMeterPage(read, actor.scope, METERS_MAX + 1);
      return {
        asOf: ctx.clock(),
        restoredAt: restore.restored_at,
        snapshotAt: restore.snapshot_at,
        tripsBarred: restore.trips_released_at === null,
        asked: asked === undefined ? null : { approvalId: asked.id, by: asked.requested_by, at: asked.requested_at },
        counts: await quarantineCounts(read, actor.scope),
        meters: rows.slice(0, METERS_MAX).map((row) => ({
          meterId: row.meter_id,
          label: row.label,
          number: row.number,
          state: row.state,
          reason: row.reason,
          booked: row.booked,
          shown: row.shown,
          lookedAt: row.looked_at,
          online: row.online === 1,
          commands: Number(row.commands ?? 0),
        })),
        more: rows.length > METERS_MAX,
      };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/quarantine/meters/:id/release",
    access: "guard.release",
    stepUp: true,
    params: z.object({ id: z.coerce.number().int().positive() }),
    query: nothing,
    body: quarantineRequest,
    answer: noContent,
    missing: "meter_not_found",
    mistakes: reasonMistake,
    async handle({ actor, params, body, ip }) {
      await releaseMeter(ctx, actor, { meterId: params.id, reason: body.reason, ip });
      return undefined;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/quarantine/trips/release",
    access: "guard.release",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: quarantineRequest,
    answer: tripReleaseAnswer,
    mistakes: reasonMistake,
    handle: ({ actor, body, ip }) => askToReleaseTrips(ctx, actor, { ...body, ip }),
  });
}

async function look({ db, clock }: Routes["ctx"]): Promise<Reliability> {
  const now = clock();
  const askedAt = performance.now();
  const { readings } = await healthCounts(db.read);
  const lookMs = Math.round(performance.now() - askedAt);
  const { good, last, drill } = await lastBackups(db.read);
  const reconciled = await lastReconciliation(db.read);
  const differences = [...(await openDifferenceCounts(db.read, SCOPE_ALL)).values()];
  const chain = await auditChainNow(db.read);
  const nodes = await db.nodes();
  const restore = await currentRestore(db.read);
  const held = restore === null ? null : await quarantineCounts(db.read, SCOPE_ALL);
  return {
    asOf: now,
    version: packageVersion(),
    database: {
      engine: await db.version(),
      lookMs,
      clockAheadMs: await databaseClockAhead(db.read, clock),
      rows: readings,
      nodes: nodes.length < 2 ? [] : nodes.map(({ name, state, used, size }) => ({ name, state, used, size })),
    },
    disk: disk(),
    backup: {
      good: good && {
        at: good.ended_at,
        snapshotAt: good.snapshot_at,
        bytes: good.bytes,
        rows: good.row_count,
        encrypted: good.encrypted === 1,
        ok: true,
      },
      lastFailed: last?.ok === 0,
      drillAt: drill?.ended_at ?? null,
    },
    ledger: {
      checkedAt: reconciled?.ended_at ?? null,
      ok: reconciled === null ? null : reconciled.ledger_ok === 1,
      differences: differences.reduce((sum, each) => sum + each, 0),
    },
    audit: { checkedAt: chain.checkedAt, ok: chain.ok, problems: chain.problems.length, waiting: chain.waiting },
    commands: await openCommandAges(db.read, now),
    readings: await readingFreshness(db.read, later(now, -HOUR_MS)),
    trips: { stoppedProjects: (await allOffStops(db.read)).length },
    quarantine:
      restore === null || held === null
        ? null
        : { waiting: held.waiting, doubtful: held.doubtful, tripsBarred: restore.trips_released_at === null },
  };
}

/** The disk that the program works on; null where it cannot be seen. */
function disk(): { freeBytes: number; totalBytes: number } | null {
  try {
    const { bavail, blocks, bsize } = statfsSync(".");
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}
