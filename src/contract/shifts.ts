import { z } from "zod";

const yuan = z.string();
const at = z.number().int();
const key = z.string().regex(/^[\w-]{8,64}$/);
const dayText = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/);

/** One count of the cash. `difference` is counted − expected. */
export const shiftCount = z.object({
  n: z.number().int(),
  counted: yuan,
  expected: yuan,
  difference: yuan,
  countedBy: z.string(),
  countedAt: at,
  denominations: z.record(z.string(), z.number().int()).nullable(),
});
export type ShiftCount = z.infer<typeof shiftCount>;

/** A shift (班次). `expected` and `counted` are null while it is open: cash is counted blind. */
export const shift = z.object({
  shiftId: z.number().int(),
  projectId: z.number().int(),
  project: z.string(),
  cashier: z.string(),
  cashierName: z.string(),
  mine: z.boolean(),
  state: z.enum(["open", "closed"]),
  openedAt: at,
  openedBy: z.enum(["payment", "hand", "takeover"]),
  float: yuan,
  closedAt: at.nullable(),
  closedBy: z.string().nullable(),
  expected: yuan.nullable(),
  counted: yuan.nullable(),
  difference: yuan.nullable(),
  reason: z.string(),
  /** Open since yesterday or longer: somebody forgot it, or works through the night. */
  overnight: z.boolean(),
});
export type Shift = z.infer<typeof shift>;

/** GET /api/shifts */
export const shiftQuery = z.object({
  state: z.enum(["open", "closed"]).optional(),
  from: dayText.optional(),
  to: dayText.optional(),
  mine: z.enum(["1"]).optional(),
});
export const shifts = z.object({
  items: z.array(shift),
  projects: z.array(z.object({ projectId: z.number().int(), name: z.string() })),
});
export type Shifts = z.infer<typeof shifts>;

/** GET /api/shifts/:id: the report of a shift. Cash sums of an open one stay null until it is closed. */
export const shiftReport = z.object({
  shift,
  /** Payments by channel. */
  channels: z.array(z.object({ channel: z.string(), count: z.number().int(), amount: yuan })),
  recharges: z.object({ count: z.number().int(), amount: yuan }),
  /** Recharges that were withdrawn: the money stayed in the wallet, the cash in the drawer. */
  withdrawn: z.object({ count: z.number().int(), amount: yuan }),
  /** Cash paid out. */
  refunds: z.object({ count: z.number().int(), amount: yuan }),
  reprints: z.number().int(),
  /** Every movement of the drawer by kind, from the drawer's side; empty while the shift is open. */
  cash: z.array(z.object({ kind: z.string(), count: z.number().int(), amount: yuan })),
  counts: z.array(shiftCount),
  /** Cash payments by day of the site, for a shift that runs over midnight. */
  days: z.array(z.object({ day: z.string(), count: z.number().int(), amount: yuan })),
});
export type ShiftReport = z.infer<typeof shiftReport>;

/** POST /api/shifts */
export const openShiftRequest = z.object({ projectId: z.number().int().positive(), float: z.string().max(20) });
/** POST /api/shifts/:id/counts: the sum, or how many of each note and coin (in fen). */
export const countRequest = z.object({
  key,
  counted: z.string().max(20).nullable().default(null),
  denominations: z
    .record(z.string().regex(/^\d{1,6}$/), z.number().int().min(0))
    .nullable()
    .default(null),
});
export type CountRequest = z.infer<typeof countRequest>;
/** POST /api/shifts/:id/close: by the count that was just made. */
export const closeShiftRequest = z.object({
  count: z.number().int().positive(),
  reason: z.string().trim().max(200).default(""),
});
export type CloseShiftRequest = z.infer<typeof closeShiftRequest>;
