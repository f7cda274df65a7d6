import { z } from "zod";
import { heardStates } from "#domain/last-day.ts";
import { meterEventKinds } from "#domain/meter-event.ts";
import { tileReasons, tileStates } from "#domain/tile.ts";
import { withdrawals } from "#domain/withdrawal.ts";
import { groupMark } from "./group-mark.ts";
import { phoneText, pricedYuan, worthBeside } from "./masked.ts";

export type { TileReason, TileState } from "#domain/tile.ts";
export { tileReasons, tileStates };

const wh = z.number().int().nullable();
const at = z.number().int();
const yuan = z.string();

/** One meter on the board. Energies in Wh (1000 = one unit), money as yuan text, times as epoch ms, 0 = never. */
export const tile = z.object({
  meterId: z.number().int(),
  number: z.string(),
  label: z.string(),
  areaId: z.number().int(),
  areaName: z.string(),
  /** What it hangs at now. */
  concentratorId: z.number().int(),
  concentratorName: z.string(),
  kind: z.enum(["electricity", "water"]),
  mode: z.enum(["prepaid", "postpaid", "public"]),
  creditAt: z.enum(["meter", "server"]).nullable(),
  state: z.enum(tileStates),
  /** The second state that also holds, as a corner mark. */
  second: z.enum(tileStates).nullable(),
  reasons: z.array(z.enum(tileReasons)),
  remainingWh: wh,
  remainingYuan: worthBeside({ field: "creditAt", is: "meter" }),
  remainingAt: at,
  changedAt: at,
});
export type Tile = z.infer<typeof tile>;

/** GET /api/board: every tile in my scope, counts by state, and as of when. */
export const board = z.object({
  asOf: at,
  counts: z.object({ fault: z.number(), off: z.number(), alarm: z.number(), normal: z.number(), total: z.number() }),
  tiles: z.array(tile),
});
export type Board = z.infer<typeof board>;

