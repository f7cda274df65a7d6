import { MINUTE_MS } from "#base/time.ts";
import { type Meter, powerWatts, type TopUpTaken, type TripCause } from "./meters.ts";

/** One meter as an oracle wants to see it. */
export type MeterSnapshot = {
  number: string;
  address: string;
  profile: string;
  concentrator: string;
  room: string;
  creditAt: "meter" | "server";
  indexWh: number;
  creditWh: number;
  /** It only counts its credit and does not trip by it. */
  counts: boolean;
  purchaseCount: number;
  relay: "open" | "closed";
  /** Open, permitted to close, waiting for its button. */
  awaitingButton: boolean;
  tripCause: TripCause | null;
  /** Its guard over the load: what it keeps the relay for, and how often it has tripped since counting began and ever. */
  guard: { state: "free" | "waiting" | "locked"; trips: number; total: number } | null;
  /** Stuck, and said so (water). */
  valveFault: boolean;
  powerW: number;
  topUps: TopUpTaken[];
  keyVersion: number;
  /** Wrong MACs in a row so far. */
  badMacs: number;
  /** How far its clock is ahead, and what it froze at its midnights, oldest first. */
  clockOffsetMs: number;
  freezes: { at: number; indexWh: number }[];
  offline: boolean;
};

/** The whole town at one moment. */
export type TownSnapshot = {
  seed: number;
  speed: number;
  nowMs: number;
  /** The town's own time, which runs `speed` times as fast. */
  townMs: number;
  meters: MeterSnapshot[];
  /** Meters that are in no archive. */
  spares: MeterSnapshot[];
  concentrators: { id: string; online: boolean; offline: boolean }[];
};

/** What there is to see of a meter that has been stepped to the present. */
export function meterSnapshot({ plan, state, ...weather }: Meter, offline: boolean): MeterSnapshot {
  return {
    number: plan.number,
    address: plan.address,
    profile: plan.profile,
    concentrator: plan.concentrator,
    room: plan.room,
    creditAt: plan.creditAt,
    indexWh: state.indexWh,
    creditWh: state.creditWh,
    counts: state.counts === true,
    purchaseCount: state.purchaseCount,
    relay: state.relayOpen ? "open" : "closed",
    awaitingButton: state.relayOpen && !state.commandedOpen,
    tripCause: state.tripCause,
    guard:
      state.guard === undefined
        ? null
        : {
            state: state.guard.locked ? "locked" : state.guard.waitingUntilMs === null ? "free" : "waiting",
            trips: state.guard.trips,
            total: state.guard.total,
          },
    valveFault: state.valveFault === true,
    powerW: powerWatts({ plan, state, ...weather }),
    topUps: state.topUps.map((each) => ({ ...each })),
    keyVersion: state.keyVersion ?? 1,
    badMacs: state.badMacs,
    clockOffsetMs: state.clock?.offsetMs ?? 0,
    freezes: (state.freezes ?? []).map(([minute, shown]) => ({ at: minute * MINUTE_MS, indexWh: shown * 10 })),
    offline,
  };
}
