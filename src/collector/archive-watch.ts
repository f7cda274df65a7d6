import { SECOND_MS } from "#base/time.ts";
import { changedSince, newestRevision } from "#store/archive-revisions.ts";
import type { Db } from "#store/db.ts";
import { pause } from "#system/clock.ts";
import type { Log } from "#system/log.ts";

/** An operator who has saved a setting waits no longer than this, and some, for it to hold. */
const LOOK_MS = SECOND_MS;

/**
 * Looks every second whether settings or archives were changed, by one small row, and tells of which concentrators. Until the
 * signal aborts; a database that is away is asked again.
 */
export async function watchArchive(options: {
  db: Db;
  log: Log;
  changed(concentratorId: number): void;
  signal: AbortSignal;
}): Promise<void> {
  const { db, log, changed, signal } = options;
  let seen: number | null = null;
  let isAway = false;
  while (!signal.aborted) {
    try {
      const newest = await newestRevision(db.read);
      // What was changed before the start is read by the sessions that begin after it.
      if (seen !== null && newest !== seen) for (const id of await changedSince(db.read, seen)) changed(id);
      seen = newest;
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn({ error: String(error) }, "changes of settings could not be looked for");
      isAway = true;
    }
    await pause(LOOK_MS, signal);
  }
}
