import { describe, expect, test } from "vitest";
import { HOUR_MS, type Instant, instant, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { encodeRead, encodeRelay, encodeRelayReply } from "#protocol/dlt645/commands.ts";
import { localTimeOf } from "#protocol/dlt645/control.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import {
  decodeGuardSettings,
  decodeGuardState,
  encodeGuardSettings,
  type GuardSettings,
  LOAD_GUARD_DI,
} from "#protocol/dlt645/load-guard.ts";
import { encodeRequest } from "#protocol/dlt645/requests.ts";
import { profileOf } from "#protocol/profiles.ts";
import { answer2007 } from "./answer-2007.ts";
import { answerLoadGuard } from "./answer-load-guard.ts";
import { passTime } from "./memory.ts";
import { type Meter, newMeter, open, pressButton, step } from "./meters.ts";
import { townPlan } from "./plan.ts";
import { randomStream } from "./random.ts";

const NOON = Date.parse("2026-08-03T12:00:00+08:00");
const plan = townPlan({ seed: 3 }).meters[1]!;
const RIGHTS = { password: "02000000", operator: "00000001" };
const SETTINGS: GuardSettings = {
  ...{ maxW: 1000, stepW: 0, maliciousW: 0, offMinutes: 3, tripsMax: 3, countFrom: "release" },
  ...{ exemptFrom: 0, exemptTo: 0 },
};
const jc1 = profileOf("jc1")!;

function meterWith(settings: Partial<GuardSettings>, loadW = 300): Meter {
  const meter = newMeter({ ...plan, profile: "jc1", initialCreditWh: 900_000, closesBy: "direct" }, 3, NOON);
  meter.state.loadW = loadW;
  write(meter, LOAD_GUARD_DI.settings, encodeGuardSettings({ ...SETTINGS, ...settings }));
  return meter;
}

const write = (meter: Meter, di: string, data: Bytes, rights = RIGHTS): Frame645 | null =>
  answerLoadGuard(meter, jc1, encodeRequest(plan.address, { kind: "write", di, data, ...rights }));
const released = (meter: Meter) => write(meter, LOAD_GUARD_DI.release, Uint8Array.of(0xaa));

function told(meter: Meter) {
  const reply = answerLoadGuard(meter, jc1, encodeRead(plan.address, LOAD_GUARD_DI.state));
  return decodeGuardState(reply!.data.slice(4));
}

function switched(meter: Meter, action: "trip" | "close", now: Instant = instant(NOON)) {
  const validUntil = localTimeOf(instant(now + HOUR_MS));
  return answer2007(meter, encodeRelay(plan.address, { action, ...RIGHTS, validUntil }), now);
}

