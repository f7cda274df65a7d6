import { SECOND_MS } from "#base/time.ts";
import type { DtuPackets } from "#domain/link.ts";
import { type CompiledTransparent, compileTransparent } from "#protocol/link/transparent.ts";
import { dtuPacketsInUse } from "#store/concentrators.ts";
import type { Db } from "#store/db.ts";
import type { Log } from "#system/log.ts";

/** A way for DTUs to register: the archive's text (null: the usual one), and the same made ready. */
export type DtuWay = { packets: string | null; config: CompiledTransparent };

/** What DTUs say by themselves, as the archive has it. */
export type Dtus = {
  /** The ways in which DTUs that dial in may register. Looked up again after some seconds. */
  ways(): Promise<readonly DtuWay[]>;
  /** The packets of one concentrator made ready; null when they cannot be understood, which is logged once. */
  config(code: string, packets: string | null): CompiledTransparent | null;
};

/** What DTUs do when they come from the shelf: they say their IMEI, and "ping" now and then. */
export const USUAL_DTU: DtuPackets = {
  registration: { text: "(\\d{15})\\r?\\n?" },
  heartbeats: [{ text: "ping\\r?\\n?" }],
};

/** A site has one or two models of DTU; every model costs a look at each stranger's first bytes. */
const WAYS_MAX = 64;
const WAYS_KEPT_MS = 5 * SECOND_MS;

/** Reads packets from the archive and keeps them for a while. */
export function createDtus(db: Db, log: Log, monotonicMs: () => number): Dtus {
  const compiled = new Map<string | null, CompiledTransparent | null>();
  let known: { at: number; ways: readonly DtuWay[] } | null = null;

  function config(code: string, packets: string | null): CompiledTransparent | null {
    const done = compiled.get(packets);
    if (done !== undefined) return done;
    const result = compileTransparent(packets === null ? USUAL_DTU : (JSON.parse(packets) as DtuPackets));
    if (!result.ok) {
      const todo = "correct the packets of this DTU in the archive";
      log.error({ concentrator: code, why: result.reason, todo }, "the packets of a DTU are not understood");
    }
    const made = result.ok ? result.config : null;
    if (compiled.size >= 2 * WAYS_MAX) compiled.clear();
    compiled.set(packets, made);
    return made;
  }

  return {
    config,
    async ways() {
      if (known && monotonicMs() - known.at < WAYS_KEPT_MS) return known.ways;
      const ways: DtuWay[] = [];
      for (const packets of await dtuPacketsInUse(db.read, WAYS_MAX)) {
        const made = config("*", packets);
        if (made?.registration) ways.push({ packets, config: made });
      }
      known = { at: monotonicMs(), ways };
      return ways;
    },
  };
}
