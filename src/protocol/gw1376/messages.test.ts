import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes.ts";
import { describe1376 } from "./describe.ts";
import { decodeFrame1376, encodeFrame1376, type Frame1376 } from "./frame.ts";
import {
  answers,
  decodeTimeTag,
  encodeConfirm,
  encodeForward,
  encodeForwarded,
  encodeLinkTest,
  encodeRequest1376,
  encodeResults,
  encodeTimeTag,
  readMessage,
  terminalFromName,
  terminalName,
} from "./messages.ts";
import { decodeMeterTable, encodeMeterTable, METER_PROTOCOL, type TableMeter } from "./meter-table.ts";
import { daOf, dtOf, FUNCTION_MAX, functionsOf, POINT_MAX, pointsOf } from "./points.ts";

const terminal = { a1: "0171", a2: 2082 };
const content = fromHex("68611001301215681104333334337b16") ?? new Uint8Array();

/** Over the wire and back. */
function sent(frame: Frame1376): Frame1376 {
  const decoded = decodeFrame1376(encodeFrame1376(frame));
  if (!decoded.ok) throw new Error(decoded.detail);
  expect(decoded.frame).toEqual(frame);
  return decoded.frame;
}

describe("Pn and Fn", () => {
  test("every single one is written and read", () => {
    for (let point = 0; point < POINT_MAX; point++) expect(pointsOf(daOf(point))).toEqual([point]);
    for (let fn = 1; fn <= FUNCTION_MAX; fn++) expect(functionsOf(dtOf(fn))).toEqual([fn]);
  });

  test.each([
    [0x0000, [0]],
    [0x0101, [1]],
    [0x0203, [9, 10]],
    [0xffff, "all"],
    [0x0001, null],
    [0x0100, null],
  ])("DA %i names %j", (da, points) => {
    expect(pointsOf(da)).toEqual(points);
  });

  test("several Fn of a group stand in one DT, and a DT without a bit names none", () => {
    expect(functionsOf(0x0381)).toEqual([25, 32]);
    expect(functionsOf(0x0300)).toBeNull();
  });

  test.each([-1, 0.5, POINT_MAX + 1, Number.NaN])("p%d does not exist", (point) => {
    expect(() => daOf(point)).toThrow(/measuring point/);
    expect(() => dtOf(point === 0.5 ? 0.5 : -1)).toThrow(/Fn/);
  });
});

test("a terminal is called by region and number, and nothing else is a name", () => {
  expect(terminalName(terminal)).toBe("017102082");
  expect(terminalFromName("017102082")).toEqual(terminal);
  for (const name of ["017100000", "017165536", "17102082", "0171 2082", ""]) expect(terminalFromName(name)).toBeNull();
});

describe("login, heartbeat and logout", () => {
  test.each(["login", "heartbeat", "logout"] as const)("%s is confirmed with its own number", (what) => {
    const frame = sent(encodeLinkTest(terminal, what, 9));
    expect(readMessage(frame)).toEqual({ type: what });
    const confirmation = sent(encodeConfirm(frame, true));
    expect([confirmation.control, confirmation.seq]).toEqual([0x0b, 0x69]);
    expect(readMessage(confirmation)).toEqual({ type: "confirmed" });
    expect(answers(frame, confirmation)).toBe(true);
    expect(readMessage(sent(encodeConfirm(frame, false)))).toEqual({ type: "denied" });
  });

  test("a heartbeat may carry the terminal's clock", () => {
    const clock = Uint8Array.of(0x11, 0x22, 0x23, 0x09, 0x08, 0x26);
    expect(readMessage(sent(encodeLinkTest(terminal, "heartbeat", 0, clock)))).toEqual({ type: "heartbeat" });
  });

  test("the captured confirmation of each unit is read", () => {
    const login = encodeLinkTest(terminal, "login", 1);
    const confirmation = sent(encodeResults(login, [{ da: 0, dt: dtOf(1), error: 0 }]));
    expect(toHex(confirmation.data)).toBe("020000010000");
    expect(readMessage(confirmation)).toEqual({ type: "results", afn: 2, results: [{ da: 0, dt: 1, error: 0 }] });
    expect(readMessage({ ...confirmation, data: confirmation.data.slice(1) })).toEqual({ type: "other" });
  });

  test("the master does not log in", () => {
    const frame = encodeLinkTest(terminal, "login", 1);
    expect(readMessage({ ...frame, control: 0x4b })).toEqual({ type: "other" });
  });
});

