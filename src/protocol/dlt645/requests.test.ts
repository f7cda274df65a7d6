import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes.ts";
import { BROADCAST, type LocalTime } from "./control.ts";
import { createReassembler, encodeReadParts } from "./follow-up.ts";
import { encodeFrame645, type Frame645 } from "./frame.ts";
import { decodeRelay, decodeRelayOrder, encodeRelay, type RelayAction } from "./relay.ts";
import { decodeReply, encodeReply, type Reply645 } from "./replies.ts";
import { decodeRequest, encodeRequest, isFreezePattern, type Request645 } from "./requests.ts";
import {
  decodeSecurity,
  decodeSecurityReply,
  encodeSecurity,
  encodeSecurityReply,
  type SecurityRequest,
} from "./security.ts";
import { decodeSf07, encodeSf07, type Sf07Write } from "./vendor-sf07.ts";

const ADDRESS = "202600100145";
const rights = { password: "02000000", operator: "01000000" };
const time: LocalTime = { year: 2026, month: 12, day: 31, hour: 23, minute: 2, second: 5 };

function frame(control: number, hex: string): Frame645 {
  return { address: ADDRESS, control, data: fromHex(hex) ?? new Uint8Array() };
}

const requests: Request645[] = [
  { kind: "read", di: "00010000" },
  { kind: "read", di: "06000000", blocks: 3 },
  { kind: "read", di: "06010001", blocks: 3, from: { year: 2026, month: 8, day: 1, hour: 0, minute: 15 } },
  { kind: "read_follow", di: "0001FF00", seq: 255 },
  { kind: "read_address" },
  { kind: "write", di: "04000103", ...rights, data: Uint8Array.of(0x15) },
  { kind: "write_address", newAddress: "000000000162" },
  { kind: "set_clock", time },
  { kind: "freeze", pattern: "99990000" },
  { kind: "set_baud", baud: 9600 },
  { kind: "set_password", di: "04000C05", oldPassword: "04111111", newPassword: "04222222" },
  { kind: "clear_demand", ...rights },
  { kind: "clear_meter", ...rights },
  { kind: "clear_events", ...rights, events: "FFFFFFFF" },
  { kind: "clear_events", ...rights, events: "033000FF" },
  { kind: "relay", action: "keep_supply_off", ...rights, validUntil: time },
  { kind: "relay", action: "trip", ...rights, validUntil: time, channel: 1 },
  { kind: "output", signal: "period" },
];

test.each(requests)("$kind is read by the meter as the master wrote it", (request) => {
  expect(decodeRequest(encodeRequest(ADDRESS, request))).toEqual({ ok: true, request });
});

test("clock goes to everybody, an address is asked of any meter", () => {
  expect(encodeRequest(ADDRESS, { kind: "set_clock", time }).address).toBe(BROADCAST);
  expect(encodeRequest(ADDRESS, { kind: "read_address" }).address).toBe("AAAAAAAAAAAA");
  const wire = encodeFrame645(encodeRequest(ADDRESS, { kind: "set_clock", time: { ...time, year: 2025 } }));
  expect(toHex(wire)).toBe("fefefefe689999999999996808063835566445583816");
});

test.each([
  [0x11, "000001", "wrong_length"],
  [0x11, "00000006ff1525010826", "not_a_time"],
  [0x12, "00ff0100", "wrong_length"],
  [0x13, "00", "wrong_length"],
  [0x14, "0301000402000000010000", "wrong_length"],
  [0x15, "61010000000a", "not_digits"],
  [0x08, "050223321225", "not_a_time"],
  [0x16, "00249999", "not_a_time"],
  [0x17, "d5", "baud_word_unknown"],
  [0x17, "28", "baud_word_unknown"],
  [0x18, "00", "wrong_length"],
  [0x19, "02000000", "wrong_length"],
  [0x1b, "0200000001000000", "wrong_length"],
  [0x1c, "0200000001000000fa00003012050899", "unknown_action"],
  [0x1d, "03", "signal_unknown"],
  [0x1f, "", "unknown_function"],
  [0x91, "00000100", "from_a_meter"],
])("function %i with %s is refused: %s", (control, hex, reason) => {
  expect(decodeRequest(frame(control, hex))).toEqual({ ok: false, reason });
});

