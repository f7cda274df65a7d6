import type { Db, Tx } from "#store/db.ts";
import { Stale } from "#store/stale.ts";
import { pause } from "#system/clock.ts";

/** Reruns after a decision turned out to rest on a row that changed; far more than any real contention needs. */
const RERUNS_MAX = 30;
/** Times the number of the run: whoever is in the way gets a moment to finish. */
const RERUN_PAUSE_MS = 2;

/**
 * Runs a flow's body in one transaction, and again from the start whenever a row that it decided upon changed
 * meanwhile ({@link Stale}). The body must touch nothing but the database.
 */
export async function decide<T>(db: Db, body: (tx: Tx) => Promise<T>): Promise<T> {
  for (let run = 1; ; run++) {
    try {
      return await db.transact(body);
    } catch (error) {
      if (!(error instanceof Stale) || run >= RERUNS_MAX) throw error;
      await pause(Math.min(run, 10) * RERUN_PAUSE_MS);
    }
  }
}
