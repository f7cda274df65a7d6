import { z } from "zod";
import { dayRoom } from "./user-limits.ts";

const yuan = z.string();
const at = z.number().int();

/** Yuan as people type it: digits, at most two decimals. Anything else is refused with `amount_invalid`. */
export const amountText = z.string().max(20);

export const channels = ["cash", "transfer"] as const;

/** POST /api/recharges/preview: what a recharge would do, by the same code that books it. */
export const previewRequest = z.object({ meterId: z.number().int().positive(), amount: amountText });
export type PreviewRequest = z.infer<typeof previewRequest>;
export const preview = z.object({
  meterId: z.number().int(),
  label: z.string(),
  number: z.string(),
  customer: z.string(),
  creditAt: z.enum(["meter", "server"]),
  amount: yuan,
  walletBefore: yuan,
  debts: yuan,
  price: yuan,
  /** Whole units sold, in Wh or litres (1000 = one unit); 0 for credit on the server, where money is credited. */
  unitsWh: z.number().int(),
  unitsCost: yuan,
  walletAfter: yuan,
  /** Expected after the recharge; null when the meter was never read. */
  remainingAfterWh: z.number().int().nullable(),
  reachable: z.boolean(),
  /** An equal recharge of this meter within the last ten minutes: ask before taking money twice. */
  repeatOf: z.object({ orderNo: z.string(), at }).nullable(),
  /** What the day of who asks leaves him to take (充值日限额), for the whole payment; null: he has no limit. */
  today: dayRoom.nullable(),
});
export type Preview = z.infer<typeof preview>;

/** POST /api/recharges. `key` identifies this one payment for ever. */
export const rechargeRequest = z.object({
  key: z.string().regex(/^[\w-]{8,64}$/),
  meterId: z.number().int().positive(),
  amount: amountText,
  channel: z.enum(channels),
  note: z.string().trim().max(200).default(""),
});
export type RechargeRequest = z.infer<typeof rechargeRequest>;

export const orderStates = ["booked", "sent", "unknown", "confirmed", "refused", "stopped", "withdrawn"] as const;
export type OrderState = (typeof orderStates)[number];

/** A recharge order; GET /api/recharges/:orderNo and the answer of POST. */
export const recharge = z.object({
  orderNo: z.string(),
  /** The payment that it is a part of: the same number when it is the only part. */
  paymentNo: z.string(),
  receiptNo: z.string(),
  part: z.number().int(),
  parts: z.number().int(),
  customerId: z.number().int(),
  meterId: z.number().int(),
  label: z.string(),
  number: z.string(),
  customer: z.string(),
  /** What the meter measures: units are Wh or litres. */
  kind: z.enum(["electricity", "water"]),
  creditAt: z.enum(["meter", "server"]),
  channel: z.string(),
  amount: yuan,
  walletBefore: yuan,
  debts: yuan,
  price: yuan,
  unitsWh: z.number().int(),
  unitsCost: yuan,
  walletAfter: yuan,
  state: z.enum(orderStates),
  stateReason: z.string(),
  purchaseNumber: z.number().int().nullable(),
  remainingAfterWh: z.number().int().nullable(),
  createdBy: z.string(),
  createdAt: at,
  confirmedAt: at.nullable(),
  note: z.string(),
  /** What the switch does after this recharge: nothing, is being closed, closed, or wants its button pressed. */
  reconnection: z.enum(["none", "under_way", "closed", "press_button", "failed"]),
  reachable: z.boolean(),
});
export type Recharge = z.infer<typeof recharge>;

const dayText = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/);

/** What recharges are narrowed to, for the list, its totals and its file alike. Days are those of the site, both included. */
export const rechargeFilter = z.object({
  meterId: z.coerce.number().int().positive().optional(),
  customerId: z.coerce.number().int().positive().optional(),
  areaId: z.coerce.number().int().positive().optional(),
  channel: z.enum(["cash", "transfer", "wechat", "partner"]).optional(),
  /** Login of who took the money. */
  operator: z.string().trim().min(1).max(64).optional(),
  state: z.enum(orderStates).optional(),
  from: dayText.optional(),
  to: dayText.optional(),
  /** Order or receipt number, room, meter number or customer. */
  search: z.string().trim().min(1).max(64).optional(),
});
export type RechargeFilter = z.infer<typeof rechargeFilter>;

/** GET /api/recharges?from=…&before=…: newest first. */
export const rechargeQuery = rechargeFilter.extend({
  /** Only orders older than this one: the next page. */
  before: z.string().max(24).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

/** GET /api/recharges/totals: over everything that the filter holds, not only what is loaded. */
export const rechargeTotals = z.object({
  count: z.number().int(),
  amount: yuan,
  /** Of which went back to wallets because the order was withdrawn or refused. */
  givenBack: yuan,
  unitsCost: yuan,
  channels: z.array(z.object({ channel: z.string(), count: z.number().int(), amount: yuan })),
  /** Who took money within the scope, for the filter. */
  operators: z.array(z.string()),
});
export type RechargeTotals = z.infer<typeof rechargeTotals>;
export const recharges = z.object({ items: z.array(recharge), more: z.boolean() });

/** POST /api/recharges/:orderNo/recheck: reads the meter of a stopped top-up again; its count decides. */
export const recheckRequest = z.object({ reason: z.string().trim().min(1).max(200) });
export type RecheckRequest = z.infer<typeof recheckRequest>;

/** POST /api/recharges/:orderNo/withdraw: only while its command was never sent; the money stays in the wallet. */
export const withdrawRequest = z.object({ reason: z.string().trim().min(1).max(200) });
export type WithdrawRequest = z.infer<typeof withdrawRequest>;
