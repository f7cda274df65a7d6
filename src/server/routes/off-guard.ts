import { AppError } from "#base/errors.ts";
import { MINUTE_MS } from "#base/time.ts";
import { offGuard, offGuardRequest, offReleaseAnswer } from "#contract/off-guard.ts";
import { OFF_LIMITS, OFF_WINDOW_MS, offPerDay } from "#domain/off-guard.ts";
import { askForRelease, stopTrips } from "#flows/stop-trips.ts";
import { allOffStops, offCounts, openReleases, projectsInScope, waitingTrips } from "#store/off-stops.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";

/** Waiting trips of one page; where more wait, the list is not what one needs. */
const ROWS_MAX = 200;
const reasonMistake = { reason: () => new AppError("reason_required") };

/** The guard over trips (拉闸保护): how much of its budget is used, and the emergency stop. */
export function offGuardRoutes(routes: Routes): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/off-guard",
    access: "board.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: offGuard,
    async handle({ actor }) {
      const tx = ctx.db.read;
      const now = ctx.clock();
      const [stops, asked] = [await allOffStops(tx), await openReleases(tx)];
      const projects = [];
      for (const { id, name } of await projectsInScope(tx, actor.scope)) {
        const { inWindow, inDay, switchable } = await offCounts(tx, { projectId: id, now });
        const stop = stops.find((each) => each.projectId === id) ?? null;
        const request = asked.find((each) => each.object.startsWith(`off_release:${id}:${stop?.since}:`)) ?? null;
        projects.push({
          projectId: id,
          name,
          perWindow: OFF_LIMITS.perWindow,
          windowMinutes: OFF_WINDOW_MS / MINUTE_MS,
          // Counts of meters outside the caller's area are not his to see.
          ...(actor.scope.all
            ? { inWindow, inDay, perDay: offPerDay(OFF_LIMITS, switchable), switchable }
            : { inWindow: null, inDay: null, perDay: null, switchable: null }),
          stop: stop && { since: stop.since, why: stop.why, by: stop.by, reason: stop.reason },
          asked: request && { approvalId: request.id, by: request.requested_by, at: request.requested_at },
        });
      }
      const rows = await waitingTrips(tx, actor.scope, ROWS_MAX + 1);
      const waiting = rows.slice(0, ROWS_MAX).map((row) => ({
        id: row.id,
        meterId: row.meter_id,
        label: row.label,
        number: row.number,
        cause: row.cause,
        held: row.state_reason,
        askedAt: row.created_at,
        expiresAt: row.expires_at,
      }));
      return { asOf: now, projects, waiting, more: rows.length > ROWS_MAX };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/off-guard/stop",
    access: "guard.stop",
    params: nothing,
    query: nothing,
    body: offGuardRequest,
    answer: noContent,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      await stopTrips(ctx, actor, { ...body, ip });
      return undefined;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/off-guard/release",
    access: "guard.release",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: offGuardRequest,
    answer: offReleaseAnswer,
    mistakes: reasonMistake,
    handle: ({ actor, body, ip }) => askForRelease(ctx, actor, { ...body, ip }),
  });
}
