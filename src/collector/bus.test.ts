import { describe, expect, test } from "vitest";
import { type Bus, createBus, PRIORITY } from "./bus.ts";
import { driverOf } from "./drivers/drivers.ts";
import type { Exchanged, Question } from "./exchange.ts";

const ASKING = { priority: PRIORITY.scheduled, order: 0, tries: 1 };
const SILENT: Exchanged = { kind: "silent", why: "timeout" };

function question(meterId: number, effect: "none" | "once" = "none"): Question {
  return {
    meterId,
    bus: 1,
    via: null,
    driver: driverOf({ profile: "jc1" }),
    bytes: new Uint8Array(),
    commandId: null,
    effect,
  };
}

/** A bus whose exchanges end when the test says so. */
function heldBus() {
  const asked: number[] = [];
  const ends: ((result: Exchanged) => void)[] = [];
  let tell = () => {};
  const bus = createBus((each) => {
    asked.push(each.meterId);
    tell();
    return new Promise((resolve) => ends.push(resolve));
  });
  return {
    bus,
    asked,
    /** Ends the exchange in flight and waits for the next to begin. */
    async end(result: Exchanged = SILENT) {
      const next = new Promise<void>((resolve) => {
        tell = resolve;
      });
      ends.shift()?.(result);
      await next;
    },
    finish: (result: Exchanged = SILENT) => ends.shift()?.(result),
  };
}

describe("a bus", () => {
  test("lets control go before recharges, these before questions, these before the schedule", async () => {
    const { bus, asked, end } = heldBus();
    void bus.ask(question(0), ASKING);
    void bus.ask(question(1), ASKING);
    void bus.ask(question(2), { ...ASKING, priority: PRIORITY.onDemand });
    void bus.ask(question(3), { ...ASKING, priority: PRIORITY.recharge });
    void bus.ask(question(4), { ...ASKING, priority: PRIORITY.control });
    for (let i = 0; i < 4; i++) await end();
    expect(asked).toEqual([0, 4, 3, 2, 1]);
    bus.close();
  });

  test("a command waits for the one exchange in flight and no other", async () => {
    const { bus, asked, end } = heldBus();
    for (let i = 0; i < 5; i++) void bus.ask(question(i), ASKING);
    await end();
    void bus.ask(question(99), { ...ASKING, priority: PRIORITY.control });
    await end();
    expect(asked).toEqual([0, 1, 99]);
    bus.close();
  });

  test("a question in an older round goes before one in a younger", async () => {
    const { bus, asked, end } = heldBus();
    void bus.ask(question(0), ASKING);
    void bus.ask(question(2), { ...ASKING, order: 2 });
    void bus.ask(question(1), { ...ASKING, order: 1 });
    await end();
    await end();
    expect(asked).toEqual([0, 1, 2]);
    bus.close();
  });

  test("repeats a read after silence, and lets others speak in the pause", async () => {
    const { bus, asked, end, finish } = heldBus();
    const told = bus.ask(question(1), { ...ASKING, tries: 3 });
    void bus.ask(question(2), { ...ASKING, order: 1 });
    await end();
    expect(asked).toEqual([1, 2]);
    await end();
    await end();
    expect(asked).toEqual([1, 2, 1, 1]);
    finish();
    expect(await told).toEqual(SILENT);
    bus.close();
  });

  test("does not repeat what was answered", async () => {
    const { bus, asked, finish } = heldBus();
    const told = bus.ask(question(1), { ...ASKING, tries: 3 });
    finish({ kind: "closed" });
    expect(await told).toEqual({ kind: "closed" });
    expect(asked).toEqual([1]);
    bus.close();
  });

  test("refuses to try more than once what has an effect", () => {
    const { bus } = heldBus();
    expect(() => bus.ask(question(1, "once"), { ...ASKING, tries: 2 })).toThrow("sent once");
    bus.close();
  });

  test("keeps the schedule away between the steps of a command, but not for long", async () => {
    const { bus, asked, end } = heldBus();
    const release = bus.hold();
    const step = bus.ask(question(1), { ...ASKING, priority: PRIORITY.recharge });
    void bus.ask(question(9), ASKING);
    const afterStep = step.then(() => bus.ask(question(2), { ...ASKING, priority: PRIORITY.recharge }));
    await end();
    expect(asked).toEqual([1, 2]);
    await end();
    await afterStep;
    expect(asked).toEqual([1, 2, 9]);
    release();
    bus.close();
  });

  test("goes on with the schedule as soon as the command is over", async () => {
    const { bus, asked, end } = heldBus();
    const release = bus.hold();
    const step = bus.ask(question(1), { ...ASKING, priority: PRIORITY.recharge });
    void bus.ask(question(9), ASKING);
    void step.then(release);
    await end();
    expect(asked).toEqual([1, 9]);
    bus.close();
  });

  test("answers everything that waits when it closes, also what pauses between tries", async () => {
    const { bus, end } = heldBus();
    const pausing = bus.ask(question(1), { ...ASKING, tries: 3 });
    const flying = bus.ask(question(2), { ...ASKING, order: 1 });
    const waiting = bus.ask(question(3), { ...ASKING, order: 2 });
    await end();
    bus.close();
    expect(await Promise.all([pausing, waiting])).toEqual([{ kind: "closed" }, { kind: "closed" }]);
    expect(await askedLater(bus)).toEqual({ kind: "closed" });
    void flying;
  });
});

function askedLater(bus: Bus): Promise<Exchanged> {
  return bus.ask(question(4), ASKING);
}