describe("the load guard of a meter", () => {
  test("1.5 kW over a limit of 1.0: open within three seconds, closed after three minutes, and the third trip stays", () => {
    const meter = meterWith({});
    step(meter, 10 * SECOND_MS);
    expect(meter.state.relayOpen).toBe(false);
    meter.state.loadW = 1500;
    for (const trip of [1, 2]) {
      step(meter, 1_999);
      expect(meter.state.relayOpen).toBe(false);
      step(meter, 1_001);
      expect(meter.state).toMatchObject({ relayOpen: true, commandedOpen: false, tripCause: "guard" });
      expect(told(meter)).toMatchObject({
        state: "waiting",
        cause: "max_load",
        trips: trip,
        total: trip,
        powerW: 1500,
      });
      step(meter, 178_999);
      expect(meter.state.relayOpen).toBe(true);
      step(meter, 1);
      expect(meter.state.relayOpen).toBe(false);
    }
    step(meter, 3 * SECOND_MS);
    expect(told(meter)).toMatchObject({ state: "locked", trips: 3 });
    step(meter, 100 * HOUR_MS);
    expect(meter.state.relayOpen).toBe(true);
    expect(switched(meter, "close")).toEqual(encodeRelayReply(plan.address, false, 1));
    expect(pressButton(meter)).toBe(false);
    released(meter);
    expect(meter.state).toMatchObject({ relayOpen: false, tripCause: null });
    expect(told(meter)).toMatchObject({ state: "free", trips: 0, total: 3 });
  });

  test("a load at the limit, or over it for less than two seconds, is let through", () => {
    const meter = meterWith({}, 1000);
    step(meter, HOUR_MS);
    meter.state.loadW = 4000;
    step(meter, 1_900);
    meter.state.loadW = 900;
    step(meter, HOUR_MS);
    expect(told(meter)).toMatchObject({ state: "free", total: 0, trippedAt: null });
  });

  test("a rise of 800 W over a limit of 500 trips although the whole is small; 400 and a fall do not", () => {
    const meter = meterWith({ maxW: 5000, stepW: 500 }, 200);
    step(meter, MINUTE_MS);
    meter.state.loadW = 600;
    step(meter, MINUTE_MS);
    meter.state.loadW = 100;
    step(meter, MINUTE_MS);
    expect(told(meter)).toMatchObject({ total: 0 });
    meter.state.loadW = 900;
    step(meter, 3 * SECOND_MS);
    expect(told(meter)).toMatchObject({ state: "waiting", cause: "sudden_change", powerW: 900 });
    meter.state.loadW = 100;
    step(meter, 10 * MINUTE_MS);
    expect(told(meter)).toMatchObject({ state: "free", trips: 1 });
    expect(meter.state.relayOpen).toBe(false);
  });

  test("60 W of resistance are known within two seconds; 45 W, and 60 W behind a switching supply, are not", () => {
    const meter = meterWith({ maxW: 0, maliciousW: 50 }, 120);
    step(meter, MINUTE_MS);
    meter.state.appliances = { resistiveW: 45, switchingW: 0 };
    step(meter, HOUR_MS);
    meter.state.appliances = { resistiveW: 45, switchingW: 60 };
    step(meter, HOUR_MS);
    expect(told(meter)).toMatchObject({ total: 0 });
    meter.state.appliances = { resistiveW: 105, switchingW: 60 };
    step(meter, 2 * SECOND_MS);
    expect(meter.state.relayOpen).toBe(true);
    expect(told(meter)).toMatchObject({ state: "waiting", cause: "malicious_load", powerW: 120 + 105 + 60 });
  });

  test("in the hours in which resistive loads are allowed they are, also over midnight", () => {
    const meter = meterWith({ maxW: 0, maliciousW: 50, exemptFrom: 23 * 60, exemptTo: 13 * 60 }, 120);
    step(meter, MINUTE_MS);
    meter.state.appliances = { resistiveW: 800, switchingW: 0 };
    step(meter, 3 * HOUR_MS);
    expect(told(meter)).toMatchObject({ total: 0 });
    meter.state.appliances = { resistiveW: 1600, switchingW: 0 };
    step(meter, 2 * SECOND_MS);
    expect(told(meter)).toMatchObject({ state: "waiting", cause: "malicious_load" });
  });

  test("trips are counted from midnight where that is wanted, from the last release otherwise", () => {
    const count = (countFrom: "release" | "midnight") => {
      const meter = meterWith({ countFrom, tripsMax: 2 });
      const once = () => {
        meter.state.loadW = 1500;
        step(meter, 3 * SECOND_MS);
        meter.state.loadW = 100;
        step(meter, 5 * MINUTE_MS);
      };
      once();
      step(meter, 24 * HOUR_MS);
      once();
      return told(meter);
    };
    expect(count("midnight")).toMatchObject({ state: "free", trips: 1, total: 2 });
    expect(count("release")).toMatchObject({ state: "locked", trips: 2, total: 2 });
  });

  test("supply that somebody cut, or that is used up, does not come back with the end of the three minutes, nor with a release", () => {
    const cut = meterWith({});
    cut.state.loadW = 1500;
    step(cut, 3 * SECOND_MS);
    switched(cut, "trip");
    step(cut, 10 * MINUTE_MS);
    expect(cut.state).toMatchObject({ relayOpen: true, tripCause: "command" });
    expect(told(cut)).toMatchObject({ state: "free" });
    released(cut);
    expect(cut.state.relayOpen).toBe(true);

    const empty = meterWith({ tripsMax: 1 });
    empty.state.loadW = 1500;
    step(empty, 3 * SECOND_MS);
    empty.state.creditWh = 0;
    released(empty);
    expect(empty.state).toMatchObject({ relayOpen: true, tripCause: "credit" });
  });

  test("a load that is cut by hand before the guard has decided counts as no trip", () => {
    const meter = meterWith({});
    meter.state.loadW = 1500;
    step(meter, 1_000);
    open(meter, "command");
    step(meter, MINUTE_MS);
    expect(told(meter)).toMatchObject({ state: "free", total: 0 });
  });

  test("the time of a trip is told by the meter's own clock, whatever the speed of the town", () => {
    for (const speed of [1, 60]) {
      const meter = meterWith({});
      const townAt = (ms: number) => NOON + (ms - NOON) * speed;
      passTime(meter, { now: instant(NOON), townAt });
      meter.state.loadW = 1500;
      passTime(meter, { now: instant(NOON + 2_500), townAt });
      const at = told(meter)?.trippedAt ?? 0;
      expect(at - NOON).toBe(speed === 1 ? 2_000 : 0); // registers show whole seconds
    }
  });

  test.each([21, 22, 23])("history does not depend on how time is cut (seed %i)", (seed) => {
    const random = randomStream(seed);
    const [whole, cut] = [meterWith({ tripsMax: 9 }, 1500), meterWith({ tripsMax: 9 }, 1500)];
    step(whole, 20 * MINUTE_MS);
    for (let left = 20 * MINUTE_MS; left > 0; ) {
      const piece = Math.min(left, Math.floor(random() * 40_000));
      step(cut, piece);
      left -= piece;
    }
    expect(cut.state).toEqual(whole.state);
  });
});

