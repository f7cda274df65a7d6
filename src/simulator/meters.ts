import { assert } from "#base/errors.ts";
import { lineMillivolts, loadWatts, SLOT_MS } from "./load.ts";
import { type Appliances, type Guard, guardActs, guardDueMs, isHeld, releaseGuard, watchLoad } from "./load-guard.ts";
import type { MeterPlan } from "./plan.ts";
import { numberOf } from "./random.ts";

/** Why the relay is open. */
export type TripCause = "credit" | "command" | "guard";

/** A credit command that the meter has taken: `amount` in 0.01 kWh, negative when credit left. The oracle of every money test. */
export type TopUpTaken = { count: number; amount: number };

/** An index that was kept: epoch minute of the meter's clock, and what the register showed, in 0.01 unit. */
export type Kept = [minute: number, shown: number];

/** How far a meter's clock is ahead of the true one, and up to when by itself its memory is kept. */
export type MeterClock = {
  offsetMs: number;
  keptMs: number;
  /** Its day on which it last took the time that was called out: once a day. */
  calledDay?: string;
};

/** Everything a meter remembers through a power cut; plain JSON. */
export type MeterState = {
  /** Meter time: epoch milliseconds that run `speed` times as fast as the clock. */
  timeMs: number;
  /** Litres in water meters, as everywhere: 1000 to the unit. */
  indexWh: number;
  /** Energy since the last whole Wh, in watt-milliseconds. */
  carryWms: number;
  /** Prepaid energy left, counted down with the index; stays 0 when the credit lives on the server. */
  creditWh: number;
  purchaseCount: number;
  /** Data field of the last top-up taken, in hex: a repeat of exactly these bytes is answered with success. */
  lastTopUp: string | null;
  /** What was left before the last of them. */
  beforeWh?: number;
  topUps: TopUpTaken[];
  /** Key for top-ups in hex and its version; null is the key of the plan, version 1. Absent in what older towns remember. */
  key?: string | null;
  keyVersion?: number;
  /** Data field of the last key update taken, in hex: its repeat succeeds. */
  lastKeyUpdate?: string | null;
  /** What the relay is, and what it was told; they differ while a button press is awaited. */
  relayOpen: boolean;
  commandedOpen: boolean;
  tripCause: TripCause | null;
  /** Supply guard (保电): trips are refused. */
  keepSupply: boolean;
  badMacs: number;
  /** Clock time until which every new top-up is refused. */
  lockedUntilMs: number;
  /** A load set by hand in watts; null follows the profile. */
  loadW: number | null;
  /** Only counts its credit, also below zero, and does not trip by it (模式). Absent in what older towns remember. */
  counts?: boolean;
  /** The customer number that a meter without one took from its first top-up. */
  customer?: string;
  /** The meter's own clock. Absent until time has passed. */
  clock?: MeterClock;
  /** Its index at its midnights (日冻结) and at full steps (负荷记录), oldest first. */
  freezes?: Kept[];
  records?: Kept[];
  /** The valve of a water meter is stuck and says so. Absent in what older towns remember. */
  valveFault?: boolean;
  /** What hangs on the line besides `loadW`; absent when nothing does. */
  appliances?: Appliances;
  /** Its guard over the load (安全用电); absent until somebody has asked for it. */
  guard?: Guard;
  /** Rises with everything that must be on disk before it is told to anyone. */
  revision: number;
};

/** A meter: what it is, what it remembers, and its own weather. */
export type Meter = { plan: MeterPlan; noiseSeed: number; state: MeterState };

const WMS_PER_WH = 3_600_000;

/** The meter as it leaves the shelf, at the given meter time. */
export function newMeter(plan: MeterPlan, seed: number, timeMs: number): Meter {
  const creditWh = plan.creditAt === "meter" ? plan.initialCreditWh : 0;
  const empty = plan.creditAt === "meter" && creditWh <= 0;
  const state: MeterState = {
    timeMs,
    indexWh: plan.initialIndexWh,
    carryWms: 0,
    creditWh,
    purchaseCount: 0,
    lastTopUp: null,
    topUps: [],
    key: null,
    keyVersion: 1,
    lastKeyUpdate: null,
    relayOpen: empty,
    commandedOpen: empty,
    tripCause: empty ? "credit" : null,
    keepSupply: false,
    badMacs: 0,
    lockedUntilMs: 0,
    loadW: null,
    revision: 0,
  };
  return restoreMeter(plan, seed, state);
}

/** The meter with a remembered state. */
export function restoreMeter(plan: MeterPlan, seed: number, state: MeterState): Meter {
  return { plan, noiseSeed: (numberOf(plan.number) ^ seed) >>> 0, state };
}

