import { z } from "zod";
import { amountText, channels, preview, recharge } from "./money.ts";

const yuan = z.string();
const at = z.number().int();

/** One meter of a payment and what it gets of the money. */
export const paymentPart = z.object({ meterId: z.number().int().positive(), amount: amountText });

/** Meters of one payment; the flow refuses more with a sentence of its own. */
const parts = z.array(paymentPart).min(1).max(100);

/** POST /api/payments/preview: what one payment over several meters of a customer would do to each. */
export const paymentPreviewRequest = z.object({ parts });
export type PaymentPreviewRequest = z.infer<typeof paymentPreviewRequest>;
export const paymentPreview = z.object({ customer: z.string(), amount: yuan, parts: z.array(preview) });
export type PaymentPreview = z.infer<typeof paymentPreview>;

/** POST /api/payments/split: a proposal of how to split an amount. `lack`: by what is owed or below the alarm limit first. */
export const splitRequest = z.object({
  amount: amountText,
  meterIds: z.array(z.number().int().positive()).min(1).max(100),
  by: z.enum(["even", "lack"]),
});
export type SplitRequest = z.infer<typeof splitRequest>;
export const splitProposal = z.object({
  parts: z.array(z.object({ meterId: z.number().int(), amount: yuan, lack: yuan })),
});
export type SplitProposal = z.infer<typeof splitProposal>;

/** POST /api/payments: one payment, one key, one receipt; all parts are booked or none. */
export const paymentRequest = z.object({
  key: z.string().regex(/^[\w-]{8,64}$/),
  parts,
  channel: z.enum(channels),
  note: z.string().trim().max(200).default(""),
});
export type PaymentRequest = z.infer<typeof paymentRequest>;

/** A payment with its parts; GET /api/payments/:paymentNo and the answer of POST. */
export const payment = z.object({
  paymentNo: z.string(),
  receiptNo: z.string(),
  project: z.string(),
  customer: z.string(),
  customerId: z.number().int().nullable(),
  channel: z.string(),
  externalId: z.string().nullable(),
  amount: yuan,
  outcome: z.enum(["recharged", "wallet", "suspense"]),
  outcomeReason: z.string(),
  shiftId: z.number().int().nullable(),
  takenBy: z.string(),
  takenAt: at,
  note: z.string(),
  /** Printed receipts so far. */
  prints: z.number().int(),
  parts: z.array(recharge),
});
export type Payment = z.infer<typeof payment>;

/** POST /api/payments/:paymentNo/prints: counts a print; `n` is 2 and more for a reprint (补打). */
export const printRequest = z.object({ key: z.string().regex(/^[\w-]{8,64}$/) });
export const printed = z.object({ n: z.number().int() });
