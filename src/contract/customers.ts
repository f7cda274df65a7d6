import { z } from "zod";
import { groupMark } from "./group-mark.ts";
import { phoneText, pricedYuan } from "./masked.ts";
import { tile } from "./metering.ts";

const yuan = z.string();
const at = z.number().int();
const dayText = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/);

/** GET /api/customers?search=…: by room, name, phone, customer or account number, meter number. */
export const customerSearch = z.object({
  search: z.string().trim().max(64).default(""),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export const customerHit = z.object({
  customerId: z.number().int(),
  number: z.string(),
  name: z.string(),
  phone: phoneText,
  /** Rooms of his that lie in my scope. */
  rooms: z.array(z.string()),
  meters: z.number().int(),
});
export type CustomerHit = z.infer<typeof customerHit>;
export const customerHits = z.object({ items: z.array(customerHit), more: z.boolean() });

/** A meter on the customer's page. Both what is left and how long it may last say as of when. */
export const customerMeter = z.object({
  tile,
  roomId: z.number().int().nullable(),
  group: groupMark,
  accountId: z.number().int(),
  accountNumber: z.string(),
  priceYuan: pricedYuan,
  lowCreditWh: z.number().int(),
  reachable: z.boolean(),
  /** Average of the last closed days that are known, Wh or litres a day; null when none is. */
  usePerDayWh: z.number().int().nullable(),
  /** How many days are known of those from `useFrom` to `useTo`. */
  useDays: z.number().int(),
  useFrom: dayText.nullable(),
  useTo: dayText.nullable(),
  /** At that use, in tenths of a day; null when it cannot be told, nothing is used, or the account has meters outside my scope. */
  daysLeftTenths: z.number().int().nullable(),
});
export type CustomerMeter = z.infer<typeof customerMeter>;

/** GET /api/customers/:id */
export const customerDetail = z.object({
  customerId: z.number().int(),
  projectId: z.number().int(),
  number: z.string(),
  name: z.string(),
  phone: phoneText,
  wallet: yuan,
  /** Of the wallet's money on its way into meters that have not agreed yet. */
  underWay: yuan,
  debts: yuan,
  /** Money value of all that is left in meters and on the server, without the wallet; null when a meter was never read. */
  credit: yuan.nullable(),
  asOf: at,
  rooms: z.array(z.object({ roomId: z.number().int().nullable(), name: z.string(), areaName: z.string() })),
  meters: z.array(customerMeter),
  /** Meters of his outside my scope: shown nowhere, but the wallet is theirs too. */
  metersElsewhere: z.boolean(),
});
export type CustomerDetail = z.infer<typeof customerDetail>;

/** GET /api/customers/:id/timeline: everything that happened, newest first. */
export const timelineQuery = z.object({
  /** `at.id` of the last entry of the page before. */
  before: z
    .string()
    .regex(/^\d{1,16}\.[\w:.-]{1,128}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});
export const timelineEntry = z.object({
  id: z.string(),
  at,
  /** Where it comes from: an event of a meter, a payment, or money that moved otherwise. */
  source: z.enum(["event", "payment", "ledger"]),
  /** Kind of the event, outcome of the payment, or kind of the transfer. */
  kind: z.string(),
  severity: z.enum(["info", "warning", "alarm"]),
  meterId: z.number().int().nullable(),
  meterKind: z.enum(["electricity", "water"]).nullable(),
  label: z.string(),
  amount: yuan.nullable(),
  channel: z.string().nullable(),
  by: z.string(),
  /** Leads to the receipt. */
  orderNo: z.string().nullable(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;
export const timeline = z.object({ items: z.array(timelineEntry), more: z.boolean() });
export type Timeline = z.infer<typeof timeline>;

/** GET /api/rooms/:id/statement?from=…&to=…: days of the site, both included. */
export const statementQuery = z.object({ from: dayText, to: dayText });
export const statementLineKinds = [
  "opening",
  "payment",
  "usage",
  "share",
  "refund",
  "payout",
  "clear",
  "write_off",
  "merge",
  "exchange",
  "correction",
  "handover",
  "debt",
  "recharge",
] as const;
export const statementLine = z.object({
  at,
  kind: z.enum(statementLineKinds),
  meterId: z.number().int(),
  number: z.string(),
  meterKind: z.enum(["electricity", "water"]),
  orderNo: z.string().nullable(),
  receiptNo: z.string().nullable(),
  channel: z.string().nullable(),
  /** Positive for the customer. */
  amount: yuan,
  balance: yuan,
});
export type StatementLine = z.infer<typeof statementLine>;
export const statement = z.object({
  roomId: z.number().int(),
  room: z.string(),
  areaName: z.string(),
  customer: z.string(),
  from: z.string(),
  to: z.string(),
  asOf: at,
  opening: yuan,
  /** opening + recharges − usage − shares + others = closing, to the last digit. */
  recharges: yuan,
  usage: yuan,
  shares: yuan,
  others: yuan,
  closing: yuan,
  /** What the closing balance consists of. */
  inMeters: yuan,
  inWallet: yuan,
  debts: yuan,
  lines: z.array(statementLine),
});
export type Statement = z.infer<typeof statement>;