describe("its frames", () => {
  test("settings come back as they were written", () => {
    const settings: GuardSettings = {
      ...{ maxW: 12_345, stepW: 500, maliciousW: 50, offMinutes: 3, tripsMax: 5, countFrom: "midnight" },
      ...{ exemptFrom: 690, exemptTo: 810 },
    };
    const meter = meterWith(settings);
    const reply = answerLoadGuard(meter, jc1, encodeRead(plan.address, LOAD_GUARD_DI.settings));
    expect(decodeGuardSettings(reply!.data.slice(4))).toEqual(settings);
  });

  test("a wrong password, garbage, a wrong length and an odd release code change nothing", () => {
    const meter = meterWith({ tripsMax: 1 }, 1500);
    step(meter, 3 * SECOND_MS);
    const before = structuredClone(meter.state);
    const good = encodeGuardSettings(SETTINGS);
    const bad: (Frame645 | null)[] = [
      write(meter, LOAD_GUARD_DI.release, Uint8Array.of(0xaa), { ...RIGHTS, password: "02111111" }),
      write(meter, LOAD_GUARD_DI.release, Uint8Array.of(0xab)),
      write(meter, LOAD_GUARD_DI.release, Uint8Array.of(0xaa, 0xaa)),
      write(meter, LOAD_GUARD_DI.settings, good.slice(1)),
      write(
        meter,
        LOAD_GUARD_DI.settings,
        good.map(() => 0xff),
      ),
      write(
        meter,
        LOAD_GUARD_DI.settings,
        good.map((byte, i) => (i === 11 ? 0x07 : byte)),
      ),
      write(meter, LOAD_GUARD_DI.state, Uint8Array.of(0)),
    ];
    expect(bad.map((each) => each?.control)).toEqual(bad.map(() => 0xd4));
    expect(meter.state).toEqual(before);
    for (const data of [new Uint8Array(0), new Uint8Array(14).fill(0xaa), new Uint8Array(14).fill(0x99)]) {
      expect(decodeGuardState(data)).toBeNull();
      expect(decodeGuardSettings(data)).toBeNull();
    }
  });

  test("a meter without a guard of its own says nothing about it", () => {
    const plain = profileOf("gb2007-plain")!;
    expect(answerLoadGuard(meterWith({}), plain, encodeRead(plan.address, LOAD_GUARD_DI.state))).toBeNull();
  });
});
