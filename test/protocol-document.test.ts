import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { cases } from "#conformance/run.ts";
import { asciiBytes, type Bytes, concat, fromHex, toHex } from "#protocol/bytes.ts";
import {
  encodeRead,
  encodeReadError,
  encodeReadReply,
  encodeRelay,
  encodeRelayReply,
  type Reading645,
  status3,
} from "#protocol/dlt645/commands.ts";
import { decodeFrame645, encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { encodeGuardSettings, encodeGuardState, LOAD_GUARD_DI, RELEASE_CODE } from "#protocol/dlt645/load-guard.ts";
import { encodeKeyUpdate, encodeKeyUpdateReply, keyCheck, keyInfoHex, protectKey } from "#protocol/dlt645/meter-key.ts";
import {
  derivedKey,
  encodeTopUp,
  encodeTopUpRefusal,
  encodeTopUpReply,
  meterKey,
  purchaseKey,
  SERR,
  uint32,
} from "#protocol/dlt645/prepay.ts";
import { encodeReply } from "#protocol/dlt645/replies.ts";
import { encodeRequest } from "#protocol/dlt645/requests.ts";
import { encodeSecurity, encodeSecurityReply } from "#protocol/dlt645/security.ts";
import { decodeLink, encodeLink, linkAuthMac, SERIAL_2400_8E1 } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import { nodeCiphers } from "#system/crypto.ts";

const text = readFileSync(new URL("../docs/PROTOCOL.md", import.meta.url), "utf8");
/** What stands between fences; a frame that goes on in the next line is one. */
const blocks = [...text.matchAll(/```\n([\s\S]*?)```/g)].map(([, block = ""]) =>
  block.replace(/\n {9,}(?=(?:[0-9A-F]{2} )+)/g, " "),
);
const flat = `${blocks.join("\n")}\n${text}`.replace(/\s+/g, " ");

function expectInText(bytes: Bytes | string): void {
  const words = typeof bytes === "string" ? bytes : hex(bytes);
  expect(flat.includes(words), words).toBe(true);
}

const hex = (bytes: Bytes) => toHex(bytes).toUpperCase().replace(/../g, "$& ").trim();
const bytes = (digits: string) => fromHex(digits) ?? new Uint8Array();

const address = "000000000161";
const roots = [bytes("0123456789abcdeffedcba9876543210"), bytes("00112233445566778899aabbccddeeff")];
const [first, second] = roots.map((root) => meterKey(nodeCiphers, root, 1, address)) as [Bytes, Bytes];
const operator = "01000000";

const linkKey = bytes("000102030405060708090a0b0c0d0e0f");
const nonceC = bytes("101112131415161718191a1b1c1d1e1f");
const nonceS = bytes("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
const clockMs = Date.parse("2026-08-01T01:30:00Z");
const mac = (side: "C" | "S") => linkAuthMac(nodeCiphers, linkKey, side, "JC000001", nonceS, nonceC);
const beat = { rssi: -71, queue: 1, clockMs };

const link: [string, number, LinkMessage][] = [
  ["HELLO", 0, { type: "hello", id: "JC000001", firmware: "ACME-1.0", nonce: nonceC, protocols: 1, tableVersion: 0 }],
  ["CHALLENGE", 0, { type: "challenge", nonce: nonceS, serverTimeMs: clockMs, keyVersion: 1 }],
  ["AUTH", 1, { type: "auth", mac: mac("C") }],
  ["WELCOME", 1, { type: "welcome", mac: mac("S"), heartbeatSeconds: 30 }],
  ["BYE 1", 1, { type: "bye", reason: 1 }],
  ["PING", 7, { type: "ping", ...beat }],
  ["PONG", 7, { type: "pong", ...beat, clockMs: clockMs + 250 }],
  [
    "FORWARD",
    1,
    {
      type: "forward",
      port: 1,
      serial: SERIAL_2400_8E1,
      timeoutMs: 1303,
      gapMs: 500,
      content: encodeFrame645(encodeRead(address, di.energyTotal)),
    },
  ],
  [
    "FORWARDED",
    1,
    {
      type: "forwarded",
      status: 0,
      elapsedMs: 231,
      content: encodeFrame645(encodeReadReply(address, { item: "energyTotal", wh: 1_234_560 }, di.energyTotal)),
    },
  ],
  ["silence", 2, { type: "forwarded", status: 1, elapsedMs: 1275, content: new Uint8Array() }],
];

const reads: [string, string, Reading645][] = [
  ["energy", di.energyTotal, { item: "energyTotal", wh: 1_234_560 }],
  ["remaining", di.energyRemaining, { item: "energyRemaining", wh: 133_000 }],
  ["overdraft", di.energyOverdraft, { item: "energyOverdraft", wh: 1_250 }],
  ["purchase count", di.purchaseCount, { item: "purchaseCount", count: 12 }],
  ["closed", di.statusWord3, status3(0x0100)],
  ["open", di.statusWord3, status3(0x0150)],
  ["voltages", di.voltageBlock, { item: "voltage", mv: [230_400, null, null] }],
  ["currents", di.currentBlock, { item: "current", ma: [5_250, null, null] }],
  ["power", di.powerBlock, { item: "power", w: [1_210, 1_210, null, null] }],
];

const validUntil = { year: 2026, month: 8, day: 1, hour: 12, minute: 30, second: 0 };
const relay = (action: "trip" | "close" | "permit_close") =>
  encodeRelay(address, { action, password: "02000000", operator: "00000001", validUntil });
const topUp = { amount: 10_050, count: 3, customer: "000000001234", operator };
const update = { operator, from: 1, to: 2 };
const protectedKey = protectKey(nodeCiphers, { present: first, next: second }, address, update);
const keyUpdate = encodeKeyUpdate(address, update, protectedKey);
const wallet = encodeSecurityReply(address, "078102FF", {
  kind: "wallet",
  amount: 13_300,
  mac1: "00000000",
  count: 12,
  mac2: "00000000",
  customer: "000000001234",
  keyInfo: keyInfoHex({ version: 1, check: keyCheck(nodeCiphers, first) }),
});

const meter: [string, Frame645][] = [
  ...reads.flatMap(([name, identifier, reading]): [string, Frame645][] => [
    [`${name} asked`, encodeRead(address, identifier)],
    [`${name} answered`, encodeReadReply(address, reading, identifier)],
  ]),
  ["trip", relay("trip")],
  ["close", relay("close")],
  ["permit", relay("permit_close")],
  ["relay taken", encodeRelayReply(address, true)],
  ["relay refused", encodeRelayReply(address, false, 4)],
  ["no such data", encodeReadError(address, 2)],
  ["top-up", encodeTopUp(nodeCiphers, first, address, topUp)],
  ["top-up taken", encodeTopUpReply(address)],
  ...[
    SERR.other,
    SERR.repeated,
    SERR.authentication,
    SERR.customer,
    SERR.purchaseCount,
    SERR.overLimit,
    SERR.authentication | SERR.locked,
    SERR.other | SERR.keyVersion,
  ].map((serr): [string, Frame645] => [`SERR ${serr}`, encodeTopUpRefusal(address, serr)]),
  ["query", encodeSecurity(address, operator, { kind: "query" })],
  ["wallet", wallet],
  ["key update", keyUpdate],
  ["key update taken", encodeKeyUpdateReply(address)],
];

const guarded = "202600100143";
const rights = { password: "02000000", operator: "00000001" };
const guardSettings = encodeGuardSettings({
  ...{ maxW: 1000, stepW: 0, maliciousW: 50, offMinutes: 3, tripsMax: 3, countFrom: "release" },
  ...{ exemptFrom: 690, exemptTo: 810 },
});
const guardState = encodeGuardState({
  ...{ state: "locked", cause: "max_load", trips: 3, total: 12, powerW: 1500 },
  trippedAt: instant(Date.parse("2026-08-01T12:34:56+08:00")),
});
const writes = (di: string, data: Bytes) => encodeRequest(guarded, { kind: "write", di, data, ...rights });
const guard: [string, Frame645][] = [
  ["settings", writes(LOAD_GUARD_DI.settings, guardSettings)],
  ["settings taken", encodeReply(guarded, { kind: "done", function: "write" })],
  ["state asked", encodeRequest(guarded, { kind: "read", di: LOAD_GUARD_DI.state })],
  ["state told", encodeReply(guarded, { kind: "data", di: LOAD_GUARD_DI.state, data: guardState, more: false })],
  ["release", writes(LOAD_GUARD_DI.release, Uint8Array.of(RELEASE_CODE))],
];
const fromKey = (name: string) => derivedKey(nodeCiphers, first, concat(asciiBytes(name), uint32(2, "high first")));

describe("every worked example of the document is output of the code", () => {
  test.each(link)("link: %s", (_, seq, message) => expectInText(encodeLink({ seq, message })));
  test.each(meter)("meter: %s", (_, frame) => expectInText(encodeFrame645(frame)));
  test.each(guard)("load guard: %s", (_, frame) => expectInText(encodeFrame645(frame)));
  test.each<[string, Bytes]>([
    ["DATA of the guard's settings", guardSettings],
    ["DATA of the guard's state", guardState],
    ["K_m of version 1", first],
    ["K_m of version 2", second],
    ["K_n", purchaseKey(nodeCiphers, first, 3)],
    ["K_e", fromKey("KENC")],
    ["K_a", fromKey("KMAC")],
    ["DATA of the key update", keyUpdate.data],
    ["DATA of the wallet", wallet.data],
  ])("key: %s", (_, value) => expectInText(value));
  test("the check values", () => {
    for (const key of [first, second]) expectInText(`check value ${keyCheck(nodeCiphers, key).toUpperCase()}`);
  });
});

test("every frame in the document is a good one", () => {
  const lines = blocks.flatMap((block) => block.split("\n"));
  const frames = lines.flatMap(
    (line) => line.match(/(?<![0-9A-F]{2} )(?:FE )*\b(?:68(?: [0-9A-F]{2}){6} 68|4A 43 01)(?: [0-9A-F]{2})+/g) ?? [],
  );
  expect(frames.length).toBeGreaterThan(40);
  for (const each of frames) {
    const raw = bytes(each);
    const link = /^4A 43/.test(each);
    const decoded = link ? decodeLink(raw) : decodeFrame645(raw);
    expect(decoded.ok, each).toBe(true);
    if (decoded.ok) expect(decoded.length, each).toBe(raw.length);
  }
});

test("the table of cases is the list of cases", () => {
  const rows = cases.map(({ id, section, en }) => `| ${id} | ${section} | ${en} |`);
  for (const row of rows) expect(text.includes(row), row).toBe(true);
  expect(text.match(/^\| [LRSGPK]-\d\d \|/gm)).toHaveLength(rows.length);
});

test("each section that a case names is there", () => {
  for (const { section } of cases) {
    const [number = ""] = section.split(" ");
    expect(new RegExp(`^#+ ${number.replace(".", "\\.")}\\.? `, "m").test(text), section).toBe(true);
  }
});