describe("transparent forwarding", () => {
  const forward = { port: 31, serial: 0x6b, timeoutMs: 60_000, gapMs: 100, content };

  test("question and answer go over the wire, with and without a time tag", () => {
    const tp = encodeTimeTag({ counter: 4, day: 22, hour: 0, minute: 6, second: 12, delayMinutes: 5 });
    for (const options of [{ number: 4 }, { number: 4, msa: 2, tp }]) {
      const question = sent(encodeForward(terminal, forward, options));
      expect(readMessage(question)).toEqual({ type: "forward", ...forward });
      const answer = sent(encodeForwarded(question, { port: 31, content }));
      expect(readMessage(answer)).toEqual({ type: "forwarded", port: 31, content });
      expect(answers(question, answer)).toBe(true);
      const withEvents = sent(encodeForwarded(question, { port: 31, content }, Uint8Array.of(0x4f, 0)));
      expect(describe1376(encodeFrame1376(withEvents))).toMatchObject({ acd: true, ec: "4f00", inner: toHex(content) });
    }
  });

  test("a waiting time is never cut short by rounding, unless the byte cannot hold it", () => {
    const waits = (timeoutMs: number, gapMs: number) => {
      const message = readMessage(encodeForward(terminal, { ...forward, timeoutMs, gapMs }, { number: 0 }));
      return message.type === "forward" ? [message.timeoutMs, message.gapMs] : message.type;
    };
    expect(waits(1, 1)).toEqual([10, 10]);
    expect(waits(1270, 2550)).toEqual([1270, 2550]);
    expect(waits(1271, 3000)).toEqual([2000, 2550]);
    expect(waits(127_000, 0)).toEqual([127_000, 0]);
    expect(waits(500_000, 0)).toEqual([127_000, 0]);
  });

  test("a content that is longer or shorter than it says is not taken", () => {
    const question = encodeForward(terminal, forward, { number: 0 });
    const answer = encodeForwarded(question, { port: 31, content });
    for (const frame of [question, answer]) {
      for (const data of [frame.data.slice(0, -1), frame.data.slice(0, 2), new Uint8Array(0)]) {
        expect(readMessage({ ...frame, data })).toEqual({ type: "other" });
        expect(describe1376(encodeFrame1376({ ...frame, data }))).toMatchObject({ fault: /length of the forwarded/ });
      }
    }
  });

  test("an answer of another terminal, with another number or to another question is none", () => {
    const question = encodeForward(terminal, forward, { number: 4 });
    const answer = encodeForwarded(question, { port: 31, content });
    expect(answers(question, { ...answer, a2: 1 })).toBe(false);
    expect(answers(question, { ...answer, seq: answer.seq ^ 1 })).toBe(false);
    expect(answers(question, { ...answer, afn: 0x0c })).toBe(false);
    expect(answers(question, { ...answer, da: 0x0101 })).toBe(false);
    expect(answers(question, question)).toBe(false);
    expect(answers(question, { ...encodeLinkTest(terminal, "heartbeat", 4) })).toBe(false);
    expect(answers(question, encodeConfirm(question, false))).toBe(true);
  });

  test("a password is put in where the function wants one, and nowhere else", () => {
    const pw = new Uint8Array(16).fill(7);
    expect(sent(encodeForward(terminal, forward, { number: 0, pw })).pw).toEqual(pw);
    expect(() => encodeRequest1376(terminal, { afn: 0x0c, dt: dtOf(129) }, { number: 0, pw })).toThrow(/PW/);
    expect(sent(encodeRequest1376(terminal, { afn: 0x0c, dt: dtOf(129), da: daOf(1) }, { number: 0 })).pw).toBeNull();
    expect(() => encodeRequest1376(terminal, { afn: 0x0c, dt: 1 }, { number: 16 })).toThrow(/number/);
  });
});

