import { z } from "zod";
import {
  BATCH_METERS_MAX,
  batchHolds,
  batchKinds,
  batchStates,
  batchSteps,
  leftOutReasons,
} from "#domain/switch-batch.ts";
import { tileStates } from "#domain/tile.ts";
import { approval } from "./approvals.ts";
import { worthOf } from "./masked.ts";

const whole = z.number().int();
const at = z.number().int();
const kind = z.enum(batchKinds);
const meterIds = z.array(z.number().int().positive()).max(BATCH_METERS_MAX);

/** What was known of a meter when the list was made. Energies in Wh or litres, money as yuan text. */
const known = z.object({
  meterId: whole,
  label: z.string(),
  number: z.string(),
  areaName: z.string(),
  kind: z.enum(["electricity", "water"]),
  state: z.enum(tileStates),
  relay: z.enum(["open", "closed"]).nullable(),
  offCause: z.enum(["arrears", "operator", "safety", "unknown"]).nullable(),
  guarded: z.boolean(),
  customer: z.string().nullable(),
  remainingWh: whole.nullable(),
  remainingYuan: worthOf("remainingWh"),
  remainingAt: at,
});

/** Addresses or meter numbers of one pasted list. */
export const NAMES_MAX = BATCH_METERS_MAX;

/** POST /api/switch-batches/preview: what a batch over these meters would be. `names`: addresses or meter numbers. */
export const batchPreviewRequest = z.object({
  kind,
  meterIds: meterIds.default([]),
  names: z.array(z.string().trim().min(1).max(32)).max(NAMES_MAX).default([]),
});
export type BatchPreviewRequest = z.input<typeof batchPreviewRequest>;

/**
 * `meters`: how many would be switched. `unknown`: names that no meter of one's own bears, `ambiguous`: that several do; `missing`: how many of the
 * ids are no meters of one's own. `secondPerson`: somebody else must agree. Trips leave no faster than `perWindow` in ten minutes.
 */
export const batchPreview = z.object({
  asOf: at,
  items: z.array(known.extend({ why: z.enum(leftOutReasons).nullable() })),
  meters: whole,
  unknown: z.array(z.string()),
  ambiguous: z.array(z.string()),
  missing: whole,
  secondPerson: z.boolean(),
  perWindow: whole,
  /** The most meters that who asks may switch in one batch (批量只数); null: no limit of his own. */
  limit: whole.nullable(),
});
export type BatchPreview = z.infer<typeof batchPreview>;

/** POST /api/switch-batches. `typed` is the number of meters as the person typed it; `againOf` the batch whose failed meters these are. */
export const batchRequest = z.object({
  key: z.string().min(8).max(64),
  kind,
  meterIds: meterIds.min(1),
  typed: whole.min(0).max(BATCH_METERS_MAX),
  reason: z.string().trim().max(200).default(""),
  againOf: z
    .string()
    .regex(/^[0-9a-z]{20}$/)
    .nullable()
    .default(null),
});
export type BatchRequest = z.input<typeof batchRequest>;

/** POST /api/switch-batches/:id/cancel. */
export const batchCancelRequest = z.object({ reason: z.string().trim().max(200).default("") });

/** What narrows a list of batches. */
export const batchFilter = z.object({
  kind: kind.optional(),
  state: z.enum(batchStates).optional(),
  /** In reason and name of who asked. */
  search: z.string().trim().max(64).default(""),
});
export type BatchFilter = z.infer<typeof batchFilter>;
/** GET /api/switch-batches?…&page=…: fifty at a time, newest first. */
export const batchQuery = batchFilter.extend({ page: z.coerce.number().int().min(1).max(10_000).default(1) });

/** Meters of one's own by how far they are. */
const steps = z.object(
  Object.fromEntries(batchSteps.map((step) => [step, whole])) as Record<(typeof batchSteps)[number], typeof whole>,
);

/** One batch in a list. Counted are meters of one's own scope only. */
export const batchLine = z.object({
  batchId: z.string(),
  kind,
  state: z.enum(batchStates),
  reason: z.string(),
  requestedBy: z.string(),
  requestedAt: at,
  approvedBy: z.string().nullable(),
  startedAt: at.nullable(),
  endedAt: at.nullable(),
  cancelledBy: z.string().nullable(),
  steps,
});
export type BatchLine = z.infer<typeof batchLine>;
export const batchLines = z.object({ asOf: at, items: z.array(batchLine), page: whole, pages: whole, total: whole });
export type BatchLines = z.infer<typeof batchLines>;

/** One meter of a batch: as it was known, and how it is going. `stateReason` is the command's. */
export const batchMeter = known.extend({
  step: z.enum(batchSteps),
  why: z.enum(leftOutReasons).nullable(),
  commandId: z.string().nullable(),
  stateReason: z.string(),
  sentAt: at.nullable(),
  doneAt: at.nullable(),
});
export type BatchMeter = z.infer<typeof batchMeter>;

/**
 * GET /api/switch-batches/:id. `list` is the hash of the frozen list, to be named by who approves it. `whole`: no meter of it is outside one's
 * scope. `approval`: null when nobody was asked, or one may not see it.
 */
export const batch = batchLine.extend({
  asOf: at,
  list: z.string(),
  whole: z.boolean(),
  againOf: z.string().nullable(),
  sendUntil: at.nullable(),
  hold: z.enum(batchHolds).nullable(),
  mine: z.boolean(),
  mayCancel: z.boolean(),
  approval: approval.nullable(),
  items: z.array(batchMeter),
});
export type Batch = z.infer<typeof batch>;
