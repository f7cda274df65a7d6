import { assert } from "#base/errors.ts";
import { type Clock, instant } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { systemClock } from "#system/clock.ts";
import type { BusTiming, Sound, Via } from "./bus.ts";
import { type Concentrator, createConcentrator, type LinkTarget } from "./concentrator.ts";
import { createFaults, type FaultSettings } from "./faults.ts";
import { type Hearing, hearRequest } from "./hearing.ts";
import type { Appliances } from "./load-guard.ts";
import { quiet, type SimulatorLog } from "./log.ts";
import { passTime, putClock } from "./memory.ts";
import { type Meter, newMeter, pressButton, restoreMeter, tripWhenEmpty } from "./meters.ts";
import type { TownPlan } from "./plan.ts";
import { numberOf, randomStream } from "./random.ts";
import { type MeterSnapshot, meterSnapshot, type TownSnapshot } from "./snapshot.ts";
import { loadTown, planName, saveTown } from "./state-file.ts";

/** The fastest a town may run: an hour in a second. */
export const SPEED_MAX = 3600;
const TICK_MS = 1_000;
const SAVE_EVERY_MS = 5_000;
/**
 * A town whose program was killed lived on: without this a register would show less than it had already told. Longer
 * than the pause between two saves; a longer absence counts as switched off.
 */
const LIVED_ON_MS_MAX = 15_000;

/** A running town. Meters go by their number; one that nobody has gives false or null, never an error. */
export type Town = {
  readonly plan: TownPlan;
  faults(): Required<FaultSettings>;
  /** Replaces the named scopes of faults and leaves the others. */
  setFaults(settings: FaultSettings): void;
  /** All concentrators begin to dial, and keep at it. */
  dial(target: LinkTarget): void;
  /** Resolves when the concentrator, or every one that is not switched off, has been welcomed. */
  whenOnline(id?: string): Promise<void>;
  snapshot(): TownSnapshot;
  meter(number: string): MeterSnapshot | null;
  /** Lets the time pass that has passed; also done every second and before every answer. */
  step(): void;
  speed(): number;
  setSpeed(speed: number): void;
  setCredit(number: string, creditWh: number): boolean;
  /** A fixed load in watts; null follows the profile again. */
  setLoad(number: string, watts: number | null): boolean;
  /** What hangs on the line besides the load: resistive (a kettle) and behind switching power supplies. */
  setAppliances(number: string, appliances: Appliances): boolean;
  /** Whether the press closed the relay; null when there is no such meter. */
  pressButton(number: string): boolean | null;
  setKeepSupply(number: string, on: boolean): boolean;
  /** Another key for top-ups, 16 bytes in hex, as a maker's mistake would leave it: same version, another key. */
  setKey(number: string, key: string): boolean;
  /** Puts a meter's clock so far ahead of the true one, or behind it. */
  setClockOffset(number: string, offsetMs: number): boolean;
  /** The valve of a water meter is stuck from now on, or moves again. */
  setValveFault(number: string, on: boolean): boolean;
  setMeterOffline(number: string, offline: boolean): boolean;
  setConcentratorOffline(id: string, offline: boolean): boolean;
  /** What the meters on a bus do and say to bytes that were sent to them: the bus without its time. */
  hear(concentrator: string, port: number, request: Bytes, via?: Via): Sound[];
  /** Hangs up and, with a state file, remembers everything. */
  close(): Promise<void>;
};

/** What a town is made of; nothing else decides its history. */
export type TownOptions = {
  plan: TownPlan;
  /** 1 … 3600. Hastens load and consumption only; the line and the clock stay real. */
  speed: number;
  /** Where meters remember; without it they forget when the program ends. */
  stateFile?: string | undefined;
  bus: BusTiming;
  faults?: FaultSettings | undefined;
  /** Of the faults. */
  seed?: number | undefined;
  now?: Clock | undefined;
  log?: SimulatorLog | undefined;
};