test("a time tag is read back, and one that is no time is none", () => {
  const tag = { counter: 6, day: 22, hour: 0, minute: 6, second: 12, delayMinutes: 5 };
  expect(toHex(encodeTimeTag(tag))).toBe("061206002205");
  expect(decodeTimeTag(encodeTimeTag(tag))).toEqual(tag);
  for (const hex of ["066006002205", "061260002205", "061206242205", "061206000005", "06120600ff05"]) {
    expect(decodeTimeTag(fromHex(hex))).toBeNull();
  }
  expect(decodeTimeTag(null)).toBeNull();
});

describe("the meter table", () => {
  const digits = fc.stringMatching(/^[0-9]{12}$/);
  const meter: fc.Arbitrary<TableMeter> = fc.record({
    index: fc.nat(0xffff),
    point: fc.nat(0xffff),
    port: fc.nat(31),
    baud: fc.constantFrom(null, 600, 1200, 2400, 4800, 7200, 9600, 19200),
    protocol: fc.constantFrom(...Object.values(METER_PROTOCOL)),
    address: digits,
    password: digits,
    tariffs: fc.nat(255),
    integerDigits: fc.integer({ min: 4, max: 7 }),
    decimalDigits: fc.integer({ min: 1, max: 4 }),
    collector: digits,
    userClass: fc.nat(255),
  });
  const one: TableMeter = {
    index: 1,
    point: 2,
    port: 31,
    baud: 2400,
    protocol: METER_PROTOCOL.dlt645v2007,
    address: "151230011061",
    password: "000000000000",
    tariffs: 4,
    integerDigits: 6,
    decimalDigits: 2,
    collector: "000000000000",
    userClass: 0x50,
  };

  test("stands on the wire as F10 lays it out", () => {
    const frame = encodeMeterTable(terminal, [one], { number: 0 });
    expect(toHex(frame.data)).toBe(
      `0100${"0100"}${"0200"}7f1e${"611001301215"}${"000000000000"}04${"09"}${"000000000000"}50`,
    );
  });

  test("is read back by the terminal, and from its answer to a query", () => {
    fc.assert(
      fc.property(fc.array(meter, { minLength: 1, maxLength: 10 }), (meters) => {
        const frame = sent(encodeMeterTable(terminal, meters, { number: 3 }));
        expect(decodeMeterTable(frame)).toEqual(meters);
        expect(decodeMeterTable({ ...frame, afn: 0x0a, control: 0x88 })).toEqual(meters);
        expect(decodeMeterTable({ ...frame, afn: 0x0a })).toBeNull();
      }),
    );
  });

  test("a table of another length than its count says is refused", () => {
    const frame = encodeMeterTable(terminal, [one], { number: 0 });
    expect(decodeMeterTable({ ...frame, data: frame.data.slice(0, -1) })).toBeNull();
    expect(decodeMeterTable({ ...frame, data: new Uint8Array(0) })).toBeNull();
    expect(decodeMeterTable({ ...frame, dt: dtOf(9) })).toBeNull();
  });

  test("meters that F10 cannot hold, and too many at once, are our own mistake", () => {
    const refused = (change: Partial<TableMeter>) => () =>
      encodeMeterTable(terminal, [{ ...one, ...change }], { number: 0 });
    expect(refused({ port: 32 })).toThrow(/port/);
    expect(refused({ baud: 300 })).toThrow(/baud/);
    expect(refused({ decimalDigits: 0 })).toThrow(/digits/);
    expect(refused({ address: "1234" })).toThrow(/hex/);
    expect(() => encodeMeterTable(terminal, Array(11).fill(one), { number: 0 })).toThrow(/11 meters/);
  });
});
