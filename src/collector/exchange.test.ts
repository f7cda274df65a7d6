import { describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import type { FrameRecord } from "#flows/record-readings.ts";
import { concat, toHex } from "#protocol/bytes.ts";
import { encodeRead, encodeReadError, encodeReadReply } from "#protocol/dlt645/commands.ts";
import { encodeFrame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { driverOf } from "./drivers/drivers.ts";
import { type Exchanged, exchange, exchangeCounts, exchangeTimeout, type Question } from "./exchange.ts";
import type { ForwardOutcome, ForwardRequest } from "./session.ts";

const METER = "202600100142";
const OTHER = "202600100242";
const AT = instant(1_790_000_000_000);
const frame = encodeRead(METER, di.energyTotal);
const question: Question = {
  meterId: 5,
  bus: 1,
  via: null,
  driver: driverOf({ profile: "jc1" }),
  bytes: encodeFrame645(frame),
  commandId: null,
  effect: "none",
};

const index = (address: string, wh: number) =>
  encodeFrame645(encodeReadReply(address, { item: "energyTotal", wh }, di.energyTotal));
const credit = encodeFrame645(encodeReadReply(METER, { item: "energyRemaining", wh: 770 }, di.energyRemaining));

async function ask(outcome: ForwardOutcome, of: Question = question) {
  const records: FrameRecord[] = [];
  const requests: ForwardRequest[] = [];
  const counts = exchangeCounts();
  const told = await exchange(of, {
    forward: async (request) => {
      requests.push(request);
      return outcome;
    },
    record: (each) => void records.push(each),
    counts,
    clock: () => AT,
    replyAllowanceMs: 1_000,
  });
  return { told, records, requests, counts };
}

const answered = (content: Uint8Array): ForwardOutcome => ({ kind: "answered", content });
const reading = (wh: number): Exchanged => ({
  kind: "answered",
  answer: { kind: "values", values: { energyWh: wh } },
  at: AT,
});

describe("an exchange", () => {
  test("goes through the gateway of a meter, and waits longer for it", async () => {
    const { told, requests } = await ask(answered(index(METER, 123_450)), { ...question, via: OTHER });
    expect(told).toEqual(reading(123_450));
    expect(requests).toMatchObject([{ via: OTHER, timeoutMs: exchangeTimeout(question, 1_000) + 4_000 }]);
  });

  test("gives the reading and records both frames", async () => {
    const { told, records, requests } = await ask(answered(index(METER, 123_450)));
    expect(told).toEqual(reading(123_450));
    expect(records.map((each) => [each.direction, each.hex])).toEqual([
      ["sent", toHex(question.bytes)],
      ["received", toHex(index(METER, 123_450))],
    ]);
    expect(requests[0]).toMatchObject({ bus: 1, serial: 0x6b, timeoutMs: exchangeTimeout(question, 1_000) });
  });

  test("waits as long as the bytes take at the bus's speed, and the meter's delay", () => {
    const asked = (profile: string) => ({ bytes: new Uint8Array(20), via: null, driver: driverOf({ profile }) });
    expect(exchangeTimeout(asked("jc1"), 1_000)).toBe(303 + 1_000);
    expect(exchangeTimeout(asked("gb1997"), 1_000)).toBe(550 + 1_000);
    // A battery model wakes up slowly.
    expect(exchangeTimeout(asked("cjt188-2004-water"), 1_000)).toBe(Math.ceil((68 * 11) / 2.4) + 2_000);
  });

  test("a corrupt answer counts as silence", async () => {
    const bad = index(METER, 1);
    bad[bad.length - 3] = (bad[bad.length - 3] ?? 0) ^ 1;
    const { told, counts, records } = await ask(answered(bad));
    expect(told).toEqual({ kind: "silent", why: "corrupt" });
    expect(counts.corrupt).toBe(1);
    expect(records[1]?.direction).toBe("received");
  });

  test("an answer of another meter is ignored", async () => {
    const { told, counts } = await ask(answered(index(OTHER, 1)));
    expect(told).toEqual({ kind: "silent", why: "foreign" });
    expect(counts.foreign).toBe(1);
  });

  test("a late answer to another question is ignored", async () => {
    expect((await ask(answered(credit))).told).toEqual({ kind: "silent", why: "mismatch" });
  });

  test("our own question echoed by the line is no answer", async () => {
    expect((await ask(answered(question.bytes))).told).toEqual({ kind: "silent", why: "mismatch" });
  });

  test("finds its answer behind noise, a late answer and another meter's", async () => {
    const heard = concat(Uint8Array.of(0x68, 0xff, 0x16), credit, index(OTHER, 7), index(METER, 990));
    expect((await ask(answered(heard))).told).toEqual(reading(990));
  });

  test("a refusal is an answer", async () => {
    const { told } = await ask(answered(encodeFrame645(encodeReadError(METER, 2))));
    expect(told).toMatchObject({ kind: "answered", answer: { kind: "refused", code: 2 } });
  });

  test.each(["timeout", "busy", "bad_port", "cancelled", "link"] as const)("%s is recorded as silence", async (why) => {
    const { told, counts, records } = await ask({ kind: "silent", why });
    expect(told).toEqual({ kind: "silent", why });
    expect(counts[why]).toBe(1);
    expect(records.map((each) => each.direction)).toEqual(["sent", "silence"]);
  });

  test("nothing goes out when the right to send has lapsed", async () => {
    const { told, requests, records } = await ask(answered(credit), { ...question, mayStillGo: () => false });
    expect(told).toEqual({ kind: "closed" });
    expect([requests, records]).toEqual([[], []]);
  });
});
