import { z } from "zod";
import type { ExchangeState } from "#domain/exchange.ts";
import type { BreakCause } from "#domain/line-break.ts";
import type { MeterMode } from "#domain/meter-mode.ts";

const key = z.string().min(8).max(100);
const reason = z.string().trim().min(1).max(200);
const note = z.string().trim().max(200);
const index = z.string().trim().max(20);
const whole = z.number().int();
const ratio = whole.min(1).max(100_000);
const exchangeStates = [
  "open",
  "asked",
  "clearing",
  "cleared",
  "reading",
  "loading",
  "done",
  "stopped",
  "cancelled",
] as const satisfies readonly ExchangeState[];
const breakCauses = ["exchange", "ratio"] as const satisfies readonly BreakCause[];
const meterModes = ["prepaid", "postpaid", "public"] as const satisfies readonly MeterMode[];

/** POST /api/exchanges: begins the exchange of a meter. */
export const exchangeRequest = z.object({ key, meterId: whole.positive(), reason });
export type ExchangeRequest = z.infer<typeof exchangeRequest>;

/** POST …/state-old: what a meter that cannot be asked held. `closeIndex` null: the last reading is its last index. */
export const stateOldRequest = z.object({ closeIndex: index.nullable(), left: z.string().trim().max(20), note });
export type StateOldRequest = z.infer<typeof stateOldRequest>;

/** POST …/swap: the new meter is in. Indexes as they are read off, in units. */
export const swapRequest = z.object({
  closeIndex: index.nullable(),
  note,
  number: z.string().trim().min(1).max(32),
  address: z.string().trim().min(1).max(20),
  profile: z.string().min(1).max(40),
  concentratorId: whole.positive(),
  bus: whole.min(1).max(255),
  gatewayId: whole.positive().nullable(),
  ratio,
  switchKind: z.enum(["relay", "breaker", "valve", "none"]),
  closesBy: z.enum(["direct", "button"]),
  openIndex: index,
});
export type SwapRequest = z.infer<typeof swapRequest>;

/** POST …/cancel, …/recheck. */
export const exchangeReason = z.object({ reason });

/** A device as an exchange remembers it. */
export const device = z.object({
  number: z.string(),
  address: z.string(),
  profile: z.string(),
  concentrator: z.string(),
  bus: whole,
  ratio: whole,
  switchKind: z.string(),
  closesBy: z.string(),
});
export type Device = z.infer<typeof device>;