/** Builds the town, or wakes the one that the state file remembers. Nothing dials yet. */
export function createTown(options: TownOptions): Town {
  const { plan, stateFile, log = quiet, now = systemClock, seed = plan.seed } = options;
  const faults = createFaults(seed, options.faults);
  const remembered = stateFile === undefined ? null : loadTown(stateFile, plan);
  const start = now();
  const name = planName(plan);
  let speed = 1;
  let anchor = { clockMs: start as number, townMs: start as number };
  const meters = new Map<string, Meter>();
  const spares = new Set((plan.spares ?? []).map((each) => each.number));
  wake();

  const concentrators = new Map<string, Concentrator>();
  for (const each of plan.concentrators) {
    const ports = [...new Set(plan.meters.filter((m) => m.concentrator === each.id).map((m) => m.port))];
    const concentrator = createConcentrator({
      plan: each,
      ports,
      timing: options.bus,
      hear: (port, request, via) => hear(each.id, port, request, via),
      strike: () => faults.drawLine(each.id),
      random: randomStream(seed, numberOf(each.id), 29),
      clockMs: now,
      log,
    });
    if (faults.isConcentratorOffline(each.id)) concentrator.setOffline(true);
    concentrators.set(each.id, concentrator);
  }
  let ticker: NodeJS.Timeout | undefined;
  let savedAt: number = start;
  setSpeed(options.speed);

  function wake(): void {
    for (const each of [...plan.meters, ...(plan.spares ?? [])]) {
      const state = remembered?.meters[each.number];
      meters.set(each.number, state ? restoreMeter(each, plan.seed, state) : newMeter(each, plan.seed, start));
    }
    if (!remembered) return;
    const away = remembered.running ? Math.max(0, Math.min(start - remembered.savedAtMs, LIVED_ON_MS_MAX)) : 0;
    speed = remembered.speed;
    const townMs = remembered.townMs + Math.floor(away * remembered.speed);
    const livedUntil = instant(remembered.savedAtMs + away);
    const townAt = (ms: number) => remembered.townMs + Math.floor((ms - remembered.savedAtMs) * remembered.speed);
    for (const meter of meters.values()) passTime(meter, { now: livedUntil, townAt });
    // Time in which the town was switched off passes without use, so that its noon is ours again.
    anchor = { clockMs: start, townMs: Math.max(townMs, start) };
    for (const meter of meters.values()) meter.state.timeMs = anchor.townMs;
  }

  function townAt(clockMs: number): number {
    return anchor.townMs + Math.floor(Math.max(0, clockMs - anchor.clockMs) * speed);
  }

  function townMs(): number {
    return townAt(now());
  }

  function live(meter: Meter): Meter {
    passTime(meter, { now: now(), townAt });
    return meter;
  }

  function stepAll(): void {
    for (const meter of meters.values()) live(meter);
  }

  function save(running = true): void {
    if (stateFile === undefined) return;
    const states = Object.fromEntries([...meters].map(([number, { state }]) => [number, state]));
    savedAt = now();
    const page = { seed: plan.seed, plan: name, savedAtMs: savedAt, townMs: townMs(), speed };
    saveTown(stateFile, { ...page, running, meters: states });
  }

  function tick(): void {
    stepAll();
    if (now() - savedAt >= SAVE_EVERY_MS) save();
  }

  function setSpeed(wanted: number): void {
    assert(Number.isFinite(wanted) && wanted >= 1 && wanted <= SPEED_MAX, `speed is 1 … ${SPEED_MAX}: ${wanted}`);
    stepAll();
    anchor = { clockMs: now(), townMs: townMs() };
    speed = wanted;
    save();
  }

  const byAddress = Map.groupBy(meters.values(), ({ plan: { address } }) => address);
  const hearing: Hearing = { meters, byAddress, faults, now, live, save };
  const hear = (concentrator: string, port: number, request: Bytes, via: Via = null) =>
    hearRequest(hearing, { concentrator, port, request, via });
  const see = (meter: Meter) => meterSnapshot(live(meter), faults.isMeterOffline(meter.plan.number));

  /** Changes one meter by hand, in the present, and remembers it at once. */
  function change<T>(number: string, act: (meter: Meter) => T): T | null {
    const meter = meters.get(number);
    if (!meter) return null;
    const result = act(live(meter));
    save();
    return result;
  }

  function changed(number: string, act: (meter: Meter) => void): boolean {
    return (
      change(number, (meter) => {
        act(meter);
        return true;
      }) === true
    );
  }

  return {
    plan,
    faults: faults.settings,
    setFaults(settings) {
      faults.update(settings);
      for (const [id, concentrator] of concentrators) concentrator.setOffline(faults.isConcentratorOffline(id));
    },
    dial(target) {
      for (const concentrator of concentrators.values()) concentrator.dial(target);
      ticker ??= setInterval(tick, TICK_MS);
    },
    async whenOnline(id) {
      const wanted = [...concentrators.values()].filter((each) =>
        id === undefined ? !faults.isConcentratorOffline(each.id) : each.id === id,
      );
      await Promise.all(wanted.map((each) => each.whenOnline()));
    },
    snapshot: () => ({
      seed: plan.seed,
      speed,
      nowMs: now(),
      townMs: townMs(),
      meters: [...meters.values()].filter((meter) => !spares.has(meter.plan.number)).map(see),
      spares: [...meters.values()].filter((meter) => spares.has(meter.plan.number)).map(see),
      concentrators: [...concentrators.values()].map((each) => ({
        id: each.id,
        online: each.isOnline(),
        offline: faults.isConcentratorOffline(each.id),
      })),
    }),
    meter(number) {
      const meter = meters.get(number);
      return meter ? see(meter) : null;
    },
    step: stepAll,
    speed: () => speed,
    setSpeed,
    setCredit: (number, creditWh) =>
      changed(number, (meter) => {
        meter.state.creditWh = creditWh;
        tripWhenEmpty(meter);
      }),
    setLoad: (number, watts) =>
      changed(number, (meter) => {
        meter.state.loadW = watts;
      }),
    setAppliances: (number, appliances) =>
      changed(number, (meter) => {
        meter.state.appliances = appliances;
      }),
    pressButton: (number) => change(number, pressButton),
    setKeepSupply: (number, on) =>
      changed(number, (meter) => {
        meter.state.keepSupply = on;
      }),
    setKey: (number, key) =>
      changed(number, (meter) => {
        meter.state.key = key;
      }),
    setClockOffset: (number, offsetMs) =>
      changed(number, (meter) => {
        const at = now();
        putClock(meter, instant(at + offsetMs), at);
      }),
    setValveFault: (number, on) =>
      changed(number, (meter) => {
        meter.state.valveFault = on;
      }),
    setMeterOffline(number, offline) {
      if (!meters.has(number)) return false;
      faults.setMeterOffline(number, offline);
      return true;
    },
    setConcentratorOffline(id, offline) {
      const concentrator = concentrators.get(id);
      if (!concentrator) return false;
      faults.setConcentratorOffline(id, offline);
      concentrator.setOffline(offline);
      return true;
    },
    hear,
    async close() {
      clearInterval(ticker);
      ticker = undefined;
      await Promise.all([...concentrators.values()].map((each) => each.close()));
      stepAll();
      save(false);
    },
  };
}
