import { z } from "zod";
import { approvalStates } from "#domain/approval.ts";
import { moveOutAfterwards, moveOutStates, readingSources } from "#domain/move-out.ts";
import { refundMethods, refundStates } from "#domain/refund.ts";
import { phoneText } from "./masked.ts";
import { command } from "./metering.ts";

const yuan = z.string();
const at = z.number().int();
const key = z.string().regex(/^[\w-]{8,64}$/);
const ids = z.array(z.number().int().positive()).min(1).max(50);
const reason = z.string().trim().min(1).max(200);
const kind = z.enum(["electricity", "water"]);
const quantity = z.string().trim().max(20);

/** GET /api/move-outs/tenant?meterId=…: who rents where this meter hangs, and all his meters that I may see. */
export const tenantQuery = z.object({ meterId: z.coerce.number().int().positive() });
export const tenant = z.object({
  meterId: z.number().int(),
  /** Null: the meter is vacant (空置). */
  customer: z
    .object({ customerId: z.number().int(), number: z.string(), name: z.string(), phone: phoneText })
    .nullable(),
  roomId: z.number().int().nullable(),
  place: z.string(),
  /** The move-out that the meter is in. */
  moveOutNo: z.string().nullable(),
  meters: z.array(
    z.object({
      meterId: z.number().int(),
      label: z.string(),
      number: z.string(),
      meterKind: kind,
      roomId: z.number().int().nullable(),
      roomName: z.string(),
      accountId: z.number().int().nullable(),
      creditAt: z.enum(["meter", "server"]).nullable(),
      /** Whether what is left in it can be wiped from here; else somebody has to do it at the meter. */
      clearsRemotely: z.boolean(),
      hasSwitch: z.boolean(),
      reachable: z.boolean(),
      remainingWh: z.number().int().nullable(),
      remainingAt: at,
    }),
  ),
  /** He has meters outside my scope: his wallet stays with them. */
  metersElsewhere: z.boolean(),
});
export type Tenant = z.infer<typeof tenant>;

/** POST /api/move-outs. `key` identifies this one move-out for ever. */
export const moveOutRequest = z.object({
  key,
  meterIds: ids,
  method: z.enum(refundMethods),
  afterwards: z.enum(moveOutAfterwards),
  reason,
});
export type MoveOutRequest = z.infer<typeof moveOutRequest>;

/** Units that are given back out of one lot, at the price that it was bought at (yuan per unit). */
export const sheetPiece = z.object({
  orderNo: z.string().nullable(),
  boughtAt: at,
  unitsWh: z.number().int(),
  price: yuan,
  value: yuan,
});
/** One meter on the sheet of a move-out. */
export const sheetMeter = z.object({
  meterId: z.number().int(),
  label: z.string(),
  number: z.string(),
  meterKind: kind,
  creditAt: z.enum(["meter", "server"]),
  source: z.enum(readingSources),
  sourceReason: z.string(),
  sourceBy: z.string().nullable(),
  indexWh: z.number().int().nullable(),
  remainingWh: z.number().int().nullable(),
  readAt: at,
  /** Units that are given back, and the lots that they are from, newest first. */
  unitsWh: z.number().int(),
  pieces: z.array(sheetPiece),
  value: yuan,
  /** The price for all of them that somebody has set instead, what they come to by it, who and why. */
  overridePrice: yuan.nullable(),
  overrideValue: yuan.nullable(),
  overrideBy: z.string().nullable(),
  overrideReason: z.string(),
  /** In the meter and in no book: given back without value. */
  uncoveredWh: z.number().int(),
  /** In the books and not in the meter; finance looks at what is more than the counters may differ by. */
  leftoverWh: z.number().int(),
  leftover: yuan,
  overuseWh: z.number().int(),
  overuse: yuan,
  /** Of its account on the server, with one of the account's meters; null with credit in the meter. */
  balance: yuan.nullable(),
});
/** What a move-out comes to (结算单): credit + wallet − charges = total. */
export const sheet = z.object({
  at,
  meters: z.array(sheetMeter),
  /** Whether the tenant leaves with all he has: then his wallet is settled too. */
  whole: z.boolean(),
  wallet: yuan,
  debts: yuan,
  credit: yuan,
  charges: yuan,
  total: yuan,
  payable: yuan,
  rest: yuan,
  owed: yuan,
});
export type Sheet = z.infer<typeof sheet>;
export type SheetMeterView = z.infer<typeof sheetMeter>;

/** How far the clearing of one meter is. */
export const moveOutClear = z.object({
  refundNo: z.string(),
  state: z.enum(refundStates),
  stateReason: z.string(),
  commandState: command.shape.state.nullable(),
  takenWh: z.number().int().nullable(),
  purchaseNumber: z.number().int().nullable(),
  confirmedAt: at.nullable(),
  /** Has to be cleared by somebody at the meter. */
  onSite: z.boolean(),
});

