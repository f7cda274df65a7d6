import type { Db } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";

/** The run that {@link tried} makes of a meter. */
export const trialOf = (meterId: number): string => `C20260101${String(meterId).padStart(6, "0")}`;

type State = "running" | "finished" | "signed";

/** Leaves each of these meters with one run of its own, in a state, and with no other. A signed one is as `signTrial` leaves it. */
export async function tried(db: Db, meterIds: readonly number[], state: State): Promise<void> {
  const now = systemClock();
  const isOpen = state === "running";
  await db.transact(async (tx) => {
    await tx.deleteFrom("trial_meter").execute();
    await tx.deleteFrom("trial_run").execute();
    for (const id of meterIds) {
      const signed = state === "signed";
      await tx
        .insertInto("trial_run")
        .values({
          ...{ trial_no: trialOf(id), idem_key: `trial-of-${id}`, scope_hash: "0".repeat(64), project_id: 1 },
          ...{ place_kind: "concentrator", place_id: 1, place_name: "一号", state, switch_test: 0, meters: 1 },
          ...{ created_by: "user1", created_name: "用户", created_at: now, ended_at: isOpen ? null : now },
          ...{
            signed_by: signed ? "user1" : null,
            signed_name: signed ? "用户" : null,
            signed_at: signed ? now : null,
          },
          ...{ sign_note: signed ? "同意" : "", report: signed ? EMPTY_REPORT : null },
          ...{ fingerprint: signed ? "ab".repeat(32) : null, updated_at: now, version: 0 },
        })
        .execute();
      await tx
        .insertInto("trial_meter")
        .values({
          ...{ trial_no: trialOf(id), meter_id: id, seq: 0, open_meter_id: isOpen ? id : null },
          ...{ state: isOpen ? "waiting" : "done", result: isOpen ? null : "fail", attempt: 1, switch_wish: "no" },
          ...{ read_command_id: null, trip_command_id: null, close_command_id: null, step_at: now },
          ...{ checks: "[]", earlier: "[]", done_at: isOpen ? null : now },
        })
        .execute();
    }
  });
}

const EMPTY_REPORT = JSON.stringify({
  ...{ no: "", project: "", place: "", version: "0", begun: { by: "", at: 0 }, endedAt: 0, meters: [] },
  signed: { by: "", name: "", at: 0, note: "" },
});

/** Sees to it that a route about trial runs has something to do. */
export async function prepareTrials(db: Db, path: string): Promise<void> {
  if (!path.startsWith("/api/trials")) return;
  const isSigned = path.endsWith("/verify");
  await tried(db, [11, 21], path.endsWith("/cancel") ? "running" : isSigned ? "signed" : "finished");
}

/** The address of a request about the run of a meter. */
export const trialUrl = (url: string, of: { meter: number }): string =>
  url
    .replace("/api/trials/:trialNo", `/api/trials/${trialOf(of.meter)}`)
    .replace(/trials\/plan$/, "$&?place=area&placeId=1")
    .replace(/verify$/, `$&?code=${"ab".repeat(8)}`);

/** Bodies of requests about the run of a meter. */
export const trialBodies = (of: { meter: number }): Record<string, object> => ({
  "/api/trials": { key: `trial-by-${of.meter}`, place: "meters", meterIds: [of.meter] },
  "/api/trials/:trialNo/cancel": { reason: "改天再测" },
  "/api/trials/:trialNo/repeat": { meterIds: [of.meter] },
  "/api/trials/:trialNo/sign": { note: "同意验收" },
});
