import { numberOf, randomStream } from "./random.ts";

/** How often each fault strikes an exchange, 0 … 1. */
export type FaultRates = {
  /** The request does not reach the meter. */
  loseRequest: number;
  /** The meter does what it was asked, and its answer is lost: the case that matters for money. */
  loseAnswer: number;
  /** One bit is turned over, in the request or in the answer. */
  corrupt: number;
  /** The request reaches the meter twice, and so two answers come. */
  duplicate: number;
  /** The answer comes `lateMs` later than it should, perhaps into the next exchange. */
  lateAnswer: number;
  lateMs: number;
};

/** How often each fault strikes a message on its way from a concentrator to the collector, 0 … 1. */
export type LineRates = {
  /** The message comes byte by byte. */
  split: number;
  /** The message waits and comes in one piece with the next one. */
  merge: number;
  /** A heartbeat falls into the middle of the message, where the link allows it, else right before it. */
  interrupt: number;
  /** The connection breaks in the middle of the message. */
  flap: number;
};

/** Faults by scope; a meter's rates win over its concentrator's, these over those for everybody. */
export type FaultSettings = {
  everywhere?: Partial<FaultRates>;
  concentrators?: Record<string, Partial<FaultRates>>;
  meters?: Record<string, Partial<FaultRates>>;
  /** Of the connections of concentrators. */
  lines?: Record<string, Partial<LineRates>>;
  offlineMeters?: string[];
  offlineConcentrators?: string[];
};

/** What happens to one exchange. `bit` is a place 0 … 1 for the bit to turn over. */
export type Strike = {
  loseRequest: boolean;
  loseAnswer: boolean;
  duplicate: boolean;
  corruptRequest: boolean;
  corruptAnswer: boolean;
  bit: number;
  lateMs: number;
};

/** What happens to one message of a concentrator. */
export type LineStrike = { [Fault in keyof LineRates]: boolean };

/** The weather of a town; may be changed while it runs. */
export type Faults = {
  /** Draws for one exchange; each meter has its own stream, so meters do not disturb each other's luck. */
  draw(concentrator: string, address: string): Strike;
  /** Draws for one message on a concentrator's connection. */
  drawLine(concentrator: string): LineStrike;
  /** Replaces the scopes that are named and leaves the others. */
  update(settings: FaultSettings): void;
  settings(): Required<FaultSettings>;
  isMeterOffline(address: string): boolean;
  isConcentratorOffline(id: string): boolean;
  setMeterOffline(address: string, offline: boolean): void;
  setConcentratorOffline(id: string, offline: boolean): void;
};

/** Names of the rates, for checking what comes from outside. */
export const FAULT_RATE_NAMES = ["loseRequest", "loseAnswer", "corrupt", "duplicate", "lateAnswer", "lateMs"] as const;

/** Names of the rates of lines. */
export const LINE_RATE_NAMES = ["split", "merge", "interrupt", "flap"] as const;

const NO_LINE_FAULTS: LineRates = { split: 0, merge: 0, interrupt: 0, flap: 0 };
const NO_FAULTS: FaultRates = { loseRequest: 0, loseAnswer: 0, corrupt: 0, duplicate: 0, lateAnswer: 0, lateMs: 2000 };

/** Faults drawn from a seed. */
export function createFaults(seed: number, initial: FaultSettings = {}): Faults {
  const current: Required<FaultSettings> = {
    everywhere: {},
    concentrators: {},
    meters: {},
    lines: {},
    offlineMeters: [],
    offlineConcentrators: [],
  };
  Object.assign(current, initial);
  const streams = new Map<string, () => number>();

  function draw(concentrator: string, address: string): Strike {
    const random = streams.get(address) ?? randomStream(seed, numberOf(address), 17);
    streams.set(address, random);
    const rates = {
      ...NO_FAULTS,
      ...current.everywhere,
      ...current.concentrators[concentrator],
      ...current.meters[address],
    };
    // Every draw takes the same number of chances, so changing one rate does not shift the luck of the others.
    const [request, answer, corrupt, where, bit, twice, late] = Array.from({ length: 7 }, random) as Seven;
    const corrupted = corrupt < rates.corrupt;
    return {
      loseRequest: request < rates.loseRequest,
      loseAnswer: answer < rates.loseAnswer,
      duplicate: twice < rates.duplicate,
      corruptRequest: corrupted && where < 0.5,
      corruptAnswer: corrupted && where >= 0.5,
      bit,
      lateMs: late < rates.lateAnswer ? rates.lateMs : 0,
    };
  }

  function drawLine(concentrator: string): LineStrike {
    const random = streams.get(concentrator) ?? randomStream(seed, numberOf(concentrator), 23);
    streams.set(concentrator, random);
    const rates = { ...NO_LINE_FAULTS, ...current.lines[concentrator] };
    const [split, merge, interrupt, flap] = LINE_RATE_NAMES.map((name) => random() < rates[name]) as Four;
    return { split, merge, interrupt, flap };
  }

  return {
    draw,
    drawLine,
    update(settings) {
      Object.assign(current, settings);
    },
    settings: () => structuredClone(current),
    isMeterOffline: (address) => current.offlineMeters.includes(address),
    isConcentratorOffline: (id) => current.offlineConcentrators.includes(id),
    setMeterOffline(address, offline) {
      current.offlineMeters = withOrWithout(current.offlineMeters, address, offline);
    },
    setConcentratorOffline(id, offline) {
      current.offlineConcentrators = withOrWithout(current.offlineConcentrators, id, offline);
    },
  };
}

/** A copy of the bytes with one bit turned over, chosen by `place` 0 … 1. */
export function flipBit(bytes: Uint8Array, place: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const bit = Math.min(Math.floor(place * copy.length * 8), copy.length * 8 - 1);
  const old = copy[bit >> 3];
  if (old !== undefined) copy[bit >> 3] = old ^ (1 << (bit & 7));
  return copy;
}

type Four = [boolean, boolean, boolean, boolean];
type Seven = [number, number, number, number, number, number, number];

function withOrWithout(list: string[], name: string, wanted: boolean): string[] {
  const rest = list.filter((each) => each !== name);
  return wanted ? [...rest, name] : rest;
}