test("freezes are one time, or every minute of the hour, hour of the day, day of the month", () => {
  const good = ["08011200", "99011200", "99991200", "99999930", "99999999"];
  const bad = ["13011200", "08321200", "99992400", "99999960", "9999120", "08991200", "08019900"];
  expect([good.every(isFreezePattern), bad.some(isFreezePattern)]).toEqual([true, false]);
});

const replies: Reply645[] = [
  { kind: "data", di: "00010000", data: Uint8Array.of(1, 2, 3, 4), more: false },
  { kind: "data", di: "0001FF00", data: new Uint8Array(196), more: true },
  { kind: "data", di: "06000000", data: new Uint8Array(0), more: false },
  { kind: "data_follow", di: "0001FF00", data: new Uint8Array(8), seq: 1, more: true },
  { kind: "data_follow", di: "0001FF00", data: new Uint8Array(8), seq: 2, more: false },
  { kind: "address", address: ADDRESS },
  { kind: "baud", baud: 2400 },
  { kind: "password", password: "04222222" },
  { kind: "security", di: "070102FF", data: new Uint8Array(0) },
  { kind: "done", function: "write" },
  { kind: "done", function: "clearEvents" },
  { kind: "done", function: "output" },
  { kind: "refused", function: "write", code: 4, reasons: ["password-or-unauthorised"] },
  { kind: "refused", function: "setBaud", code: 8, reasons: ["baud-not-changeable"] },
  { kind: "refused", function: "security", code: 0x0108, reasons: ["authentication-failed", "locked"] },
];

test.each(replies)("$kind of $function is read by the master as the meter wrote it", (reply) => {
  expect(decodeReply(encodeReply(ADDRESS, reply))).toEqual(reply);
});

test.each([
  [0x11, "00000100"],
  [0x91, "000001"],
  [0xf1, "02"],
  [0xd1, ""],
  [0xd3, "02"],
  [0xc8, "02"],
  [0x94, "00"],
  [0x97, "30"],
  [0x98, "0411"],
  [0x93, "61"],
  [0x9f, ""],
])("a frame with control %i and %s answers nothing", (control, hex) => {
  expect(decodeReply(frame(control, hex))).toBeNull();
});

test("no frame makes requests, replies and security throw", () => {
  fc.assert(
    fc.property(fc.nat(255), fc.uint8Array({ maxLength: 60 }), (control, data) => {
      const any = { address: ADDRESS, control, data };
      decodeRequest(any);
      decodeReply(any);
      decodeSecurity(any);
      decodeSecurityReply(any);
      decodeSf07(any);
    }),
    { numRuns: 500 },
  );
});

describe("the relay", () => {
  test.each(["alarm_on", "alarm_off", "keep_supply_on", "keep_supply_off"] as const)(
    "%s is an order, but never taken for switching",
    (action) => {
      const order = encodeRelay(ADDRESS, { action, ...rights, validUntil: time });
      expect(decodeRelayOrder(order)).toMatchObject({ ok: true, action });
      expect(decodeRelay(order)).toEqual({ ok: false, reason: "unknown_action" });
    },
  );

  test.each<[RelayAction, string]>([
    ["trip", "1a"],
    ["permit_close", "1b"],
    ["close", "1c"],
    ["alarm_on", "2a"],
    ["alarm_off", "2b"],
    ["keep_supply_on", "3a"],
    ["keep_supply_off", "3b"],
  ])("%s is N1 %s", (action, code) => {
    expect(toHex(encodeRelay(ADDRESS, { action, ...rights, validUntil: time }).data.subarray(8, 9))).toBe(code);
  });
});

const purchase = { amount: 10_050, count: 3, customer: "000000001234", mac1: "ace0f13c", mac2: "66cddb46" };
const commands: [number, SecurityRequest][] = [
  [
    0x20,
    { kind: "authenticate", cipher: "0706050403020100", random: "0f0e0d0c0b0a0908", diversify: "1716151413121110" },
  ],
  [0x0e, { kind: "authentication_minutes", minutes: 5, mac: "01020304" }],
  [0x08, { kind: "drop_authentication" }],
  [0x1e, { kind: "open_account", ...purchase }],
  [0x1e, { kind: "recharge", ...purchase }],
  [0x18, { kind: "preset_wallet", amount: 0, count: 0, mac1: "01020304", mac2: "05060708" }],
  [0x30, { kind: "update_key", which: 1, keyInfo: "01020304", cipher: "ab".repeat(32), mac: "05060708" }],
  [0x08, { kind: "query" }],
];

