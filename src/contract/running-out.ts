import { z } from "zod";
import { runOutShows, runOutSorts, runOutStates, runOutWithin } from "#domain/running-out.ts";
import { phoneText, pricedYuan, worthOf } from "./masked.ts";
import { meterKinds } from "./reports.ts";

const whole = z.number().int();
const yuan = z.string();
const NOTE_CHARS = 200;
/** As many as anybody telephones in a day. */
const TOLD_AT_ONCE = 200;

/** GET /api/reports/running-out: prepaid accounts whose credit runs out within some days (即将用完). */
export const runningOutQuery = z.object({
  days: z.coerce
    .number()
    .pipe(z.literal([...runOutWithin]))
    .default(3),
  show: z.enum(runOutShows).default("due"),
  sort: z.enum(runOutSorts).default("days"),
  areaId: z.coerce.number().int().positive().optional(),
  search: z.string().trim().max(64).default(""),
  /** So many rows are left out. */
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** One account, or one meter where the meter holds the credit. */
export const runningOutRow = z.object({
  /** The meter that it is known by: the first of the account in the scope. */
  meterId: whole,
  accountNumber: z.string(),
  customerId: whole,
  customer: z.string(),
  phone: phoneText,
  areaName: z.string(),
  /** Those in the scope. */
  meters: z.array(z.object({ meterId: whole, label: z.string(), number: z.string(), kind: z.enum(meterKinds) })),
  /** The account pays for meters outside the scope too: what they use is not told, nor what follows from it. */
  elsewhere: z.boolean(),
  creditAt: z.enum(["meter", "server"]),
  state: z.enum(runOutStates),
  /** Wh or litres, of a meter that holds its credit; null otherwise. */
  leftWh: whole.nullable(),
  leftYuan: worthOf("leftWh"),
  leftAt: whole,
  /** Wh or litres a day, of one meter alone. Null: not known. */
  usePerDayWh: whole.nullable(),
  costPerDay: pricedYuan,
  /** How many days are known of those that it is taken from; of several meters, of the one that is known least. */
  useDays: whole,
  daysLeftTenths: whole.nullable(),
  /** Counted from `leftAt`. */
  runsOutOn: z.string().nullable(),
  lastRecharge: z.object({ at: whole, amount: yuan, orderNo: z.string() }).nullable(),
  /** The last time that somebody noted that the customer was told. */
  told: z.object({ at: whole, by: z.string(), note: z.string() }).nullable(),
});
export type RunningOutRow = z.infer<typeof runningOutRow>;

export const runningOutReport = z.object({
  asOf: whole,
  /** The closed days that the use is taken from; null while none is closed. */
  useFrom: z.string().nullable(),
  useTo: z.string().nullable(),
  items: z.array(runningOutRow),
  next: whole.nullable(),
  total: whole,
  /** Over all rows of the list, not of this page alone. */
  customers: whole,
  leftYuan: yuan,
  /** How many accounts the filter holds in each list, and altogether. */
  counts: z.object({ due: whole, unknown: whole, unused: whole, all: whole }),
});
export type RunningOutReport = z.infer<typeof runningOutReport>;

/** POST /api/reports/running-out/told: that the customers of these rows were told, by telephone or face to face. No message is sent. */
export const toldRequest = z.object({
  /** One wish: sent again, it is noted once. */
  key: z.string().min(8).max(64),
  meterIds: z.array(whole.positive()).min(1).max(TOLD_AT_ONCE),
  note: z.string().trim().min(1).max(NOTE_CHARS),
});
export type ToldRequest = z.infer<typeof toldRequest>;
/** Which were noted; those outside the scope, or without an account, are not among them. */
export const toldAnswer = z.object({ meterIds: z.array(whole) });
export type ToldAnswer = z.infer<typeof toldAnswer>;
