import { z } from "zod";
import { quarantineReasons, quarantineStates } from "#domain/quarantine.ts";

const at = z.number().int();
const count = z.number().int();

/** A meter that a restore holds back, with both purchase counts and how many commands wait for it. */
export const heldMeter = z.object({
  meterId: count,
  label: z.string(),
  number: z.string(),
  state: z.enum(quarantineStates),
  reason: z.enum(quarantineReasons),
  booked: count.nullable(),
  shown: count.nullable(),
  lookedAt: at.nullable(),
  online: z.boolean(),
  commands: count,
});
export type HeldMeter = z.infer<typeof heldMeter>;

/** GET /api/quarantine: null while nothing is held back. Counts and meters of the caller's area. */
export const quarantine = z
  .object({
    asOf: at,
    restoredAt: at,
    snapshotAt: at,
    tripsBarred: z.boolean(),
    asked: z.object({ approvalId: z.string(), by: z.string(), at }).nullable(),
    counts: z.object({ waiting: count, doubtful: count, clear: count, released: count, commands: count }),
    meters: z.array(heldMeter),
    more: z.boolean(),
  })
  .nullable();
export type Quarantine = z.infer<typeof quarantine>;

/** POST /api/quarantine/meters/:id/release and /api/quarantine/trips/release. */
export const quarantineRequest = z.object({ reason: z.string().trim().min(1).max(200) });
export type QuarantineRequest = z.infer<typeof quarantineRequest>;
/** `released`: trips may leave at once; else a second person has been asked. */
export const tripReleaseAnswer = z.object({ released: z.boolean() });

const backup = z.object({ at, snapshotAt: at, bytes: count, rows: count, encrypted: z.boolean(), ok: z.boolean() });

/** A node of a cluster in the order of the address; `size`: how many nodes it sees, itself included; null where it is not in a cluster. */
const databaseNode = z.object({
  name: z.string(),
  state: z.enum(["ready", "behind", "apart", "read_only", "away"]),
  used: z.boolean(),
  size: count.nullable(),
});

/** GET /api/reliability (可靠性): whether what the system rests on holds, as of one moment. */
export const reliability = z.object({
  asOf: at,
  version: z.string(),
  /** `nodes` is empty where the address names one server. */
  database: z.object({
    engine: z.string(),
    lookMs: count,
    clockAheadMs: count.nullable(),
    rows: count,
    nodes: z.array(databaseNode),
  }),
  disk: z.object({ freeBytes: count, totalBytes: count }).nullable(),
  backup: z.object({ good: backup.nullable(), lastFailed: z.boolean(), drillAt: at.nullable() }),
  ledger: z.object({ checkedAt: at.nullable(), ok: z.boolean().nullable(), differences: count }),
  /** The seals of the audit (审计日志): the last check, and how many problems it found. */
  audit: z.object({ checkedAt: at.nullable(), ok: z.boolean().nullable(), problems: count, waiting: count }),
  /** Commands that have not ended, by how long ago they were asked for; `unknown`: sent, and no outcome. */
  commands: z.object({ minute: count, hour: count, day: count, older: count, unknown: count, oldestAt: at.nullable() }),
  /** Meters with a reading in the last hour, of all that are read; and concentrators. */
  readings: z.object({ fresh: count, meters: count, lastAt: at.nullable(), online: count, concentrators: count }),
  trips: z.object({ stoppedProjects: count }),
  quarantine: z.object({ waiting: count, doubtful: count, tripsBarred: z.boolean() }).nullable(),
});
export type Reliability = z.infer<typeof reliability>;
