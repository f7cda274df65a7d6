import { expect, test } from "vitest";
import { HOUR_MS } from "#base/time.ts";
import { close, type Meter, newMeter, open, powerWatts, pressButton, step } from "./meters.ts";
import { type MeterPlan, townPlan } from "./plan.ts";
import { between, randomStream } from "./random.ts";

const plan = townPlan({ seed: 3 });
const NOON = Date.parse("2026-08-03T12:00:00+08:00");

function meterWith(change: Partial<MeterPlan>, at = NOON): Meter {
  return newMeter({ ...plan.meters[1]!, ...change }, 3, at);
}

test("credit counts down by exactly what the index counts up", () => {
  const meter = meterWith({ initialCreditWh: 200_000 });
  const from = meter.state.indexWh;
  step(meter, 5 * HOUR_MS);
  expect(meter.state.indexWh).toBeGreaterThan(from);
  expect(meter.state.indexWh - from + meter.state.creditWh).toBe(200_000);
});

test("a constant load gives exact energy: 1000 W for an hour and a millisecond are 1000 Wh", () => {
  const meter = meterWith({ initialCreditWh: 5000, initialIndexWh: 70 });
  meter.state.loadW = 1000;
  step(meter, HOUR_MS - 1);
  expect(meter.state.indexWh).toBe(70 + 999);
  step(meter, 1);
  expect(meter.state.indexWh).toBe(70 + 1000);
  step(meter, 1);
  expect(meter.state).toMatchObject({ indexWh: 1070, creditWh: 4000, carryWms: 1000 });
});

test("the relay opens by itself in the millisecond in which the credit reaches zero, and nothing flows after", () => {
  const meter = meterWith({ initialCreditWh: 1000, initialIndexWh: 0 });
  meter.state.loadW = 1000;
  step(meter, HOUR_MS - 1);
  expect(meter.state).toMatchObject({ creditWh: 1, relayOpen: false });
  step(meter, 1);
  expect(meter.state).toMatchObject({ creditWh: 0, indexWh: 1000, relayOpen: true, tripCause: "credit" });
  step(meter, 9 * HOUR_MS);
  expect(meter.state).toMatchObject({ creditWh: 0, indexWh: 1000, timeMs: NOON + 10 * HOUR_MS });
  expect(powerWatts(meter)).toBe(0);
});

test("a meter that is delivered without credit is tripped from the start", () => {
  expect(newMeter(plan.meters[0]!, 3, NOON).state).toMatchObject({ relayOpen: true, tripCause: "credit", creditWh: 0 });
});

test("a meter whose credit is on the server never trips by itself", () => {
  const meter = meterWith({ creditAt: "server", initialCreditWh: 1 });
  step(meter, 100 * HOUR_MS);
  expect(meter.state).toMatchObject({ relayOpen: false, creditWh: 0 });
});

test.each([11, 12, 13, 14, 15])("history does not depend on how time is cut (seed %i)", (seed) => {
  const random = randomStream(seed);
  const whole = meterWith({ initialCreditWh: 20_000, load: "flat" });
  const cut = meterWith({ initialCreditWh: 20_000, load: "flat" });
  const total = between(random, 1, 60 * HOUR_MS);
  step(whole, total);
  let left = total;
  while (left > 0) {
    const piece = Math.min(left, between(random, 0, between(random, 1, 3 * HOUR_MS)));
    step(cut, piece);
    left -= piece;
  }
  expect(cut.state).toEqual(whole.state);
});

test("a shop uses more at noon than at three in the night, an office less on Sunday", () => {
  const used = (change: Partial<MeterPlan>, at: string) => {
    const meter = meterWith({ ...change, initialIndexWh: 0, initialCreditWh: 1_000_000 }, Date.parse(at));
    step(meter, HOUR_MS);
    return meter.state.indexWh;
  };
  const [night, noon] = [
    used({ load: "shop" }, "2026-08-03T03:00+08:00"),
    used({ load: "shop" }, "2026-08-03T12:00+08:00"),
  ];
  expect(noon).toBeGreaterThan(5 * night);
  const [sunday, monday] = [
    used({ load: "office" }, "2026-08-02T10:00+08:00"),
    used({ load: "office" }, "2026-08-03T10:00+08:00"),
  ];
  expect(monday).toBeGreaterThan(2 * sunday);
});

test("the button closes only after a permission, and only with credit", () => {
  const meter = meterWith({ initialCreditWh: 1000 });
  open(meter, "command");
  expect(pressButton(meter)).toBe(false);
  meter.state.commandedOpen = false;
  meter.state.creditWh = 0;
  expect(pressButton(meter)).toBe(false);
  meter.state.creditWh = 1;
  expect(pressButton(meter)).toBe(true);
  expect(meter.state).toMatchObject({ relayOpen: false, tripCause: null });
  expect(pressButton(meter)).toBe(false);
});

test("a closed relay without credit opens with the next step", () => {
  const meter = meterWith({ initialCreditWh: 1000 });
  close(meter);
  meter.state.creditWh = -5;
  step(meter, 0);
  expect(meter.state).toMatchObject({ relayOpen: true, tripCause: "credit" });
});
