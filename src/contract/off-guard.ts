import { z } from "zod";
import { offStops } from "#domain/off-guard.ts";

const at = z.number().int();

/** The guard over the trips of one project (拉闸保护): what was sent lately, what may be sent, and whether it has stopped everything. */
export const guardedProject = z.object({
  projectId: z.number().int(),
  name: z.string(),
  /** Counts of the whole project; null for who does not see all of it. */
  inWindow: z.number().int().nullable(),
  perWindow: z.number().int(),
  windowMinutes: z.number().int(),
  inDay: z.number().int().nullable(),
  perDay: z.number().int().nullable(),
  switchable: z.number().int().nullable(),
  stop: z.object({ since: at, why: z.enum(offStops), by: z.string(), reason: z.string() }).nullable(),
  /** The open request to release it. */
  asked: z.object({ approvalId: z.string(), by: z.string(), at }).nullable(),
});
export type GuardedProject = z.infer<typeof guardedProject>;

/** A trip that has not been sent: `held` is the code of what holds it back, empty when it just waits for its turn. */
export const heldTrip = z.object({
  id: z.string(),
  meterId: z.number().int(),
  label: z.string(),
  number: z.string(),
  cause: z.string(),
  held: z.string(),
  askedAt: at,
  expiresAt: at,
});
export type HeldTrip = z.infer<typeof heldTrip>;

/** GET /api/off-guard. */
export const offGuard = z.object({
  asOf: at,
  projects: z.array(guardedProject),
  waiting: z.array(heldTrip),
  more: z.boolean(),
});
export type OffGuard = z.infer<typeof offGuard>;

/** POST /api/off-guard/stop and /api/off-guard/release. */
export const offGuardRequest = z.object({
  projectId: z.number().int().positive(),
  reason: z.string().trim().min(1).max(200),
});
export type OffGuardRequest = z.infer<typeof offGuardRequest>;
/** `released`: trips may leave at once; else a second person has been asked. */
export const offReleaseAnswer = z.object({ released: z.boolean() });
