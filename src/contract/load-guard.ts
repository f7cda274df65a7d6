import { z } from "zod";
import {
  countFroms,
  guardStates,
  LOAD_W_MAX,
  LOAD_W_MIN,
  loadCauses,
  OFF_MINUTES_MAX,
  RELEASE_NOTE_MIN,
  TRIPS_MAX,
} from "#domain/load-guard.ts";

const whole = z.number().int();
const at = z.number().int();
const key = z.string().regex(/^[\w-]{8,64}$/);
const minute = whole.min(0).max(1439);
const watts = whole.min(0).max(LOAD_W_MAX);
/** A limit that ordinary use does not touch: a figure typed in kW would cut the room off at once, and lock it. */
const limit = watts.refine((w) => w === 0 || w >= LOAD_W_MIN);

/** What a load guard (安全用电) watches for, in W; 0: it does not. Minutes of the day say when resistive loads are allowed. */
export const loadGuardSettings = z.object({
  maxW: watts,
  stepW: watts,
  maliciousW: watts,
  offMinutes: whole.min(1).max(OFF_MINUTES_MAX),
  tripsMax: whole.min(1).max(TRIPS_MAX),
  countFrom: z.enum(countFroms),
  exemptFrom: minute,
  exemptTo: minute,
});

/** A command of the guard's that has not ended, or that ended last. */
const asked = z.object({ commandId: z.string(), kind: z.enum(["set_load_guard", "release_load_guard"]) });

/**
 * GET /api/meters/:id/load-guard. `able`: the model has one. `inMeter`: the meter has shown that it watches for exactly this, at `toldAt`.
 * `shown` is what it did, as of `seenAt`; null: it has not told yet. `closesAt`: when it lets go by itself.
 */
export const loadGuard = z.object({
  able: z.boolean(),
  settings: loadGuardSettings,
  wantedBy: z.string(),
  wantedAt: at,
  inMeter: z.boolean(),
  toldAt: at,
  shown: z
    .object({
      state: z.enum(guardStates),
      cause: z.enum(loadCauses).nullable(),
      trips: whole,
      total: whole,
      trippedAt: at.nullable(),
      powerW: whole,
      seenAt: at,
      closesAt: at.nullable(),
    })
    .nullable(),
  asked: asked.nullable(),
});
export type LoadGuard = z.infer<typeof loadGuard>;

/** POST /api/meters/:id/load-guard. */
export const loadGuardRequest = z.object({
  key,
  settings: loadGuardSettings.extend({ maxW: limit, stepW: limit, maliciousW: limit }),
  reason: z.string().trim().min(1).max(200),
});
export type LoadGuardRequest = z.input<typeof loadGuardRequest>;

/** POST /api/meters/:id/load-guard/release: `note` is what was found on site (现场核实). */
export const releaseRequest = z.object({ key, note: z.string().trim().min(RELEASE_NOTE_MIN).max(200) });
export type ReleaseRequest = z.input<typeof releaseRequest>;