/** A move-out as it is now. */
export const moveOut = z.object({
  moveOutNo: z.string(),
  state: z.enum(moveOutStates),
  place: z.string(),
  roomId: z.number().int().nullable(),
  project: z.string(),
  customerId: z.number().int(),
  customer: z.string(),
  customerNumber: z.string(),
  phone: phoneText,
  method: z.enum(refundMethods),
  afterwards: z.enum(moveOutAfterwards),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: at,
  updatedAt: at,
  confirmedBy: z.string().nullable(),
  paidBy: z.string().nullable(),
  payoutNote: z.string(),
  doneAt: at.nullable(),
  version: z.number().int(),
  meters: z.array(
    z.object({
      meterId: z.number().int(),
      label: z.string(),
      number: z.string(),
      meterKind: kind,
      creditAt: z.enum(["meter", "server"]),
      reachable: z.boolean(),
      readState: command.shape.state.nullable(),
      readReason: z.string(),
      source: z.enum([...readingSources, ""]),
      sourceReason: z.string(),
      indexWh: z.number().int().nullable(),
      remainingWh: z.number().int().nullable(),
      readAt: at.nullable(),
      /** What the meter shows now, and since when that is known. */
      nowIndexWh: z.number().int().nullable(),
      nowIndexAt: at,
      nowRemainingWh: z.number().int().nullable(),
      nowRemainingAt: at,
      relay: z.enum(["open", "closed"]).nullable(),
      clear: moveOutClear.nullable(),
    }),
  ),
  sheet: sheet.nullable(),
  rev: z.number().int(),
  isFinal: z.boolean(),
  /** What earlier sheets came to, oldest first. */
  earlier: z.array(z.object({ rev: z.number().int(), at, payable: yuan, owed: yuan, by: z.string() })),
  approval: z
    .object({
      id: z.string(),
      state: z.enum(approvalStates),
      amount: yuan,
      requestedBy: z.string(),
      decidedBy: z.string().nullable(),
      decisionReason: z.string(),
    })
    .nullable(),
  /** Whether it may still be given up: nothing has been sent to a meter that changes its credit. */
  cancellable: z.boolean(),
});
export type MoveOut = z.infer<typeof moveOut>;
export type MoveOutMeter = MoveOut["meters"][number];

/** GET /api/move-outs?state=…&search=…: newest first. */
export const moveOutFilter = z.object({
  state: z.enum(["open", ...moveOutStates]).optional(),
  search: z.string().trim().max(64).optional(),
});
export type MoveOutFilter = z.infer<typeof moveOutFilter>;
export const moveOutQuery = moveOutFilter.extend({
  before: z.string().max(32).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export const moveOutLine = z.object({
  moveOutNo: z.string(),
  state: z.enum(moveOutStates),
  place: z.string(),
  customer: z.string(),
  customerNumber: z.string(),
  meters: z.number().int(),
  payable: yuan.nullable(),
  owed: yuan.nullable(),
  method: z.enum(refundMethods),
  createdBy: z.string(),
  createdAt: at,
  doneAt: at.nullable(),
});
export type MoveOutLine = z.infer<typeof moveOutLine>;
export const moveOuts = z.object({ items: z.array(moveOutLine), more: z.boolean() });
export type MoveOuts = z.infer<typeof moveOuts>;

/** POST /api/move-outs/:no/meters/:meterId/read: ask the meter once more. */
export const againRequest = z.object({});
/** POST /api/move-outs/:no/meters/:meterId/reading: its last good reading, or what somebody saw at the meter. */
export const finalReadingRequest = z.object({
  source: z.enum(["last", "hand"]),
  /** Index as seen; only by hand. */
  index: quantity.nullable().default(null),
  /** Remaining units as seen; only by hand and for credit in the meter. */
  remaining: quantity.nullable().default(null),
  measuredAt: at,
  reason,
});
export type FinalReadingRequest = z.infer<typeof finalReadingRequest>;
/** POST /api/move-outs/:no/meters/:meterId/override: another price for its units; null: that of their lots again. */
export const overrideRequest = z.object({ price: z.string().trim().max(20).nullable(), reason });
export type OverrideRequest = z.infer<typeof overrideRequest>;
/** POST /api/move-outs/:no/meters/:meterId/cleared: somebody wiped it at the meter; what it held before. */
export const clearedRequest = z.object({ remaining: quantity, reason });
export type ClearedRequest = z.infer<typeof clearedRequest>;
/** POST /api/move-outs/:no/confirm: `rev` is the sheet that was agreed upon. */
export const confirmMoveOutRequest = z.object({ rev: z.number().int().min(1) });
/** POST /api/move-outs/:no/cancel, /retry. */
export const moveOutReason = z.object({ reason });
/** POST /api/move-outs/:no/finish: the money was handed out (or taken, for what is still owed), and the room is empty. */
export const finishRequest = z.object({
  rev: z.number().int().min(1),
  note: z.string().trim().max(200).default(""),
  /** How what is owed was paid; null: it stays a debt. */
  collect: z.enum(["cash", "transfer"]).nullable().default(null),
});
export type FinishRequest = z.infer<typeof finishRequest>;

/** POST /api/move-ins: a new tenant begins with nothing (入住). */
export const moveInRequest = z.object({
  key,
  meterIds: ids,
  name: z.string().trim().min(1).max(64),
  phone: z
    .string()
    .trim()
    .regex(/^[\d+ -]{0,20}$/),
  /** Customer number; empty: the next free one. */
  number: z
    .string()
    .trim()
    .regex(/^\w{0,20}$/),
  /** First day, in Asia/Shanghai. */
  from: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/),
});
export type MoveInRequest = z.infer<typeof moveInRequest>;
export const movedIn = z.object({ customerId: z.number().int(), number: z.string() });
export type MovedIn = z.infer<typeof movedIn>;