describe("function 03", () => {
  test.each(commands)("has %i bytes and is read as it was written: %j", (bytes, request) => {
    const sent = encodeSecurity(ADDRESS, "01000000", request);
    expect(sent.data).toHaveLength(bytes);
    expect(decodeSecurity(sent)).toEqual({ ok: true, operator: "01000000", request });
  });

  test.each(commands)("of another length than %i is not interpreted", (_, request) => {
    const sent = encodeSecurity(ADDRESS, "01000000", request);
    expect(decodeSecurity({ ...sent, data: new Uint8Array([...sent.data, 0]) })).toEqual({
      ok: false,
      reason: "unknown_layout",
    });
  });

  test("the wallet and the random come back, an unknown layout is bytes", () => {
    const wallet = {
      amount: 19_856,
      mac1: "01020304",
      count: 7,
      mac2: "05060708",
      customer: "000000001234",
      keyInfo: "00000001",
    };
    const cases = [
      ["078102FF", { kind: "wallet", ...wallet }],
      ["070000FF", { kind: "authenticated", random: "01020304", esam: "0000000000000161" }],
      ["070102FF", { kind: "done" }],
      ["078001FF", { kind: "raw", data: Uint8Array.of(1, 2) }],
    ] as const;
    for (const [di, reply] of cases) {
      expect(decodeSecurityReply(encodeSecurityReply(ADDRESS, di, reply))).toEqual({ di, reply });
    }
  });
});

test.each<[string, Sf07Write]>([
  ["0007a1200000000c", { kind: "recharge", amount: 500_000, count: 12 }],
  ["aa", { kind: "account", state: "open" }],
  ["00", { kind: "account", state: "closed" }],
  ["dd", { kind: "account", state: "non-prepaid" }],
  ["00", { kind: "refund_last" }],
])("the maker's write %s is %j", (hex, write) => {
  const sent = encodeSf07(ADDRESS, rights, write);
  expect(toHex(sent.data.subarray(12))).toBe(hex);
  expect(decodeSf07(sent)).toEqual({ ok: true, write, ...rights });
});

describe("an answer in parts", () => {
  const request = encodeRequest(ADDRESS, { kind: "read", di: "0001FF00" });
  const data = Uint8Array.from({ length: 400 }, (_, i) => i);

  test("is put together, whatever the size of the parts", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 250 }), fc.integer({ min: 0, max: 400 }), (partBytes, length) => {
        const reassembler = createReassembler(request);
        const results = encodeReadParts(ADDRESS, "0001FF00", data.slice(0, length), partBytes).map(reassembler.take);
        expect(results.at(-1)).toEqual({ state: "whole", di: "0001FF00", data: data.slice(0, length) });
        expect(
          results.slice(0, -1).every((result, i) => result.state === "more" && result.next.data[4] === i + 1),
        ).toBe(true);
      }),
    );
  });

  test("needs every part in its turn, of the same meter and item", () => {
    const [first, second, third] = encodeReadParts(ADDRESS, "0001FF00", data);
    if (first === undefined || second === undefined || third === undefined) throw new Error("three parts");
    const fed = (...frames: Frame645[]) => {
      const reassembler = createReassembler(request);
      return frames.map(reassembler.take).at(-1);
    };
    expect(fed(second)).toEqual({ state: "failed", reason: "not_an_answer" });
    expect(fed(first, first)).toEqual({ state: "failed", reason: "not_an_answer" });
    expect(fed(first, third)).toEqual({ state: "failed", reason: "wrong_sequence" });
    expect(fed(first, second, second)).toEqual({ state: "failed", reason: "wrong_sequence" });
    expect(fed(first, { ...second, address: "000000000001" })).toEqual({ state: "failed", reason: "other_meter" });
    expect(fed({ ...first, data: first.data.with(2, 2) })).toEqual({ state: "failed", reason: "other_item" });
    expect(fed(first, frame(0xd2, "02"))).toEqual({ state: "failed", reason: "not_an_answer" });
  });

  test("gives up behind part 255", () => {
    const parts = encodeReadParts(ADDRESS, "0001FF00", new Uint8Array(400), 1);
    const reassembler = createReassembler(request);
    const states = parts.slice(0, 256).map((part) => reassembler.take(part).state);
    expect([states.at(254), states.at(255)]).toEqual(["more", "failed"]);
  });
});
