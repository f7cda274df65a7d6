import { z } from "zod";
import {
  switchWishes,
  TRIAL_CODE_CHARS,
  TRIAL_METERS_MAX,
  trialChecks,
  trialMeterStates,
  trialOutcomes,
  trialPlaces,
  trialResults,
  trialStates,
  trialWhyCodes,
} from "#domain/trial.ts";

const whole = z.number().int();
const at = z.number().int();
const id = z.coerce.number().int().positive();

/** What narrows a list of trial runs (试运行). */
export const trialFilter = z.object({
  state: z.enum(trialStates).optional(),
  /** `failed`: only runs with a meter that failed. */
  result: z.enum(["failed", "passed"]).optional(),
  /** In number, place, and who began it. */
  search: z.string().trim().max(64).default(""),
});
export type TrialFilter = z.infer<typeof trialFilter>;

/** GET /api/trials?…&page=…: fifty at a time, the newest first. */
export const trialQuery = trialFilter.extend({ page: z.coerce.number().int().min(1).max(10_000).default(1) });

/** One run as a line. */
const head = {
  trialNo: z.string(),
  state: z.enum(trialStates),
  placeKind: z.enum(trialPlaces),
  placeId: whole.nullable(),
  placeName: z.string(),
  project: z.string(),
  switchTest: z.boolean(),
  meters: whole,
  passed: whole,
  failed: whole,
  skipped: whole,
  createdBy: z.string(),
  createdName: z.string(),
  createdAt: at,
  endedAt: at.nullable(),
  signed: z.object({ by: z.string(), name: z.string(), at, note: z.string() }).nullable(),
};
export const trialItem = z.object(head);
export type TrialItem = z.infer<typeof trialItem>;
export const trials = z.object({ asOf: at, items: z.array(trialItem), page: whole, pages: whole, total: whole });
export type Trials = z.infer<typeof trials>;

const check = z.object({
  check: z.enum(trialChecks),
  outcome: z.enum(trialOutcomes),
  why: z.enum(trialWhyCodes),
  figures: z.record(z.string(), z.union([z.string(), z.number()])),
});

/** One meter of a run; `earlier`: what failed in earlier attempts. */
const trialMeter = z.object({
  meterId: whole,
  number: z.string(),
  label: z.string(),
  address: z.string(),
  profile: z.string(),
  state: z.enum(trialMeterStates),
  result: z.enum(trialResults).nullable(),
  attempt: whole,
  switchWish: z.enum(switchWishes),
  checks: z.array(check),
  earlier: z.array(z.object({ attempt: whole, at, result: z.enum(trialResults).nullable(), failed: z.array(check) })),
  doneAt: at.nullable(),
});
export type TrialMeter = z.infer<typeof trialMeter>;

/** GET /api/trials/:no. Signed, everything is as it was signed; `code` (校验码) begins the fingerprint. */
export const trial = z.object({
  ...head,
  asOf: at,
  version: z.string(),
  meterList: z.array(trialMeter),
  fingerprint: z.string().nullable(),
  code: z.string().nullable(),
});
export type Trial = z.infer<typeof trial>;

const place = { place: z.enum(trialPlaces).default("meters"), placeId: id.optional() };

/** GET /api/trials/plan?place=concentrator&placeId=1: the meters that may be tried there. */
export const trialPlanQuery = z.object(place);
export const trialPlan = z.object({
  asOf: at,
  placeName: z.string(),
  items: z.array(
    z.object({
      meterId: whole,
      number: z.string(),
      label: z.string(),
      inUse: z.boolean(),
      /** Why it is never switched; null: it may be. */
      neverSwitched: z.enum(trialWhyCodes).nullable(),
    }),
  ),
});
export type TrialPlan = z.infer<typeof trialPlan>;

const meterIds = z.array(whole.positive()).max(TRIAL_METERS_MAX);

/** POST /api/trials. `meterIds` null: all of the place. */
export const trialRequest = z
  .object({
    key: z.string().regex(/^[\w-]{8,64}$/),
    place: z.enum(trialPlaces),
    placeId: whole.positive().nullable().default(null),
    meterIds: meterIds.min(1).nullable().default(null),
    switchTest: z.boolean().default(false),
    inUseMeterIds: meterIds.default([]),
  })
  .refine((asked) => (asked.place === "meters" ? asked.meterIds : asked.placeId) !== null, { path: ["placeId"] });
export type TrialRequest = z.input<typeof trialRequest>;
export const trialMade = z.object({ trialNo: z.string(), created: z.boolean() });
export type TrialMade = z.infer<typeof trialMade>;

/** POST /api/trials/:no/cancel. */
export const trialCancelRequest = z.object({ reason: z.string().trim().max(200).default("") });
/** POST /api/trials/:no/repeat: those that failed or had no turn, or some of them. */
export const trialRepeatRequest = z.object({
  meterIds: meterIds.min(1).nullable().default(null),
  switchTest: z.boolean().default(false),
});
/** POST /api/trials/:no/sign. */
export const trialSignRequest = z.object({ note: z.string().trim().min(1).max(200) });

/** GET /api/trials/:no/verify?code=…: whether a copy is of the report that was signed. */
export const trialVerifyQuery = z.object({ code: z.string().trim().max(100).default("") });
export const trialVerdict = z.object({
  /** The code is that of the report. */
  matches: z.boolean(),
  /** What is stored still has the fingerprint that it was given when it was signed. */
  intact: z.boolean(),
  /** The audit tells of the same fingerprint. */
  audited: z.boolean(),
});
export type TrialVerdict = z.infer<typeof trialVerdict>;

/** Signs of a code that are enough to compare. */
export const TRIAL_CODE_MIN = TRIAL_CODE_CHARS;
