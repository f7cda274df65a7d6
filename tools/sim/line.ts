import { type Instant, later, SECOND_MS } from "#base/time.ts";
import type { ForwardOutcome, ForwardRequest } from "#collector/session.ts";
import { type Bytes, concat } from "#protocol/bytes.ts";
import { answer, heardIn, isCalled } from "#simulator/answer.ts";
import { flipBit } from "#simulator/faults.ts";
import { type Meter, step } from "#simulator/meters.ts";
import type { Chance, Weather } from "./chance.ts";

/** The line from a collector to the meters, with everything that can happen on it. */
export type Line = {
  forward(request: ForwardRequest): ForwardOutcome;
  /** Lets one request arrive that was held up on the way; nobody hears the answer. */
  deliverLate(): Promise<void>;
  hasLate(): boolean;
  /** From now on nothing goes wrong; what is still on its way is lost. */
  heal(): void;
  setOffline(meter: number, offline: boolean): void;
};

/** An answer that comes later than this finds another session, which does not know its number. */
const LATE_MS_MAX = 5 * SECOND_MS;

/** Told after a meter did something. */
export type Watch = (meter: Meter) => void;

/** A line over which the meters are reached. Their deeds are told to `watch`, which notes what must be checked. */
export function createLine(options: {
  meters: readonly Meter[];
  chance: Chance;
  weather: Weather;
  now: () => Instant;
  watch: Watch;
}): Line {
  const { meters, chance, now, watch } = options;
  let weather = options.weather;
  let lateRequests: Bytes[] = [];
  let lateAnswers: { bytes: Bytes; until: Instant }[] = [];
  const offline = new Set<number>();

  function hear(request: Bytes): Bytes {
    const said: Bytes[] = [];
    for (const heard of heardIn(request)) {
      for (const [i, meter] of meters.entries()) {
        if (offline.has(i) || !isCalled(meter, heard)) continue;
        const reply = answer(meter, heard, now());
        watch(meter);
        if (reply) said.push(reply);
      }
    }
    return concat(...said);
  }

  return {
    forward({ content }) {
      if (chance.is(weather.loseRequest)) return { kind: "silent", why: "timeout" };
      if (chance.is(weather.lateRequest)) {
        lateRequests.push(content);
        return { kind: "silent", why: "timeout" };
      }
      let said = hear(chance.is(weather.corrupt) ? flipBit(content, chance.below(1000) / 1000) : content);
      if (chance.is(weather.duplicate)) said = concat(said, hear(content));
      const late = lateAnswers.shift();
      const before = late && late.until >= now() ? late.bytes : new Uint8Array();
      if (chance.is(weather.loseAnswer)) said = new Uint8Array();
      if (said.length > 0 && chance.is(weather.lateAnswer)) {
        lateAnswers.push({ bytes: said, until: later(now(), LATE_MS_MAX) });
        said = new Uint8Array();
      }
      if (said.length > 0 && chance.is(weather.corrupt)) said = flipBit(said, chance.below(1000) / 1000);
      const heard = concat(before, said);
      return heard.length === 0 ? { kind: "silent", why: "timeout" } : { kind: "answered", content: heard };
    },
    async deliverLate() {
      const request = lateRequests.shift();
      if (request) hear(request);
    },
    hasLate: () => lateRequests.length > 0,
    heal() {
      weather = { ...weather, loseRequest: 0, loseAnswer: 0, lateAnswer: 0, lateRequest: 0, corrupt: 0, duplicate: 0 };
      lateRequests = [];
      lateAnswers = [];
      offline.clear();
    },
    setOffline(meter, isOffline) {
      if (isOffline) offline.add(meter);
      else offline.delete(meter);
    },
  };
}

/** Lets time pass for every meter. */
export function passTime(meters: readonly Meter[], ms: number, watch: Watch): void {
  for (const meter of meters) {
    step(meter, ms);
    watch(meter);
  }
}
