import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, type Instant, instant, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import { localTimeOf } from "#protocol/dlt645/control.ts";
import { encodeFrame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { itemData, itemOf, itemValues } from "#protocol/dlt645/items.ts";
import { loadRecordBlocks } from "#protocol/dlt645/load-record.ts";
import { decodeReply } from "#protocol/dlt645/replies.ts";
import { encodeRequest, type Request645 } from "#protocol/dlt645/requests.ts";
import type { MeterPlan } from "./plan.ts";
import { townPlan } from "./plan.ts";
import { createTown, type Town } from "./town.ts";

const START = instant(Date.parse("2026-08-01T20:30:00+08:00"));
const MIDNIGHT = instant(Date.parse("2026-08-02T00:00:00+08:00"));
const PLAN = townPlan({ seed: 7, concentrators: 1, metersPer: 4 });
const METER = PLAN.meters[1] as MeterPlan;
const BUS = { baud: "instant", replyDelayMs: 0 } as const;

let towns: Town[] = [];
let folder: string | null = null;
afterEach(async () => {
  await Promise.all(towns.map((town) => town.close()));
  towns = [];
  if (folder !== null) rmSync(folder, { recursive: true });
  folder = null;
});

function town(options: { stateFile?: string; at?: Instant } = {}) {
  const time = { now: options.at ?? START };
  const made = createTown({ plan: PLAN, speed: 1, bus: BUS, now: () => time.now, stateFile: options.stateFile });
  towns.push(made);
  made.step();
  const ask = (request: Request645) => {
    const bytes = encodeFrame645(encodeRequest(METER.address, request));
    const [sound] = made.hear(METER.concentrator, METER.port, bytes);
    const frame = sound && framesIn645(sound.bytes)[0];
    return frame ? decodeReply(frame) : null;
  };
  const value = (di: string) => {
    const reply = ask({ kind: "read", di });
    const item = itemOf(di);
    if (reply?.kind !== "data" || item === undefined) return reply;
    return itemValues(item, reply.data, 0)?.[0]?.value ?? null;
  };
  const pass = (ms: number) => {
    time.now = instant(time.now + ms);
    made.step();
  };
  const frozen = () => made.meter(METER.number)?.freezes ?? [];
  return { made, ask, value, pass, frozen, clock: () => value("0400010C") };
}

describe("what a meter keeps by its own clock", () => {
  test("its index at midnight, told long after, and refused where there is none", () => {
    const { made, value, pass } = town();
    expect(value("05060001")).toMatchObject({ kind: "refused" });
    pass(MIDNIGHT - START);
    const atMidnight = made.meter(METER.number)?.indexWh ?? 0;
    pass(9 * HOUR_MS);
    expect(made.meter(METER.number)?.indexWh).toBeGreaterThan(atMidnight);
    expect(value("05060001")).toBe("2026-08-02 00:00");
    expect(value("05060101")).toBe((Math.floor(atMidnight / 10) / 100).toFixed(2));
    expect(value("05060002")).toMatchObject({ kind: "refused" });
  });

  test("the same is kept however time is cut, and no more than 62 days of it", () => {
    const steps = town();
    const atOnce = town();
    for (let i = 0; i < 24 * 70; i++) steps.pass(HOUR_MS);
    atOnce.pass(70 * DAY_MS);
    expect(steps.frozen()).toHaveLength(62);
    expect(atOnce.frozen()).toEqual(steps.frozen());
    expect(atOnce.value("0506003E")).toBe("2026-08-10 00:00");
  });

  test("a load record every hour, from a given time on, six to a frame", () => {
    const { ask, pass } = town();
    pass(DAY_MS);
    const { second: _, ...from } = localTimeOf(MIDNIGHT);
    const reply = ask({ kind: "read", di: "06040001", blocks: 9, from });
    const blocks = reply?.kind === "data" ? loadRecordBlocks(reply.data) : [];
    expect(blocks.map((block) => [block.time, block.fault])).toEqual(
      [0, 1, 2, 3, 4, 5].map((hour) => [`2026-08-02 0${hour}:00`, null]),
    );
    expect(blocks[0]?.values[0]).toMatchObject({ name: "forward active energy", unit: "kWh" });
    const later = ask({ kind: "read", di: "06040001", blocks: 1, from: { ...from, day: 5 } });
    expect(later).toMatchObject({ kind: "data", data: new Uint8Array(0) });
  });

  test("everything, through a restart in which it was switched off over midnight", async () => {
    folder = mkdtempSync(join(tmpdir(), "town-"));
    const stateFile = join(folder, "town.json");
    const before = town({ stateFile });
    before.pass(2 * DAY_MS);
    const known = before.frozen();
    const index = before.made.meter(METER.number)?.indexWh ?? 0;
    await before.made.close();
    const after = town({ stateFile, at: instant(START + 3 * DAY_MS) });
    expect(after.frozen().slice(0, 2)).toEqual(known);
    // Nothing was used meanwhile, and so its midnight shows the index of before.
    expect(after.frozen()).toHaveLength(3);
    expect(after.frozen()[2]?.indexWh).toBe(Math.floor(index / 10) * 10);
  });
});

describe("the clock of a meter", () => {
  test("runs with an error, and freezes at its own midnight", () => {
    const { made, value, pass, frozen, clock } = town();
    made.setClockOffset(METER.number, 20 * MINUTE_MS);
    expect(clock()).toBe("2026-08-01 week06 20:50:00");
    expect(value("04000102")).toBe("20:50:00");
    pass(MIDNIGHT - START - 19 * MINUTE_MS);
    expect(frozen().map((each) => each.at)).toEqual([MIDNIGHT]);
  });

  test("takes the time that is called out when it is near, once a day, and never answers it", () => {
    const { made, ask, pass, clock } = town();
    const call = (at: Instant) => ask({ kind: "set_clock", time: localTimeOf(at) });
    made.setClockOffset(METER.number, 6 * MINUTE_MS);
    expect(call(START)).toBeNull();
    expect(clock()).toBe("2026-08-01 week06 20:36:00");
    made.setClockOffset(METER.number, 4 * MINUTE_MS);
    call(START);
    expect(clock()).toBe("2026-08-01 week06 20:30:00");
    made.setClockOffset(METER.number, -40 * SECOND_MS);
    call(START);
    expect(clock(), "a second time on one day").toBe("2026-08-01 week06 20:29:20");
    pass(DAY_MS);
    call(instant(START + DAY_MS));
    expect(clock()).toBe("2026-08-02 week00 20:30:00");
  });

  test("is set by a write with the right password, over whatever it skips: nothing is frozen for that", () => {
    const { made, ask, frozen, clock } = town();
    made.setClockOffset(METER.number, -2 * DAY_MS);
    const item = itemOf("0400010C");
    const data = (item && itemData(item, ["2026-08-01 week06 20:30:00"])) ?? new Uint8Array(0);
    const write = { kind: "write", di: "0400010C", operator: "00000001", data } as const;
    expect(ask({ ...write, password: "02123456" })).toMatchObject({ kind: "refused", code: 4 });
    expect(ask({ ...write, password: "02000000" })).toMatchObject({ kind: "done" });
    expect(clock()).toBe("2026-08-01 week06 20:30:00");
    expect(frozen()).toEqual([]);
  });
});