/**
 * Lets meter time pass. Index and credit move by the same whole Wh; the relay opens in the millisecond in which the
 * credit reaches 0. The result does not depend on how the time is cut into steps.
 */
export function step(meter: Meter, elapsedMs: number): void {
  assert(Number.isSafeInteger(elapsedMs) && elapsedMs >= 0, `meter time runs forward in whole ms: ${elapsedMs}`);
  const { state } = meter;
  const end = state.timeMs + elapsedMs;
  tripWhenEmpty(meter);
  while (state.timeMs < end) {
    actOfGuard(meter);
    const until = Math.min(end, guardDueMs(meter));
    if (state.relayOpen) {
      state.timeMs = until;
      continue;
    }
    const slotEnd = (Math.floor(state.timeMs / SLOT_MS) + 1) * SLOT_MS;
    watchLoad(meter, powerWatts(meter));
    use(meter, Math.min(slotEnd, until, guardDueMs(meter)) - state.timeMs);
  }
  actOfGuard(meter);
}

/** The guard opens the relay, or lets go of it again. */
function actOfGuard(meter: Meter): void {
  const { state } = meter;
  const act = guardActs(meter, powerWatts(meter));
  if (act === "trip") Object.assign(state, { relayOpen: true, tripCause: "guard" });
  if (act === "close") closeAgain(meter);
}

/** Nothing of the guard's keeps the relay open any more; a command or an empty counter still may. */
function closeAgain(meter: Meter): void {
  if (isEmpty(meter)) open(meter, "credit");
  else if (meter.state.commandedOpen) meter.state.tripCause = "command";
  else close(meter);
}

/** Somebody with the right to it releases the guard: supply is back, unless a command or an empty counter keeps it off. */
export function release(meter: Meter): void {
  if (releaseGuard(meter)) closeAgain(meter);
}

/** Watts flowing now: nothing through an open relay. */
export function powerWatts({ plan, noiseSeed, state }: Meter): number {
  if (state.relayOpen) return 0;
  const usual = state.loadW ?? loadWatts({ load: plan.load, ratedPowerW: plan.ratedPowerW, noiseSeed }, state.timeMs);
  return usual + (state.appliances?.resistiveW ?? 0) + (state.appliances?.switchingW ?? 0);
}

/** Voltage at the terminals in mV; there also when the relay is open. */
export function millivolts({ noiseSeed, state }: Meter): number {
  return lineMillivolts(noiseSeed, state.timeMs);
}

/** Whether the meter would refuse to stay closed: it holds its own credit and there is none. */
export function isEmpty({ plan, state }: Meter): boolean {
  return plan.creditAt === "meter" && state.counts !== true && state.creditWh <= 0;
}

/** Opens the relay; the cause of a later command replaces that of the credit. */
export function open(meter: Meter, cause: "credit" | "command"): void {
  Object.assign(meter.state, { relayOpen: true, commandedOpen: true, tripCause: cause });
  meter.state.revision++;
}

/** Closes the relay. The caller has made sure that there is credit, and that the guard does not hold it. */
export function close(meter: Meter): void {
  Object.assign(meter.state, { relayOpen: false, commandedOpen: false, tripCause: null });
  meter.state.revision++;
}

/** A person presses the button: closes after a permission (合闸允许) and with credit; otherwise nothing happens. */
export function pressButton(meter: Meter): boolean {
  const { state } = meter;
  if (!state.relayOpen || state.commandedOpen || isEmpty(meter) || isHeld(meter)) return false;
  close(meter);
  return true;
}

/** Opens the relay of a meter that is closed without credit. */
export function tripWhenEmpty(meter: Meter): void {
  if (!meter.state.relayOpen && isEmpty(meter)) open(meter, "credit");
}

/** Uses the slot's power for `ms`, or for as long as the credit lasts. */
function use(meter: Meter, ms: number): void {
  const { plan, state } = meter;
  const watts = powerWatts(meter);
  const energyLeftWms = state.creditWh * WMS_PER_WH - state.carryWms;
  const empties = plan.creditAt === "meter" && state.counts !== true && watts * ms >= energyLeftWms;
  const spanMs = empties ? Math.ceil(energyLeftWms / watts) : ms;
  const totalWms = state.carryWms + watts * spanMs;
  const usedWh = Math.floor(totalWms / WMS_PER_WH);
  state.carryWms = totalWms - usedWh * WMS_PER_WH;
  state.timeMs += spanMs;
  state.indexWh += usedWh;
  if (plan.creditAt === "meter") state.creditWh -= usedWh;
  tripWhenEmpty(meter);
}
