import { z } from "zod";
import { alarmEnds, alarmFindings, alarmKinds, alarmLevels, PHOTO_BYTES_MAX } from "#domain/alarm.ts";
import { loadCauses } from "#domain/load-guard.ts";
import {
  FLOOR_WH_MAX,
  PERIOD_HOURS_MAX,
  PERIOD_HOURS_MIN,
  READINGS_MIN_MAX,
  READINGS_MIN_MIN,
} from "#domain/static-rule.ts";

const whole = z.number().int();
const at = z.number().int();
const alarmId = z.string().regex(/^[0-9a-z]{20}$/);

/** What narrows a list of alarms (报警). */
export const alarmFilter = z.object({
  state: z.enum(["open", "closed"]).optional(),
  /** Whether somebody took note of it. */
  acknowledged: z.enum(["yes", "no"]).optional(),
  kind: z.enum(alarmKinds).optional(),
  level: z.enum(alarmLevels).optional(),
  /** What a visit found; `none`: nobody has been there. */
  finding: z.enum([...alarmFindings, "none"]).optional(),
  areaId: z.coerce.number().int().positive().optional(),
  meterId: z.coerce.number().int().positive().optional(),
  /** In room, meter number and customer. */
  search: z.string().trim().max(64).default(""),
});
export type AlarmFilter = z.infer<typeof alarmFilter>;

/** By when it opened (the newest first, unless `oldest`), by how long it holds, or by room. */
export const alarmSorts = ["newest", "oldest", "longest", "room"] as const;
export type AlarmSort = (typeof alarmSorts)[number];

/** GET /api/alarms?…&sort=…&page=…: fifty at a time. */
export const alarmQuery = alarmFilter.extend({
  sort: z.enum(alarmSorts).default("newest"),
  page: z.coerce.number().int().min(1).max(10_000).default(1),
});

/** What standing still rests on; energies in Wh or litres, before the ratio. */
const still = z.object({
  sinceAt: at,
  untilAt: at,
  fromWh: whole,
  toWh: whole,
  usedWh: whole,
  readings: whole,
  periodHours: whole,
  floorWh: whole,
});

/** What a lock-out rests on; power in W, `trippedAt` by the meter's clock. */
const lock = z.object({ cause: z.enum(loadCauses), trips: whole, total: whole, powerW: whole, trippedAt: at });

/** One alarm with its meter; `still` or `lock` by its kind. `index`: what the meter shows now. */
export const alarm = z.object({
  alarmId,
  kind: z.enum(alarmKinds),
  level: z.enum(alarmLevels),
  state: z.enum(["open", "closed"]),
  openedAt: at,
  /** Since when what it tells of holds. */
  sinceAt: at,
  still: still.nullable(),
  lock: lock.nullable(),
  meterId: whole,
  label: z.string(),
  number: z.string(),
  meterKind: z.enum(["electricity", "water"]),
  areaName: z.string(),
  customer: z.string().nullable(),
  index: z.object({ wh: whole.nullable(), at }),
  acknowledged: z.object({ by: z.string(), at, note: z.string() }).nullable(),
  closed: z.object({ at, how: z.enum(alarmEnds) }).nullable(),
  visit: z
    .object({ by: z.string(), at, finding: z.enum(alarmFindings), note: z.string(), hasPhoto: z.boolean() })
    .nullable(),
});
export type Alarm = z.infer<typeof alarm>;
export const alarms = z.object({ asOf: at, items: z.array(alarm), page: whole, pages: whole, total: whole });
export type Alarms = z.infer<typeof alarms>;

/** GET /api/alarms/summary: counts over the filter. `waiting` is open and not acknowledged; what ended is told by what was found. */
export const alarmSummary = z.object({
  asOf: at,
  open: whole,
  waiting: whole,
  closed: whole,
  findings: z.object({ normal_vacancy: whole, abnormal: whole, theft: whole }),
  /** Ended by themselves without a visit. */
  alone: z.object({ moved: whole, left: whole, released: whole, replaced: whole }),
});
export type AlarmSummary = z.infer<typeof alarmSummary>;

/** Alarms acknowledged at once. */
export const ACKNOWLEDGE_MAX = 200;

/** POST /api/alarms/acknowledge: some alarms, with one note for all. */
export const acknowledgeRequest = z.object({
  alarmIds: z.array(z.string().max(64)).min(1).max(ACKNOWLEDGE_MAX),
  note: z.string().trim().max(200).default(""),
});
export type AcknowledgeRequest = z.input<typeof acknowledgeRequest>;

/** What became of each, in the order in which they were named. */
export const acknowledgeOutcomes = ["acknowledged", "already", "closed", "not_found"] as const;
export const acknowledged = z.object({
  items: z.array(z.object({ alarmId: z.string(), outcome: z.enum(acknowledgeOutcomes), by: z.string().nullable() })),
});
export type Acknowledged = z.infer<typeof acknowledged>;

/** Signs of a photo in base64, with a margin. */
const PHOTO_CHARS_MAX = Math.ceil(PHOTO_BYTES_MAX / 3) * 4 + 8;
/** The largest body of a visit. */
export const VISIT_BYTES_MAX = PHOTO_CHARS_MAX + 8_192;

/** POST /api/alarms/:id/visit: what whoever went there found. `photo`: JPEG or PNG in base64. */
export const visitRequest = z.object({
  finding: z.enum(alarmFindings),
  note: z.string().trim().min(1).max(500),
  photo: z.string().max(PHOTO_CHARS_MAX).nullable().default(null),
});
export type VisitRequest = z.input<typeof visitRequest>;

const rule = {
  enabled: z.boolean(),
  periodHours: whole.min(PERIOD_HOURS_MIN).max(PERIOD_HOURS_MAX),
  floorWh: whole.min(0).max(FLOOR_WH_MAX),
  readingsMin: whole.min(READINGS_MIN_MIN).max(READINGS_MIN_MAX),
};

/** GET /api/alarm-rules: the static rule of each project, with who changed it last; `version` goes back with a change. */
export const alarmRules = z.object({
  items: z.array(
    z.object({ projectId: whole, name: z.string(), ...rule, updatedBy: z.string(), updatedAt: at, version: whole }),
  ),
});
export type AlarmRules = z.infer<typeof alarmRules>;

/** POST /api/alarm-rules. */
export const alarmRuleRequest = z.object({
  projectId: whole.positive(),
  ...rule,
  version: whole.min(0),
  reason: z.string().trim().min(1).max(200),
});
export type AlarmRuleRequest = z.infer<typeof alarmRuleRequest>;
