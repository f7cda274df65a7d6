import { z } from "zod";
import { refundKinds, refundMethods, refundStates } from "#domain/refund.ts";

const yuan = z.string();
const at = z.number().int();
const key = z.string().regex(/^[\w-]{8,64}$/);
const meterId = z.number().int().positive();

/** What can be asked for at the desk: units in a meter, money of the wallet or of a balance. */
export const deskKinds = ["units", "wallet", "balance"] as const;

const asked = {
  meterId,
  kind: z.enum(deskKinds),
  /** Units for `units`, yuan for money; digits with at most two decimals. */
  quantity: z.string().max(20),
  /** The recharge that was wrong, when it is about one. */
  orderNo: z.string().max(32).nullable().default(null),
};

/** POST /api/refunds/preview: what a refund would come to, by the code that books it. */
export const refundPreviewRequest = z.object(asked);
export type RefundPreviewRequest = z.infer<typeof refundPreviewRequest>;
export const refundPreview = z.object({
  /** Units (Wh or litres) that would be taken from the meter; 0 for money. */
  unitsWh: z.number().int(),
  amount: yuan,
  /** What is handed out: whole fen. The rest stays in the wallet. */
  payable: yuan,
  needsApproval: z.boolean(),
});
export type RefundPreview = z.infer<typeof refundPreview>;

/** GET /api/refunds/options?meterId=…: what there is to refund now. */
export const refundOptionsQuery = z.object({ meterId: z.coerce.number().int().positive() });
export const refundOptions = z.object({
  meterId: z.number().int(),
  label: z.string(),
  number: z.string(),
  meterKind: z.enum(["electricity", "water"]),
  customer: z.string(),
  creditAt: z.enum(["meter", "server"]).nullable(),
  /** At most so much can be taken from the meter: what it shows, as far as the books cover it. Null: never read. */
  unitsMaxWh: z.number().int().nullable(),
  unitsAsOf: at,
  /** What all of it would be worth. */
  unitsValue: yuan,
  wallet: yuan,
  balance: yuan.nullable(),
  debts: yuan,
  /** Why nothing can be done now, as a refusal's code; null when nothing stands against it. */
  obstacle: z.string().nullable(),
  obstacleDetails: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Confirmed recharges of this meter that a refund may be about, newest first. */
  orders: z.array(
    z.object({
      orderNo: z.string(),
      amount: yuan,
      unitsWh: z.number().int(),
      leftWh: z.number().int(),
      at,
      channel: z.string(),
    }),
  ),
});
export type RefundOptions = z.infer<typeof refundOptions>;

/** POST /api/refunds. `key` identifies this one refund for ever. */
export const refundRequest = z.object({
  key,
  ...asked,
  method: z.enum(refundMethods),
  reason: z.string().trim().min(1).max(200),
});
export type RefundRequest = z.infer<typeof refundRequest>;

/** POST /api/refunds/clear: wipes what is left in a meter, without paying it back (清零). */
export const clearRequest = z.object({ key, meterId, reason: z.string().trim().min(1).max(200) });
export type ClearRequest = z.infer<typeof clearRequest>;

/** POST /api/refunds/write-off: gives up a debt of the meter's customer (核销欠费). */
export const writeOffRequest = z.object({
  key,
  meterId,
  amount: z.string().max(20),
  reason: z.string().trim().min(1).max(200),
});
export type WriteOffRequest = z.infer<typeof writeOffRequest>;

/** A refund, clear or write-off with all that has become of it. */
export const refund = z.object({
  refundNo: z.string(),
  kind: z.enum(refundKinds),
  method: z.enum([...refundMethods, ""]),
  state: z.enum(refundStates),
  stateReason: z.string(),
  meterId: z.number().int(),
  label: z.string(),
  number: z.string(),
  meterKind: z.enum(["electricity", "water"]),
  customer: z.string(),
  orderNo: z.string().nullable(),
  replacementNo: z.string().nullable(),
  moveOutNo: z.string().nullable(),
  unitsWh: z.number().int(),
  takenWh: z.number().int().nullable(),
  /** What was quoted, and what it has come to (the same until the meter has agreed). */
  quoted: yuan,
  amount: yuan,
  payable: yuan,
  purchaseNumber: z.number().int().nullable(),
  approvalId: z.string().nullable(),
  commandState: z
    .enum(["waiting", "sent", "unknown", "confirmed", "refused", "stopped", "expired", "cancelled"])
    .nullable(),
  wasSent: z.boolean(),
  reachable: z.boolean(),
  remainingWh: z.number().int().nullable(),
  remainingAt: at,
  payoutNote: z.string(),
  paidBy: z.string().nullable(),
  paidAt: at.nullable(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: at,
  confirmedAt: at.nullable(),
});
export type Refund = z.infer<typeof refund>;

/** GET /api/refunds?meterId=…&orderNo=…&open=1&before=…: newest first. */
export const refundQuery = z.object({
  meterId: z.coerce.number().int().positive().optional(),
  orderNo: z.string().max(32).optional(),
  open: z
    .enum(["1"])
    .transform(() => true)
    .optional(),
  before: z.string().max(32).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export const refunds = z.object({ items: z.array(refund), more: z.boolean() });
export type Refunds = z.infer<typeof refunds>;

/** POST /api/refunds/:refundNo/withdraw, /recheck. */
export const refundReason = z.object({ reason: z.string().trim().min(1).max(200) });
/** POST /api/refunds/:refundNo/payout: the money was handed out; `note` says the bank's number for a transfer. */
export const payoutRequest = z.object({ note: z.string().trim().max(200).default("") });
/** POST /api/refunds/:refundNo/replacement: the recharge that took the place of the wrong one. */
export const replacementRequest = z.object({ orderNo: z.string().max(32) });
