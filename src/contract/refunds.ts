import { z } from "zod";
import { refundKinds, refundMethods, refundStates } from "#domain/refund.ts";
import { dayRoom } from "./user-limits.ts";

const yuan = z.string();
const at = z.number().int();
const key = z.string().regex(/^[\w-]{8,64}$/);
const meterId = z.number().int().positive();

/** What can be asked for at the desk: units in a meter, money of the wallet or of a balance. */
export const deskKinds = ["units", "wallet", "balance"] as const;
/** What can be tried: also a clear, which takes whatever there is, and the write-off of a debt. */
export const previewKinds = [...deskKinds, "clear", "debt"] as const;
export type PreviewKind = (typeof previewKinds)[number];

const asked = {
  meterId,
  kind: z.enum(deskKinds),
  /** Units for `units`, yuan for money; digits with at most two decimals; nothing for a clear. */
  quantity: z.string().max(20),
  /** The recharge that was wrong, when it is about one. */
  orderNo: z.string().max(32).nullable().default(null),
};

/** POST /api/refunds/preview: what a refund would come to, by the code that books it. */
export const refundPreviewRequest = z.object({ ...asked, kind: z.enum(previewKinds) });
export type RefundPreviewRequest = z.infer<typeof refundPreviewRequest>;
export const refundPreview = z.object({
  /** Units (Wh or litres) that would be taken from the meter; 0 for money. */
  unitsWh: z.number().int(),
  amount: yuan,
  /** What is handed out: whole fen. The rest stays in the wallet. */
  payable: yuan,
  needsApproval: z.boolean(),
  /** What the meter showed at `asOf` and would show afterwards, in Wh or litres; null where no meter is asked. */
  beforeWh: z.number().int().nullable(),
  afterWh: z.number().int().nullable(),
  asOf: at,
  /** What that is worth; or the wallet, the balance or the debt; before and after. */
  before: yuan,
  after: yuan,
  /** Where the units come from, newest first, and what was paid for them. */
  lots: z.array(z.object({ orderNo: z.string().nullable(), at, unitsWh: z.number().int(), value: yuan })),
  reachable: z.boolean(),
  /** What the day of who asks leaves him to give back (退费日限额); null: he has no limit. */
  today: dayRoom.nullable(),
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
  customerId: z.number().int().nullable(),
  creditAt: z.enum(["meter", "server"]).nullable(),
  /** What the meter showed last; null: never read. */
  remainingWh: z.number().int().nullable(),
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
  /**
   * Recharges of this meter by its customer that a refund may be about, newest first. What was withdrawn or refused has its money in the
   * wallet and can be refunded from there only.
   */
  orders: z.array(
    z.object({
      orderNo: z.string(),
      amount: yuan,
      unitsWh: z.number().int(),
      /** Units, and money, that were not refunded yet. */
      leftWh: z.number().int(),
      left: yuan,
      at,
      channel: z.string(),
      credited: z.boolean(),
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
  project: z.string(),
  customer: z.string(),
  customerId: z.number().int(),
  orderNo: z.string().nullable(),
  /** How the recharge was paid that `orderNo` names. */
  orderChannel: z.string().nullable(),
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
  /** The second person: who decided, when, and what he wrote. */
  decidedBy: z.string().nullable(),
  decidedAt: at.nullable(),
  decisionReason: z.string(),
  commandState: z
    .enum(["waiting", "sent", "unknown", "confirmed", "refused", "stopped", "expired", "cancelled"])
    .nullable(),
  wasSent: z.boolean(),
  sentAt: at.nullable(),
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
  /** How often its slip (退费单) was printed. */
  prints: z.number().int(),
});
export type Refund = z.infer<typeof refund>;

const dayText = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/);

/** What refunds are narrowed to, for the list, its sums and its file alike. Days are those of the site, both included. */
export const refundFilter = z.object({
  meterId: z.coerce.number().int().positive().optional(),
  customerId: z.coerce.number().int().positive().optional(),
  areaId: z.coerce.number().int().positive().optional(),
  kind: z.enum(refundKinds).optional(),
  state: z.enum(refundStates).optional(),
  method: z.enum(refundMethods).optional(),
  /** Login of who asked for it. */
  operator: z.string().trim().min(1).max(64).optional(),
  from: dayText.optional(),
  to: dayText.optional(),
  /** Refund or order number, room, meter number or customer. */
  search: z.string().trim().min(1).max(64).optional(),
  /** The recharge that was wrong, or the one that took its place. */
  orderNo: z.string().max(32).optional(),
  /** Only what has not come to its end. */
  open: z
    .enum(["1"])
    .transform(() => true)
    .optional(),
});
export type RefundFilter = z.infer<typeof refundFilter>;

/** GET /api/refunds?meterId=…&orderNo=…&open=1&before=…: newest first. */
export const refundQuery = refundFilter.extend({
  before: z.string().max(32).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export const refunds = z.object({ items: z.array(refund), more: z.boolean() });
export type Refunds = z.infer<typeof refunds>;

/** GET /api/refunds/totals: over everything that the filter holds. What ended without effect is counted and adds nothing. */
export const refundTotals = z.object({
  count: z.number().int(),
  /** What was or will be given back to customers, what of that was handed out, and what is still owed to them. */
  refunded: yuan,
  paid: yuan,
  owed: yuan,
  /** Credit and debts that were given up. */
  cleared: yuan,
  writtenOff: yuan,
  /** What was handed out, by how. */
  methods: z.array(z.object({ method: z.enum(refundMethods), count: z.number().int(), amount: yuan })),
  /** Who asked for refunds within the scope, for the filter. */
  operators: z.array(z.string()),
});
export type RefundTotals = z.infer<typeof refundTotals>;

/** POST /api/refunds/:refundNo/prints: counts a print of the slip before it is made. The same key is the same print. */
export const refundPrintRequest = z.object({ key });

/** POST /api/refunds/:refundNo/withdraw, /recheck. */
export const refundReason = z.object({ reason: z.string().trim().min(1).max(200) });
/** POST /api/refunds/:refundNo/payout: the money was handed out; `note` says the bank's number for a transfer. */
export const payoutRequest = z.object({ note: z.string().trim().max(200).default("") });
/** POST /api/refunds/:refundNo/replacement: the recharge that took the place of the wrong one. */
export const replacementRequest = z.object({ orderNo: z.string().max(32) });