/** One meter exchange (换表). Energies before the ratio; money in yuan. */
export const exchange = z.object({
  exchangeNo: z.string(),
  meterId: whole,
  label: z.string(),
  meterKind: z.enum(["electricity", "water"]),
  customer: z.string().nullable(),
  creditAt: z.enum(["meter", "server"]).nullable(),
  state: z.enum(exchangeStates),
  stateReason: z.string(),
  oldMeter: device,
  newMeter: device.nullable(),
  how: z.enum(["cleared", "stated"]).nullable(),
  closeWh: whole.nullable(),
  closeSource: z.enum(["read", "typed"]).nullable(),
  note: z.string(),
  openWh: whole.nullable(),
  carryWh: whole.nullable(),
  booksWh: whole.nullable(),
  differenceWh: whole,
  difference: z.string(),
  debt: z.string(),
  approvalId: z.string().nullable(),
  /** What the meter shows now; as of `indexAt` and `remainingAt`, 0 when the new one has not shown it. */
  indexWh: whole.nullable(),
  indexAt: whole,
  remainingWh: whole.nullable(),
  remainingAt: whole,
  lastAnswerAt: whole,
  online: z.boolean(),
  canClear: z.boolean(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: whole,
  swappedAt: whole.nullable(),
  doneAt: whole.nullable(),
});
export type Exchange = z.infer<typeof exchange>;

/** GET /api/exchanges. */
export const exchangeQuery = z.object({
  open: z.enum(["yes", "no"]).exactOptional(),
  meterId: z.coerce.number().int().positive().exactOptional(),
  search: z.string().trim().max(50).exactOptional(),
  before: z.string().max(32).exactOptional(),
});
export type ExchangeQuery = z.infer<typeof exchangeQuery>;
export const exchanges = z.object({ items: z.array(exchange), more: z.boolean() });

/** GET /api/exchanges/places: where a new meter may hang, and which models there are. */
export const exchangePlaces = z.object({
  concentrators: z.array(z.object({ id: whole, name: z.string(), code: z.string(), meters: whole, metersMax: whole })),
  profiles: z.array(z.object({ name: z.string(), kind: z.enum(["electricity", "water"]), inMeter: z.boolean() })),
});
export type ExchangePlaces = z.infer<typeof exchangePlaces>;

/** POST /api/meters/:id/ratio. */
export const ratioRequest = z.object({ key, ratio, reason });
export type RatioRequest = z.infer<typeof ratioRequest>;
/** POST /api/ratio-changes/:changeNo/carry-out: from the index typed in as of now, or from the latest reading. */
export const ratioCarryOut = z.object({ index: index.nullable() });
export const ratioChange = z.object({
  changeNo: z.string(),
  meterId: whole,
  state: z.enum(["requested", "approved", "done", "rejected", "withdrawn"]),
  ratioFrom: whole,
  ratioTo: whole,
  indexWh: whole.nullable(),
  indexAt: whole.nullable(),
  approvalId: z.string().nullable(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: whole,
  doneBy: z.string().nullable(),
  doneAt: whole.nullable(),
});
export type RatioChange = z.infer<typeof ratioChange>;

/** What a change of mode would do: shown before it is confirmed. Balance in yuan, or what is left in the meter. */
export const modePreview = z.object({
  from: z.enum(meterModes),
  to: z.enum(meterModes),
  creditAt: z.enum(["meter", "server"]).nullable(),
  /** The meter itself is told, and must show it. */
  toldToMeter: z.boolean(),
  supply: z.enum(["stays", "comes_back", "goes_off"]),
  how: z.enum(["at_once", "after_readings", "after_no_cut"]).nullable(),
  noCutUntil: whole.nullable(),
  balance: z.string().nullable(),
  remainingWh: whole.nullable(),
  asOf: whole,
  /** Why it cannot be, as a code of the errors, with its figures. */
  obstacle: z.string().nullable(),
  obstacleDetails: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type ModePreview = z.infer<typeof modePreview>;
/** POST /api/meters/:id/mode. `confirmed`: a person has seen that supply will go off. */
export const modeRequest = z.object({ key, to: z.enum(meterModes), reason, confirmed: z.boolean() });
export type ModeRequest = z.infer<typeof modeRequest>;
export const modeChange = z.object({
  changeNo: z.string(),
  meterId: whole,
  state: z.enum(["telling", "done", "refused", "stopped", "cancelled"]),
  stateReason: z.string(),
  from: z.enum(meterModes),
  to: z.enum(meterModes),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: whole,
  doneAt: whole.nullable(),
});
export type ModeChange = z.infer<typeof modeChange>;

/** One line of indexes of a meter (段), the newest last. The present one has no end. */
export const segment = z.object({
  segment: whole,
  number: z.string(),
  ratio: whole,
  fromAt: whole.nullable(),
  openWh: whole.nullable(),
  untilAt: whole.nullable(),
  closeWh: whole.nullable(),
  usageWh: whole.nullable(),
  endedBy: z.enum(breakCauses).nullable(),
  reference: z.string().nullable(),
});
export type Segment = z.infer<typeof segment>;

/** GET /api/meters/:id/device: the device in the meter's place now, what is under way, and what was before. */
export const meterDevice = z.object({
  meterId: whole,
  label: z.string(),
  mode: z.enum(meterModes),
  ratio: whole,
  creditAt: z.enum(["meter", "server"]).nullable(),
  exchangeNo: z.string().nullable(),
  ratioChange: ratioChange.nullable(),
  modeChange: modeChange.nullable(),
  segments: z.array(segment),
});
export type MeterDevice = z.infer<typeof meterDevice>;