/** GET /api/meters?search=…&limit=…: by room, number, customer, tail of the phone. */
export const meterSearch = z.object({
  search: z.string().trim().max(64).default(""),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export const meterHit = z.object({
  meterId: z.number().int(),
  number: z.string(),
  label: z.string(),
  areaName: z.string(),
  customer: z.string().nullable(),
  state: z.enum(tileStates),
});
export type MeterHit = z.infer<typeof meterHit>;
export const meterHits = z.object({ items: z.array(meterHit), more: z.boolean() });

/** GET /api/meters/:id: all that is known about a meter now. */
export const meterDetail = z.object({
  tile,
  address: z.string(),
  profile: z.string(),
  /** For each of the tile's reasons, in their order, since when it holds; null when nobody knows. */
  reasonsSince: z.array(at.nullable()),
  concentrator: z.object({ code: z.string(), name: z.string(), online: z.boolean(), lastSeenAt: at }),
  /** Where it hangs: its distribution box if it has one, its bus of the concentrator, and what the bus is called. */
  box: z.string().nullable(),
  bus: z.number().int(),
  channel: z.string().nullable(),
  customer: z
    .object({
      customerId: z.number().int(),
      number: z.string(),
      name: z.string(),
      phone: phoneText,
      wallet: yuan,
      debts: yuan,
      accountNumber: z.string(),
      /** Meters of his in my scope: one payment may be split among them. */
      meters: z.number().int(),
    })
    .nullable(),
  /** The merged account that it belongs to; null on a meter of its own. */
  group: groupMark,
  priceYuan: pricedYuan,
  ratio: z.number().int(),
  switchKind: z.enum(["relay", "breaker", "valve", "none"]),
  closesBy: z.enum(["direct", "button"]),
  supplyGuard: z.boolean(),
  indexWh: wh,
  indexAt: at,
  remainingWh: wh,
  remainingAt: at,
  balanceYuan: yuan.nullable(),
  lowCreditWh: z.number().int(),
  purchaseCount: z.number().int(),
  purchaseCountRead: z.number().int().nullable(),
  relay: z.enum(["open", "closed"]).nullable(),
  relayAt: at,
  relayCommanded: z.enum(["open", "closed"]).nullable(),
  relayCommandedAt: at,
  offCause: z.enum(["arrears", "operator", "safety", "unknown"]).nullable(),
  voltageMv: wh,
  currentMa: wh,
  powerW: wh,
  instantAt: at,
  lastAnswerAt: at,
  silentRounds: z.number().int(),
});
export type MeterDetail = z.infer<typeof meterDetail>;

/** GET /api/meters/:id/events: newest first. The client translates `kind`; `detail` holds the figures. */
export const meterEvent = z.object({
  id: z.string(),
  at,
  kind: z.enum(meterEventKinds),
  severity: z.enum(["info", "warning", "alarm"]),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type MeterEvent = z.infer<typeof meterEvent>;
export const meterEvents = z.object({ items: z.array(meterEvent) });

/** GET /api/meters/:id/frames: the last frames, newest first, each with its decoding. */
export const meterFrame = z.object({
  at,
  direction: z.enum(["sent", "received", "silence"]),
  hex: z.string(),
  tookMs: z.number().int(),
  /** Chinese lines that explain the frame, e.g. 「正向有功总电能 1234.56 kWh」. */
  explained: z.array(z.string()),
});
export type MeterFrame = z.infer<typeof meterFrame>;
export const meterFrames = z.object({ items: z.array(meterFrame) });

/**
 * GET /api/meters/:id/last-day: its last 24 full hours and the one that runs, oldest first. `offMinutes`: for so long supply was known to be
 * off; null when nobody can know.
 */
export const meterLastDay = z.object({
  asOf: at,
  hours: z.array(
    z.object({
      at,
      heard: z.enum(heardStates),
      readings: z.number().int(),
      offMinutes: z.number().int().nullable(),
    }),
  ),
});
export type MeterLastDay = z.infer<typeof meterLastDay>;

export const commandStates = [
  "waiting",
  "sent",
  "unknown",
  "confirmed",
  "refused",
  "stopped",
  "expired",
  "cancelled",
] as const;

/** POST /api/meters/:id/commands. `key` is made by the page when the dialog opens: a repeat changes nothing. */
export const commandRequest = z.object({
  key: z.string().regex(/^[\w-]{8,64}$/),
  kind: z.enum(["trip", "close", "read"]),
  reason: z.string().trim().max(200).default(""),
});
export type CommandRequest = z.infer<typeof commandRequest>;

/** GET /api/commands/:id. `stateReason` is a code such as `meter_refused`, `no_answer`, `guard`. */
export const command = z.object({
  id: z.string(),
  meterId: z.number().int(),
  kind: z.enum([
    "top_up",
    "deduct",
    "clear",
    "set_mode",
    "trip",
    "close",
    "permit_close",
    "read",
    "change_key",
    "set_clock",
    "set_load_guard",
    "release_load_guard",
  ]),
  cause: z.enum(["operator", "arrears", "recharge", "refund", "paid", "exchange", "mode", "group", "clock"]),
  state: z.enum(commandStates),
  stateReason: z.string(),
  createdAt: at,
  sentAt: at.nullable(),
  doneAt: at.nullable(),
  attempts: z.number().int(),
  /** False while the meter's concentrator is offline: the command waits. */
  reachable: z.boolean(),
});
export type Command = z.infer<typeof command>;

/**
 * GET /api/meters/:id/commands: what was asked of the meter and has not ended, oldest first. `withdrawal`: whether it can be taken back, `leavesOff`: and supply
 * would stay off then. `withdrawnClose`: by whom that was done while it is so still.
 */
export const waitingCommands = z.object({
  asOf: at,
  items: z.array(
    z.object({
      id: z.string(),
      kind: command.shape.kind,
      cause: command.shape.cause,
      state: z.enum(commandStates),
      stateReason: z.string(),
      reason: z.string(),
      by: z.string(),
      createdAt: at,
      sentAt: at.nullable(),
      expiresAt: at,
      withdrawal: z.enum(withdrawals),
      leavesOff: z.boolean(),
    }),
  ),
  withdrawnClose: z.object({ at, by: z.string(), reason: z.string() }).nullable(),
});
export type WaitingCommands = z.infer<typeof waitingCommands>;
export type WaitingCommand = WaitingCommands["items"][number];

/** POST /api/commands/:id/withdraw. `staysOff`: whoever asks knows that supply will not come back. */
export const withdrawCommandRequest = z.object({
  reason: z.string().trim().max(200),
  staysOff: z.boolean().default(false),
});
export type WithdrawCommandRequest = z.input<typeof withdrawCommandRequest>;

/** GET /api/areas: the areas that hold a meter of my scope, as a filter offers them. */
export const areaList = z.object({
  items: z.array(z.object({ areaId: z.number().int(), parentId: z.number().int().nullable(), name: z.string() })),
});
export type AreaList = z.infer<typeof areaList>;
